// Referrals, advice and pathways: a ServiceRequest says what is asked, its Task where it stands. Pure: no network, no clock of its own.
//
//   const all = referralsOf(resources);
//   inGroup(all, "waiting-for-me", me, today)        // stuck ones first: nothing waits unseen
import { addDays, day, dueOf, extensionOf } from "./cases.ts";

type CarePlan = fhir4.CarePlan;
type FhirResource = fhir4.FhirResource;
type HealthcareService = fhir4.HealthcareService;
type Patient = fhir4.Patient;
type PlanDefinition = fhir4.PlanDefinition;
type ServiceRequest = fhir4.ServiceRequest;
type Slot = fhir4.Slot;
type Task = fhir4.Task;

export type Stand = "waiting" | "accepted" | "in-progress" | "completed" | "rejected" | "cancelled";

export interface Referral {
  id: string; // of the Task
  task: Task;
  request: ServiceRequest | undefined;
  patient: Patient | undefined;
  patientReference: string;
  what: string; // in a few words
  reason: string;
  isAdvice: boolean;
  urgency: Urgency;
  requester: string | undefined;
  owner: string | undefined;
  stand: Stand;
  authored: string | undefined;
  limit: string | undefined; // the day by which the next step is promised
  why: string | undefined; // reason of a rejection
  outcome: string | undefined;
  seen: boolean; // the referrer has seen the outcome
  pathway: string | undefined; // canonical
}

export type Urgency = "routine" | "urgent" | "asap" | "stat";
export const urgencies: Urgency[] = ["routine", "urgent", "asap", "stat"];
const urgencyWords: Record<Urgency, string> = { routine: "Routine", urgent: "Urgent", asap: "As soon as possible", stat: "Immediate" };
export const urgencyName = (one: string | undefined): string => urgencyWords[(one ?? "routine") as Urgency] ?? one ?? "Routine";

const standWords: Record<Stand, string> = {
  waiting: "Waiting for an answer",
  accepted: "Accepted",
  "in-progress": "In progress",
  completed: "Completed",
  rejected: "Not accepted",
  cancelled: "Withdrawn",
};
export const standName = (stand: Stand): string => standWords[stand];

export function standOf(status: Task["status"]): Stand {
  switch (status) {
    case "accepted":
    case "ready":
      return "accepted";
    case "in-progress":
    case "on-hold":
      return "in-progress";
    case "completed":
      return "completed";
    case "rejected":
    case "failed":
      return "rejected";
    case "cancelled":
    case "entered-in-error":
      return "cancelled";
    default:
      return "waiting";
  }
}

const hasCode = (task: Task, code: string): boolean => (task.code?.coding ?? []).some((one) => one.system === "urn:joinedup:task" && one.code === code);
export const isTask = (resource: FhirResource, code: string): resource is Task => resource.resourceType === "Task" && hasCode(resource, code);

/** How long a service has to take the next step where nobody set a date: the working days of each urgency, in days. */
const promise: Record<Urgency, number> = { routine: 14, urgent: 3, asap: 2, stat: 1 };

export function referralsOf(resources: FhirResource[]): Referral[] {
  const requests = new Map(resources.filter((one): one is ServiceRequest => one.resourceType === "ServiceRequest").map((one) => [`ServiceRequest/${one.id}`, one]));
  const patients = new Map(resources.filter((one): one is Patient => one.resourceType === "Patient").map((one) => [`Patient/${one.id}`, one]));
  const seen = new Set<string>();
  return resources
    .filter((one): one is Task => isTask(one, "referral"))
    .filter((one) => one.id !== undefined && !seen.has(one.id) && seen.add(one.id))
    .map((task): Referral => {
      const request = requests.get(task.focus?.reference ?? "") ?? requests.get(task.basedOn?.[0]?.reference ?? "");
      const who = task.for?.reference ?? request?.subject.reference ?? "";
      const urgency = (request?.priority ?? task.priority ?? "routine") as Urgency;
      const authored = day(task.authoredOn ?? request?.authoredOn ?? task.meta?.lastUpdated);
      return {
        id: task.id!,
        task,
        request,
        patient: patients.get(who),
        patientReference: who,
        what: request?.code?.text ?? "",
        reason: request?.reasonCode?.[0]?.text ?? task.description ?? "",
        isAdvice: isAdvice(request, task),
        urgency,
        requester: task.requester?.reference ?? request?.requester?.reference,
        owner: task.owner?.reference ?? request?.performer?.[0]?.reference,
        stand: standOf(task.status),
        authored,
        limit: dueOf(task) ?? (authored ? addDays(authored, promise[urgency] ?? promise.routine) : undefined),
        why: task.statusReason?.text,
        outcome: task.output?.map((one) => one.valueString ?? one.valueMarkdown).find((one) => one !== undefined),
        seen: extensionOf(task, "urn:joinedup:seen") !== undefined,
        pathway: request?.instantiatesCanonical?.[0],
      };
    });
}

