// A hundred people signed in at once, each reading and writing as the pages do, against `joinedup serve` with sign-in, policy, the log of every access and
// validation on; client and server share the machine. Thinking time is even between 0 and 5 seconds; three requests in ten write. Afterwards the server is
// stopped and started again, and every write that was acknowledged must be there, in its last state, and nothing more than was sent.
//
//   --place DIR      a place that was refreshed (synthetic; it is copied); without it one of --people N (3,000) is made in bench/scratch
//   --sessions 100 --seconds 600
//
// Every answer is checked: status, type, and in a batch the status of each part. BENCH lines go to stdout, figures to bench/results/workspace.json.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHmac } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { personSearches } from "../../web/src/fhir/person.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const programs = process.env["JOINEDUP_PROGRAMS"] ?? join(root, "build/release/bin");
const option = (name: string, otherwise: string) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? (process.argv[at + 1] ?? otherwise) : otherwise;
};
const sessions = Number(option("sessions", "100"));
const seconds = Number(option("seconds", "600"));
const scratch = join(root, "bench/scratch/workspace");
const say = (...words: unknown[]) => console.error(...words);
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
const inflate = promisify(gunzip);

type Json = Record<string, any>;

// --- the place ---------------------------------------------------------------------------------------------------------------------------

function run(program: string, words: string[], input?: string): string {
  const done = spawnSync(join(programs, program), words, { encoding: "utf8", maxBuffer: 1 << 28, ...(input === undefined ? {} : { input }) });
  if (done.status !== 0 && done.status !== 3) throw new Error(`${program} ${words[0]} ended with ${done.status}: ${done.stderr.slice(-1500)}`);
  return done.stdout;
}

function place(): string {
  let made = option("place", "");
  if (!made) {
    made = join(root, "bench/scratch", `place-${option("people", "3000")}`);
    if (!existsSync(join(made, "demo-users.json"))) {
      rmSync(made, { recursive: true, force: true });
      run("joinedup", ["synth", "--place", made, "--people", option("people", "3000"), "--seed", "1"]);
      run("joinedup", ["refresh", "--place", made]);
      run("joinedup", ["govern", "users", "demo", "--place", made]);
      run("joinedup", ["govern", "caseload", "demo", "--place", made]);
    }
  }
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const copy = join(scratch, "place");
  cpSync(made, copy, { recursive: true });
  return copy;
}

