// A team's meeting: who is there (Appointment), what is talked about (List of agenda Tasks), what was decided (decision Tasks).
// Pure: no network, no clock of its own.
//
//   const meeting = meetingOf(resources, id);
//   const plan = withTimes(meeting.items);           // 10:00 to 10:08, 10:08 to 10:15 …; an item that may not be seen is not there
import { day, dueOf, extensionOf, timeliness } from "./cases.ts";
import { isTask } from "./referrals.ts";

type Appointment = fhir4.Appointment;
type AppointmentParticipant = fhir4.AppointmentParticipant;
type FhirResource = fhir4.FhirResource;
type List = fhir4.List;
type Patient = fhir4.Patient;
type Task = fhir4.Task;

export type Why = "new" | "due" | "escalated" | "carried-over";
const whyWords: Record<Why, string> = { new: "New to the caseload", due: "Review due", escalated: "Escalated", "carried-over": "Carried over" };
export const whyName = (why: string | undefined): string => whyWords[why as Why] ?? "On the agenda";

export interface Attendee {
  reference: string;
  name: string | undefined;
  isCore: boolean; // core members are expected; others are invited
  attended: boolean | undefined; // not yet recorded
}

export interface AgendaItem {
  id: string;
  task: Task;
  patient: Patient | undefined;
  patientReference: string;
  why: Why | undefined;
  minutes: number;
  words: string;
  discussed: boolean;
  carriedOver: boolean; // not discussed when the meeting was closed
  decisions: Decision[];
}

export interface Decision {
  id: string;
  task: Task;
  text: string;
  owner: string | undefined;
  due: string | undefined;
  state: "open" | "done" | "not-done";
  patientReference: string;
  outcome: string | undefined;
}

export interface Meeting {
  id: string;
  appointment: Appointment;
  list: List | undefined;
  title: string;
  start: string | undefined;
  minutes: number | undefined;
  isOver: boolean;
  attendees: Attendee[];
  items: AgendaItem[];
  decisions: Decision[];
}

export const meetingKey = (id: string): string => `urn:joinedup:meeting|${id}`;

const inMeeting = (task: Task, id: string): boolean =>
  (task.groupIdentifier?.system === "urn:joinedup:meeting" && task.groupIdentifier.value === id) || task.groupIdentifier?.value === meetingKey(id);

export function attendeesOf(appointment: Appointment): Attendee[] {
  return appointment.participant
    .filter((one) => one.actor?.reference?.startsWith("Practitioner"))
    .map((one) => ({
      reference: one.actor!.reference!,
      name: one.actor!.display,
      isCore: one.required === "required",
      attended: extensionOf(one, "urn:joinedup:attended")?.valueBoolean,
    }))
    .sort((a, b) => Number(b.isCore) - Number(a.isCore));
}

export function decisionOf(task: Task): Decision {
  return {
    id: task.id ?? "",
    task,
    text: task.description ?? "",
    owner: task.owner?.reference,
    due: dueOf(task),
    state: task.status === "completed" ? "done" : ["cancelled", "rejected", "failed", "entered-in-error"].includes(task.status) ? "not-done" : "open",
    patientReference: task.for?.reference ?? "",
    outcome: task.output?.map((one) => one.valueString).find((one) => one !== undefined) ?? task.statusReason?.text,
  };
}

/** The agenda in the List's order. Whoever may not see a person is not told of their item; an item the List lacks comes last. */
export function meetingOf(resources: FhirResource[], id: string): Meeting | undefined {
  const appointment = resources.find((one): one is Appointment => one.resourceType === "Appointment" && one.id === id);
  if (!appointment) return undefined;
  const list = resources.find((one): one is List => one.resourceType === "List" && (one.identifier ?? []).some((each) => each.system === "urn:joinedup:meeting" && each.value === id));
  const patients = new Map(resources.filter((one): one is Patient => one.resourceType === "Patient").map((one) => [`Patient/${one.id}`, one]));
  const decisions = resources.filter((one): one is Task => isTask(one, "decision") && inMeeting(one, id)).map(decisionOf);
  const order = new Map((list?.entry ?? []).map((one, index) => [one.item.reference, index]));
  const items = resources
    .filter((one): one is Task => isTask(one, "agenda-item") && (inMeeting(one, id) || order.has(`Task/${one.id}`)))
    .filter((one, index, all) => all.findIndex((each) => each.id === one.id) === index)
    .map((task): AgendaItem => ({
      id: task.id ?? "",
      task,
      patient: patients.get(task.for?.reference ?? ""),
      patientReference: task.for?.reference ?? "",
      why: extensionOf(task, "urn:joinedup:why")?.valueCode as Why | undefined,
      minutes: extensionOf(task, "urn:joinedup:minutes")?.valueInteger ?? 5,
      words: task.description ?? "",
      discussed: task.status === "completed",
      carriedOver: task.businessStatus?.text === "carried over" || task.status === "on-hold",
      // A decision is made on an item; one that names no item belongs to the person's.
      decisions: decisions.filter((one) => one.task.focus?.reference === `Task/${task.id}` || (!one.task.focus?.reference?.startsWith("Task/") && one.patientReference === task.for?.reference)),
    }))
    .sort((a, b) => (order.get(`Task/${a.id}`) ?? 1e6) - (order.get(`Task/${b.id}`) ?? 1e6) || a.id.localeCompare(b.id));
  return {
    id,
    appointment,
    list,
    title: appointment.description ?? appointment.serviceType?.[0]?.text ?? "Team meeting",
    start: appointment.start,
    minutes: appointment.minutesDuration ?? (appointment.start && appointment.end ? Math.round((Date.parse(appointment.end) - Date.parse(appointment.start)) / 60_000) : undefined),
    isOver: appointment.status === "fulfilled" || appointment.status === "cancelled" || appointment.status === "noshow",
    attendees: attendeesOf(appointment),
    items,
    decisions,
  };
}