const adviceCode = (list: { coding?: { system?: string; code?: string }[] }[] | undefined): boolean =>
  (list ?? []).some((one) => (one.coding ?? []).some((code) => code.system === "urn:joinedup:request" && code.code === "advice"));
const isAdvice = (request: ServiceRequest | undefined, task: Task): boolean => adviceCode(request?.category) || (task.code?.coding ?? []).some((one) => one.code === "advice");

const isOver = (one: Referral): boolean => one.stand === "completed" || one.stand === "rejected" || one.stand === "cancelled";

/** Stuck: its promised day has passed and it has not come to an end; or it waits and nobody owns it. */
export function isStuck(one: Referral, today: string): boolean {
  if (isOver(one)) return false;
  return !one.owner || (one.limit !== undefined && one.limit < today);
}

export function stuckWords(one: Referral, today: string): string | undefined {
  if (!isStuck(one, today)) return undefined;
  if (!one.owner) return "Nobody has it";
  const late = Math.round((Date.parse(today) - Date.parse(one.limit!)) / 86_400_000);
  const step = one.stand === "waiting" ? "No answer" : one.stand === "accepted" ? "Accepted but not begun" : "No outcome";
  return `${step}, ${late} ${late === 1 ? "day" : "days"} past its limit`;
}

/** Everything that the signed-in worker may mean by "me": their person, their roles, their services and teams, their organisation. */
export interface Me {
  practitioner: string;
  roles: string[];
  services: string[];
  organisations: string[];
}
const isMine = (reference: string | undefined, me: Me): boolean =>
  reference !== undefined && (reference === me.practitioner || me.roles.includes(reference) || me.services.includes(reference) || me.organisations.includes(reference));
export const sentByMe = (one: Referral, me: Me): boolean => isMine(one.requester, { ...me, services: [] });
export const waitsForMe = (one: Referral, me: Me): boolean => isMine(one.owner, me);

export type Group = "waiting-for-me" | "sent-by-me" | "stuck" | "outcomes" | "all";

export function inGroup(all: Referral[], group: Group, me: Me, today: string): Referral[] {
  const kept = all.filter((one) => {
    switch (group) {
      case "waiting-for-me":
        return waitsForMe(one, me) && !isOver(one);
      case "sent-by-me":
        return sentByMe(one, me);
      case "stuck":
        return isStuck(one, today);
      case "outcomes":
        return sentByMe(one, me) && isNews(one);
      default:
        return true;
    }
  });
  return sortReferrals(kept, today);
}

/** An answer that the referrer has not seen: an outcome, or a rejection. */
export const isNews = (one: Referral): boolean => (one.stand === "completed" || one.stand === "rejected") && !one.seen;

export function sortReferrals(all: Referral[], today: string): Referral[] {
  const rank = (one: Referral) => (isStuck(one, today) ? 0 : isNews(one) ? 1 : isOver(one) ? 3 : 2);
  return [...all].sort(
    (a, b) =>
      rank(a) - rank(b) || urgencies.indexOf(b.urgency) - urgencies.indexOf(a.urgency) || (a.limit ?? "9").localeCompare(b.limit ?? "9") || (b.authored ?? "").localeCompare(a.authored ?? "") || a.id.localeCompare(b.id),
  );
}