class Server {
  process!: ChildProcess;
  port = 0;
  static async start(folder: string, ...words: string[]): Promise<Server> {
    const server = new Server();
    const child = spawn(join(programs, "joinedup"), ["serve", "--place", folder, "--port", "0", "--access-log", "none", ...words], { stdio: ["ignore", "pipe", "inherit"] });
    server.process = child;
    server.port = await new Promise<number>((done, failed) => {
      let said = "";
      child.stdout!.on("data", (bytes: Buffer) => {
        said += bytes.toString();
        const port = /^Listening https?:\/\/[^/\s]*:(\d+)\/fhir$/m.exec(said)?.[1];
        if (port) done(Number(port));
      });
      child.on("exit", (code) => failed(new Error(`serve ended with ${code}`)));
    });
    return server;
  }
  /** Seconds of both kinds of processor time, and resident megabytes. */
  cost(): { cpu: number; memory: number } {
    const fields = readFileSync(`/proc/${this.process.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, memory: Math.round((Number(fields[21]) * 4096) / 1e6) };
  }
  async stop(): Promise<void> {
    const ended = new Promise<number | null>((done) => this.process.on("exit", done));
    this.process.kill("SIGTERM");
    const code = await ended;
    if (code !== 0) throw new Error(`serve ended with ${code} when asked to stop`);
  }
}

// --- one person at a screen ----------------------------------------------------------------------------------------------------------------

interface Answer {
  status: number;
  text: string;
  ms: number;
  headers: Record<string, string | string[] | undefined>;
}

function ask(port: number, agent: Agent, method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((done, failed) => {
    const began = performance.now();
    const sent = httpRequest(
      { host: "127.0.0.1", port, agent, method, path, headers: { Host: `127.0.0.1:${port}`, Origin: `http://127.0.0.1:${port}`, "Accept-Encoding": "gzip", ...headers, ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }) } },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", failed);
        answer.on("end", () => {
          const ms = performance.now() - began; // to the last byte
          const bytes = Buffer.concat(parts);
          const finish = (text: string) => done({ status: answer.statusCode ?? 0, text, ms, headers: answer.headers });
          if (answer.headers["content-encoding"] === "gzip") inflate(bytes).then((plain) => finish(plain.toString()), failed);
          else finish(bytes.toString());
        });
      },
    );
    sent.on("error", failed);
    sent.end(body);
  });
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
function totp(secret: string): string {
  const bits = [...secret.replace(/=+$/, "")].map((one) => letters.indexOf(one).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const sum = createHmac("sha1", key).update(counter).digest();
  return String((sum.readUInt32BE((sum[19] ?? 0) & 15) & 0x7fffffff) % 1e6).padStart(6, "0");
}

interface Account {
  user: string;
  password: string;
  totp_secret: string;
  role: string;
}

const identifier = "urn:joinedup:load";
const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
/** Numbers that are the same in every run: the mix does not depend on luck. */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Kept {
  reference: string;
  description: string; // the last that was acknowledged
  version: string;
  unsure: boolean; // a change was sent and its answer never came
}

class Screen {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 6 });
  readonly index: number;
  readonly account: Account;
  readonly random: () => number;
  readonly tasks: Kept[] = [];
  readonly messages: Kept[] = [];
  draft = "";
  draftUnsure = false;
  cookie = "";
  csrf = "";
  roles: string[] = [];
  owners: string[] = [];
  patients: string[] = [];
  events = 0;
  constructor(index: number, account: Account) {
    this.index = index;
    this.account = account;
    this.random = dice(7919 * (index + 1));
  }

  async signIn(port: number): Promise<void> {
    const answer = await ask(port, this.agent, "POST", "/login", { "Content-Type": "application/json", Accept: "application/json" }, JSON.stringify({ user: this.account.user, password: this.account.password, code: totp(this.account.totp_secret) }));
    if (answer.status !== 200) throw new Error(`${this.account.user} could not sign in: ${answer.status} ${answer.text.slice(0, 300)}`);
    this.csrf = JSON.parse(answer.text).csrf;
    this.cookie = ([] as string[]).concat(answer.headers["set-cookie"] ?? []).find((one) => !/=;/.test(one))?.split(";")[0] ?? "";
  }
  fhir(port: number, method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Answer> {
    const headers: Record<string, string> = { Cookie: this.cookie, Accept: "application/fhir+json", ...more };
    if (method !== "GET") headers["X-CSRF-Token"] = this.csrf;
    if (body !== undefined) headers["Content-Type"] = "application/fhir+json";
    return ask(port, this.agent, method, `/fhir${path}`, headers, body === undefined ? undefined : JSON.stringify(body));
  }
  batch(port: number, paths: string[]): Promise<Answer> {
    return this.fhir(port, "POST", "", { resourceType: "Bundle", type: "batch", entry: paths.map((url) => ({ request: { method: "GET", url } })) });
  }
  /** Who this is in the directory, and for whom they care. */
  async settle(port: number): Promise<void> {
    const session = JSON.parse((await ask(port, this.agent, "GET", "/session", { Cookie: this.cookie, Accept: "application/json" })).text) as Json;
    const roles = JSON.parse((await this.fhir(port, "GET", `/PractitionerRole?practitioner=${session["practitioner"]}&_count=20`)).text) as Json;
    this.roles = (roles["entry"] ?? []).map((one: Json) => `PractitionerRole/${one["resource"].id}`);
    const teams = JSON.parse((await this.fhir(port, "GET", `/CareTeam?participant=Practitioner/${session["practitioner"]}&_count=20`)).text) as Json;
    this.owners = [...this.roles, ...(teams["entry"] ?? []).map((one: Json) => `CareTeam/${one["resource"].id}`), `Practitioner/${session["practitioner"]}`];
    const cases = JSON.parse((await this.fhir(port, "GET", "/EpisodeOfCare?status=active,waitlist,onhold,planned&_count=100")).text) as Json;
    this.patients = [...new Set<string>((cases["entry"] ?? []).map((one: Json) => String(one["resource"].patient.reference).split("/").at(-1)))];
    if (this.patients.length === 0) {
      const people = JSON.parse((await this.fhir(port, "GET", "/Patient?active=true&_count=30")).text) as Json;
      this.patients = (people["entry"] ?? []).map((one: Json) => String(one["resource"].id));
    }
  }
  /** As a page that is open: it hears what changes. */
  listen(port: number): void {
    const sent = httpRequest({ host: "127.0.0.1", port, method: "GET", path: "/events", headers: { Cookie: this.cookie, Accept: "text/event-stream" } }, (answer) => {
      answer.on("data", (bytes: Buffer) => (this.events += bytes.toString().split("\ndata:").length - 1));
      answer.on("error", () => undefined);
    });
    sent.on("error", () => undefined);
    sent.end();
  }
  one<T>(of: T[]): T {
    return of[Math.floor(this.random() * of.length)]!;
  }
}

