// How long until a page stands with its content, in a browser that has nothing of it yet, and until an action is acknowledged.
// The bars (1 s and 0.1 s) hold where JOINEDUP_WEB_SPEED is set: a machine to itself and a place of 60,000
// (JOINEDUP_WEB_PEOPLE=60000). Elsewhere ten times as much is still a fault.
import { loadavg } from "node:os";
import type { Page } from "playwright-core";
import { assert, journey, type Tools, type User } from "./harness.ts";

const slack = process.env["JOINEDUP_WEB_SPEED"] ? 1 : 10;
const load = () => `load average ${loadavg()[0]?.toFixed(1)}`;

async function timed(t: Tools, user: User, path: string, ready: (page: Page) => Promise<unknown>): Promise<{ first: number; again: number; bytes: number }> {
  const context = await t.window(user);
  const page = await context.newPage();
  const once = async () => {
    await page.goto(path, { waitUntil: "commit" });
    await ready(page);
    return page.evaluate(() => performance.now());
  };
  const first = await once();
  const bytes = await page.evaluate(() => performance.getEntriesByType("resource").reduce((sum, one) => sum + ((one as PerformanceResourceTiming).initiatorType === "fetch" ? 0 : (one as PerformanceResourceTiming).transferSize), 0));
  const again = await once();
  await context.close();
  return { first, again, bytes };
}

journey("pages stand within a second", async (t) => {
  const [episode] = await t.served.find<fhir4.EpisodeOfCare>("demo.coordinator", "EpisodeOfCare?status=active&_count=1");
  const person = episode?.patient.reference?.split("/").pop() ?? "";
  const pages: [User, string, (page: Page) => Promise<unknown>][] = [
    ["demo.coordinator", "/my-day", (page) => page.getByRole("search", { name: "Work" }).waitFor()],
    ["demo.coordinator", "/cases", (page) => page.getByRole("table").first().waitFor()],
    ["demo.coordinator", "/cases/find", (page) => page.getByRole("table").first().waitFor()],
    ["demo.coordinator", `/person/${person}`, (page) => page.getByRole("region", { name: "Person", exact: true }).waitFor()],
    ["demo.coordinator", `/person/${person}/timeline`, (page) => page.getByRole("list", { name: "Timeline entries" }).waitFor()],
    ["demo.coordinator", `/person/${person}/plan`, (page) => page.getByRole("heading", { name: "About me", exact: true }).waitFor()],
    ["demo.coordinator", `/person/${person}/assessments`, (page) => page.getByRole("heading", { level: 2 }).first().waitFor()],
    ["demo.coordinator", `/person/${person}/sharing`, (page) => page.getByRole("heading", { level: 2 }).first().waitFor()],
    ["demo.coordinator", "/meeting", (page) => page.getByRole("heading", { level: 2 }).first().waitFor()],
    ["demo.coordinator", "/referrals/services", (page) => page.getByRole("table").first().waitFor()],
    ["demo.coordinator", "/referrals", (page) => page.getByRole("table").first().waitFor()],
    ["demo.teamlead", "/team", (page) => page.getByRole("table").first().waitFor()],
    ["demo.board", "/team", (page) => page.getByRole("heading", { name: "People on the caseload" }).waitFor()],
    ["demo.patient", "/me", (page) => page.getByRole("heading", { level: 2 }).first().waitFor()],
  ];
  const slow: string[] = [];
  for (const [user, path, ready] of pages) {
    const { first, again, bytes } = await timed(t, user, path, ready);
    const name = path.replace(person, "…");
    console.log(`       ${name}: ${first.toFixed(0)} ms with nothing of it in the browser (${(bytes / 1000).toFixed(0)} kB of pages), ${again.toFixed(0)} ms when opened again; ${load()}`);
    if (first > 1000 * slack) slow.push(`${name} ${first.toFixed(0)} ms`);
    if (process.env["JOINEDUP_PAGES"] !== "dist") assert.ok(bytes < 300_000, `${name} fetched ${bytes} bytes of pages`);
  }
  assert.deepEqual(slow, [], `slower than ${slack} s; ${load()}`);
});

journey("an action is acknowledged within a tenth of a second", async (t) => {
  const [role] = await t.served.find<fhir4.PractitionerRole>("demo.coordinator", `PractitionerRole?practitioner=Practitioner/${(await t.served.fhir<{ practitioner: string }>("demo.coordinator", "GET", "/session")).body.practitioner}`);
  const [episode] = await t.served.find<fhir4.EpisodeOfCare>("demo.coordinator", "EpisodeOfCare?status=active&_count=1");
  const made = await t.served.fhir("demo.coordinator", "POST", "Task", {
    resourceType: "Task", status: "requested", intent: "order", description: "Sorrel call", code: { coding: [{ system: "urn:joinedup:task", code: "action" }] },
    for: episode?.patient, owner: { reference: `PractitionerRole/${role?.id}` }, restriction: { period: { end: new Date().toISOString().slice(0, 10) } },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const page = await t.open("demo.coordinator", "/my-day");
  await page.getByRole("search", { name: "Work" }).waitFor();
  // From the event itself to the frame after the first change of the page that follows it.
  await page.evaluate(() => {
    const w = window as unknown as { acknowledged: number[] };
    w.acknowledged = [];
    for (const kind of ["click", "input"])
      addEventListener(
        kind,
        () => {
          const began = performance.now();
          const watch = new MutationObserver(() => {
            watch.disconnect();
            requestAnimationFrame(() => w.acknowledged.push(performance.now() - began));
          });
          watch.observe(document.documentElement, { subtree: true, childList: true, attributes: true, characterData: true });
        },
        true,
      );
  });
  const take = async (what: string, act: () => Promise<unknown>) => {
    const before = await page.evaluate(() => (window as unknown as { acknowledged: number[] }).acknowledged.length);
    await act();
    let found: number[] = [];
    for (let tries = 0; tries < 100 && found.length <= before; ++tries) {
      found = await page.evaluate(() => (window as unknown as { acknowledged: number[] }).acknowledged);
      if (found.length <= before) await page.waitForTimeout(20);
    }
    const took = found[before] ?? Number.POSITIVE_INFINITY;
    console.log(`       ${what}: ${took.toFixed(0)} ms; ${load()}`);
    assert.ok(took < 100 * slack, `${what} took ${took} ms; ${load()}`);
  };
  await take("filter by what is overdue", () => page.getByRole("button", { name: /Overdue/ }).click());
  await take("show everything", () => page.getByRole("button", { name: "Show everything" }).click());
  await take("type in the search", () => page.getByLabel("Find in my work").pressSequentially("p"));
  await page.getByLabel("Find in my work").fill("");
  await take("filter by kind", () => page.getByLabel("Kind", { exact: true }).selectOption({ label: "Action" }));
  await take("open the form", () => page.getByRole("button", { name: /^Done/ }).first().click());
  await take("fault beside the field", () => page.getByRole("button", { name: "Save as done" }).click());
  await page.getByLabel("What came of it").fill("Told to the daughter");
  await take("send the form", () => page.getByRole("button", { name: "Save as done" }).click());
  await page.getByRole("dialog").waitFor({ state: "detached" });
});
