// Every page, by whom it is for: axe finds nothing, nothing scrolls sideways at 400%, there is one heading of the first rank, and what one
// may not see reads as what is not there.
import { assert, journey, type User } from "./harness.ts";

const settled = `main h1`;

async function addresses(find: <T extends fhir4.FhirResource>(query: string) => Promise<T[]>): Promise<[User, string][]> {
  const episodes = await find<fhir4.EpisodeOfCare>("EpisodeOfCare?status=active&_count=1");
  const id = episodes[0]?.patient.reference?.split("/").pop() ?? "";
  const meetings = await find<fhir4.Appointment>("Appointment?_count=50");
  const referrals = await find<fhir4.Task>("Task?code=urn:joinedup:task|referral&_count=1");
  assert.ok(id && meetings.length && referrals.length, "the place has a caseload that was lived with");
  const lists = await find<fhir4.List>("List?code=urn:joinedup:list|agenda&_count=50");
  const held = lists.map((one) => one.identifier?.find((each) => each.system === "urn:joinedup:meeting")?.value).find(Boolean) ?? meetings[0]?.id ?? "";
  return [
    ["demo.coordinator", "/my-day"],
    ["demo.coordinator", "/cases"],
    ["demo.coordinator", "/cases/find"],
    ...["", "/timeline", "/plan", "/contingency", "/assessments", "/team", "/referrals", "/messages", "/sharing"].map((tab): [User, string] => ["demo.coordinator", `/person/${id}${tab}`]),
    ["demo.coordinator", "/meeting"],
    ["demo.coordinator", `/meeting/${held}`],
    ["demo.coordinator", "/referrals"],
    ["demo.coordinator", `/referrals/${referrals[0]?.id ?? ""}`],
    ["demo.teamlead", "/team"],
    ["demo.gp", "/my-day"],
    ["demo.socialworker", "/my-day"],
    ["demo.analyst", "/team"],
    ["demo.board", "/team"],
    ["demo.board", "/team/published?view=compare"],
    ["demo.guardian", "/my-day"],
    ["demo.guardian", "/guardian"],
    ["demo.guardian", "/referrals/services"],
    ["demo.administrator", "/office"],
    ["demo.safeguarding", "/my-day"],
    ["demo.safeguarding", `/person/${id}/sharing`],
    ["demo.patient", "/me"],
    ["demo.carer", "/me"],
  ];
}

journey("every page is free of what axe finds, has one first heading, and needs no sideways scrolling at 400%", async (t) => {
  const faults: string[] = [];
  for (const [user, path] of await addresses((query) => t.served.find("demo.coordinator", query))) {
    const page = await t.open(user, path);
    try {
      await page.locator(settled).first().waitFor();
      await page.waitForTimeout(800); // what is read after the heading stands
      await page.getByText(/^Loading /).waitFor({ state: "detached" });
      assert.equal(await page.locator("h1").count(), 1, "one first heading");
      assert.match(await page.title(), / – Joinedup$/);
      await t.accessible(page);
      await t.zoomed(page);
    } catch (fault) {
      faults.push(`${user} ${path}: ${fault instanceof Error ? fault.message : String(fault)}`);
    }
    await page.context().close();
  }
  assert.deepEqual(faults, [], faults.join("\n"));
});

journey("a deep link to whom one may not see reads as one to nobody", async (t) => {
  // Somebody of the practice whom the co-ordinator's team does not look after.
  const theirs = new Set((await t.served.find<fhir4.Patient>("demo.coordinator", "Patient")).map((one) => one.id));
  const other = (await t.served.find<fhir4.Patient>("demo.gp", "Patient")).find((one) => !theirs.has(one.id));
  assert.ok(other, "the practice has somebody whom the team does not look after");
  const seen: string[] = [];
  for (const id of [other.id, "00000000-0000-8000-8000-000000000000"]) {
    const page = await t.open("demo.coordinator", `/person/${id}`);
    await page.locator(settled).first().waitFor();
    await page.getByText(/^Loading /).waitFor({ state: "detached" });
    await page.getByText(/may not exist|not be seen|cannot see/i).first().waitFor();
    seen.push((await page.locator("main").innerText()).replaceAll(id ?? "", "ID"));
    await t.accessible(page);
    if (seen.length === 1) await t.screenshot(page, "not-to-be-seen");
  }
  assert.equal(seen[0], seen[1]);
  const family = other.name?.[0]?.family ?? "?";
  assert.ok(!seen[0]?.toUpperCase().includes(family.toUpperCase()), "no name");
});