// --- what is asked, as the pages ask it ------------------------------------------------------------------------------------------------------

interface Step {
  name: string;
  weight: number; // of 100
  writes: boolean;
  go: (port: number, s: Screen, n: number) => Promise<Answer | null>;
}
const open = "draft,requested,received,accepted,ready,in-progress,on-hold";
const run_id = Date.now().toString(36);

/** A write that failed on its way may have been stored: its state is unsure until looked at. */
async function sure(answer: Promise<Answer>, mark: (unsure: boolean) => void): Promise<Answer> {
  mark(true);
  const got = await answer;
  mark(false);
  return got;
}

const attempts = { tasks: 0, messages: 0 };
const steps: Step[] = [
  {
    name: "my day", weight: 16, writes: false,
    go: (port, s) =>
      s.batch(port, [
        `Task?owner=${s.owners.join(",")}&status=${open}&_include=Task:patient&_count=200`,
        `Communication?recipient=${s.owners.join(",")}&_include=Communication:subject&_sort=-sent&_count=100&sent=ge${day(-30)}`,
        ...(s.roles.length ? [`EpisodeOfCare?care-manager=${s.roles.join(",")}&status=active,waitlist,onhold&_include=EpisodeOfCare:patient&_count=200`] : []),
        "CarePlan?status=active&category=urn:joinedup:plan|care-and-support&_include=CarePlan:patient&_count=200",
        ...(s.roles.length ? [`Appointment?actor=${s.roles.join(",")}&date=ge${day(0)}&date=le${day(14)}&_sort=date&_count=20`] : []),
      ]),
  },
  {
    name: "caseload", weight: 10, writes: false,
    go: (port, s) =>
      s.batch(port, [
        "EpisodeOfCare?status=waitlist,active,onhold&_include=EpisodeOfCare:patient&_count=200",
        "CarePlan?status=active&category=urn:joinedup:plan|care-and-support&_count=500",
        `Task?status=${open}&_count=500`,
      ]),
  },
  { name: "person", weight: 18, writes: false, go: (port, s) => s.batch(port, personSearches(s.one(s.patients))) },
  { name: "referrals", weight: 4, writes: false, go: (port, s) => s.fhir(port, "GET", "/Task?code=urn:joinedup:task|referral&_include=Task:focus&_include=Task:patient&_sort=-_lastUpdated&_count=200") },
  { name: "draft of a form", weight: 12, writes: false, go: (port, s) => s.fhir(port, "GET", `/$drafts?form=load-${s.index}`) },
  {
    name: "directory", weight: 2, writes: false,
    go: (port, s) => s.batch(port, ["PractitionerRole?_include=PractitionerRole:practitioner&_count=500", "CareTeam?_count=200", "Organization?_count=500", "HealthcareService?_count=500"]),
  },
  {
    name: "one resource", weight: 8, writes: false,
    go: (port, s) => s.fhir(port, "GET", s.tasks.length ? `/${s.one(s.tasks).reference}` : `/Patient/${s.one(s.patients)}`),
  },
  {
    name: "save a draft", weight: 15, writes: true,
    go: (port, s, n) => {
      const content = JSON.stringify({ text: `What was typed, ${run_id} ${s.index} ${n} `.padEnd(200 + Math.floor(s.random() * 800), "words of a form ") });
      const body = { resourceType: "Parameters", parameter: [{ name: "form", valueString: `load-${s.index}` }, { name: "about", valueReference: { reference: `Patient/${s.patients[0]}` } }, { name: "content", valueString: content }] };
      return sure(s.fhir(port, "POST", "/$save-draft", body), (unsure) => (s.draftUnsure = unsure)).then((answer) => {
        if (answer.status === 200) s.draft = content;
        return answer;
      });
    },
  },
  {
    name: "add a task", weight: 6, writes: true,
    go: async (port, s, n) => {
      const description = `To do ${run_id} ${s.index} ${n}`;
      const body = {
        resourceType: "Task", status: "requested", intent: "order", code: { coding: [{ system: "urn:joinedup:task", code: "action" }] }, identifier: [{ system: identifier, value: `${run_id}-${s.index}-${n}` }],
        for: { reference: `Patient/${s.one(s.patients)}` }, ...(s.roles[0] ? { owner: { reference: s.roles[0] } } : {}), description, authoredOn: new Date().toISOString(), restriction: { period: { end: day(7) } },
      };
      ++attempts.tasks;
      const answer = await s.fhir(port, "POST", "/Task", body);
      if (answer.status === 201) {
        const made = JSON.parse(answer.text) as Json;
        s.tasks.push({ reference: `Task/${made["id"]}`, description, version: made["meta"].versionId, unsure: false });
      }
      return answer;
    },
  },
  {
    name: "change a task", weight: 5, writes: true,
    go: async (port, s, n) => {
      const kept = s.tasks.length ? s.one(s.tasks) : undefined;
      if (!kept) return null;
      const read = await s.fhir(port, "GET", `/${kept.reference}`);
      if (read.status !== 200) return read;
      const task = JSON.parse(read.text) as Json;
      task["description"] = `Changed ${run_id} ${s.index} ${n}`;
      task["status"] = "in-progress";
      const answer = await sure(s.fhir(port, "PUT", `/${kept.reference}`, task, { "If-Match": `W/"${task["meta"].versionId}"` }), (unsure) => (kept.unsure ||= unsure));
      kept.unsure = false;
      if (answer.status === 200) (kept.description = task["description"]), (kept.version = (JSON.parse(answer.text) as Json)["meta"].versionId);
      return answer;
    },
  },
  {
    name: "message to the team", weight: 4, writes: true,
    go: async (port, s, n) => {
      const text = `A message ${run_id} ${s.index} ${n}`;
      const body = {
        resourceType: "Communication", status: "completed", category: [{ coding: [{ system: "urn:joinedup:message", code: "team" }] }], identifier: [{ system: identifier, value: `${run_id}-${s.index}-${n}` }],
        subject: { reference: `Patient/${s.one(s.patients)}` }, ...(s.roles[0] ? { sender: { reference: s.roles[0] } } : {}), sent: new Date().toISOString(), payload: [{ contentString: text }],
      };
      ++attempts.messages;
      const answer = await s.fhir(port, "POST", "/Communication", body);
      if (answer.status === 201) s.messages.push({ reference: `Communication/${(JSON.parse(answer.text) as Json)["id"]}`, description: text, version: "1", unsure: false });
      return answer;
    },
  },
];
if (steps.reduce((sum, one) => sum + one.weight, 0) !== 100) throw new Error("the weights are not 100");

