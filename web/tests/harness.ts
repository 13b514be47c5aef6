// What every journey needs: a place of its own making that is served, a browser, people who sign in, and checks.
//
//   import { journey } from "./harness.ts";
//   journey("a co-ordinator sees their day", async (t) => {
//     const page = await t.open("demo.coordinator", "/my-day");
//     await page.getByRole("heading", { name: "My day" }).waitFor();
//     await t.accessible(page);
//     await t.screenshot(page, "my-day");
//   });
//
// The place is made once for each build of the program (about 1,500 people, seed 1) and kept in build/web-place; each run serves a
// copy. Journeys of one run share it, in the order of their files: take people that others do not (t.person(n)).
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { connect } from "node:net";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const program = process.env["JOINEDUP_PROGRAM"] ?? join(root, "build/release/bin/joinedup");
const people = process.env["JOINEDUP_WEB_PEOPLE"] ?? "1500";

export type User =
  | "demo.coordinator" | "demo.gp" | "demo.nurse" | "demo.socialworker" | "demo.teamlead" | "demo.analyst" | "demo.board"
  | "demo.guardian" | "demo.safeguarding" | "demo.administrator" | "demo.patient" | "demo.carer" | "demo.outsider";

interface Session {
  cookie: string;
  csrf: string;
}

interface Account {
  user: string;
  password: string;
  totp_secret: string;
  role: string;
}

const run = (...words: string[]) => {
  const done = spawnSync(program, words, { encoding: "utf8", maxBuffer: 1 << 28 });
  // 3: done, with rejected rows above the limit; a synthetic place has faults on purpose.
  if (done.status !== 0 && done.status !== 3) throw new Error(`joinedup ${words[0]} ended with ${done.status}: ${done.stderr.slice(-2000)}`);
  return done.stdout;
};

