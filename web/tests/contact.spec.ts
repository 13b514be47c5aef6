import { assert, journey } from "./harness.ts";

const openStates = ["active", "onhold", "waitlist"];

journey("a contact is recorded, with faults beside the fields and a draft that stays, and stands in the record", async (t) => {
  const episodes = (await t.served.find<fhir4.EpisodeOfCare>("demo.coordinator", "EpisodeOfCare?status=active&_count=20")).reverse();
  const patient = episodes[0]?.patient.reference ?? "";
  assert.ok(patient, "somebody is on the caseload");
  const page = await t.open("demo.coordinator", `/${patient.replace("Patient", "person")}`);
  await page.getByRole("region", { name: "Last contacts" }).getByRole("link", { name: "Record a contact" }).click();
  await page.getByRole("heading", { level: 1, name: "Record a contact" }).waitFor();
  await t.accessible(page);
  await t.zoomed(page);
  assert.notEqual(await page.getByRole("combobox", { name: "Who made the contact?" }).inputValue(), "", "one's own name stands there");
  await page.getByRole("textbox", { name: "How many minutes did it take?" }).fill("ten");
  await page.getByRole("button", { name: "Record the contact" }).click();
  const alert = page.getByRole("alert").filter({ hasText: "There is a problem" });
  await alert.getByRole("link", { name: "Select how the contact was made" }).waitFor();
  await alert.getByRole("link", { name: "Minutes must be a whole number from 1 to 600" }).waitFor();
  await alert.getByRole("link", { name: "Enter what the contact was about" }).waitFor();
  await t.accessible(page);
  await page.getByRole("radio", { name: "Telephone call" }).check();
  await page.getByRole("textbox", { name: "How many minutes did it take?" }).fill("15");
  await page.getByRole("textbox", { name: "What was it about?" }).fill("How the new frame works on the stairs.");
  await page.getByText(/^Saved \d/).waitFor();
  await page.reload();
  await page.getByText("What you typed before is here again").waitFor();
  assert.equal(await page.getByRole("textbox", { name: "What was it about?" }).inputValue(), "How the new frame works on the stairs.");
  await t.screenshot(page, "record-contact");
  await page.getByRole("button", { name: "Record the contact" }).click();
  const last = page.getByRole("region", { name: "Last contacts" });
  await last.getByText("Telephone call").first().waitFor();
  await last.getByText("How the new frame works on the stairs.").waitFor();
  await page.getByRole("link", { name: "Timeline", exact: true }).click();
  await page.getByRole("list", { name: "Timeline entries" }).getByText("How the new frame works on the stairs.").waitFor();
  const made = (await t.served.find<fhir4.Encounter>("demo.coordinator", `Encounter?patient=${patient}&_sort=-date&_count=20`)).find((one) => one.reasonCode?.[0]?.text?.startsWith("How the new frame"));
  assert.equal(made?.class.code, "VR");
  assert.equal(made?.length?.value, 15);
  assert.ok(made?.episodeOfCare?.[0]?.reference?.startsWith("EpisodeOfCare/"));
  // By keyboard from anywhere in the record.
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "A page, or a person by name or NHS number" }).fill("record a");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Record a contact" }).waitFor();
});

journey("a case is finished with its open tasks: one handed over, the others cancelled, none silently", async (t) => {
  const tasks = await t.served.find<fhir4.Task>("demo.teamlead", "Task?status=requested,accepted,in-progress,received,ready,on-hold,draft&_count=400");
  const episodes = await t.served.find<fhir4.EpisodeOfCare>("demo.teamlead", `EpisodeOfCare?status=${openStates.join(",")}&_count=200`);
  const isReferral = (one: fhir4.Task) => (one.code?.coding ?? []).some((each) => each.code === "referral");
  const openOf = (patient: string) => tasks.filter((one) => one.for?.reference === patient && !isReferral(one));
  // Of the doctor's own practice (the patient's who signs in), which still sees the tasks when the team does not any more.
  const practice = (await t.served.find<fhir4.Patient>("demo.patient", "Patient"))[0]?.generalPractitioner?.[0]?.reference;
  const patients = await t.served.find<fhir4.Patient>("demo.gp", "Patient?_count=500");
  const theirs = new Set(patients.filter((one) => practice && one.generalPractitioner?.[0]?.reference === practice).map((one) => `Patient/${one.id}`));
  const episode = episodes.findLast((one) => one.status === "active" && theirs.has(one.patient.reference ?? "") && openOf(one.patient.reference ?? "").length >= 2 && episodes.filter((each) => each.patient.reference === one.patient.reference).length === 1);
  assert.ok(episode, "somebody on the caseload has two open tasks");
  const patient = episode.patient.reference ?? "";
  const open = openOf(patient);
  const page = await t.open("demo.teamlead", `/${patient.replace("Patient", "person")}`);
  await page.getByRole("region", { name: /^Case/ }).getByRole("button", { name: "Finish" }).click();
  const dialog = page.getByRole("dialog", { name: "Finish" });
  const list = dialog.getByRole("group", { name: new RegExp(`^${open.length} tasks are still open`) });
  await list.waitFor();
  await t.accessible(page);
  assert.equal(await list.getByRole("checkbox").count(), open.length);
  await dialog.getByRole("textbox", { name: "Reason" }).fill("Moved to another place.");
  await list.getByRole("checkbox").first().check();
  const handed = (await list.getByRole("checkbox").first().getAttribute("value")) ?? "";
  await dialog.getByRole("button", { name: "Finish" }).click();
  await dialog.getByRole("link", { name: "Select who takes these tasks over" }).waitFor();
  const to = dialog.getByRole("combobox", { name: "Who takes these tasks over?" });
  await to.selectOption({ index: 1 });
  const whom = await to.inputValue();
  await dialog.getByRole("button", { name: "Finish" }).click();
  await dialog.waitFor({ state: "detached" });
  const end = (await t.served.find<fhir4.EpisodeOfCare>("demo.teamlead", `EpisodeOfCare?_id=${episode.id ?? ""}`))[0];
  assert.equal(end?.status, "finished");
  assert.ok(end?.extension?.some((one) => one.url === "urn:joinedup:while-on-caseload"), "what happened meanwhile is kept in counts");
  const after = await t.served.find<fhir4.Task>("demo.gp", `Task?_id=${open.map((one) => one.id).join(",")}&_count=100`);
  assert.equal(after.length, open.length);
  for (const task of after) {
    if (`Task/${task.id}` === handed) assert.deepEqual([task.status, task.owner?.reference], [open.find((one) => one.id === task.id)?.status, whom]);
    else assert.deepEqual([task.status, task.statusReason?.text], ["cancelled", "Case finished"]);
  }
});