function choose(at: number): Step {
  let left = at * 100;
  for (const one of steps) if ((left -= one.weight) < 0) return one;
  return steps.at(-1)!;
}

/** What is wrong with an answer, or nothing. */
function fault(step: Step, answer: Answer): string {
  if (answer.status < 200 || answer.status > 299) return `${step.name}: ${answer.status} ${answer.text.slice(0, 300)}`;
  if (answer.text.startsWith('{"resourceType":"Bundle"') || answer.text.includes('"batch-response"')) {
    const bad = /"status":"([45]\d\d[^"]*)"/.exec(answer.text)?.[1];
    if (bad && answer.text.includes('"batch-response"')) return `${step.name}: a part was answered ${bad}`;
  }
  return "";
}

// --- the run ----------------------------------------------------------------------------------------------------------------------------------

const roleOf: Record<string, string> = { care_coordinator: "co_ordinator", general_practitioner: "gp", community_nurse: "nurse", practice_nurse: "nurse", social_worker: "social_worker", team_lead: "team_lead" };

async function accounts(folder: string): Promise<Account[]> {
  const server = await Server.start(folder, "--insecure-no-auth");
  const agent = new Agent({ keepAlive: true });
  const read = async (path: string) => JSON.parse((await ask(server.port, agent, "GET", `/fhir/${path}`, { Accept: "application/fhir+json" })).text) as Json;
  const roles = ((await read("PractitionerRole?_count=1000"))["entry"] ?? []).map((one: Json) => one["resource"]);
  const organisations = new Map<string, string>(((await read("Organization?_count=1000"))["entry"] ?? []).map((one: Json) => [`Organization/${one["resource"].id}`, one["resource"].identifier?.find((each: Json) => each["system"] === "https://fhir.nhs.uk/Id/ods-organization-code")?.value ?? ""]));
  const members = new Set<string>(((await read("CareTeam?_count=1000"))["entry"] ?? []).flatMap((one: Json) => (one["resource"].participant ?? []).map((each: Json) => String(each["member"]?.reference))));
  agent.destroy();
  await server.stop();
  const usable = roles.filter((one: Json) => one["active"] !== false && roleOf[one["code"]?.[0]?.coding?.[0]?.code ?? ""] && (members.has(String(one["practitioner"]?.reference)) || members.has(`PractitionerRole/${one["id"]}`)));
  if (usable.length === 0) throw new Error("no worker of a team is in the directory");
  const lines = Array.from({ length: sessions }, (_, i) => {
    const role = usable[i % usable.length];
    return JSON.stringify({ user: `load.${String(i).padStart(3, "0")}`, practitioner: String(role["practitioner"].reference).split("/").at(-1), organisation: organisations.get(String(role["organization"]?.reference)) ?? "", roles: [roleOf[role["code"][0].coding[0].code]] });
  });
  mkdirSync(join(scratch, "accounts"), { recursive: true });
  run("accounts_benchmark", [folder, join(scratch, "accounts")], lines.join("\n") + "\n");
  say(`${sessions} accounts of ${new Set(lines.map((one) => JSON.parse(one).practitioner)).size} workers`);
  return JSON.parse(readFileSync(join(scratch, "accounts/demo-users.json"), "utf8")) as Account[];
}