/** How many of the List's entries the reader may not see: said as a number, so that nobody thinks the agenda is all there is to it. */
export const hiddenItems = (meeting: Meeting): number => {
  const shown = new Set(meeting.items.map((one) => `Task/${one.id}`));
  return (meeting.list?.entry ?? []).filter((one) => one.item.reference && !shown.has(one.item.reference)).length;
};

export interface Timed extends AgendaItem {
  from: string | undefined; // instants
  to: string | undefined;
}

export function withTimes(items: AgendaItem[], start: string | undefined): Timed[] {
  let at = start ? Date.parse(start) : NaN;
  return items.map((one) => {
    const from = at;
    at += one.minutes * 60_000;
    const known = !Number.isNaN(from);
    return { ...one, from: known ? new Date(from).toISOString() : undefined, to: known ? new Date(at).toISOString() : undefined };
  });
}

export function agendaWords(items: AgendaItem[], minutes: number | undefined): string {
  const needed = items.reduce((sum, one) => sum + one.minutes, 0);
  const people = `${items.length} ${items.length === 1 ? "person" : "people"}, ${needed} minutes`;
  if (minutes === undefined) return `${people}.`;
  if (needed > minutes) return `${people}: ${needed - minutes} minutes more than the meeting has. What is not discussed is carried over.`;
  return `${people} of ${minutes}.`;
}

export type Move = "up" | "down" | "first" | "last";

/** A new order; the same list where nothing moves. */
export function moved<T extends { id: string }>(items: T[], id: string, move: Move): T[] {
  const at = items.findIndex((one) => one.id === id);
  if (at < 0) return items;
  const to = move === "up" ? at - 1 : move === "down" ? at + 1 : move === "first" ? 0 : items.length - 1;
  if (to < 0 || to >= items.length || to === at) return items;
  const rest = items.filter((one) => one.id !== id);
  return [...rest.slice(0, to), items[at]!, ...rest.slice(to)];
}

/** The List with the shown items in their new order; entries that the reader may not see keep their places. */
export function reordered(list: List, shown: { id: string }[]): List {
  const mine = new Set(shown.map((one) => `Task/${one.id}`));
  const next = [...shown];
  const entry = (list.entry ?? []).map((one) => {
    if (!mine.has(one.item.reference ?? "")) return one;
    const item = next.shift();
    return item ? { ...one, item: { ...one.item, reference: `Task/${item.id}` } } : one;
  });
  const added = next.map((one) => ({ item: { reference: `Task/${one.id}` } }));
  return { ...list, entry: [...entry, ...added] };
}

/** The minutes of an item as the team sets them; what else the task says stays. */
export function withMinutes(task: Task, minutes: number): Task {
  const others = (task.extension ?? []).filter((one) => one.url !== "urn:joinedup:minutes");
  return { ...task, extension: [...others, { url: "urn:joinedup:minutes", valueInteger: minutes }] };
}

export function withAttendance(appointment: Appointment, attended: Map<string, boolean>): Appointment {
  const participant = appointment.participant.map((one): AppointmentParticipant => {
    const was = attended.get(one.actor?.reference ?? "");
    if (was === undefined) return one;
    const others = (one.extension ?? []).filter((each) => each.url !== "urn:joinedup:attended");
    return { ...one, extension: [...others, { url: "urn:joinedup:attended", valueBoolean: was }] };
  });
  return { ...appointment, participant };
}

export interface Carried {
  done: number;
  overdue: number;
  open: number;
  undated: number;
  total: number;
}

