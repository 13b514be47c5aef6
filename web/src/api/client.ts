// The one way to the server: FHIR at /fhir, under the session of who is signed in.
//
//   const read = await get<fhir4.Patient>(`Patient/${id}`);
//   if (!read.ok) return <Absent problem={read.problem} />;
//   read.value; read.version;
//
// Nothing here throws for what a server may answer: every fault is a value (Problem) whose sentence can be shown. An answer
// 401 asks whoever is at the screen to sign in again in place, and then sends the request again: nothing typed is lost.

export type Resource = fhir4.FhirResource;
export type Bundle = fhir4.Bundle;
export type Parameters = fhir4.Parameters;

/** One fault of one thing asked: `field` is the parameter or element that it is about, where the server named it. */
export interface Issue {
  sentence: string;
  field?: string;
  code?: string;
}

export type ProblemKind =
  | "absent" // not there, or not for this reader: the server never says which
  | "conflict" // somebody else changed it since it was read (412), or it stands already (409)
  | "refused" // the content is not right: say it beside the field
  | "denied" // the session may not do this at all
  | "signed-out" // nobody signed in again
  | "unreachable" // no connection
  | "failed"; // the server's own fault

export interface Problem {
  kind: ProblemKind;
  status: number;
  sentence: string;
  issues: Issue[];
}

export type Answer<T> = { ok: true; value: T; version?: string; status: number } | { ok: false; problem: Problem };

type Listener<T> = (value: T) => void;

/** What the page shows of the connection: "lost" from the first request that did not get through until one does. */
export type Connection = "open" | "lost";
let connection: Connection = "open";
const connectionListeners = new Set<Listener<Connection>>();
export function currentConnection(): Connection {
  return connection;
}
export function onConnection(listener: Listener<Connection>): () => void {
  connectionListeners.add(listener);
  return () => connectionListeners.delete(listener);
}
function setConnection(next: Connection): void {
  if (next === connection) return;
  connection = next;
  connectionListeners.forEach((listener) => listener(next));
}

let csrf = "";
export function setCsrf(token: string): void {
  csrf = token;
}

/** Asks for a new sign-in in place; true once somebody is signed in. The session's own module sets it. */
let signInAgain: () => Promise<boolean> = async () => false;
export function onSignedOut(handler: () => Promise<boolean>): void {
  signInAgain = handler;
}

const sentences: Record<ProblemKind, string> = {
  absent: "There is nothing here that you can see. It may not exist, or you may not have a reason to see it.",
  conflict: "Somebody else changed this while you were working on it.",
  refused: "The server did not accept this.",
  denied: "Your role does not allow this.",
  "signed-out": "You are signed out. Sign in again to go on.",
  unreachable: "There is no connection to the server. What you typed is still here.",
  failed: "Sorry, the server had a problem. Try again in a minute.",
};

function kindOf(status: number): ProblemKind {
  if (status === 404 || status === 410) return "absent";
  if (status === 409 || status === 412) return "conflict";
  if (status === 401) return "signed-out";
  if (status === 403) return "denied";
  if (status >= 400 && status < 500) return "refused";
  return "failed";
}

export function problemOf(status: number, body: unknown): Problem {
  const kind = kindOf(status);
  const outcome = body as fhir4.OperationOutcome | undefined;
  const issues: Issue[] = [];
  if (outcome?.resourceType === "OperationOutcome")
    for (const issue of outcome.issue ?? []) {
      if (issue.severity === "information" || issue.severity === "warning") continue;
      const one: Issue = { sentence: issue.details?.text ?? issue.diagnostics ?? sentences[kind] };
      const field = issue.expression?.[0];
      if (field) one.field = field;
      if (issue.code) one.code = issue.code;
      issues.push(one);
    }
  const own = kind === "refused" || kind === "conflict" ? issues[0]?.sentence : undefined;
  return { kind, status, sentence: own ?? sentences[kind], issues };
}

export interface Options {
  method?: string;
  body?: unknown;
  /** The version that this change starts from: sent as If-Match, so that nobody is overwritten silently. */
  version?: string | undefined;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function send(path: string, options: Options): Promise<Response | null> {
  const method = options.method ?? "GET";
  const headers: Record<string, string> = { Accept: "application/fhir+json", ...options.headers };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (options.body !== undefined) headers["Content-Type"] ??= "application/fhir+json";
  if (options.version) headers["If-Match"] = `W/"${options.version}"`;
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (options.body !== undefined) init.body = typeof options.body === "string" ? options.body : JSON.stringify(options.body);
  if (options.signal) init.signal = options.signal;
  try {
    const response = await fetch(path, init);
    setConnection("open");
    return response;
  } catch (fault) {
    if (options.signal?.aborted) throw fault;
    setConnection("lost");
    return null;
  }
}

/** A request below /fhir. Reads are tried again once where the connection failed; changes never are, unless nobody had been signed in. */
export async function request<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const at = path.startsWith("/") ? path : `/fhir/${path}`;
  const isRead = (options.method ?? "GET") === "GET";
  let response = await send(at, options);
  if (!response && isRead) {
    await wait(400);
    response = await send(at, options);
  }
  if (response?.status === 401) {
    if (!(await signInAgain()))
      return { ok: false, problem: { kind: "signed-out", status: 401, sentence: sentences["signed-out"], issues: [] } };
    response = await send(at, options); // with the new session's token
  }
  if (!response) return { ok: false, problem: { kind: "unreachable", status: 0, sentence: sentences.unreachable, issues: [] } };
  const text = await response.text();
  let body: unknown;
  try {
    body = text ? JSON.parse(text) : undefined;
  } catch {
    body = undefined;
  }
  if (!response.ok && response.status !== 304) return { ok: false, problem: problemOf(response.status, body) };
  const answer: Answer<T> = { ok: true, value: body as T, status: response.status };
  const tag = /^W\/"(.+)"$/.exec(response.headers.get("ETag") ?? "")?.[1];
  if (tag) answer.version = tag;
  return answer;
}

