// A case: one person's stay on a team's caseload, read from EpisodeOfCare and what hangs on it. Pure: no network, no clock of its own.
//
//   const cases = casesOf(resources);                        // resources of one Bundle: episodes, patients, risks, reasons, plans, tasks
//   const found = foundList(cases, { show: "undecided" }, today);
//   sortFound(found, "risk");                                // risk, what care may change and gaps stay three numbers, never one
type CarePlan = fhir4.CarePlan;
type EpisodeOfCare = fhir4.EpisodeOfCare;
type Extension = fhir4.Extension;
type FhirResource = fhir4.FhirResource;
type Observation = fhir4.Observation;
type Patient = fhir4.Patient;
type RiskAssessment = fhir4.RiskAssessment;
type Task = fhir4.Task;

export type CaseState = "planned" | "waitlist" | "active" | "onhold" | "finished" | "cancelled" | "entered-in-error";
export type AskOutcome = "offered" | "agreed" | "declined" | "lacks-capacity";
export type Dimension = "risk" | "impactability" | "care_gaps";

export interface Reason {
  id: string;
  dimension: Dimension;
  words: string;
  date?: string;
  source?: string;
}

export interface Asked {
  outcome: AskOutcome;
  on?: string;
  by?: string;
  note?: string;
}

export interface Step {
  status: string;
  start?: string;
  end?: string;
  reason?: string;
  by?: string;
}

export interface Case {
  id: string;
  episode: EpisodeOfCare;
  patient: Patient | undefined;
  patientReference: string;
  team: string | undefined;
  state: CaseState;
  since: string | undefined; // since when it is in this state
  steps: Step[];
  released: boolean;
  deferredUntil: string | undefined;
  asked: Asked[]; // oldest first
  coordinator: string | undefined; // PractitionerRole/…
  accountable: string | undefined;
  risk: number | undefined; // of 1, emergency admission within 12 months
  impactability: number | undefined; // how many rules hold
  gaps: number | undefined;
  cautions: string[]; // what the number may not be used for, and what is unsure about it
  reasons: Reason[];
  plan: CarePlan | undefined;
  reviewDue: string | undefined;
  openTasks: Task[];
}

const stateWords: Record<CaseState, string> = {
  planned: "Found, to be decided",
  waitlist: "Accepted, waiting to start",
  active: "Active",
  onhold: "On hold",
  finished: "Finished",
  cancelled: "Not taken on",
  "entered-in-error": "Entered in error",
};
export const stateName = (state: string): string => stateWords[state as CaseState] ?? state;

const askWords: Record<AskOutcome, string> = {
  offered: "Offered, no answer yet",
  agreed: "Agreed",
  declined: "Said no",
  "lacks-capacity": "Lacks capacity: best-interests decision",
};
export const askName = (outcome: AskOutcome | undefined): string => (outcome ? askWords[outcome] : "Not asked yet");

export const extensionOf = (of: { extension?: Extension[] } | undefined, url: string): Extension | undefined =>
  of?.extension?.find((one) => one.url === url);
export const extensionsOf = (of: { extension?: Extension[] } | undefined, url: string): Extension[] =>
  of?.extension?.filter((one) => one.url === url) ?? [];

const isOpenTask = (task: Task): boolean => ["draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"].includes(task.status);

/** The date part: due dates are days, not moments. */
export const day = (when: string | undefined): string | undefined => (when ? when.slice(0, 10) : undefined);

export const dueOf = (task: Task): string | undefined => day(task.restriction?.period?.end);

/** A task without a due date is neither on time nor overdue: it is undated. */
export function timeliness(due: string | undefined, today: string): "overdue" | "today" | "on-time" | "undated" {
  if (!due) return "undated";
  if (due < today) return "overdue";
  return due === today ? "today" : "on-time";
}

export function stepsOf(episode: EpisodeOfCare): Step[] {
  return (episode.statusHistory ?? []).map((one) => ({
    status: one.status,
    ...(one.period.start !== undefined && { start: one.period.start }),
    ...(one.period.end !== undefined && { end: one.period.end }),
    ...(extensionOf(one, "urn:joinedup:reason")?.valueString !== undefined && { reason: extensionOf(one, "urn:joinedup:reason")!.valueString! }),
    ...(extensionOf(one, "urn:joinedup:by")?.valueReference?.reference !== undefined && { by: extensionOf(one, "urn:joinedup:by")!.valueReference!.reference! }),
  }));
}

