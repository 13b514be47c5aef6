// Those who answer for the place: the guardian reviews, the administrator is told, a safeguarding lead withholds, and nobody else notices.
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { assert, journey, type Tools, type User } from "./harness.ts";

const parameters = (...parameter: fhir4.ParametersParameter[]): fhir4.Parameters => ({ resourceType: "Parameters", parameter });

/** Somebody of the practice whom the nurse may not see, from the end of the list: other journeys take them from its start. */
async function notTheNurses(t: Tools): Promise<string> {
  const known = new Set((await t.served.find<fhir4.Patient>("demo.nurse", "Patient")).map((one) => one.id));
  const hidden = (await t.served.find<fhir4.Patient>("demo.gp", "Patient")).filter((one) => !known.has(one.id)).at(-1)?.id;
  assert.ok(hidden, "the practice has somebody whom the nurse does not look after");
  return hidden;
}

async function openedInAnEmergency(t: Tools, reason: string): Promise<string> {
  const id = await notTheNurses(t);
  const opened = await t.served.fhir("demo.nurse", "POST", `Patient/${id}/$emergency-access`, parameters({ name: "reason", valueString: reason }));
  assert.ok(opened.status < 300, JSON.stringify(opened.body));
  return id;
}

/** As if it had been opened days ago: its time is over and nobody has reviewed it. */
function madeOverdue(t: Tools, reason: string): void {
  const ledger = new DatabaseSync(join(t.served.place, "access.sqlite"));
  const day = 86_400_000_000;
  ledger.prepare("UPDATE emergency SET begins = begins - ?, ends = ends - ?, review_due = review_due - ? WHERE reason = ?").run(5 * day, 5 * day, 5 * day, reason);
  ledger.close();
}

journey("each office begins where its work is, and its navigation leads to nothing that is not there", async (t) => {
  for (const [user, start, heading] of [
    ["demo.guardian", "/guardian", "What waits for the guardian"],
    ["demo.administrator", "/office", "Administration"],
    ["demo.analyst", "/team", ""],
    ["demo.board", "/team", ""],
  ] as [User, string, string][]) {
    const page = await t.open(user, "/");
    await page.waitForURL(`**${start}`);
    if (heading) await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link").first().waitFor();
    const links = await page.getByRole("navigation", { name: "Main" }).getByRole("link").evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? ""));
    assert.equal(links[0], start);
    for (const link of links) {
      await page.goto(link);
      await page.locator("main h1").waitFor();
      assert.notEqual(await page.locator("main h1").innerText(), "Page not found", `${user} ${link}`);
    }
  }
  for (const path of ["/guardian", "/guardian/record/1", "/office"]) {
    const page = await t.open("demo.coordinator", path);
    await page.getByRole("heading", { level: 1, name: "Page not found" }).waitFor();
  }
});

