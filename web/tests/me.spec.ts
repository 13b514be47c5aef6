import { assert, journey, type Tools } from "./harness.ts";

const phone = { viewport: { width: 390, height: 844 } };

/** The person of demo.patient, and a plan of theirs: the living place has one, else the co-ordinator writes it here. */
async function withPlan(t: Tools): Promise<string> {
  const [patient] = await t.served.find<fhir4.Patient>("demo.patient", "Patient");
  assert.ok(patient?.id);
  const subject = { reference: `Patient/${patient.id}` };
  const plans = await t.served.find<fhir4.CarePlan>("demo.patient", `CarePlan?patient=${patient.id}&status=active`);
  const has = plans.some((plan) => plan.category?.some((one) => one.coding?.some((coding) => coding.system === "urn:joinedup:plan" && coding.code === "care-and-support")));
  if (has) return patient.id;
  const section = (code: string, text: string) => ({ url: "urn:joinedup:plan-section", extension: [{ url: "code", valueCode: code }, { url: "text", valueString: text }] });
  const answer = await t.served.fhir<fhir4.Bundle>("demo.gp", "POST", "/fhir", {
    resourceType: "Bundle",
    type: "transaction",
    entry: [
      {
        fullUrl: "urn:uuid:11111111-1111-4111-8111-111111111111",
        request: { method: "POST", url: "CarePlan" },
        resource: {
          resourceType: "CarePlan", status: "active", intent: "plan", subject, created: "2026-11-01", category: [{ coding: [{ system: "urn:joinedup:plan", code: "care-and-support" }] }],
          extension: [section("most-important", "To look after my garden"), section("please-do", "Knock twice")],
        },
      },
      {
        fullUrl: "urn:uuid:22222222-2222-4222-8222-222222222222",
        request: { method: "POST", url: "Goal" },
        resource: { resourceType: "Goal", lifecycleStatus: "active", description: { text: "I want to walk to the shop again" }, subject },
      },
      {
        fullUrl: "urn:uuid:33333333-3333-4333-8333-333333333333",
        request: { method: "POST", url: "Task" },
        resource: {
          resourceType: "Task", status: "in-progress", intent: "order", code: { coding: [{ system: "urn:joinedup:task", code: "action" }] }, description: "Exercises at home", for: subject,
          basedOn: [{ reference: "urn:uuid:11111111-1111-4111-8111-111111111111" }], focus: { reference: "urn:uuid:22222222-2222-4222-8222-222222222222" },
        },
      },
    ],
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body).slice(0, 800));
  return patient.id;
}

journey("a person reads their plan in their own words, on a phone and on paper", async (t) => {
  await withPlan(t);
  const page = await t.open("demo.patient", "/me", phone);
  await page.getByRole("heading", { level: 1, name: /^Hello, / }).waitFor();
  await page.getByRole("heading", { name: "Your person to ask" }).waitFor();
  await t.accessible(page);
  await t.zoomed(page);
  await t.screenshot(page, "me", { fullPage: false });
  await page.getByRole("link", { name: /^My plan/ }).click();
  await page.getByRole("heading", { level: 1, name: "My plan" }).waitFor();
  await page.getByRole("heading", { name: "What matters most to me" }).waitFor();
  await page.getByRole("heading", { name: "My goals and hopes" }).waitFor();
  await page.getByRole("heading", { level: 3 }).first().waitFor();
  await t.accessible(page);
  await t.zoomed(page);
  await t.screenshot(page, "me-plan", { fullPage: false });
  const paper = await t.printed(page);
  assert.match(paper, /What matters most to me/);
  assert.doesNotMatch(paper, /Sign out|Back to my care/);
  // No word of a form's code reaches the page.
  assert.doesNotMatch(await page.locator("main").innerText(), /urn:|PractitionerRole|in-progress/);
  await page.getByRole("link", { name: "Back to my care" }).click();
  for (const [link, heading] of [["What happens next", "What happens next"], ["My team", "My team"]] as const) {
    await page.getByRole("link", { name: new RegExp(`^${link}`) }).click();
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await page.waitForTimeout(300);
    await t.accessible(page);
    await t.zoomed(page);
    await page.getByRole("link", { name: "Back to my care" }).click();
  }
});