export function askedOf(episode: EpisodeOfCare): Asked[] {
  return extensionsOf(episode, "urn:joinedup:asked")
    .map((one): Asked | undefined => {
      const outcome = extensionOf(one, "outcome")?.valueCode as AskOutcome | undefined;
      if (!outcome) return undefined;
      const on = extensionOf(one, "on")?.valueDateTime;
      const by = extensionOf(one, "by")?.valueReference?.reference;
      const note = extensionOf(one, "note")?.valueString;
      return { outcome, ...(on && { on }), ...(by && { by }), ...(note && { note }) };
    })
    .filter((one): one is Asked => one !== undefined)
    .map((one, index) => ({ one, index }))
    .sort((a, b) => (a.one.on ?? "").localeCompare(b.one.on ?? "") || a.index - b.index)
    .map(({ one }) => one);
}

const countIn = (text: string, before: string): number | undefined => {
  const found = new RegExp(`${before}: (\\d+)`).exec(text);
  return found?.[1] ? Number(found[1]) : undefined;
};

function readRisk(risk: RiskAssessment | undefined) {
  const notes = (risk?.note ?? []).map((one) => one.text);
  const counts = notes.find((one) => one.startsWith("What care may change:"));
  return {
    risk: risk?.prediction?.[0]?.probabilityDecimal,
    impactability: counts ? countIn(counts, "What care may change") : undefined,
    gaps: counts ? countIn(counts, "gaps in care") : undefined,
    cautions: notes.filter((one) => one !== counts),
  };
}

export function reasonOf(observation: Observation): Reason | undefined {
  const dimension = observation.category?.flatMap((one) => one.coding ?? []).find((one) => one.system === "urn:joinedup:case-finding")?.code;
  if (dimension !== "risk" && dimension !== "impactability" && dimension !== "care_gaps") return undefined;
  const words = observation.valueString ?? observation.code.text ?? "";
  const source = observation.note?.[0]?.text.replace(/^Source: /, "");
  const date = day(observation.effectiveDateTime);
  return { id: observation.id ?? "", dimension, words, ...(date && { date }), ...(source && { source }) };
}

export const isPlan = (resource: FhirResource, category: string): resource is CarePlan =>
  resource.resourceType === "CarePlan" && (resource.category ?? []).some((one) => (one.coding ?? []).some((code) => code.system === "urn:joinedup:plan" && code.code === category));

function groupBy<T>(all: T[], key: (one: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const at = key(one);
    if (at === undefined) continue;
    const group = groups.get(at);
    if (group) group.push(one);
    else groups.set(at, [one]);
  }
  return groups;
}

