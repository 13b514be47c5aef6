// What is typed is never lost: the session ends in the middle of a form, the connection goes, the page is closed and opened again.
import { assert, journey, type Tools } from "./harness.ts";
import type { Page } from "playwright-core";

async function formOf(t: Tools, page: Page, description: string): Promise<void> {
  const session = await t.served.fhir<{ practitioner: string }>("demo.nurse", "GET", "/session");
  const [role] = await t.served.find<fhir4.PractitionerRole>("demo.nurse", `PractitionerRole?practitioner=Practitioner/${session.body.practitioner}`);
  const [patient] = await t.served.find<fhir4.Patient>("demo.nurse", "Patient?_count=1");
  const made = await t.served.fhir<fhir4.Task>("demo.nurse", "POST", "Task", {
    resourceType: "Task", status: "requested", intent: "order", code: { coding: [{ system: "urn:joinedup:task", code: "action" }] }, description,
    ...(patient ? { for: { reference: `Patient/${patient.id}` } } : {}), owner: { reference: `PractitionerRole/${role?.id}` }, restriction: { period: { end: new Date().toISOString().slice(0, 10) } },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await page.goto("/my-day");
  await page.getByLabel("Find in my work").fill(description);
  await page.getByRole("button", { name: new RegExp(`^Done.*${description}`) }).click();
  await page.getByRole("dialog", { name: `Done: ${description}` }).waitFor();
}

journey("the session ends in the middle of a form: signing in again in place loses nothing", async (t) => {
  const context = await t.window("demo.nurse", { fresh: true });
  const page = await context.newPage();
  await formOf(t, page, "Quince visit");
  const text = page.getByLabel("What came of it");
  await text.fill("She was well; the daughter");
  // The session ends elsewhere: this browser's cookie opens nothing any more.
  const cookies = await context.cookies();
  const csrf = await page.evaluate(async () => ((await (await fetch("/session")).json()) as { csrf: string }).csrf);
  const ended = await fetch(`${t.served.origin}/logout`, {
    method: "POST",
    headers: { Cookie: cookies.map((one) => `${one.name}=${one.value}`).join("; "), "X-CSRF-Token": csrf, Origin: t.served.origin, Accept: "application/json" },
  });
  assert.equal(ended.status, 200);
  await text.fill("She was well; the daughter has the key now.");
  const again = page.getByRole("dialog", { name: "Sign in again" });
  await again.waitFor();
  await t.accessible(page, "signing in again in place");
  await t.screenshot(page, "session-expired", { fullPage: false });
  await again.getByLabel("Password").fill("not the password");
  await again.getByRole("button", { name: "Sign in" }).click();
  await again.getByText("The user name or the password is not right").waitFor();
  await again.getByLabel("Password").fill(t.served.account("demo.nurse").password);
  await again.getByRole("button", { name: "Sign in" }).click();
  await again.getByLabel("Security code").fill(await t.served.code("demo.nurse"));
  await again.getByRole("button", { name: "Continue" }).click();
  await again.waitFor({ state: "detached" });
  assert.equal(await text.inputValue(), "She was well; the daughter has the key now.");
  await page.getByText(/^Saved \d/).waitFor();
  await page.reload();
  await page.getByLabel("Find in my work").fill("Quince");
  await page.getByRole("button", { name: /^Done.*Quince visit/ }).click();
  await page.getByText("What you typed before is here again").waitFor();
  assert.equal(await text.inputValue(), "She was well; the daughter has the key now.");
  await page.getByRole("button", { name: "Save as done" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const [task] = (await t.served.find<fhir4.Task>("demo.nurse", "Task?status=completed")).filter((one) => one.description === "Quince visit");
  assert.ok(task, "the task is done");
});

journey("the connection is lost: a banner says so, what was typed stays and is saved when it is back", async (t) => {
  t.expectComplaint(/net::ERR_/);
  const context = await t.window("demo.nurse");
  const page = await context.newPage();
  await formOf(t, page, "Medlar call");
  await context.setOffline(true);
  const text = page.getByLabel("What came of it");
  await text.fill("No answer at the door");
  await page.getByText(/^No connection\./).waitFor();
  await page.getByText(/^Not saved: it stays on this page/).waitFor();
  await t.screenshot(page, "connection-lost", { fullPage: false });
  await context.setOffline(false);
  await page.getByText(/^Saved \d/).waitFor({ timeout: 15_000 });
  assert.equal(await text.inputValue(), "No answer at the door");
  await page.getByText(/^No connection\./).waitFor({ state: "detached" });
  // Nothing of what was typed is kept at rest in the browser.
  const kept = await page.evaluate(async () => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + (await indexedDB.databases()).length + (await caches.keys()).length);
  assert.ok(!kept.includes("No answer"), kept);
  assert.ok(kept.endsWith("00"), `no database and no cache: ${kept}`);
  await page.getByRole("button", { name: "Discard draft" }).click();
  assert.equal(await text.inputValue(), "");
});
