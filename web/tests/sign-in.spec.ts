import { assert, journey } from "./harness.ts";

journey("whoever is not signed in is asked to, and comes to the address they wanted", async (t) => {
  const context = await t.window(null);
  const page = await context.newPage();
  await page.goto("/cases");
  assert.match(page.url(), /\/login\?next=%2Fcases$/);
  await t.accessible(page);
  await t.screenshot(page, "sign-in");
  const { user, password } = t.served.account("demo.coordinator");
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Security code").fill(await t.served.code("demo.coordinator"));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL("**/cases");
  await page.getByRole("heading", { level: 1 }).waitFor();
});

journey("the start leads workers to their day and people to their own page", async (t) => {
  const worker = await t.open("demo.coordinator", "/");
  await worker.waitForURL("**/my-day");
  await worker.getByRole("heading", { level: 1, name: "My day" }).waitFor();
  const person = await t.open("demo.patient", "/");
  await person.waitForURL("**/me");
  await person.getByRole("heading", { level: 1 }).waitFor();
});

journey("an address that is nobody's says so, the same whoever asks", async (t) => {
  const page = await t.open("demo.coordinator", "/no-such-page");
  assert.match(await page.locator("body").innerText(), /There is nothing at this address/);
});

journey("every page is reached by keyboard, and Ctrl+K can be turned off", async (t) => {
  const page = await t.open("demo.coordinator", "/my-day");
  await page.getByRole("heading", { level: 1, name: "My day" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to main content");
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog", { name: "Go to" });
  await dialog.waitFor();
  await t.accessible(page, "the palette");
  await page.keyboard.type("casel");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/cases");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByLabel("Go to anything with Ctrl+K").uncheck();
  await page.keyboard.press("Control+k");
  assert.equal(await dialog.count(), 0);
});