/** Everything that came in one answer, put together by person. Resources that are withheld from the reader are simply not there. */
export function casesOf(resources: FhirResource[]): Case[] {
  const of = <T extends FhirResource["resourceType"]>(type: T) => resources.filter((one): one is Extract<FhirResource, { resourceType: T }> => one.resourceType === type);
  const patients = new Map(of("Patient").map((one) => [`Patient/${one.id}`, one]));
  const risks = groupBy(of("RiskAssessment"), (one) => one.subject.reference);
  const reasons = groupBy(of("Observation"), (one) => one.subject?.reference);
  const plans = groupBy(resources.filter((one): one is CarePlan => isPlan(one, "care-and-support")), (one) => one.subject.reference);
  const tasks = groupBy(of("Task").filter(isOpenTask), (one) => one.for?.reference);
  const seen = new Set<string>();
  return of("EpisodeOfCare")
    .filter((one) => one.id !== undefined && !seen.has(one.id) && seen.add(one.id))
    .map((episode): Case => {
      const who = episode.patient.reference ?? "";
      const steps = stepsOf(episode);
      const own = risks.get(who) ?? [];
      // Of several assessments the newest speaks.
      const newest = [...own].sort((a, b) => (b.occurrenceDateTime ?? "").localeCompare(a.occurrenceDateTime ?? ""))[0];
      const basis = new Set((newest?.basis ?? []).map((one) => one.reference));
      const own_reasons = (reasons.get(who) ?? []).filter((one) => basis.size === 0 || basis.has(`Observation/${one.id}`));
      const plan = (plans.get(who) ?? []).find((one) => one.status === "active");
      return {
        id: episode.id!,
        episode,
        patient: patients.get(who),
        patientReference: who,
        team: episode.team?.[0]?.reference,
        state: episode.status,
        since: steps.at(-1)?.start ?? episode.period?.start,
        steps,
        released: !(episode.type ?? []).some((one) => (one.coding ?? []).some((code) => code.code === "draft")),
        deferredUntil: day(extensionOf(episode, "urn:joinedup:deferred-until")?.valueDate),
        asked: askedOf(episode),
        coordinator: episode.careManager?.reference,
        accountable: extensionOf(episode, "urn:joinedup:accountable")?.valueReference?.reference,
        ...readRisk(newest),
        reasons: own_reasons.map(reasonOf).filter((one): one is Reason => one !== undefined),
        plan,
        reviewDue: day(extensionOf(extensionOf(plan, "urn:joinedup:review"), "date")?.valueDate),
        openTasks: tasks.get(who) ?? [],
      };
    });
}

// --- the list of people who were found

export type FoundShow = "undecided" | "deferred" | "declined" | "draft";

/** Where a found person stands. Nobody is in none: what was deferred comes back on its day, what was declined can be looked up. */
export function foundAs(one: Case, today: string): FoundShow | undefined {
  if (one.state === "cancelled") return "declined";
  if (one.state !== "planned") return undefined;
  if (one.deferredUntil && one.deferredUntil > today) return "deferred";
  return one.released ? "undecided" : "draft";
}

export type FoundSort = "risk" | "impactability" | "gaps" | "name" | "since";

const biggestFirst = (a: number | undefined, b: number | undefined): number => (b ?? -1) - (a ?? -1);

export function familyName(patient: Patient | undefined): string {
  const name = patient?.name?.find((one) => one.use === "official") ?? patient?.name?.[0];
  return `${name?.family ?? ""} ${(name?.given ?? []).join(" ")}`.trim();
}

export function sortFound(cases: Case[], by: FoundSort): Case[] {
  const order: Record<FoundSort, (a: Case, b: Case) => number> = {
    risk: (a, b) => biggestFirst(a.risk, b.risk),
    impactability: (a, b) => biggestFirst(a.impactability, b.impactability),
    gaps: (a, b) => biggestFirst(a.gaps, b.gaps),
    name: (a, b) => familyName(a.patient).localeCompare(familyName(b.patient), "en-GB"),
    since: (a, b) => (a.since ?? "").localeCompare(b.since ?? ""),
  };
  return [...cases].sort((a, b) => order[by](a, b) || a.id.localeCompare(b.id));
}

/** Typed words: each must be in the name, or in the NHS number without its spaces. */
export function matchesPerson(patient: Patient | undefined, typed: string): boolean {
  const words = typed.trim().toLocaleLowerCase("en-GB").split(/[\s,]+/).filter(Boolean);
  if (words.length === 0) return true;
  const digits = typed.replace(/\s+/g, "");
  const numbers = (patient?.identifier ?? []).map((one) => one.value ?? "");
  if (/^\d{3,}$/.test(digits)) return numbers.some((one) => one.includes(digits));
  const name = familyName(patient).toLocaleLowerCase("en-GB");
  return words.every((one) => name.includes(one));
}

