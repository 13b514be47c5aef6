// Small readers of the shapes in the shared record: extensions, codes, references, tasks.
import { daysBetween, today } from "./format.ts";

type Extended = { extension?: fhir4.Extension[] } | undefined;

export const extension = (of: Extended, name: string): fhir4.Extension | undefined =>
  of?.extension?.find((one) => one.url === `urn:joinedup:${name}` || one.url === name);
export const extensions = (of: Extended, name: string): fhir4.Extension[] =>
  of?.extension?.filter((one) => one.url === `urn:joinedup:${name}` || one.url === name) ?? [];

/** The code that a concept has in one of our systems: code(task.code, "task") → "action". */
export const codeOf = (concept: fhir4.CodeableConcept | undefined, system: string): string | undefined =>
  concept?.coding?.find((one) => one.system === `urn:joinedup:${system}` || one.system === system)?.code;
export const words = (concept: fhir4.CodeableConcept | undefined): string =>
  concept?.text ?? concept?.coding?.find((one) => one.display)?.display ?? concept?.coding?.[0]?.code ?? "";

/** "Patient/1" of a reference, whatever address stands before it. */
export function localReference(reference: fhir4.Reference | string | undefined): string {
  const text = typeof reference === "string" ? reference : (reference?.reference ?? "");
  return text.split("/").slice(-2).join("/");
}
export const idOf = (reference: fhir4.Reference | string | undefined): string => localReference(reference).split("/")[1] ?? "";

export const openTask = (task: fhir4.Task): boolean =>
  ["draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"].includes(task.status);

export const dueOf = (task: fhir4.Task): string | undefined => task.restriction?.period?.end?.slice(0, 10);

/** What no due date says: nothing is on time by having none. */
export type Timing = "overdue" | "today" | "soon" | "later" | "no date set";
export function timing(task: fhir4.Task, now = today()): Timing {
  const due = dueOf(task);
  if (!due) return "no date set";
  const days = daysBetween(now, due);
  if (days < 0) return "overdue";
  if (days === 0) return "today";
  return days <= 7 ? "soon" : "later";
}

const ranks: Record<string, number> = { stat: 0, asap: 1, urgent: 2, routine: 3 };
/** Priority first, then the due date; what has no date stands right after what is due today, so that it is seen. */
export function byPriorityThenDate(a: fhir4.Task, b: fhir4.Task, now = today()): number {
  const rank = (task: fhir4.Task) => ranks[task.priority ?? "routine"] ?? 3;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const key = (task: fhir4.Task) => dueOf(task) ?? `${now}~`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : (a.id ?? "") < (b.id ?? "") ? -1 : 1;
}
