import { assert, journey, type Tools, type User } from "./harness.ts";

async function rolesOf(t: Tools, user: User): Promise<string[]> {
  const session = await t.served.fhir<{ practitioner: string }>(user, "GET", "/session");
  const roles = await t.served.find<fhir4.PractitionerRole>(user, `PractitionerRole?practitioner=Practitioner/${session.body.practitioner}`);
  assert.ok(roles.length > 0, `${user} has a role in the directory`);
  return roles.map((one) => `PractitionerRole/${one.id}`);
}

const day = (days: number) => {
  const at = new Date(Date.now() + days * 86_400_000);
  return at.toISOString().slice(0, 10);
};

async function writeTask(t: Tools, role: string, patient: string, description: string, due: string | undefined, priority: fhir4.Task["priority"] = "routine"): Promise<fhir4.Task> {
  const task: fhir4.Task = {
    resourceType: "Task",
    status: "requested",
    intent: "order",
    priority,
    code: { coding: [{ system: "urn:joinedup:task", code: "action" }] },
    description,
    for: { reference: patient },
    owner: { reference: role },
    requester: { reference: role },
    ...(due ? { restriction: { period: { end: due } } } : {}),
  };
  const made = await t.served.fhir<fhir4.Task>("demo.coordinator", "POST", "Task", task);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

journey("my day: by priority then date, nothing without a date counts as on time, found by keyboard", async (t) => {
  const [role = ""] = await rolesOf(t, "demo.coordinator");
  const [patient] = await t.served.find<fhir4.Patient>("demo.coordinator", "Patient?_count=1");
  const person = `Patient/${patient?.id}`;
  await writeTask(t, role, person, "Zebra order equipment", day(20));
  await writeTask(t, role, person, "Zebra ring the daughter", day(-3));
  await writeTask(t, role, person, "Zebra ask about the stairs", undefined);
  await writeTask(t, role, person, "Zebra urgent medicines check", day(5), "urgent");
  const page = await t.open("demo.coordinator", "/my-day");
  await page.getByRole("heading", { level: 1, name: "My day" }).waitFor();
  const search = page.getByLabel("Find in my work");
  await search.fill("zebra");
  const table = page.getByRole("table", { name: "Work, by priority and then by date" });
  await table.waitFor();
  const rows = await table.getByRole("row").allInnerTexts();
  const order = rows.slice(1).map((text) => /Zebra [a-z ]+/.exec(text)?.[0].trim());
  assert.deepEqual(order, ["Zebra urgent medicines check", "Zebra ring the daughter", "Zebra ask about the stairs", "Zebra order equipment"]);
  assert.match(rows[3] ?? "", /No date set/);
  await page.getByLabel("When", { exact: true }).selectOption("overdue");
  await table.getByRole("link", { name: "Zebra ring the daughter" }).waitFor();
  assert.equal(await table.getByRole("row").count(), 2);
  await page.getByRole("button", { name: "Show everything" }).click();
  await t.accessible(page);
  await t.screenshot(page, "my-day");
  await t.zoomed(page);
});

journey("an admission raises an alert in a page that is open, within seconds of the message", async (t) => {
  const [role = ""] = await rolesOf(t, "demo.coordinator");
  const episodes = await t.served.find<fhir4.EpisodeOfCare>("demo.coordinator", "EpisodeOfCare?status=active,waitlist,onhold,planned&_count=100");
  const episode = episodes.find((one) => one.status !== "planned" && one.careManager?.reference?.endsWith(role)) ?? episodes.find((one) => one.status === "planned");
  assert.ok(episode, "somebody is with the co-ordinator, or was found by their team");
  if (episode.status === "planned") {
    const taken = { ...episode, status: "active" as const, careManager: { reference: role } };
    const put = await t.served.fhir("demo.coordinator", "PUT", `EpisodeOfCare/${episode.id}`, taken, { "If-Match": `W/"${episode.meta?.versionId}"` });
    assert.equal(put.status, 200, JSON.stringify(put.body));
  }
  const found = await t.served.fhir<fhir4.Patient>("demo.coordinator", "GET", episode.patient.reference?.split("/").slice(-2).join("/") ?? "");
  const patient = found.body;
  const number = patient.identifier?.find((one) => one.system === "https://fhir.nhs.uk/Id/nhs-number")?.value;
  const page = await t.open("demo.coordinator", "/my-day");
  await page.getByRole("heading", { level: 2, name: /^Alerts/ }).waitFor();
  await page.getByText("hears changes as they happen").or(page.getByText("Do not take an empty list")).first().waitFor();
  await page.waitForTimeout(500);
  const alerts = page.getByRole("region", { name: /^Alerts/ });
  const told = alerts.getByRole("listitem").filter({ hasText: /Admitted to hospital/ }).filter({ hasText: (patient.name?.[0]?.family ?? "").toUpperCase() });
  const before = await told.count();
  const now = new Date().toISOString().replace(/[-:T]/g, "").slice(0, 14);
  const family = patient.name?.[0]?.family ?? "";
  const began = Date.now();
  const answer = await t.served.message([
    `MSH|^~\\&|PAS|ZA1|JU||${now}||ADT^A01|WEB${now}|P|2.4`,
    `EVN|A01|${now}`,
    `PID|1||WEB${number}^^^ZA1^MR~${number}^^^NHS^NH||${family}^${patient.name?.[0]?.given?.[0] ?? ""}||${patient.birthDate?.replaceAll("-", "")}|F`,
    `PV1|1|I|Ward 7||||||||||||||||VWEB${now}|||||||||||||||||||||||||${now}`,
  ]);
  assert.match(answer, /MSA\|AA/, answer);
  await told.nth(before).waitFor({ timeout: 10_000 });
  const seconds = (Date.now() - began) / 1000;
  console.log(`       the alert was in the open page ${seconds.toFixed(1)} s after the message`);
  assert.ok(seconds < 5, `the alert took ${seconds} s`);
  await t.accessible(page);
  await t.screenshot(page, "my-day-alert");
  const open = await alerts.getByRole("button", { name: /Mark as opened/ }).count();
  await told.first().getByRole("button", { name: /Mark as opened/ }).click();
  await page.getByText("Marked as opened").waitFor();
  await page.getByRole("heading", { name: `Alerts (${open - 1} not opened)` }).waitFor();
  // It stays in sight with who opened it, for whoever else is told.
  await told.filter({ hasText: /Opened by .*care co-?ordinator, .*\(just now\)/i }).first().waitFor();
});