export type Answer = "accepted" | "rejected" | "in-progress" | "completed";

/** What the one who has it may do next. */
export function answersOf(one: Referral): Answer[] {
  switch (one.stand) {
    case "waiting":
      return one.isAdvice ? ["completed", "rejected"] : ["accepted", "rejected"];
    case "accepted":
      return ["in-progress", "completed"];
    case "in-progress":
      return ["completed"];
    default:
      return [];
  }
}

// --- the directory of services

export interface Service {
  id: string;
  reference: string;
  name: string;
  kind: string;
  provider: string | undefined;
  providerName: string | undefined;
  eligibility: string | undefined;
  capacity: string | undefined;
  checked: string | undefined; // the day somebody last checked this entry
  isOutside: boolean; // not a partner of this place: the answer comes by another way
  telephone: string | undefined;
  active: boolean;
}

export function servicesOf(resources: FhirResource[], names: (reference: string | undefined) => string | undefined = () => undefined): Service[] {
  return resources
    .filter((one): one is HealthcareService => one.resourceType === "HealthcareService")
    .map((one): Service => {
      const capacity = extensionOf(one, "urn:joinedup:capacity");
      return {
        id: one.id ?? "",
        reference: `HealthcareService/${one.id}`,
        name: one.name ?? "Service without a name",
        kind: one.category?.[0]?.text ?? one.type?.[0]?.text ?? one.category?.[0]?.coding?.[0]?.display ?? "",
        provider: one.providedBy?.reference,
        providerName: one.providedBy?.display ?? names(one.providedBy?.reference),
        eligibility: one.eligibility?.map((each) => each.comment ?? each.code?.text).filter(Boolean).join(" ") || undefined,
        capacity: capacity?.valueString ?? (capacity?.valueInteger !== undefined ? (capacity.valueInteger === 0 ? "Full" : `${capacity.valueInteger} ${capacity.valueInteger === 1 ? "place" : "places"} free`) : undefined),
        checked: day(extensionOf(one, "urn:joinedup:last-checked")?.valueDate ?? extensionOf(one, "urn:joinedup:last-checked")?.valueDateTime),
        isOutside: extensionOf(one, "urn:joinedup:outside-network")?.valueBoolean === true,
        telephone: one.telecom?.find((each) => each.system === "phone")?.value,
        active: one.active !== false,
      };
    })
    .filter((one) => one.active)
    .sort((a, b) => a.name.localeCompare(b.name, "en-GB") || a.id.localeCompare(b.id));
}

/** An entry that nobody checked for three months may be wrong, and says so. */
export function checkedWords(service: Service, today: string, format: (date: string) => string): string {
  if (!service.checked) return "Never checked: ring before you send";
  return service.checked < addDays(today, -92) ? `${format(service.checked)}: more than 3 months ago, ring before you send` : format(service.checked);
}

export function findServices(services: Service[], typed: string, kind: string): Service[] {
  const words = typed.trim().toLocaleLowerCase("en-GB").split(/\s+/).filter(Boolean);
  return services.filter((one) => {
    const text = [one.name, one.kind, one.providerName, one.eligibility].join(" ").toLocaleLowerCase("en-GB");
    return (!kind || one.kind === kind) && words.every((word) => text.includes(word));
  });
}

// --- pathways

export interface PathwayStep {
  id: string;
  name: string;
  due: string | undefined;
  done: string | undefined;
  state: "done" | "open" | "left-out";
  late: number; // days past its limit when done, or until today; 0 is in time
  variance: string | undefined; // the words for why it was late or left out
  notes: string[];
  task: Task;
}

export interface Pathway {
  id: string;
  plan: CarePlan;
  title: string;
  patientReference: string;
  patient: Patient | undefined;
  started: string | undefined;
  active: boolean;
  steps: PathwayStep[];
}

const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

