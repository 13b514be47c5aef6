import { readFileSync } from "node:fs";
import { assert, journey } from "./harness.ts";
import type { Page } from "playwright-core";

/** Figures are published within a minute of the server's start. */
async function published(page: Page): Promise<void> {
  for (let i = 0; i < 60; ++i) {
    await page.locator("main h1").first().waitFor();
    await page.getByText(/^Published on |^No team has published/).first().waitFor();
    if (await page.getByText(/^Published on /).count()) return;
    await page.waitForTimeout(1500);
    await page.reload();
  }
  throw new Error("nothing was published");
}

journey("a board member compares the teams by what they published, and sees nobody", async (t) => {
  const page = await t.open("demo.board", "/team");
  await published(page);
  await page.getByRole("heading", { level: 1, name: /: published figures$/ }).waitFor();
  assert.deepEqual(await page.getByRole("navigation", { name: "Main" }).getByRole("link").allInnerTexts(), ["Team"]);
  for (const name of ["People on the caseload", "Days waited to start", "Contacts by the team", "Days in hospital", "Decisions carried out"]) await page.getByRole("heading", { level: 2, name }).waitFor();
  for (const one of await page.locator("section.ju-measure").all()) assert.match(await one.locator("p").first().innerText(), /\.$/, "a sentence");
  const caseload = page.locator("section.ju-measure").first();
  await caseload.locator("summary", { hasText: ": by deprivation" }).click();
  await caseload.getByRole("columnheader", { name: "1 (most deprived)" }).first().waitFor();
  await t.accessible(page);
  await t.zoomed(page);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download published figures (CSV)" }).click()]);
  const lines = readFileSync(await file.path(), "utf8").trim().split("\r\n").slice(1);
  assert.ok(lines.length > 9 * 24, `${lines.length} lines`);
  for (const line of lines) {
    const value = /,([^,]*),(people|contacts|admissions|reviews)$/.exec(line)?.[1] ?? "";
    if (/^\d+$/.test(value)) assert.ok(Number(value) === 0 || Number(value) >= 10, line);
  }
  await page.getByRole("combobox", { name: "Team", exact: true }).selectOption("All teams, side by side");
  await page.waitForURL(/view=compare/);
  await page.getByRole("heading", { level: 1, name: "Teams side by side" }).waitFor();
  await page.getByRole("table", { name: /by team$/ }).waitFor();
  await page.getByRole("combobox", { name: "Measure", exact: true }).selectOption("People on the caseload");
  await page.waitForURL(/measure=caseload/);
  await page.getByRole("table", { name: "People on the caseload, by team" }).waitFor();
  assert.ok((await page.locator("section.ju-measure").count()) >= 1);
  await page.waitForTimeout(500);
  await t.screenshot(page, "board");
  await t.accessible(page);
  await t.zoomed(page);
  assert.doesNotMatch(await t.printed(page), /Download|Sign out/);
  const [all] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download published figures (CSV)" }).click()]);
  assert.match(readFileSync(await all.path(), "utf8"), /^\uFEFFteam,period,measure,/);
});

journey("the board's account is answered nothing about a person", async (t) => {
  const somebody = (await t.served.find<fhir4.EpisodeOfCare>("demo.coordinator", "EpisodeOfCare?status=active&_count=1"))[0]?.patient.reference ?? "";
  assert.ok(somebody);
  for (const type of ["Patient", "EpisodeOfCare", "Encounter", "Task", "Communication", "CarePlan", "AuditEvent"]) assert.equal((await t.served.find("demo.board", `${type}?_count=5`)).length, 0, type);
  assert.ok((await t.served.find("demo.board", "CareTeam?_count=5")).length > 0, "teams are known");
  const page = await t.open("demo.board", `/person/${somebody.split("/")[1] ?? ""}`);
  await page.getByRole("heading", { name: /You cannot see a record here|Page not found/ }).waitFor();
});

journey("a team's lead sees their team as it stands now, and compares it with others by what was published", async (t) => {
  const page = await t.open("demo.teamlead", "/team");
  await page.getByRole("link", { name: "Compare the teams, by what they have published" }).click();
  await published(page);
  await page.getByRole("heading", { level: 1, name: "Teams side by side" }).waitFor();
  await page.getByRole("link", { name: "Your team as it stands now" }).click();
  await page.getByRole("heading", { level: 1, name: /: figures$/ }).waitFor();
});