export function carriedOut(decisions: Decision[], today: string): Carried {
  const of = (test: (one: Decision) => boolean) => decisions.filter(test).length;
  return {
    done: of((one) => one.state === "done"),
    overdue: of((one) => one.state === "open" && timeliness(one.due, today) === "overdue"),
    open: of((one) => one.state === "open" && (timeliness(one.due, today) === "on-time" || timeliness(one.due, today) === "today")),
    undated: of((one) => one.state === "open" && timeliness(one.due, today) === "undated"),
    total: decisions.length,
  };
}

export function carriedWords(of: Carried): string {
  if (of.total === 0) return "No decisions yet.";
  const parts = [`${of.done} of ${of.total} decisions carried out`];
  if (of.overdue) parts.push(`${of.overdue} overdue`);
  if (of.undated) parts.push(`${of.undated} with no date set`);
  return `${parts.join(", ")}.`;
}

/** Actions of earlier meetings that are still open, the longest overdue first; no date set comes before what is not due yet. */
export function carriedOver(tasks: Task[], meeting: string): Decision[] {
  const rank = (one: Decision) => one.due ?? "5";
  return tasks
    .filter((one) => isTask(one, "decision") && !inMeeting(one, meeting))
    .map(decisionOf)
    .filter((one) => one.state === "open")
    .sort((a, b) => rank(a).localeCompare(rank(b)) || a.id.localeCompare(b.id));
}

export interface Meetings {
  next: Appointment[];
  past: Appointment[];
}

const startDay = (one: Appointment): string => day(one.start) ?? "";

/** Coming meetings, the soonest first; past ones, the latest first. A meeting of today that is not closed is still to come. */
export function meetingsOf(resources: FhirResource[], today: string): Meetings {
  const all = resources.filter((one): one is Appointment => one.resourceType === "Appointment" && isMeeting(one));
  const isPast = (one: Appointment) => one.status === "fulfilled" || one.status === "cancelled" || startDay(one) < today;
  return {
    next: all.filter((one) => !isPast(one)).sort((a, b) => (a.start ?? "").localeCompare(b.start ?? "")),
    past: all.filter(isPast).sort((a, b) => (b.start ?? "").localeCompare(a.start ?? "")),
  };
}

/** A meeting names no patient: a person's own appointments do. */
export const isMeeting = (one: Appointment): boolean =>
  (one.serviceType ?? []).some((each) => each.text === "Team meeting" || (each.coding ?? []).some((code) => code.system === "urn:joinedup:appointment" && code.code === "team-meeting")) &&
  one.participant.every((each) => !each.actor?.reference?.startsWith("Patient/"));

export const teamOf = (one: Appointment): string | undefined => extensionOf(one, "urn:joinedup:team")?.valueReference?.reference;

/** Somebody who is not of the team is invited to this meeting. Whoever is there already stays as they are. */
export function withInvited(appointment: Appointment, reference: string, display: string | undefined): Appointment {
  if (appointment.participant.some((one) => one.actor?.reference === reference)) return appointment;
  const guest: AppointmentParticipant = { actor: { reference, ...(display && { display }) }, required: "optional", status: "needs-action" };
  return { ...appointment, participant: [...appointment.participant, guest] };
}

// --- how many decisions were carried out, by how deprived the area is

export interface FifthRate {
  fifth: number; // 1 is the most deprived; 0: not known
  words: string;
}

const fifthNames = ["Area not known", "Most deprived fifth", "Second fifth", "Middle fifth", "Fourth fifth", "Least deprived fifth"];
export const fifthName = (fifth: number): string => fifthNames[fifth] ?? "Area not known";
const fewest = 10;

type Part = fhir4.ParametersParameter;
const part = (of: Part | undefined, name: string): Part | undefined => of?.part?.find((one) => one.name === name);

/** The share over all months of $figures, each month weighed by how many decisions were due; too few are not said. */
export function ratesByFifth(figures: { parameter?: Part[] }): FifthRate[] {
  const split = (figures.parameter ?? []).find((one) => one.name === "split" && part(one, "name")?.valueString === "decisions");
  return (split?.part ?? [])
    .filter((one) => one.name === "fifth")
    .map((one) => {
      const points = (one.part ?? []).filter((each) => each.name === "point");
      const counts = points.map((each) => part(each, "count")?.valueInteger ?? 0);
      const total = counts.reduce((sum, each) => sum + each, 0);
      const done = points.reduce((sum, each, index) => sum + ((part(each, "value")?.valueDecimal ?? 0) * counts[index]!) / 100, 0);
      return { fifth: part(one, "fifth")?.valueInteger ?? 0, total, done };
    })
    .filter((one) => one.total > 0)
    .map((one) => ({ fifth: one.fifth, words: one.total < fewest ? "Fewer than 10 decisions: too few to say" : `${Math.round((100 * one.done) / one.total)}% of ${one.total}` }));
}