/** "71 in 100": a whole number, never a decimal that promises more than the model knows. Never 0 or 100. */
export function riskWords(risk: number | undefined): string {
  if (risk === undefined) return "Not known";
  return `${Math.min(99, Math.max(1, Math.round(risk * 100)))} in 100`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

// --- the caseload

export interface Flag {
  words: string;
  urgent: boolean;
}

/** What somebody who opens the caseload must not miss, in words; the urgent first. */
export function flagsOf(one: Case, today: string): Flag[] {
  const flags: Flag[] = [];
  const overdue = one.openTasks.filter((task) => timeliness(dueOf(task), today) === "overdue").length;
  // An item of an agenda and an alert have no day of their own to be done by.
  const undated = one.openTasks.filter((task) => !dueOf(task) && !(task.code?.coding ?? []).some((each) => each.code === "agenda-item" || each.code === "alert")).length;
  const onCaseload = one.state === "active" || one.state === "waitlist" || one.state === "onhold";
  if (overdue > 0) flags.push({ words: `${plural(overdue, "task")} overdue`, urgent: true });
  if (one.state === "active" && one.reviewDue && one.reviewDue < today) flags.push({ words: "Review overdue", urgent: true });
  if (one.state === "active" && !one.plan) flags.push({ words: "No plan yet", urgent: true });
  if (one.state === "active" && one.plan && !one.reviewDue) flags.push({ words: "No review date set", urgent: false });
  if (onCaseload && !one.coordinator) flags.push({ words: "No named co-ordinator", urgent: true });
  if (onCaseload && !one.accountable) flags.push({ words: "No accountable professional", urgent: true });
  if (one.state === "waitlist" && one.asked.at(-1)?.outcome === "declined") flags.push({ words: "The person said no", urgent: true });
  if (one.state === "waitlist" && one.asked.length === 0) flags.push({ words: "Not asked yet", urgent: false });
  if (undated > 0) flags.push({ words: `${plural(undated, "task")} with no date set`, urgent: false });
  if (one.patient?.deceasedBoolean || one.patient?.deceasedDateTime) flags.unshift({ words: "Has died", urgent: true });
  return flags.map((flag, index) => ({ flag, index })).sort((a, b) => Number(b.flag.urgent) - Number(a.flag.urgent) || a.index - b.index).map(({ flag }) => flag);
}

/** What may be done next, in the order somebody would do it. The server decides again; this only spares a refusal. */
export type CaseAction = "accept" | "decline" | "defer" | "ask" | "start" | "hold" | "resume" | "finish" | "hand-over";

export function actionsOf(one: Case): CaseAction[] {
  const last = one.asked.at(-1);
  const mayStart = last?.outcome === "agreed" || (last?.outcome === "lacks-capacity" && Boolean(last.note));
  switch (one.state) {
    case "planned":
      return ["accept", "defer", "decline"];
    case "waitlist":
      return mayStart && one.coordinator ? ["start", "ask", "hand-over", "decline"] : ["ask", "hand-over", "decline"];
    case "active":
      return ["hold", "hand-over", "finish", "ask"];
    case "onhold":
      return ["resume", "hand-over", "finish", "ask"];
    default:
      return [];
  }
}

/** Why a case cannot start, or nothing. */
export function whyNotStart(one: Case): string | undefined {
  if (one.state !== "waitlist") return undefined;
  const last = one.asked.at(-1);
  if (!one.coordinator) return "Choose a named co-ordinator first";
  if (!last || last.outcome === "offered") return "Ask the person first, and record their answer";
  if (last.outcome === "declined") return "The person said no";
  if (last.outcome === "lacks-capacity" && !last.note) return "Record the best-interests decision first";
  return undefined;
}

export interface CaseFilter {
  state?: CaseState | "open" | "over";
  coordinator?: string | "none";
  review?: "overdue" | "this-month" | "none";
  flagged?: boolean;
  typed?: string;
}

export function filterCases(cases: Case[], filter: CaseFilter, today: string): Case[] {
  const soon = addDays(today, 28);
  return cases.filter((one) => {
    const state = filter.state ?? "open";
    if (state === "open" ? !["waitlist", "active", "onhold"].includes(one.state) : state === "over" ? !["finished", "cancelled"].includes(one.state) : one.state !== state) return false;
    if (filter.coordinator === "none" ? one.coordinator : filter.coordinator && one.coordinator !== filter.coordinator) return false;
    if (filter.review === "overdue" && !(one.reviewDue && one.reviewDue < today)) return false;
    if (filter.review === "this-month" && !(one.reviewDue && one.reviewDue >= today && one.reviewDue <= soon)) return false;
    if (filter.review === "none" && one.reviewDue) return false;
    if (filter.flagged && !flagsOf(one, today).some((flag) => flag.urgent)) return false;
    return matchesPerson(one.patient, filter.typed ?? "");
  });
}

export type CaseSort = "attention" | "name" | "review" | "coordinator" | "since";

/** By attention: more urgent flags first, then the earlier review; no review date comes before a review that is not due, for nobody knows that it is on time. */
export function sortCases(cases: Case[], by: CaseSort, today: string, nameOf: (reference: string | undefined) => string = (one) => one ?? ""): Case[] {
  const urgent = (one: Case) => flagsOf(one, today).filter((flag) => flag.urgent).length;
  const review = (one: Case) => (one.reviewDue && one.reviewDue < today ? `0${one.reviewDue}` : one.reviewDue ? `2${one.reviewDue}` : "1");
  const order: Record<CaseSort, (a: Case, b: Case) => number> = {
    attention: (a, b) => urgent(b) - urgent(a) || review(a).localeCompare(review(b)),
    name: () => 0,
    review: (a, b) => review(a).localeCompare(review(b)),
    coordinator: (a, b) => (a.coordinator ? nameOf(a.coordinator) : "").localeCompare(b.coordinator ? nameOf(b.coordinator) : "", "en-GB"),
    since: (a, b) => (a.since ?? "").localeCompare(b.since ?? ""),
  };
  return [...cases].sort((a, b) => order[by](a, b) || familyName(a.patient).localeCompare(familyName(b.patient), "en-GB") || a.id.localeCompare(b.id));
}

export function addDays(date: string, days: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

// --- pages of a list

export interface PageOf<T> {
  items: T[];
  page: number;
  pages: number;
  from: number; // 1 is the first; 0 of an empty list
  to: number;
  total: number;
}

/** A page number beyond the end shows the last page: a list that got shorter loses nobody. */
export function pageOf<T>(all: T[], asked: number, size: number): PageOf<T> {
  const pages = Math.max(1, Math.ceil(all.length / size));
  const page = Math.min(pages, Math.max(1, Number.isFinite(asked) ? Math.trunc(asked) : 1));
  const items = all.slice((page - 1) * size, page * size);
  return { items, page, pages, from: all.length ? (page - 1) * size + 1 : 0, to: (page - 1) * size + items.length, total: all.length };
}

// --- capacity

export interface Worker {
  role: string;
  name: string;
  cases: number;
  overdue: number;
}
export interface Capacity {
  capacity: number | undefined;
  active: number;
  waiting: number;
  workers: Worker[];
}

interface Part {
  name: string;
  valueInteger?: number;
  valueDecimal?: number;
  valueString?: string;
  valueReference?: { reference?: string; display?: string };
  part?: Part[];
}

export function capacityOf(parameters: { parameter?: unknown[] }): Capacity {
  const all = (parameters.parameter ?? []) as Part[];
  const number = (name: string, of = all) => of.find((one) => one.name === name)?.valueInteger;
  return {
    capacity: number("capacity"),
    active: number("active") ?? 0,
    waiting: number("waiting") ?? 0,
    workers: all
      .filter((one) => one.name === "worker")
      .map(({ part = [] }) => ({
        role: part.find((one) => one.name === "role")?.valueReference?.reference ?? "",
        name: part.find((one) => one.name === "name")?.valueString ?? part.find((one) => one.name === "role")?.valueReference?.display ?? "",
        cases: number("cases", part) ?? 0,
        overdue: number("overdue", part) ?? 0,
      })),
  };
}

/** One sentence before somebody accepts. */
export function capacityWords(team: string, of: Capacity): string {
  const held = of.active + of.waiting;
  if (of.capacity === undefined) return `${team} looks after ${of.active} and ${of.waiting} wait to start. The team has set no limit.`;
  const left = of.capacity - held;
  const rest = left > 0 ? `room for ${left} more` : left === 0 ? "no room left" : `${-left} more than it has room for`;
  return `${team} looks after ${of.active}, ${of.waiting} wait to start, of ${of.capacity}: ${rest}.`;
}