/** The place as the program makes it, made anew when the program changed. */
function fixture(): string {
  if (process.env["JOINEDUP_WEB_PLACE"]) return process.env["JOINEDUP_WEB_PLACE"];
  const sum = createHash("sha256").update(readFileSync(program)).update(people).digest("hex").slice(0, 16);
  const keep = join(root, "build/web-place");
  const place = join(keep, sum);
  if (existsSync(join(place, "ready"))) return place;
  rmSync(keep, { recursive: true, force: true });
  mkdirSync(keep, { recursive: true });
  console.log(`Making a place of ${people} people`);
  run("synth", "--place", place, "--people", people, "--seed", "1");
  run("refresh", "--place", place);
  run("govern", "users", "demo", "--place", place);
  run("govern", "caseload", "demo", "--place", place);
  writeFileSync(join(place, "ready"), "");
  return place;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** RFC 6238. */
function totp(secret: string, step: number): string {
  const bits = [...secret.replace(/=+$/, "")].map((one) => letters.indexOf(one).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const sum = createHmac("sha1", key).update(counter).digest();
  return String((sum.readUInt32BE((sum[19] ?? 0) & 15) & 0x7fffffff) % 1e6).padStart(6, "0");
}

export class Served {
  readonly place: string;
  readonly work: string;
  origin = "";
  mllpPort = 0;
  private process: ChildProcess | null = null;
  private said = "";
  private accounts = new Map<string, Account>();
  private lastStep = new Map<string, number>();
  private sessions = new Map<string, Promise<Session>>();
  private turns = new Map<string, Promise<unknown>>(); // of signing in, by user

  constructor() {
    const made = fixture();
    this.work = mkdtempSync(join(tmpdir(), "joinedup-web-"));
    this.place = join(this.work, "place");
    cpSync(made, this.place, { recursive: true });
    for (const one of JSON.parse(readFileSync(join(this.place, "demo-users.json"), "utf8")) as Account[]) this.accounts.set(one.user, one);
  }

  async start(port = 0): Promise<void> {
    const words = ["serve", "--place", this.place, "--port", String(port), "--mllp-port", String(this.mllpPort), "--access-log", "none"];
    this.said = "";
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    process.once("exit", () => child.kill("SIGTERM")); // whatever ends the run, the server does not outlive it
    let faults = "";
    child.stderr.on("data", (bytes: Buffer) => (faults = (faults + bytes.toString()).slice(-4000)));
    await new Promise<void>((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`serve said nothing in a minute. ${faults}`)), 60_000);
      child.stdout.on("data", (bytes: Buffer) => {
        this.said += bytes.toString();
        const http = /^Listening (https?:\/\/[^/\s]+)\/fhir$/m.exec(this.said)?.[1];
        const mllp = /^Listening mllp:\/\/[^:\s]+:(\d+)$/m.exec(this.said)?.[1];
        if (!http || !mllp) return;
        this.origin = http;
        this.mllpPort = Number(mllp);
        clearTimeout(timer);
        done();
      });
      child.on("exit", (code) => {
        clearTimeout(timer);
        failed(new Error(`serve ended with ${code}. ${faults}`));
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.on("exit", done));
    child.kill("SIGTERM");
    await ended;
    this.process = null;
  }

  remove(): void {
    rmSync(this.work, { recursive: true, force: true });
  }

  account(user: User): Account {
    const found = this.accounts.get(user);
    if (!found) throw new Error(`demo-users.json has no ${user}`);
    return found;
  }

  /** A security code that was not used before; waits where the next one is not yet taken (each is good once). */
  async code(user: User): Promise<string> {
    const now = () => Math.floor(Date.now() / 30_000);
    const step = Math.max(now(), (this.lastStep.get(user) ?? 0) + 1);
    while (step > now() + 1) await new Promise((done) => setTimeout(done, 500));
    this.lastStep.set(user, step);
    return totp(this.account(user).totp_secret, step);
  }

  /** One session a user for the whole run, unless `fresh`. Who asks while one is being made waits for it: codes are taken in their order only. */
  session(user: User, { fresh = false } = {}): Promise<Session> {
    const known = this.sessions.get(user);
    if (known && !fresh) return known;
    const made = (this.turns.get(user) ?? Promise.resolve()).catch(() => undefined).then(() => this.signIn(user));
    this.turns.set(user, made);
    if (!fresh) {
      this.sessions.set(user, made);
      made.catch(() => this.sessions.delete(user));
    }
    return made;
  }

  private async signIn(user: User): Promise<Session> {
    const answer = await fetch(`${this.origin}/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", Origin: this.origin },
      body: JSON.stringify({ user, password: this.account(user).password, code: await this.code(user) }),
    });
    const body = (await answer.json()) as { csrf: string };
    assert.equal(answer.status, 200, `${user} signs in: ${JSON.stringify(body)}`);
    const cookie = answer.headers.getSetCookie().find((one) => !/=;/.test(one))?.split(";")[0] ?? "";
    return { cookie, csrf: body.csrf };
  }

  /** FHIR as this user, outside the browser: to prepare a journey and to look at what it left. */
  async fhir<T = fhir4.FhirResource>(user: User, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ status: number; body: T; headers: Headers }> {
    const { cookie, csrf } = await this.session(user);
    const init: RequestInit = {
      method,
      headers: { Cookie: cookie, "X-CSRF-Token": csrf, Origin: this.origin, "Content-Type": "application/fhir+json", Prefer: "return=representation", ...headers },
    };
    if (body !== undefined) init.body = JSON.stringify(body);
    const answer = await fetch(path.startsWith("/") ? this.origin + path : `${this.origin}/fhir/${path}`, init);
    const text = await answer.text();
    return { status: answer.status, body: (text ? JSON.parse(text) : undefined) as T, headers: answer.headers };
  }

  /** All that a search finds on its first page (200). */
  async find<T extends fhir4.FhirResource>(user: User, query: string): Promise<T[]> {
    const answer = await this.fhir<fhir4.Bundle>(user, "GET", query + (query.includes("_count") ? "" : `${query.includes("?") ? "&" : "?"}_count=200`));
    assert.equal(answer.status, 200, `${query}: ${JSON.stringify(answer.body).slice(0, 500)}`);
    return (answer.body.entry ?? []).flatMap((one) => (one.resource && one.search?.mode !== "outcome" ? [one.resource as T] : []));
  }

  /** One HL7 v2 message over MLLP, as a hospital sends it; gives the acknowledgement. */
  async message(segments: string[]): Promise<string> {
    return new Promise((done, failed) => {
      const socket = connect(this.mllpPort, "127.0.0.1");
      let said = "";
      socket.setTimeout(20_000, () => failed(new Error("no acknowledgement in 20 seconds")));
      socket.on("error", failed);
      socket.on("data", (bytes: Buffer) => {
        said += bytes.toString("latin1");
        if (!said.includes("\x1c\r")) return;
        socket.end();
        done(said.replace(/[\x0b\x1c]/g, ""));
      });
      socket.write(Buffer.from(`\x0b${segments.join("\r")}\r\x1c\r`, "latin1"));
    });
  }
}

export interface Journey {
  name: string;
  steps: (t: Tools) => Promise<void>;
}
export const journeys: Journey[] = [];
export function journey(name: string, steps: (t: Tools) => Promise<void>): void {
  journeys.push({ name, steps });
}

export interface OpenOptions {
  /** Width and height of the window. */
  viewport?: { width: number; height: number };
  /** A session of this page's own, so that it can be ended without signing others out. */
  fresh?: boolean;
}

export class Tools {
  readonly served: Served;
  private browser: Browser;
  private contexts: BrowserContext[] = [];
  private complaints: string[] = [];
  private allowed: RegExp[] = [];

  constructor(served: Served, browser: Browser) {
    this.served = served;
    this.browser = browser;
  }

  /** A browser window of its own in which this user is signed in already. */
  async window(user: User | null, options: OpenOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({
      viewport: options.viewport ?? { width: 1280, height: 900 },
      locale: "en-GB",
      timezoneId: "Europe/London",
      baseURL: this.served.origin,
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(20_000);
    if (user) {
      const { cookie } = await this.served.session(user, { fresh: options.fresh ?? false });
      const at = cookie.indexOf("=");
      await context.addCookies([{ name: cookie.slice(0, at), value: cookie.slice(at + 1), url: this.served.origin, httpOnly: true, sameSite: "Lax" }]);
    }
    if (process.env["JOINEDUP_PAGES"] === "dist") await this.pagesFromDist(context);
    context.on("page", (page) => this.watch(page));
    this.contexts.push(context);
    return context;
  }

  /** While pages are being written: web/dist as it stands, not what the program was built with. The program's own headers stay. */
  private async pagesFromDist(context: BrowserContext): Promise<void> {
    const dist = join(root, "web/dist");
    await context.route(/^[^?]*\/assets\//, (route) => {
      const path = join(dist, new URL(route.request().url()).pathname);
      return existsSync(path) ? route.fulfill({ path }) : route.continue(); // after a redirect the program's own shell came
    });
    await context.route(
      (url) => /^\/(my-day|cases|person|meeting|referrals|team|me|guardian|office)(\/|$)/.test(url.pathname),
      async (route) => {
        const response = await route.fetch({ maxRedirects: 0 });
        if (response.status() !== 200) return route.fulfill({ response });
        const { "content-encoding": _, "content-length": __, ...headers } = response.headers();
        return route.fulfill({ status: 200, headers, body: readFileSync(join(dist, "index.html"), "utf8") });
      },
    );
  }

  /** A page at an address of the workspace, as this user sees it. */
  async open(user: User, path: string, options: OpenOptions = {}): Promise<Page> {
    const context = await this.window(user, options);
    const page = await context.newPage();
    await page.goto(path);
    return page;
  }

  /** What a journey provokes on purpose is no complaint: t.expectComplaint(/net::ERR_/). */
  expectComplaint(pattern: RegExp): void {
    this.allowed.push(pattern);
  }

  private watch(page: Page): void {
    page.on("pageerror", (fault) => this.complaints.push(`the page threw ${fault.message}\n${fault.stack ?? ""}`));
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      const text = message.text();
      // Answers that the pages show as values: signed out, absent, conflict, refused.
      if (/Failed to load resource: the server responded with a status of (400|401|403|404|409|412|422)/.test(text)) return;
      this.complaints.push(`the console said: ${text}`);
    });
  }

  /** axe on the whole page as it stands, WCAG 2.2 A and AA and its best practices: no violation at all. */
  async accessible(page: Page, where = page.url()): Promise<void> {
    const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
    const said = found.violations.map((one) => `${one.id} (${one.impact}): ${one.help}\n      ${one.nodes.slice(0, 5).map((node) => `${node.html.slice(0, 200)}\n        ${node.failureSummary?.replace(/\s+/g, " ").slice(0, 300)}`).join("\n      ")}`);
    assert.equal(said.length, 0, `axe at ${where}:\n    ${said.join("\n    ")}`);
  }

  /** docs/images/workspace/<name>.png, only where JOINEDUP_SCREENSHOTS is set. */
  async screenshot(page: Page, name: string, { fullPage = true } = {}): Promise<void> {
    if (!process.env["JOINEDUP_SCREENSHOTS"]) return;
    const folder = join(root, "docs/images/workspace");
    mkdirSync(folder, { recursive: true });
    // A long page is cut, so that a picture stays small enough to be looked at and kept.
    const size = await page.evaluate(() => ({ width: innerWidth, height: Math.min(document.documentElement.scrollHeight, 900) }));
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage, animations: "disabled", ...(fullPage ? { clip: { x: 0, y: 0, ...size } } : {}) });
  }

  /** The page as paper sees it: what is hidden there is hidden. Gives the visible text. */
  async printed(page: Page, name?: string): Promise<string> {
    await page.emulateMedia({ media: "print" });
    const text = await page.locator("body").innerText();
    if (name) await this.screenshot(page, name);
    await page.emulateMedia({ media: "screen" });
    return text;
  }

  /** Nothing is cut off and nothing scrolls sideways at 400% of 1280 pixels: 320 wide. */
  async zoomed(page: Page): Promise<void> {
    const before = page.viewportSize();
    await page.setViewportSize({ width: 320, height: 640 });
    const wide = await page.evaluate(() => {
      const limit = document.documentElement.clientWidth;
      return document.documentElement.scrollWidth <= limit
        ? []
        : [...document.querySelectorAll("main *, header *")].filter((one) => one.getBoundingClientRect().right > limit + 1).slice(0, 5).map((one) => one.outerHTML.slice(0, 150));
    });
    if (before) await page.setViewportSize(before);
    assert.deepEqual(wide, [], `${page.url()} scrolls sideways at 320 pixels`);
  }

  /** What stood on the pages when a journey failed. Synthetic people only. */
  async describe(): Promise<string> {
    const out: string[] = [];
    for (const context of this.contexts)
      for (const page of context.pages()) {
        const text = await page.locator("body").innerText({ timeout: 2000 }).catch(() => "(nothing)");
        out.push(`--- ${page.url()}\n${text.slice(0, 1500)}`);
        if (process.env["JOINEDUP_SCREENSHOTS"]) await page.screenshot({ path: join(tmpdir(), `joinedup-web-failed-${out.length}.png`) }).catch(() => undefined);
      }
    return [...out, ...this.complaints].join("\n");
  }

  async end(): Promise<void> {
    for (const context of this.contexts) await context.close();
    const left = this.complaints.filter((one) => !this.allowed.some((pattern) => pattern.test(one)));
    assert.deepEqual(left, [], `the browser complained:\n${left.join("\n")}`);
  }
}

export async function launch(): Promise<Browser> {
  const path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", process.env["CHROMIUM"] ?? ""].find((one) => one && existsSync(one));
  if (!path) throw new Error("Chromium is not installed: apt-get install chromium. ./run test does it.");
  return chromium.launch({ executablePath: path, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

export { assert };
