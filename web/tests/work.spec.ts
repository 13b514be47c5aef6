// The caseload from the found list to the end of a case, meetings and referrals, as the people of a team do it.
import type { Page } from "playwright-core";
import { assert, journey, type Tools, type User } from "./harness.ts";

const coordinator: User = "demo.coordinator";
const doctor: User = "demo.gp";

interface Prepared {
  episode: fhir4.EpisodeOfCare;
  patient: fhir4.Patient;
  name: string;
  number: string; // NHS number: names may stand twice
}

const nameOf = (patient: fhir4.Patient) => `${patient.name?.[0]?.family?.toUpperCase()}, ${patient.name?.[0]?.given?.[0]}`;

/** Somebody of the doctor's practice on no caseload yet, found for the team: each call takes another. */
async function found(t: Tools): Promise<Prepared> {
  const taken = new Set((await t.served.find<fhir4.EpisodeOfCare>(doctor, "EpisodeOfCare")).map((one) => one.patient.reference));
  const patients = await t.served.find<fhir4.Patient>(doctor, "Patient?active=true&_sort=birthdate");
  const patient = patients.find((one) => !taken.has(`Patient/${one.id}`) && !one.deceasedBoolean && !one.deceasedDateTime && one.identifier?.[0]?.value);
  assert.ok(patient, "the practice has somebody who is on no caseload");
  const team = (await t.served.find<fhir4.CareTeam>(coordinator, "CareTeam")).find((one) => !one.subject);
  const on = inDays(-3);
  const made = await t.served.fhir<fhir4.EpisodeOfCare>(doctor, "POST", "EpisodeOfCare", {
    resourceType: "EpisodeOfCare", status: "planned", statusHistory: [{ status: "planned", period: { start: on } }], period: { start: on },
    type: [{ coding: [{ system: "urn:joinedup:case-finding", code: "released" }], text: "Found by case finding" }],
    patient: { reference: `Patient/${patient.id}` }, managingOrganization: patient.managingOrganization, team: [{ reference: `CareTeam/${team?.id}` }],
  });
  assert.equal(made.status, 201, JSON.stringify(made.body).slice(0, 300));
  return { episode: made.body, patient, name: nameOf(patient), number: patient.identifier?.[0]?.value ?? "" };
}

/** A list narrowed to one person: what is typed stands in no address. */
async function narrowed(page: Page, path: string, of: Prepared): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Name or NHS number").fill(of.number);
}

const state = async (t: Tools, of: Prepared) => (await t.served.fhir<fhir4.EpisodeOfCare>(coordinator, "GET", `EpisodeOfCare/${of.episode.id}`)).body;

async function fillDate(page: Page, legend: string, iso: string): Promise<void> {
  const group = page.getByRole("group", { name: legend });
  const [year, month, day] = iso.split("-");
  await group.getByLabel("Day").fill(String(Number(day)));
  await group.getByLabel("Month").fill(String(Number(month)));
  await group.getByLabel("Year").fill(year ?? "");
}
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