const percentile = (sorted: number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

const folder = place();
const screens = (await accounts(folder)).map((one, i) => new Screen(i, one));
const server = await Server.start(folder);
say("Signing in");
for (const one of screens) await one.signIn(server.port);
for (const one of screens) await one.settle(server.port);
const idle = screens.filter((one) => one.patients.length === 0);
if (idle.length) throw new Error(`${idle.length} sessions have nobody to care for, the first is ${idle[0]!.account.user}`);
for (const one of screens) one.listen(server.port);
await sleep(1000);
say(`${screens.length} sessions, each with an open page; ${seconds} seconds; load average ${loadavg()[0]!.toFixed(2)} before`);

const times = new Map<string, number[]>();
const faults: string[] = [];
let requests = 0;
let writes = 0;
const before = server.cost();
const ownBefore = process.cpuUsage();
const began = performance.now();
const until = began + seconds * 1000;
const loads: number[] = [];
const watch = setInterval(() => loads.push(loadavg()[0]!), 5000);

async function live(s: Screen): Promise<void> {
  await sleep(s.random() * 5000);
  for (let n = 0; performance.now() < until; ++n) {
    let step = choose(s.random());
    if (step.name === "change a task" && s.tasks.length === 0) step = steps.find((one) => one.name === "add a task")!;
    try {
      const answer = await step.go(server.port, s, n);
      if (answer) {
        ++requests;
        if (step.writes) ++writes;
        (times.get(step.name) ?? times.set(step.name, []).get(step.name)!).push(answer.ms);
        const wrong = fault(step, answer);
        if (wrong) faults.push(wrong);
      }
    } catch (caught) {
      faults.push(`${step.name}: ${String(caught)}`);
    }
    await sleep(s.random() * 5000);
  }
}
await Promise.all(screens.map(live));
clearInterval(watch);
const lasted = (performance.now() - began) / 1000;
const after = server.cost();
const own = process.cpuUsage(ownBefore);

// Drafts, while they can be asked for by who wrote them; then everything again from a server that began anew.
let lost = 0;
let looked = 0;
for (const s of screens) {
  if (!s.draft) continue;
  ++looked;
  const text = (await s.fhir(server.port, "GET", `/$drafts?form=load-${s.index}`)).text;
  if (!s.draftUnsure && !text.includes(JSON.stringify(s.draft).slice(1, -1))) {
    ++lost;
    faults.push(`the draft of ${s.account.user} is not the last that was acknowledged`);
  }
}
for (const s of screens) s.agent.destroy();
await server.stop();
const again = await Server.start(folder, "--insecure-no-auth");
const agent = new Agent({ keepAlive: true });
const kept = screens.flatMap((one) => [...one.tasks, ...one.messages]);
for (const one of kept) {
  ++looked;
  const answer = await ask(again.port, agent, "GET", `/fhir/${one.reference}`, { Accept: "application/fhir+json" });
  const there = answer.status === 200 ? (JSON.parse(answer.text) as Json) : undefined;
  const text = there?.["description"] ?? there?.["payload"]?.[0]?.contentString;
  if (!there || (!one.unsure && (text !== one.description || there["meta"].versionId !== one.version))) {
    ++lost;
    faults.push(`${one.reference} was acknowledged at version ${one.version} and is ${there ? `at ${there["meta"].versionId}` : "gone"}`);
  }
}
const count = async (type: string) => Number((JSON.parse((await ask(again.port, agent, "GET", `/fhir/${type}?identifier=${identifier}|&_summary=count`, { Accept: "application/fhir+json" })).text) as Json)["total"] ?? -1);
const stored = { tasks: await count("Task"), messages: await count("Communication") };
const acknowledged = { tasks: screens.reduce((sum, one) => sum + one.tasks.length, 0), messages: screens.reduce((sum, one) => sum + one.messages.length, 0) };
for (const what of ["tasks", "messages"] as const)
  if (stored[what] < acknowledged[what] || stored[what] > attempts[what]) faults.push(`${what}: ${acknowledged[what]} acknowledged of ${attempts[what]} sent, ${stored[what]} there`);
agent.destroy();
await again.stop();
const audit = run("joinedup", ["govern", "audit", "verify", "--place", folder]).trim().split("\n").at(-1) ?? "";

const all = [...times.values()].flat().sort((a, b) => a - b);
const result = {
  sessions, seconds: Math.round(lasted), requests, share_writing: Number((writes / requests).toFixed(3)), per_second: Number((requests / lasted).toFixed(1)),
  p50_ms: Math.round(percentile(all, 0.5)), p95_ms: Math.round(percentile(all, 0.95)), p99_ms: Math.round(percentile(all, 0.99)), longest_ms: Math.round(all.at(-1) ?? 0),
  faults: faults.length, lost, looked_at_again: looked, acknowledged, attempts, stored, events_heard: screens.reduce((sum, one) => sum + one.events, 0),
  server_cpu_seconds: Number((after.cpu - before.cpu).toFixed(1)), server_memory_mb: after.memory, client_cpu_seconds: Number(((own.user + own.system) / 1e6).toFixed(1)),
  load_average: { mean: Number((loads.reduce((sum, one) => sum + one, 0) / Math.max(1, loads.length)).toFixed(2)), most: Math.max(0, ...loads) },
  audit, by_kind: Object.fromEntries([...times].map(([name, of]) => { of.sort((a, b) => a - b); return [name, { requests: of.length, p50_ms: Math.round(percentile(of, 0.5)), p95_ms: Math.round(percentile(of, 0.95)), longest_ms: Math.round(of.at(-1) ?? 0) }]; })),
};
mkdirSync(join(root, "bench/results"), { recursive: true });
writeFileSync(join(root, "bench/results/workspace.json"), JSON.stringify(result, null, 1) + "\n");
for (const [name, of] of Object.entries(result.by_kind)) console.log(`BENCH workspace ${name.replaceAll(" ", "_")} requests=${of.requests} p50=${of.p50_ms}ms p95=${of.p95_ms}ms longest=${of.longest_ms}ms`);
console.log(`BENCH workspace all sessions=${sessions} seconds=${result.seconds} requests=${requests} (${result.per_second}/s) writing=${(100 * result.share_writing).toFixed(1)}% p50=${result.p50_ms}ms p95=${result.p95_ms}ms p99=${result.p99_ms}ms longest=${result.longest_ms}ms faults=${faults.length} lost=${lost} of ${looked}`);
console.log(`BENCH workspace cost server_cpu=${result.server_cpu_seconds}s client_cpu=${result.client_cpu_seconds}s memory=${result.server_memory_mb}MB load_average=${result.load_average.mean} (most ${result.load_average.most.toFixed(2)}) events=${result.events_heard} audit="${audit}"`);
for (const one of [...new Set(faults)].slice(0, 20)) say(one);
process.exit(faults.length || lost ? 1 : 0);