journey("the guardian reviews an emergency access; what was not justified ends at once; an overdue one is told", async (t) => {
  const late = "Opened long ago, and nobody has asked why";
  await openedInAnEmergency(t, late);
  madeOverdue(t, late);
  const why = "Her daughter rang: not seen since Friday, key safe number needed";
  const id = await openedInAnEmergency(t, why);
  assert.equal((await t.served.fhir("demo.nurse", "GET", `Patient/${id}`)).status, 200);

  const page = await t.open("demo.guardian", "/guardian");
  const list = page.getByRole("list", { name: "Emergency access to review" }).getByRole("listitem");
  await list.first().waitFor();
  assert.match(await list.first().innerText(), /Overdue by 2 days[\s\S]*nobody has asked why/, "the one that is overdue stands first");
  const one = list.filter({ hasText: why });
  assert.match(await one.innerText(), /community nurse[\s\S]*Due in 3 days[\s\S]*open until/i);
  await t.accessible(page);
  await t.zoomed(page);

  // By keyboard: faults stand beside their fields, and what is typed is there again after the page was closed.
  await one.getByRole("button", { name: /^Review/ }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: /^Review: emergency access/ });
  await dialog.getByRole("button", { name: "Save the review" }).click();
  await dialog.getByRole("alert").getByText("Select whether it was justified").waitFor();
  await dialog.getByLabel("Yes, it was justified").focus();
  await page.keyboard.press("ArrowDown");
  await dialog.getByRole("button", { name: "Save the review" }).click();
  await dialog.getByRole("alert").getByText("Enter why it was not justified").waitFor();
  await dialog.getByLabel("Comment").fill("The nurse knows the family: a neighbour. Spoken with her lead");
  await t.accessible(page, "the review");
  await dialog.getByText(/^Saved \d/).waitFor();
  await page.reload();
  await one.getByRole("button", { name: /^Review/ }).click();
  await dialog.getByText(/What you typed before is here again/).waitFor();
  assert.equal(await dialog.getByLabel("No, it was not justified").isChecked(), true);
  await dialog.getByRole("button", { name: "Save the review" }).click();
  await dialog.waitFor({ state: "detached" });
  const row = page.getByRole("table", { name: /^Emergency access that was reviewed/ }).getByRole("row").filter({ hasText: why });
  await row.getByText("Not justified").waitFor();
  assert.match(await row.innerText(), /a neighbour[\s\S]*You/);
  assert.equal((await t.served.fhir("demo.nurse", "GET", `Patient/${id}`)).status, 404, "it ended at once");

  // A second guardian who comes too late is told so: here the same one, by the same number.
  const number = Number(/emergency access (\d+)/.exec(await row.innerText().then(async () => row.getByRole("link").innerText()))?.[1]);
  const again = await t.served.fhir("demo.guardian", "POST", "$review-emergency", parameters({ name: "emergency", valueInteger: number }, { name: "outcome", valueCode: "justified" }));
  assert.equal(again.status, 404);

  // Who looked: without the record being opened.
  await row.getByRole("link", { name: /^Who looked at this record/ }).click();
  await page.getByRole("heading", { level: 1, name: "Who looked at a record" }).waitFor();
  await page.getByRole("table", { name: /^Who looked/ }).getByText(/community nurse/i).first().waitFor();
  assert.equal(await page.getByRole("region", { name: "Person", exact: true }).count(), 0);
  await t.accessible(page);
  await t.zoomed(page);

  // The notice comes within a minute, to the guardian's open page and to the administrator's.
  await page.goto("/guardian");
  const notice = page.getByRole("list", { name: "Open notices" }).getByText(/was to be reviewed by .* and has not been/);
  await notice.first().waitFor({ timeout: 90_000 });
  await page.evaluate(() => scrollTo(0, 0));
  await t.screenshot(page, "guardian");
  await t.accessible(page);
  const office = await t.open("demo.administrator", "/office");
  await office.getByRole("list", { name: "Open notices" }).getByText(/has not been/).first().waitFor();
  await office.getByRole("heading", { name: "Sharing agreements" }).waitFor();
  await office.getByRole("table", { name: "Which partner shares what" }).waitFor();
  await t.accessible(office);
  await t.zoomed(office);
  await t.screenshot(office, "administration");
});

const main = async (t: Tools, user: User, path: string): Promise<string> => {
  const page = await t.open(user, path);
  const asked: string[] = [];
  page.on("request", (request) => void asked.push(request.url()));
  await page.locator("main h1").waitFor();
  await page.getByText(/^Loading /).waitFor({ state: "detached" });
  await page.waitForTimeout(800);
  const text = await page.locator("body").innerText();
  if (user !== "demo.safeguarding") assert.ok(!asked.some((one) => /withh/i.test(one)), `${user} ${path} asks for what is a lead's alone`);
  await page.context().close();
  return text;
};

