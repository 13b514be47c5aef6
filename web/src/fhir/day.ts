// A worker's day out of the record: what is due, what is overdue, what changed, who was admitted. Pure: no network, no clock of its own.
//
//   const day = dayOf(resources, self, { now, today });
//   day.items                      // priority first, then date; what has no date is never on time
//   shown(day.items, { text: "smith", kinds: [], timing: "overdue" })
import { dueOf, codeOf, extension, idOf, localReference, openTask, words } from "./record.ts";
import { date, daysBetween, name, readable } from "./format.ts";

export type Timing = "overdue" | "today" | "week" | "later" | "none";
export type ItemKind = "action" | "referral" | "review" | "decision" | "pathway-step" | "alert" | "agenda-item" | "other";

export interface Item {
  key: string;
  kind: ItemKind;
  what: string;
  patient: string; // Patient/…, or ""
  person: string; // as it is written; "" where the item is about nobody
  due: string | undefined;
  timing: Timing;
  priority: "stat" | "asap" | "urgent" | "routine";
  status: string;
  from: string | undefined; // who asked: a reference
  changed: boolean; // in the last day, after it was made
  task: fhir4.Task | undefined;
  link: string;
}

export interface Alert {
  key: string;
  text: string;
  patient: string;
  person: string;
  sent: string | undefined;
  isOpened: boolean;
  openedBy: string; // a reference; "" where it is not known
  openedAt: string;
  priority: string;
  isMessage: boolean;
  communication: fhir4.Communication | undefined; // undefined: a death that the register tells
}

export interface Day {
  items: Item[];
  alerts: Alert[];
  messages: Alert[];
  people: Map<string, fhir4.Patient>; // by Patient/…
}

export interface Me {
  roles: string[];
  services: string[];
  practitioner: string;
}

export const kindWords: Record<ItemKind, string> = {
  action: "Action",
  referral: "Referral",
  review: "Review",
  decision: "Decision",
  "pathway-step": "Pathway step",
  alert: "Alert nobody opened",
  "agenda-item": "Meeting item",
  other: "Task",
};

export const timingWords: Record<Timing, string> = {
  overdue: "Overdue",
  today: "Due today",
  week: "Due within 7 days",
  later: "Due later",
  none: "No date set",
};

export function timingOf(due: string | undefined, today: string): Timing {
  if (!due) return "none";
  const days = daysBetween(today, due);
  if (days < 0) return "overdue";
  if (days === 0) return "today";
  return days <= 7 ? "week" : "later";
}

const priorities = ["stat", "asap", "urgent", "routine"] as const;
const priorityOf = (text: string | undefined) => priorities.find((one) => one === text) ?? "routine";

