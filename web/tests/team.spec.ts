import { readFileSync } from "node:fs";
import { assert, journey } from "./harness.ts";

/** Lines of a CSV whose fields hold no quotation mark. */
const rows = (text: string): string[][] =>
  text
    .replace(/^\uFEFF/, "")
    .trim()
    .split("\r\n")
    .map((line) => [...line.matchAll(/(?:^|,)("[^"]*"|[^,]*)/g)].map((match) => (match[1] ?? "").replace(/^"|"$/g, "")));

journey("a team's lead sees figures with a sentence, a chart and a table, and takes them away without small numbers", async (t) => {
  const page = await t.open("demo.teamlead", "/team");
  await page.getByRole("heading", { level: 1, name: /: figures$/ }).waitFor();
  await page.getByRole("heading", { name: "Now" }).waitFor();
  for (const name of ["People on the caseload", "Days waited to start", "Reviews overdue", "Contacts by the team", "Days in hospital", "Decisions carried out"]) await page.getByRole("heading", { level: 2, name }).waitFor();
  await page.locator("svg[role=img]").first().waitFor();
  await t.screenshot(page, "team");
  const measures = page.locator("section.ju-measure");
  const count = await measures.count();
  assert.ok(count >= 8, `${count} measures`);
  for (let i = 0; i < count; ++i) {
    const measure = measures.nth(i);
    assert.match(await measure.locator("p").first().innerText(), /\.$/, "a sentence");
    assert.equal(await measure.locator("svg[role=img]").count(), 1, "a chart with a name");
    assert.ok(await measure.locator("svg[role=img]").getAttribute("aria-label"));
    assert.equal(await measure.locator("summary", { hasText: ": table" }).count(), 1);
  }
  await measures.first().locator("summary", { hasText: ": table" }).click();
  await measures.first().getByRole("columnheader", { name: "Month" }).first().waitFor();
  await t.accessible(page);
  await t.zoomed(page);
  const paper = await t.printed(page);
  assert.doesNotMatch(paper, /Download|Sign out/);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download figures (CSV)" }).click()]);
  const series = rows(readFileSync(await file.path(), "utf8"));
  assert.deepEqual(series[0], ["month", "measure", "value", "unit"]);
  assert.ok(new Set(series.slice(1).map((one) => one[1])).size >= 8, "every measure");
  for (const [month = "", measure = "", value = ""] of series.slice(1)) {
    assert.match(month, /^\d{4}-\d{2}$/);
    if (!["Days waited to start", "Decisions carried out"].includes(measure) && /^\d+(\.\d+)?$/.test(value)) assert.ok(Number(value) === 0 || Number(value) >= 10, `${measure} ${month} is ${value}`);
  }
  const [byFifth] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download by deprivation (CSV)" }).click()]);
  const split = rows(readFileSync(await byFifth.path(), "utf8"));
  assert.equal(split[0]?.[2], "deprivation fifth (1 most deprived)");
  for (const [month, measure = "", , value = ""] of split.slice(1))
    if (!["Days waited to start", "Decisions carried out"].includes(measure) && /^\d+(\.\d+)?$/.test(value)) assert.ok(Number(value) === 0 || Number(value) >= 10, `${measure} ${month} is ${value}`);
});

journey("the chosen period is in the address, so that it can be sent to somebody", async (t) => {
  const page = await t.open("demo.teamlead", "/team");
  await page.getByLabel("Period").selectOption("12 months");
  await page.waitForURL(/months=12/);
  await page.reload();
  assert.equal(await page.getByLabel("Period").inputValue(), "12");
});