journey("a safeguarding lead withholds an entry and what tells of it: nobody else's page changes, and it is shown again", async (t) => {
  const [patient] = await t.served.find<fhir4.Patient>("demo.patient", "Patient");
  const id = patient?.id ?? "";
  const subject = { reference: `Patient/${id}` };
  const plan = (await t.served.find<fhir4.CarePlan>("demo.coordinator", `CarePlan?subject=Patient/${id}&status=active`))[0];
  const task = (
    await t.served.fhir<fhir4.Task>("demo.coordinator", "POST", "Task", {
      resourceType: "Task", status: "requested", intent: "order", for: subject, description: "Talk with the refuge about a room", authoredOn: new Date().toISOString(),
      code: { coding: [{ system: "urn:joinedup:task", code: "action" }] }, restriction: { period: { end: "2027-01-15" } }, ...(plan ? { basedOn: [{ reference: `CarePlan/${plan.id}` }] } : {}),
    })
  ).body;
  const message = (
    await t.served.fhir<fhir4.Communication>("demo.coordinator", "POST", "Communication", {
      resourceType: "Communication", status: "completed", subject, about: [{ reference: `Task/${task.id}` }], sent: new Date().toISOString(),
      category: [{ coding: [{ system: "urn:joinedup:message", code: "team" }] }], payload: [{ contentString: "The refuge rang back about the room" }],
    })
  ).body;
  assert.ok(task.id && message.id);
  const seen = async (user: User) => Promise.all([`Task/${task.id}`, `Communication/${message.id}`].map(async (path) => (await t.served.fhir(user, "GET", path)).status));
  assert.deepEqual(await seen("demo.patient"), [200, 200]);

  const lead = await t.open("demo.safeguarding", `/person/${id}/sharing`);
  const region = lead.getByRole("region", { name: /^Withheld entries/ });
  await region.getByText("Nothing is withheld.").waitFor();
  await lead.waitForTimeout(800);
  const pages: [User, string][] = [["demo.coordinator", `/person/${id}/sharing`], ["demo.coordinator", `/person/${id}/timeline`], ["demo.gp", `/person/${id}`]];
  const before: string[] = [];
  for (const [user, path] of pages) before.push(await main(t, user, path));
  const leads = async () => {
    const { body } = await t.served.fhir<{ practitioner: string }>("demo.safeguarding", "GET", "/session");
    return JSON.stringify(await t.served.find<fhir4.AuditEvent>("demo.patient", `AuditEvent?patient=${id}&_count=500`)).split(`Practitioner/${body.practitioner}`).length;
  };
  const looksBefore = await leads();

  await region.getByRole("button", { name: "Withhold entries" }).click();
  const dialog = lead.getByRole("dialog", { name: "Withhold entries" });
  await dialog.getByRole("button", { name: "Withhold", exact: true }).click();
  for (const fault of ["Select a kind of entry", "Select from whom it is withheld", "Enter why it is withheld", "Enter the review date"]) await dialog.getByRole("alert").getByText(fault).waitFor();
  await dialog.getByLabel("Kind of entry").selectOption("Task");
  await dialog.getByLabel("Entry", { exact: true }).selectOption(`Task/${task.id}`);
  await dialog.getByLabel(/The refuge rang back/).waitFor();
  assert.equal(await dialog.getByLabel(/The refuge rang back/).isChecked(), true, "what tells of the same is offered with it");
  // The plan on which the action stands is not hidden for one action.
  for (const box of await dialog.getByRole("group", { name: /tell of the same/ }).getByRole("checkbox").all()) if (!(await box.evaluate((input) => (input as HTMLInputElement).labels?.[0]?.innerText.includes("refuge")))) await box.uncheck();
  await dialog.getByLabel("The person, and everybody who acts for them").check();
  await dialog.getByLabel("Reason").fill("Her husband reads what comes to the phone");
  const later = new Date(Date.now() + 30 * 86_400_000);
  await dialog.getByLabel("Day").fill(String(later.getDate()));
  await dialog.getByLabel("Month").fill(String(later.getMonth() + 1));
  await dialog.getByLabel("Year").fill(String(later.getFullYear()));
  await t.accessible(lead, "withholding");
  await dialog.getByText(/^Saved \d/).waitFor();
  await dialog.getByRole("button", { name: "Withhold", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  await region.getByRole("heading", { name: /Withheld entries \(2\)/ }).waitFor();
  await region.getByText(/Talk with the refuge/).first().waitFor();
  await region.getByText("Her husband reads").first().waitFor();
  await t.accessible(lead);
  await t.zoomed(lead);
  await region.getByRole("heading").first().evaluate((heading) => heading.scrollIntoView({ block: "start" }));
  await lead.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await t.screenshot(lead, "withheld", { fullPage: false });

  // For the person and the carer it was never there; for everybody else nothing is different, and nothing says that it is.
  for (const user of ["demo.patient", "demo.carer"] as User[]) {
    assert.deepEqual(await seen(user), [404, 404]);
    for (const path of ["/me", "/me/next", "/me/messages"]) assert.doesNotMatch(await main(t, user, path), /refuge/, `${user} ${path}`);
  }
  for (const [at, [user, path]] of pages.entries()) {
    const after = await main(t, user, path);
    assert.equal(after, before[at], `${user} ${path} is the same`);
    assert.doesNotMatch(after, /withh/i);
  }
  assert.ok((await leads()) <= looksBefore, "the person's list of who looked has no more of the lead than before");
  assert.equal((await t.served.fhir("demo.coordinator", "GET", `Patient/${id}/$withheld`)).status, (await t.served.fhir("demo.coordinator", "GET", `Patient/${id}/$no-such`)).status);

  // Shown again, one by one.
  for (let left = 2; left > 0; --left) {
    await region.getByRole("button", { name: /^Show again/ }).first().click();
    const again = lead.getByRole("dialog", { name: "Show again" });
    await again.getByRole("button", { name: "Show again" }).click();
    await again.waitFor({ state: "detached" });
  }
  await region.getByText("Nothing is withheld.").waitFor();
  assert.deepEqual(await seen("demo.patient"), [200, 200]);
});

journey("a whole kind is withheld from the carer alone; the timeline leads to the form by keyboard", async (t) => {
  const [patient] = await t.served.find<fhir4.Patient>("demo.patient", "Patient");
  const id = patient?.id ?? "";
  const count = async (user: User) => (await t.served.fhir<fhir4.Bundle>(user, "GET", `Task?patient=${id}&_summary=count`)).body.total ?? 0;
  const [ofPerson, ofCarer] = [await count("demo.patient"), await count("demo.carer")];
  const page = await t.open("demo.safeguarding", `/person/${id}/timeline`);
  const link = page.getByRole("list", { name: "Timeline entries" }).getByRole("link", { name: /^Withhold/ }).first();
  await link.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Withhold entries" });
  await dialog.waitFor();
  assert.notEqual(await dialog.getByLabel("Entry", { exact: true }).inputValue(), "", "the entry is chosen");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Withhold entries" }).click();
  await dialog.getByLabel("Kind of entry").selectOption("Task");
  await dialog.getByLabel("Entry", { exact: true }).selectOption({ index: 1 });
  await dialog.getByLabel("Everybody who acts for the person").check();
  await dialog.getByLabel("Reason").fill("Asked for by the person herself");
  const later = new Date(Date.now() + 10 * 86_400_000);
  for (const [label, value] of [["Day", later.getDate()], ["Month", later.getMonth() + 1], ["Year", later.getFullYear()]] as const) await dialog.getByLabel(label).fill(String(value));
  await dialog.getByRole("button", { name: "Withhold", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText(/^Every entry of this kind/).waitFor();
  assert.equal(await count("demo.carer"), 0);
  // What must soon be looked at again stands on the lead's day, and on nobody else's.
  const day = await t.open("demo.safeguarding", "/my-day");
  const again = day.getByRole("region", { name: /^Withheld entries to look at again/ });
  assert.match(await again.innerText(), /1 entry[\s\S]*in 10 days/);
  await t.accessible(day);
  await t.zoomed(day);
  assert.doesNotMatch(await main(t, "demo.coordinator", "/my-day"), /withh/i);
  assert.ok(ofCarer > 0 && (await count("demo.patient")) === ofPerson, "the person sees what they saw");
  await page.getByRole("button", { name: /^Show again/ }).click();
  await page.getByRole("dialog", { name: "Show again" }).getByRole("button", { name: "Show again" }).click();
  await page.getByText("Nothing is withheld.").waitFor();
  assert.equal(await count("demo.carer"), ofCarer);
});

journey("a draft that is read late does not take the place of what was typed since", async (t) => {
  const page = await t.open("demo.coordinator", "/my-day");
  await page.locator("main h1").waitFor();
  const [episode] = await t.served.find<fhir4.EpisodeOfCare>("demo.coordinator", "EpisodeOfCare?status=active");
  const [, patient = ""] = (episode?.patient.reference ?? "").split("/");
  let release = () => undefined as void;
  const held = new Promise<void>((done) => (release = done));
  let reads = 0;
  await page.route(/\/fhir\/\$drafts\?form=message/, async (route) => {
    if (++reads > 1) return route.continue();
    await page.getByText(/^Saved \d/).waitFor(); // the server answers with what it has by now: the first words
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  await page.goto(`/person/${patient}/messages`);
  const text = page.getByLabel(/^Message about/);
  await text.fill("First words");
  await page.getByText(/^Saved \d/).waitFor();
  await page.waitForTimeout(500);
  const saved = page.waitForResponse((one) => one.url().includes("$save-draft") && (one.request().postData() ?? "").includes("Later words"));
  await text.fill("Later words");
  await saved;
  release();
  await page.waitForTimeout(500);
  assert.equal(await text.inputValue(), "Later words");
  const discarded = page.waitForResponse((one) => one.url().includes("$discard-draft"));
  await page.getByRole("button", { name: "Discard draft" }).click();
  await discarded;
});