export function pathwaysOf(resources: FhirResource[], definitions: PlanDefinition[], today: string): Pathway[] {
  const patients = new Map(resources.filter((one): one is Patient => one.resourceType === "Patient").map((one) => [`Patient/${one.id}`, one]));
  const tasks = resources.filter((one): one is Task => isTask(one, "pathway-step"));
  return resources
    .filter((one): one is CarePlan => one.resourceType === "CarePlan" && (one.category ?? []).some((each) => (each.coding ?? []).some((code) => code.code === "pathway")))
    .map((plan): Pathway => {
      const canonical = plan.instantiatesCanonical?.[0] ?? "";
      const definition = definitions.find((one) => one.url === canonical.split("|")[0] || canonical.endsWith(`PlanDefinition/${one.id}`));
      return {
        id: plan.id ?? "",
        plan,
        title: plan.title ?? definition?.title ?? definition?.name ?? "Pathway",
        patientReference: plan.subject.reference ?? "",
        patient: patients.get(plan.subject.reference ?? ""),
        started: day(plan.period?.start ?? plan.created),
        active: plan.status === "active",
        steps: tasks
          .filter((one) => one.basedOn?.some((each) => each.reference === `CarePlan/${plan.id}`))
          .map((one) => stepOf(one, today))
          .sort((a, b) => (a.due ?? "9").localeCompare(b.due ?? "9") || a.id.localeCompare(b.id)),
      };
    })
    .sort((a, b) => Number(b.active) - Number(a.active) || lateSteps(b) - lateSteps(a) || (b.started ?? "").localeCompare(a.started ?? "") || a.id.localeCompare(b.id));
}

function stepOf(task: Task, today: string): PathwayStep {
  const due = dueOf(task);
  const isDone = task.status === "completed";
  const isLeftOut = ["cancelled", "rejected", "failed", "entered-in-error"].includes(task.status);
  const done = isDone ? day(task.executionPeriod?.end ?? task.lastModified ?? task.meta?.lastUpdated) : undefined;
  const until = isDone ? done : today;
  return {
    id: task.id ?? "",
    name: task.description ?? task.code?.text ?? "Step",
    due,
    done,
    state: isDone ? "done" : isLeftOut ? "left-out" : "open",
    late: due && until && !isLeftOut ? Math.max(0, daysBetween(due, until)) : 0,
    variance: task.statusReason?.text,
    notes: (task.note ?? []).map((one) => one.text),
    task,
  };
}

export const lateSteps = (pathway: Pathway): number => pathway.steps.filter((one) => one.state === "open" && one.late > 0).length;

export function stepWords(step: PathwayStep): string {
  const days = (count: number) => `${count} ${count === 1 ? "day" : "days"}`;
  if (step.state === "left-out") return `Left out${step.variance ? `: ${step.variance}` : ", no reason given"}`;
  if (step.state === "done") return step.late > 0 ? `Done, ${days(step.late)} late${step.variance ? `: ${step.variance}` : ""}` : step.due ? "Done in time" : "Done";
  if (!step.due) return "No date set";
  return step.late > 0 ? `Overdue by ${days(step.late)}` : "To do";
}

// --- slots

export interface FreeSlot {
  id: string;
  start: string;
  end: string;
  service: string | undefined;
}

export function freeSlots(resources: FhirResource[], service: string | undefined, now: string): FreeSlot[] {
  const actors = new Map<string, (string | undefined)[]>(resources.flatMap((one) => (one.resourceType === "Schedule" ? [[`Schedule/${one.id}`, one.actor.map((each) => each.reference)] as const] : [])));
  return resources
    .filter((one): one is Slot => one.resourceType === "Slot" && one.status === "free" && Date.parse(one.start) > Date.parse(now))
    .map((one) => ({ id: one.id ?? "", start: one.start, end: one.end, actors: actors.get(one.schedule.reference ?? "") ?? [] }))
    .filter((one) => service === undefined || one.actors.includes(service))
    .map(({ id, start, end, actors: of }) => ({ id, start, end, service: of.find((each) => each?.startsWith("HealthcareService/")) }))
    .sort((a, b) => a.start.localeCompare(b.start) || a.id.localeCompare(b.id));
}
