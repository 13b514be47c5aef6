import { assert, journey } from "./harness.ts";

const phone = { viewport: { width: 390, height: 844 } };

journey("a person writes a message, which is kept while they write and is there for the team", async (t) => {
  const page = await t.open("demo.patient", "/me/messages", phone);
  const box = page.getByLabel("Write to the team");
  await page.getByRole("button", { name: "Send message" }).click();
  await page.getByRole("alert").getByText("Write your message before you send it").waitFor();
  await t.accessible(page, "the empty message");
  const text = `Could the nurse come in the afternoon? ${Date.now()}`;
  await box.fill(text);
  await page.getByText(/^Saved /).waitFor();
  await page.reload();
  await page.getByText("What you typed before is here again").waitFor();
  assert.equal(await box.inputValue(), text);
  await page.getByRole("button", { name: "Send message" }).click();
  const sent = page.getByRole("listitem").filter({ hasText: text });
  await sent.waitFor();
  assert.match(await sent.innerText(), /You.*Not read yet/s);
  assert.equal(await box.inputValue(), "");
  await t.accessible(page);
  await t.zoomed(page);
  await t.screenshot(page, "me-messages", { fullPage: false });
  const [patient] = await t.served.find<fhir4.Patient>("demo.patient", "Patient");
  const seen = await t.served.find<fhir4.Communication>("demo.gp", `Communication?subject=Patient/${patient?.id}&category=urn:joinedup:message|person`);
  assert.ok(seen.some((one) => one.payload?.[0]?.contentString === text && one.sender?.reference === `Patient/${patient?.id}`), "the practice reads it, from the person");
});