/** Priority, then date. What has no date stands with what is due today: somebody must look at it, it is not on time by having none. */
export function compare(a: Item, b: Item): number {
  const rank = priorities.indexOf(a.priority) - priorities.indexOf(b.priority);
  if (rank !== 0) return rank;
  const place = (one: Item) => ({ overdue: 0, today: 1, none: 2, week: 3, later: 4 })[one.timing];
  if (place(a) !== place(b)) return place(a) - place(b);
  if ((a.due ?? "") !== (b.due ?? "")) return (a.due ?? "") < (b.due ?? "") ? -1 : 1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

const isDay = (instant: string | undefined, now: number, hours: number) => Boolean(instant) && now - new Date(instant ?? "").getTime() < hours * 3_600_000;

function itemOfTask(task: fhir4.Task, people: Map<string, string>, today: string, now: number): Item {
  const code = codeOf(task.code, "task");
  const kind: ItemKind = code && code in kindWords ? (code as ItemKind) : "other";
  const patient = localReference(task.for);
  const due = dueOf(task);
  const link = kind === "referral" ? `/referrals/${task.id}` : kind === "agenda-item" && task.groupIdentifier?.value ? `/meeting/${task.groupIdentifier.value}` : patient ? `/person/${idOf(patient)}` : "";
  return {
    key: `Task/${task.id}`,
    kind,
    what: task.description || words(task.code) || kindWords[kind],
    patient,
    person: patient ? (people.get(patient) ?? task.for?.display ?? "A person you cannot see") : "",
    due,
    timing: timingOf(due, today),
    priority: priorityOf(task.priority),
    status: task.status,
    from: task.requester ? localReference(task.requester) : undefined,
    changed: isDay(task.meta?.lastUpdated, now, 24) && Number(task.meta?.versionId ?? 1) > 1,
    task,
    link,
  };
}

/** The review of a plan, by its own date, where no Task stands for it already. */
function itemOfPlan(plan: fhir4.CarePlan, people: Map<string, string>, today: string, now: number): Item | undefined {
  const review = extension(plan, "review");
  const due = extension(review, "date")?.valueDate;
  const patient = localReference(plan.subject);
  const timing = timingOf(due, today);
  if (due && timing === "later" && daysBetween(today, due) > 28) return undefined; // not coming yet
  return {
    key: `CarePlan/${plan.id}`,
    kind: "review",
    what: due ? "Review of the plan" : "Plan without a review date",
    patient,
    person: people.get(patient) ?? "A person you cannot see",
    due,
    timing,
    priority: "routine",
    status: "requested",
    from: undefined,
    changed: isDay(plan.meta?.lastUpdated, now, 24) && Number(plan.meta?.versionId ?? 1) > 1,
    task: undefined,
    link: `/person/${idOf(patient)}/plan`,
  };
}

export function dayOf(resources: fhir4.FhirResource[], me: Me, clock: { today: string; now: number }): Day {
  const people = new Map<string, string>();
  const patients = new Map<string, fhir4.Patient>();
  const seen = new Set<string>();
  const unique: fhir4.FhirResource[] = [];
  for (const one of resources) {
    const key = `${one.resourceType}/${one.id}`;
    if (seen.has(key)) continue;
    seen.add(key);
    unique.push(one);
    if (one.resourceType === "Patient") people.set(key, name(one)), patients.set(key, one);
  }
  const mine = new Set(me.roles);
  const owned = new Set([...me.roles, ...me.services, me.practitioner]);
  const items: Item[] = [];
  const alerts: Alert[] = [];
  const messages: Alert[] = [];
  const cases = new Set<string>();
  for (const one of unique)
    if (one.resourceType === "EpisodeOfCare" && ["active", "waitlist", "onhold"].includes(one.status) && mine.has(localReference(one.careManager))) cases.add(localReference(one.patient));
  const reviewed = new Set<string>();
  for (const one of unique) {
    if (one.resourceType !== "Task" || !openTask(one) || !owned.has(localReference(one.owner))) continue;
    // A referral that a service has answered is with whoever took it on; an agenda item is discussed at its meeting.
    const item = itemOfTask(one, people, clock.today, clock.now);
    if (item.kind === "agenda-item") continue;
    if (item.kind === "review") reviewed.add(item.patient);
    items.push(item);
  }
  for (const one of unique) {
    if (one.resourceType === "CarePlan" && one.status === "active" && one.category?.some((each) => codeOf(each, "plan") === "care-and-support")) {
      const responsible = localReference(extension(extension(one, "review"), "responsible")?.valueReference);
      const patient = localReference(one.subject);
      if (!(responsible ? mine.has(responsible) : cases.has(patient)) || reviewed.has(patient)) continue;
      const item = itemOfPlan(one, people, clock.today, clock.now);
      if (item) items.push(item);
    }
    if (one.resourceType === "Communication") {
      const isAlert = one.category?.some((each) => each.coding?.some((code) => code.code === "alert" || code.code?.startsWith("agreement-")));
      const kind = one.category?.map((each) => codeOf(each, "message")).find(Boolean);
      if (!isAlert && !kind) continue;
      const patient = localReference(one.subject);
      const alert: Alert = {
        key: `Communication/${one.id}`,
        text: readable(one.payload?.map((each) => each.contentString).filter(Boolean).join(" ") || "No text"),
        patient,
        person: patient ? (people.get(patient) ?? "A person you cannot see") : "",
        sent: one.sent ?? one.meta?.lastUpdated,
        isOpened: Boolean(one.received),
        openedBy: localReference(extension(one, "opened-by")?.valueReference),
        openedAt: one.received ?? "",
        priority: one.priority ?? "routine",
        isMessage: !isAlert,
        communication: one,
      };
      (isAlert ? alerts : messages).push(alert);
    }
  }
  for (const patient of cases) {
    const one = patients.get(patient);
    if (!one || !(one.deceasedDateTime || one.deceasedBoolean)) continue;
    alerts.push({
      key: `died/${patient}`,
      text: `Died${one.deceasedDateTime ? ` on ${date(one.deceasedDateTime)}` : ""}. The case is still open.`,
      patient,
      person: people.get(patient) ?? "",
      sent: one.deceasedDateTime ?? one.meta?.lastUpdated,
      isOpened: false,
      openedBy: "",
      openedAt: "",
      priority: "urgent",
      isMessage: false,
      communication: undefined,
    });
  }
  items.sort(compare);
  const latest = (a: Alert, b: Alert) => Number(a.isOpened) - Number(b.isOpened) || ((a.sent ?? "") < (b.sent ?? "") ? 1 : (a.sent ?? "") > (b.sent ?? "") ? -1 : a.key < b.key ? -1 : 1);
  alerts.sort(latest);
  messages.sort(latest);
  return { items, alerts, messages, people: patients };
}

export interface Wanted {
  text: string;
  kind: ItemKind | "";
  timing: Timing | "changed" | "";
}

export function shown(items: Item[], wanted: Wanted): Item[] {
  const wordsWanted = wanted.text.toLocaleLowerCase("en-GB").split(/\s+/).filter(Boolean);
  return items.filter((one) => {
    if (wanted.kind && one.kind !== wanted.kind) return false;
    if (wanted.timing === "changed" ? !one.changed : wanted.timing && one.timing !== wanted.timing) return false;
    const text = `${one.what} ${one.person} ${kindWords[one.kind]}`.toLocaleLowerCase("en-GB");
    return wordsWanted.every((word) => text.includes(word));
  });
}

export interface Feed {
  name: string;
  partner: string;
  last: string | undefined;
  silent: boolean;
  sentence: string;
}

/** $feeds: feed[] with the parts name, partner, last, silent, sentence. */
export function feedsOf(parameters: fhir4.Parameters): Feed[] {
  return (parameters.parameter ?? [])
    .filter((one) => one.name === "feed")
    .map((one) => {
      const part = (wanted: string) => one.part?.find((each) => each.name === wanted);
      const last = part("last");
      return {
        name: part("name")?.valueString ?? "",
        partner: part("partner")?.valueString ?? "",
        last: last?.valueInstant ?? last?.valueDateTime,
        silent: part("silent")?.valueBoolean ?? true, // what does not say that it speaks is taken to be silent
        sentence: part("sentence")?.valueString ?? "",
      };
    });
}