async function accept(page: Page, of: Prepared): Promise<void> {
  await narrowed(page, "/cases/find", of);
  await page.getByRole("button", { name: `Accept ${of.name}` }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Named co-ordinator").selectOption({ index: 1 });
  await dialog.getByLabel("Accountable professional").selectOption({ index: 1 });
  await dialog.getByRole("button", { name: "Accept" }).click();
  await dialog.waitFor({ state: "detached" });
}

journey("the found list keeps risk, what care may change and gaps apart, and says their limits", async (t) => {
  const page = await t.open(coordinator, "/cases/find");
  await page.getByRole("heading", { name: "Find cases" }).waitFor();
  await page.getByText(/^1 to |Nobody waits/).first().waitFor();
  // A place whose lists nobody has released yet shows its drafts, and nobody is taken on from them.
  if ((await page.getByText(/\d+ in 100/).count()) === 0) await page.getByLabel("Show").selectOption("draft");
  const row = page.getByRole("row").filter({ hasText: /\d+ in 100/ }).first();
  await row.waitFor();
  for (const head of [/Likelihood of emergency admission/, /What care may change/, /Gaps in care/]) assert.equal(await page.getByRole("columnheader", { name: head }).count(), 1);
  await row.locator(".ju-reasons li").first().waitFor();
  await t.accessible(page);
  await t.screenshot(page, "find-cases", { fullPage: false });
  await t.zoomed(page);
  // By keyboard: the filter narrows the list.
  await page.getByLabel("Name or NHS number").focus();
  await page.keyboard.type("nobody of this name");
  await page.getByText("Nobody fits what you chose.").waitFor();
  assert.ok(!page.url().includes("nobody"), "what is typed stands in no address");
});

journey("declining asks why beside the field, and keeps what was typed", async (t) => {
  const one = await found(t);
  const page = await t.open(coordinator, "/cases/find");
  await page.getByLabel("Name or NHS number").fill(one.number);
  await page.getByRole("button", { name: `Decline ${one.name}` }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Decline" }).click();
  await dialog.getByRole("alert").getByText("Choose why this person is not taken on").waitFor();
  await t.accessible(page);
  await t.screenshot(page, "decline-with-error", { fullPage: false });
  await dialog.getByLabel("Something else").check();
  await dialog.getByLabel("What is the reason?").fill("Known to the heart failure team");
  await dialog.getByText(/^Saved /).waitFor();
  await page.reload();
  await page.getByLabel("Name or NHS number").fill(one.number);
  await page.getByRole("button", { name: `Decline ${one.name}` }).first().click();
  await page.getByText(/What you typed before is here again/).waitFor();
  assert.equal(await page.getByLabel("What is the reason?").inputValue(), "Known to the heart failure team");
  await page.getByRole("dialog").getByRole("button", { name: "Decline" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // The case stays the team's to account for, with its reason; nothing else of the person does, not even the name.
  await page.goto("/cases/find?show=declined");
  await page.getByText("Known to the heart failure team").first().waitFor();
  assert.equal((await state(t, one)).status, "cancelled");
});

journey("deferred people come back on their day and can be looked up until then", async (t) => {
  const one = await found(t);
  const page = await t.open(coordinator, "/cases/find");
  await page.getByLabel("Name or NHS number").fill(one.number);
  await page.getByRole("button", { name: `Defer ${one.name}` }).first().click();
  const dialog = page.getByRole("dialog");
  await fillDate(page, "When should it be looked at again?", "2026-02-30");
  await dialog.getByRole("button", { name: "Defer" }).click();
  await dialog.getByRole("alert").getByText(/must be a real date/).waitFor();
  await fillDate(page, "When should it be looked at again?", inDays(20));
  await dialog.getByLabel("Why is the decision put off?").fill("Away with family");
  await dialog.getByRole("button", { name: "Defer" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByLabel("Show").selectOption("deferred");
  await page.getByRole("row").filter({ hasText: one.name }).first().waitFor();
});

journey("found, accepted, asked, started, assessed, planned, met, referred, answered, seen, reviewed, finished", async (t) => {
  const one = await found(t);
  const page = await t.open(coordinator, "/cases/find");
  await accept(page, one);
  assert.equal((await state(t, one)).status, "waitlist");

  // The person is asked: a case does not start before.
  await narrowed(page, "/cases", one);
  const row = page.getByRole("row").filter({ hasText: one.name }).first();
  await row.getByText("Not asked yet").first().waitFor();
  await t.accessible(page);
  await row.getByRole("button", { name: `Record the answer: ${one.name}` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("The person lacks capacity for this decision").check();
  await dialog.getByRole("button", { name: "Record the answer" }).click();
  await dialog.getByRole("alert").getByText(/best-interests decision/).waitFor();
  await t.screenshot(page, "ask-the-person", { fullPage: false });
  await dialog.getByLabel("The person agreed").check();
  await dialog.getByRole("button", { name: "Record the answer" }).click();
  await dialog.waitFor({ state: "detached" });
  await row.getByRole("button", { name: `Start: ${one.name}` }).click();
  await dialog.getByRole("button", { name: "Start" }).click();
  await dialog.waitFor({ state: "detached" });
  await row.getByText("Active", { exact: true }).waitFor();
  await t.screenshot(page, "caseload", { fullPage: false });
  await t.zoomed(page);

  // Assessed and planned, on the person's own page.
  await page.goto(`/person/${one.patient.id}/assessments`);
  await page.getByRole("region", { name: "Start an assessment" }).getByRole("link", { name: /^CollaboRATE/ }).click();
  await page.getByRole("button", { name: "Continue" }).waitFor();
  const questions = page.getByRole("main").getByRole("group");
  for (let nth = 0; nth < 3; ++nth) await questions.nth(nth).getByRole("radio").nth(2).check();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Save the assessment" }).click();
  await page.waitForURL(`**/person/${one.patient.id}/assessments`);
  const writePlan = async (review: string, shown: RegExp) => {
    await page.goto(`/person/${one.patient.id}/plan/edit`);
    await page.getByRole("button", { name: "Save the plan" }).waitFor();
    await page.getByLabel("What is most important to me").fill("To get in and out of the bath by myself");
    await page.getByLabel("Who is responsible for the review").selectOption({ index: 1 });
    const [year = "", month, day] = review.split("-");
    for (const [part, value] of [["Day", String(Number(day))], ["Month", String(Number(month))], ["Year", year]] as const) await page.getByLabel(part).fill(value);
    await page.getByRole("button", { name: "Save the plan" }).click();
    await page.waitForURL(`**/person/${one.patient.id}/plan`);
    await page.getByText(shown).first().waitFor();
  };
  await writePlan("2027-02-01", /1 Feb 2027/);

  // A meeting: planned, its agenda in another order by keyboard, who is there, a decision with one owner and one date.
  for (let more = 0; more < 2; ++more) await accept(page, await found(t));
  await page.goto("/meeting");
  await page.getByText("Plan a meeting").click();
  await page.getByRole("button", { name: "Plan the meeting" }).click();
  await page.getByRole("alert").getByText("Enter a time, such as 10am or 2:30pm").waitFor();
  await t.accessible(page);
  await fillDate(page, "Date of the meeting", inDays(1));
  await page.getByLabel("Time it starts").fill("10am");
  await page.getByRole("button", { name: "Plan the meeting" }).click();
  await page.waitForURL(/\/meeting\/[^/]+$/);
  const meeting = page.url().split("/").pop() ?? "";
  await page.getByRole("heading", { name: "Agenda" }).waitFor();
  const items = page.locator(".ju-agenda__item");
  await items.nth(1).waitFor();
  const second = (await items.nth(1).getAttribute("aria-label"))?.replace(/^2: /, "") ?? "";
  await page.getByRole("button", { name: `Move ${second} up` }).focus();
  await page.keyboard.press("Enter");
  await page.locator(`.ju-agenda__item[aria-label="1: ${second}"]`).waitFor();
  await page.reload();
  await page.locator(`.ju-agenda__item[aria-label="1: ${second}"]`).waitFor();
  await page.getByLabel(`Minutes for ${second}`).selectOption("20");
  await page.locator(`.ju-agenda__item[aria-label="1: ${second}"]`).getByText(/, 20 minutes/).waitFor();
  await page.locator("summary").filter({ hasText: "Who is there" }).click();
  await page.getByRole("group", { name: "Who is there?" }).getByRole("checkbox").first().check();
  // What is ticked is kept before it is saved: the page may be closed.
  await page.locator("summary").filter({ hasText: "ticks not saved yet" }).waitFor();
  await page.locator("details").filter({ hasText: "Who is there" }).getByText(/^Saved \d/).waitFor();
  await page.reload();
  await page.locator("summary").filter({ hasText: "ticks not saved yet" }).click();
  assert.equal(await page.getByRole("group", { name: "Who is there?" }).getByRole("checkbox").first().isChecked(), true);
  await page.getByRole("button", { name: "Save who is there" }).click();
  await page.getByText(/1 of \d+ attended/).waitFor();
  await page.getByRole("button", { name: `Record a decision for ${second}` }).click();
  await dialog.getByRole("button", { name: "Record the decision" }).click();
  await dialog.getByRole("alert").getByText("Choose the one person who carries it out").waitFor();
  await dialog.getByLabel("What was decided?").fill("Medicines review at home");
  await dialog.getByLabel("Who carries it out?").selectOption({ index: 1 });
  await fillDate(page, "By when?", inDays(7));
  await dialog.getByRole("button", { name: "Record the decision" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("Medicines review at home").first().waitFor();
  await t.accessible(page);
  await t.screenshot(page, "meeting", { fullPage: false });
  await t.zoomed(page);
  await page.getByRole("button", { name: "Close the meeting" }).click();
  await dialog.getByText(/carried over to the next meeting/).waitFor();
  await dialog.getByRole("button", { name: "Close the meeting" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("Not discussed: carried over.").first().waitFor();
  await page.goto(`/meeting/${meeting}/minutes`);
  await page.getByText(/Medicines review at home/).waitFor();
  await t.accessible(page);
  const paper = await t.printed(page);
  await t.screenshot(page, "minutes", { fullPage: false });
  assert.match(paper, /Medicines review at home/);
  assert.doesNotMatch(paper, /Sign out/);

  // A referral to another partner; the same again is pointed out.
  const refer = async () => {
    await page.goto(`/referrals/new?patient=${one.patient.id}`);
    await page.getByLabel("A referral").check();
    await page.getByLabel("Service", { exact: true }).selectOption({ label: "Synthetic Council (social care)" });
    await page.getByLabel("What is asked for, and why?").fill("Grab rails in the bathroom after two falls");
    await page.getByLabel("Routine").check();
  };
  await page.goto(`/referrals/new?patient=${one.patient.id}`);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").getByText("Choose a service").waitFor();
  await t.accessible(page);
  await refer();
  await t.screenshot(page, "refer", { fullPage: false });
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForURL(/\/referrals\/task\//);
  const referral = page.url().split("/").pop() ?? "";
  await refer();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Possible duplicate").waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent?.includes("Possible duplicate"));
  await t.screenshot(page, "possible-duplicate", { fullPage: false });

  // The other partner accepts, begins and says what came of it.
  const theirs = await t.open("demo.socialworker", "/referrals");
  await theirs.getByLabel("Name or NHS number").fill(one.number);
  await theirs.getByRole("link", { name: /Grab rails/ }).first().click();
  await theirs.getByRole("button", { name: "Send the answer" }).click();
  await theirs.getByRole("alert").getByText("Choose an answer").waitFor();
  await t.accessible(theirs);
  await theirs.getByLabel("Accept", { exact: true }).check();
  await theirs.getByRole("button", { name: "Send the answer" }).click();
  await theirs.getByLabel("It is completed").check();
  await theirs.getByRole("button", { name: "Send the answer" }).click();
  await theirs.getByRole("alert").getByText("Say what came of it").waitFor();
  await theirs.getByRole("textbox", { name: "What came of it?" }).fill("Two rails fitted, bath board lent");
  await theirs.getByRole("button", { name: "Send the answer" }).click();
  await theirs.getByText("Completed").first().waitFor();

  // The referrer sees the outcome, and both know it.
  await narrowed(page, "/referrals?group=outcomes", one);
  await page.getByText("Two rails fitted, bath board lent").first().waitFor();
  await t.accessible(page);
  await t.screenshot(page, "referrals", { fullPage: false });
  await page.goto(`/referrals/task/${referral}`);
  await page.getByRole("button", { name: "I have seen this answer" }).click();
  await page.getByText("Whoever sent it has seen the answer.").waitFor();

  // Reviewed: the plan has a new day, and the caseload shows it.
  await writePlan("2027-05-04", /4 May 2027/);
  await narrowed(page, "/cases", one);
  await row.getByText("4 May 2027").waitFor();

  // The case is finished with its reason and outcome; every step has who, when and why.
  await narrowed(page, "/cases", one);
  await row.getByText("More", { exact: true }).click();
  await row.getByRole("button", { name: `Finish: ${one.name}` }).click();
  await dialog.getByLabel("Goals reached").check();
  await dialog.getByRole("button", { name: "Finish" }).click();
  await dialog.getByRole("alert").getByText("Say what came of it for the person").waitFor();
  await dialog.getByLabel("What came of it for the person?").fill("I can get in and out of the bath by myself");
  await dialog.getByRole("button", { name: "Finish" }).click();
  await dialog.waitFor({ state: "detached" });
  const end = await state(t, one);
  assert.equal(end.status, "finished");
  assert.deepEqual(end.statusHistory?.map((step) => step.status).filter((status, index, all) => status !== all[index - 1]), ["planned", "waitlist", "active", "finished"]);
  for (const step of (end.statusHistory ?? []).slice(1)) assert.ok(step.extension?.some((extension) => extension.url === "urn:joinedup:by"), "each step says by whom");
});

journey("several cases are handed over at once", async (t) => {
  const page = await t.open(coordinator, "/cases");
  const boxes = page.getByRole("checkbox", { name: /^Choose / });
  await boxes.first().waitFor();
  await boxes.first().check();
  await page.getByRole("button", { name: /^Hand over 1 chosen case/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Hand over" }).click();
  await dialog.getByRole("alert").getByText("Choose who takes over").waitFor();
  await t.accessible(page);
  await dialog.getByLabel("Who takes over?").selectOption({ label: await otherWorker(dialog.getByLabel("Who takes over?")) });
  await dialog.getByLabel("What do they need to know?").fill("Prefers to be rung after 10am");
  await dialog.getByRole("button", { name: "Hand over" }).click();
  await dialog.waitFor({ state: "detached" });
});

async function otherWorker(select: ReturnType<Page["getByLabel"]>): Promise<string> {
  const labels = await select.locator("option").allTextContents();
  const nurse = labels.find((one) => /nurse/i.test(one));
  assert.ok(nurse, "there is a nurse in the team");
  return nurse;
}

journey("directory, pathways and advice", async (t) => {
  const page = await t.open(coordinator, "/referrals/services");
  await page.getByRole("table").waitFor();
  await t.accessible(page);
  await t.screenshot(page, "services", { fullPage: false });
  await t.zoomed(page);
  await page.getByRole("link", { name: "Pathways" }).click();
  await page.getByRole("heading", { name: "Pathways", level: 1 }).waitFor();
  await t.accessible(page);
  const one = await found(t);
  await narrowed(page, "/referrals/pathways", one);
  await page.getByText("Start a pathway for somebody").click();
  await page.getByRole("button", { name: "Start the pathway" }).click();
  await page.getByRole("alert").getByText("Choose a pathway").waitFor();
  await page.getByLabel("Pathway", { exact: true }).selectOption({ index: 1 });
  await page.getByLabel("Whom is it for?").fill(one.number);
  await page.getByRole("radio", { name: one.name }).first().click();
  await page.getByRole("button", { name: "Choose somebody else" }).waitFor();
  await page.getByRole("button", { name: "Start the pathway" }).click();
  const pathway = page.getByRole("region", { name: new RegExp(one.name) });
  await pathway.first().waitFor();
  await t.accessible(page);
  await t.screenshot(page, "pathway", { fullPage: false });
  await pathway.getByRole("button", { name: /^Leave out/ }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Leave it out" }).click();
  await dialog.getByRole("alert").getByText("Choose why it is left out").waitFor();
  await dialog.getByLabel("Done elsewhere").check();
  await dialog.getByRole("button", { name: "Leave it out" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("Left out: Done elsewhere").first().waitFor();
});

journey("a referral that does not exist, or is not for this reader, says the same", async (t) => {
  const page = await t.open(coordinator, "/referrals/task/nothing-here");
  await page.getByText(/It may not exist, or you may not have a reason to see it/).waitFor();
  await page.goto("/meeting/nothing-here");
  await page.getByText(/It may not exist, or you may not have a reason to see it/).waitFor();
});

journey("two accept the same person: one is told what the other did", async (t) => {
  const one = await found(t);
  const first = await t.open(coordinator, "/cases/find");
  await first.getByLabel("Name or NHS number").fill(one.number);
  const second = await t.open("demo.teamlead", "/cases/find");
  await second.getByLabel("Name or NHS number").fill(one.number);
  for (const page of [first, second]) {
    await page.getByRole("button", { name: `Accept ${one.name}` }).click();
    await page.getByRole("dialog").getByLabel("Named co-ordinator").selectOption({ index: 1 });
    await page.getByRole("dialog").getByLabel("Accountable professional").selectOption({ index: 1 });
  }
  await first.getByRole("dialog").getByRole("button", { name: "Accept" }).click();
  await first.getByRole("dialog").waitFor({ state: "detached" });
  await second.getByRole("dialog").getByRole("button", { name: "Accept" }).click();
  await second.getByRole("dialog").getByRole("alert").getByText(/Nothing was changed by you/).waitFor();
  await t.accessible(second);
  await t.screenshot(second, "two-accept", { fullPage: false });
  const history = (await state(t, one)).statusHistory ?? [];
  assert.equal(history.filter((step) => step.status === "waitlist").length, 1);
});

journey("advice is asked and given, and the person stays where they are", async (t) => {
  const one = await found(t);
  const page = await t.open(coordinator, `/referrals/new?patient=${one.patient.id}&kind=advice`);
  await page.getByText(one.name).first().waitFor();
  await page.getByLabel("Service", { exact: true }).selectOption({ label: "Synthetic Council (social care)" });
  await page.getByLabel("Your question").fill("Is she known to the sensory team?");
  await page.getByLabel("Urgent").check();
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForURL(/\/referrals\/task\//);
  const theirs = await t.open("demo.socialworker", new URL(page.url()).pathname);
  await theirs.getByLabel("Give advice").check();
  await theirs.getByLabel("Your advice").fill("Yes, since 2024; ring the duty desk");
  await theirs.getByRole("button", { name: "Send the answer" }).click();
  await theirs.getByText("Answered", { exact: true }).waitFor();
  // The page of whoever asked hears of it by itself.
  await page.getByText("Yes, since 2024; ring the duty desk").waitFor();
  assert.equal((await state(t, one)).status, "planned");
});

journey("a referral is booked into a free slot, taken back with a reason, and what is stuck surfaces", async (t) => {
  const one = await found(t);
  const services = await t.served.find<fhir4.HealthcareService>(coordinator, "HealthcareService");
  const council = services.find((each) => each.name === "Synthetic Council");
  const sent = await t.served.fhir<fhir4.Bundle>(coordinator, "POST", "ServiceRequest/$refer", {
    resourceType: "Parameters",
    parameter: [
      { name: "patient", valueReference: { reference: `Patient/${one.patient.id}` } },
      { name: "service", valueReference: { reference: `HealthcareService/${council?.id}` } },
      { name: "reason", valueString: "Cannot get up the stairs" },
      { name: "urgency", valueCode: "routine" },
    ],
  });
  assert.equal(sent.status, 200, JSON.stringify(sent.body).slice(0, 300));
  const task = sent.body.entry?.map((each) => each.resource).find((each) => each?.resourceType === "Task");
  const page = await t.open(coordinator, `/referrals/task/${task?.id}`);
  await page.getByText("Take it back").waitFor();
  if ((await page.getByRole("heading", { name: "Book an appointment" }).count()) > 0) {
    await page.getByRole("button", { name: "Book" }).click();
    await page.getByRole("alert").getByText("Choose a time").waitFor();
    await page.getByRole("group", { name: "Free times" }).getByRole("radio").first().check();
    await page.getByRole("button", { name: "Book" }).click();
    await page.locator("dt").getByText("Booked", { exact: true }).waitFor();
    await t.screenshot(page, "referral", { fullPage: false });
  }
  await t.accessible(page);
  await t.zoomed(page);
  await page.getByText("Take it back").click();
  await page.getByRole("button", { name: "Take the referral back" }).click();
  await page.getByRole("alert").getByText("Say why you take it back").waitFor();
  await page.getByLabel("Why?").fill("A neighbour lends a ground-floor room");
  await page.getByRole("button", { name: "Take the referral back" }).click();
  await page.getByText("Withdrawn", { exact: true }).waitFor();
  await page.goto("/referrals?group=stuck");
  await page.getByText(/^1 to |Nothing is stuck/).first().waitFor();
  await t.accessible(page);
});

journey("on hold and taken up again; the caseload by keyboard alone", async (t) => {
  const one = await found(t);
  const page = await t.open(coordinator, "/cases/find");
  await accept(page, one);
  const act = async (name: string, parameter: fhir4.ParametersParameter[] = []) => {
    const answer = await t.served.fhir(coordinator, "POST", `EpisodeOfCare/${one.episode.id}/$${name}`, { resourceType: "Parameters", parameter });
    assert.equal(answer.status, 200, JSON.stringify(answer.body).slice(0, 300));
  };
  await act("ask", [{ name: "outcome", valueCode: "agreed" }]);
  await act("start");
  await narrowed(page, "/cases", one);
  const hold = page.getByRole("button", { name: `Put on hold: ${one.name}` });
  await hold.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Why is the case put on hold?").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.ok(await hold.evaluate((button) => button === document.activeElement), "focus comes back to the button that opened the dialog");
  await page.keyboard.press("Enter");
  await dialog.getByLabel("Why is the case put on hold?").focus();
  await page.keyboard.type("In hospital");
  await page.keyboard.press("Tab");
  while ((await page.evaluate(() => document.activeElement?.textContent)) !== "Put on hold") await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.getByText(/In hospital/).first().waitFor();
  await page.getByRole("button", { name: `Take up again: ${one.name}` }).click();
  await dialog.getByRole("button", { name: "Take up again" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal((await state(t, one)).status, "active");
});

journey("a worker of another partner sees nothing of a caseload that is not theirs", async (t) => {
  const one = await found(t);
  const team = (await t.served.find<fhir4.CareTeam>(coordinator, "CareTeam")).find((each) => !each.subject);
  const planned = await t.served.fhir<fhir4.Bundle>(coordinator, "POST", "Appointment/$plan-meeting", {
    resourceType: "Parameters",
    parameter: [
      { name: "team", valueReference: { reference: `CareTeam/${team?.id}` } },
      { name: "start", valueDateTime: `${inDays(3)}T10:00:00Z` },
      { name: "minutes", valueInteger: 60 },
    ],
  });
  assert.equal(planned.status, 200, JSON.stringify(planned.body).slice(0, 300));
  const meeting = planned.body.entry?.map((each) => each.resource).find((each) => each?.resourceType === "Appointment")?.id;
  const people = (planned.body.entry ?? []).flatMap((each) => (each.resource?.resourceType === "Task" ? [(each.resource as fhir4.Task).for?.reference ?? ""] : []));
  assert.ok(people.includes(`Patient/${one.patient.id}`), "who was found is on the agenda");
  const page = await t.open("demo.outsider", "/cases/find");
  await page.getByLabel("Name or NHS number").fill(one.number);
  await page.getByText(/Nobody waits|Nobody fits/).first().waitFor();
  assert.equal(await page.getByText(one.name).count(), 0);
  await narrowed(page, "/cases", one);
  await page.getByText(/Nobody is here yet|Nobody fits/).first().waitFor();
  await page.goto(`/meeting/${meeting}`);
  await page.getByText(/whose record you may not see|It may not exist/).first().waitFor();
  assert.equal(await page.locator(".ju-agenda__item").count(), 0);
  const minutes = await t.open("demo.outsider", `/meeting/${meeting}/minutes`);
  await minutes.getByText(/you may not see|It may not exist/).first().waitFor();
  assert.equal(await minutes.getByText(one.name).count(), 0);
});