export const get = <T>(path: string, signal?: AbortSignal) => request<T>(path, signal ? { signal } : {});

/** Search; `next` reads the following page of what an earlier search gave. */
export const search = <T extends Resource = Resource>(query: string, signal?: AbortSignal) =>
  request<fhir4.Bundle<T>>(query, signal ? { signal } : {});

export function nextPage<T extends Resource>(bundle: fhir4.Bundle<T>): string | null {
  const link = bundle.link?.find((one) => one.relation === "next")?.url;
  if (!link) return null;
  const at = new URL(link, location.origin);
  return at.pathname + at.search;
}

export const create = <T extends Resource>(resource: T) =>
  request<T>(resource.resourceType, { method: "POST", body: resource, headers: { Prefer: "return=representation" } });

/** Changes a resource from the version it was read at. 412 comes back as a problem of kind "conflict": show ConflictDialog. */
export const update = <T extends Resource>(resource: T, version = resource.meta?.versionId) =>
  request<T>(`${resource.resourceType}/${resource.id}`, {
    method: "PUT",
    body: resource,
    version,
    headers: { Prefer: "return=representation" },
  });

export const transaction = (entries: fhir4.BundleEntry[]) =>
  request<Bundle>("/fhir", { method: "POST", body: { resourceType: "Bundle", type: "transaction", entry: entries } });

export type BatchPart = { ok: true; value: Resource; version?: string } | { ok: false; problem: Problem };

/** Many reads in one request: `await batch(["Patient/1", "Task?patient=1"])` gives an answer to each, in order. */
export async function batch(paths: string[], signal?: AbortSignal): Promise<Answer<BatchPart[]>> {
  const entry = paths.map((url) => ({ request: { method: "GET" as const, url } }));
  const options: Options = { method: "POST", body: { resourceType: "Bundle", type: "batch", entry } };
  if (signal) options.signal = signal;
  const answer = await request<Bundle>("/fhir", options);
  if (!answer.ok) return answer;
  const parts = paths.map((_, index): BatchPart => {
    const one = answer.value.entry?.[index];
    const status = Number.parseInt(one?.response?.status ?? "500", 10);
    const body = one?.resource ?? one?.response?.outcome;
    if (status >= 400 || !one?.resource) return { ok: false, problem: problemOf(status, body) };
    const version = one.resource.meta?.versionId;
    return { ok: true, value: one.resource as Resource, ...(version ? { version } : {}) };
  });
  return { ok: true, value: parts, status: answer.status };
}

/** The resources of one type in a part of a batch or a search's Bundle; none where it was refused. */
export function resourcesOf<T extends Resource>(part: BatchPart | Bundle | undefined, type: T["resourceType"]): T[] {
  if (!part) return [];
  const bundle = "resourceType" in part ? part : part.ok ? part.value : undefined;
  if (!bundle) return [];
  if (bundle.resourceType !== "Bundle") return bundle.resourceType === type ? [bundle as T] : [];
  return (bundle.entry ?? []).flatMap((one) => (one.resource?.resourceType === type ? [one.resource as T] : []));
}

type Value = string | number | boolean | fhir4.Reference | Resource | undefined | null;
/** How a value stands in Parameters; `{ code: "x" }` and the like say the type where a text could be several. */
export type Typed = { code: string } | { date: string } | { dateTime: string } | { canonical: string } | { decimal: number };
/** A list stands as the same parameter several times. */
export type Inputs = Record<string, Value | Typed | fhir4.Reference[]>;

export function parametersOf(inputs: Inputs): Parameters {
  const parameter: fhir4.ParametersParameter[] = [];
  for (const [name, value] of Object.entries(inputs)) {
    if (value === undefined || value === null || value === "") continue;
    if (Array.isArray(value)) for (const one of value) parameter.push({ name, valueReference: one });
    else if (typeof value === "string") parameter.push({ name, valueString: value });
    else if (typeof value === "number") parameter.push({ name, valueInteger: value });
    else if (typeof value === "boolean") parameter.push({ name, valueBoolean: value });
    else if ("resourceType" in value) parameter.push({ name, resource: value });
    else if ("code" in value) parameter.push({ name, valueCode: value.code });
    else if ("date" in value) parameter.push({ name, valueDate: value.date });
    else if ("dateTime" in value) parameter.push({ name, valueDateTime: value.dateTime });
    else if ("canonical" in value) parameter.push({ name, valueCanonical: value.canonical });
    else if ("decimal" in value) parameter.push({ name, valueDecimal: value.decimal });
    else parameter.push({ name, valueReference: value as fhir4.Reference });
  }
  return { resourceType: "Parameters", parameter };
}

/** `operation("EpisodeOfCare/1/$accept", { coordinator: { reference: "PractitionerRole/2" } }, { version })`. */
export function operation<T = Resource>(path: string, inputs: Inputs = {}, options: { version?: string | undefined } = {}): Promise<Answer<T>> {
  return request<T>(path, { method: "POST", body: parametersOf(inputs), version: options.version });
}

/** The value of a named parameter in an answer. */
export function parameter(parameters: Parameters | undefined, name: string): fhir4.ParametersParameter | undefined {
  return parameters?.parameter?.find((one) => one.name === name);
}