journey("a person says that something is wrong, and faults stand beside their fields", async (t) => {
  const page = await t.open("demo.patient", "/me/wrong", phone);
  await page.getByText("What we hold about you").waitFor();
  await page.getByRole("button", { name: "Send to the team" }).click();
  const summary = page.getByRole("alert").filter({ hasText: "There is a problem" });
  await summary.getByRole("link", { name: "Choose what it is about" }).waitFor();
  await summary.getByRole("link", { name: "Write what is wrong, and what is right" }).waitFor();
  await t.accessible(page, "the form with faults");
  await page.getByLabel("My medicines or conditions").check();
  const text = `I stopped the water tablet in May ${Date.now()}`;
  await page.getByLabel("What is wrong, and what is right?").fill(text);
  await page.getByRole("button", { name: "Send to the team" }).click();
  await page.getByRole("listitem").filter({ hasText: text }).waitFor();
  await t.zoomed(page);
  const [patient] = await t.served.find<fhir4.Patient>("demo.patient", "Patient");
  const seen = await t.served.find<fhir4.Communication>("demo.gp", `Communication?subject=Patient/${patient?.id}&category=urn:joinedup:message|correction`);
  assert.ok(seen.some((one) => one.payload?.[0]?.contentString === text && one.topic?.text === "My medicines or conditions"));
});

journey("a person sees who looked at their record, and nobody else sees that list", async (t) => {
  const [patient] = await t.served.find<fhir4.Patient>("demo.patient", "Patient");
  assert.equal((await t.served.fhir("demo.gp", "GET", `Patient/${patient?.id}`)).status, 200);
  const page = await t.open("demo.patient", "/me/looked", phone);
  const looks = page.getByRole("list", { name: "Who looked, newest first" }).getByRole("listitem");
  await looks.filter({ hasText: "GP" }).first().waitFor();
  const { cookie } = await t.served.session("demo.gp");
  const session = (await (await fetch(`${t.served.origin}/session`, { headers: { Cookie: cookie } })).json()) as { practitioner: string };
  const [doctor] = await t.served.find<fhir4.Practitioner>("demo.patient", `Practitioner?_id=${session.practitioner}`);
  const family = doctor?.name?.[0]?.family ?? "";
  assert.ok(family);
  await looks.filter({ hasText: family }).first().waitFor();
  await t.accessible(page);
  await t.zoomed(page);
  await t.screenshot(page, "me-looked", { fullPage: false });
});

journey("a carer sees what their authority allows, and not who looked", async (t) => {
  const id = await withPlan(t);
  const page = await t.open("demo.carer", "/me", phone);
  await page.getByRole("heading", { level: 1, name: /^The care of / }).waitFor();
  await page.getByText(/^You help /).waitFor();
  await t.accessible(page);
  await t.zoomed(page);
  await t.screenshot(page, "me-carer", { fullPage: false });
  assert.equal(await page.getByRole("link", { name: /Who looked/ }).count(), 0);
  await page.getByRole("link", { name: /^Their plan/ }).click();
  await page.getByRole("heading", { level: 1, name: /^The plan of / }).waitFor();
  await page.getByRole("heading", { name: "What matters most to me" }).waitFor();
  await page.goto("/me/looked");
  await page.waitForURL("**/me");
  // What is not within the authority is not there, by the page or without it.
  assert.deepEqual(await t.served.find("demo.carer", `AuditEvent?patient=${id}`), []);
  assert.deepEqual(await t.served.find("demo.carer", `Condition?patient=${id}`), []);
  assert.ok((await t.served.find("demo.patient", `Condition?patient=${id}`)).length > 0, "there is something that the carer does not see");
});

journey("a worker has no page of a person's own", async (t) => {
  const page = await t.open("demo.coordinator", "/me");
  await page.getByText("This page is for people and their carers").waitFor();
});
