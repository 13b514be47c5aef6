// What the record says, in the words of a person's own page: short, and of a reading age of about ten.
import { codeOf, extension, extensions, localReference, words } from "../../fhir/record.ts";

/** Headings of the plan, in the order of the page. */
export const planHeadings: [string, string][] = [
  ["most-important", "What matters most to me"],
  ["people-important", "People who matter to me"],
  ["how-i-communicate", "How to talk with me"],
  ["my-wellness", "How I am when I am well"],
  ["please-do", "Please do"],
  ["please-dont", "Please do not"],
  ["how-and-when-to-support", "How and when to help me"],
  ["also-worth-knowing", "Also good to know"],
  ["strengths", "What I am good at"],
  ["funding", "Who pays for my care"],
  ["additional-plans", "Other plans I have"],
];
export const troubleHeadings: [string, string][] = [
  ["early-warning", "Signs that I am getting worse"],
  ["triggers", "What can start a problem"],
  ["coping", "What helps me"],
  ["what-should-happen", "What should be done"],
  ["who-to-contact", "Who to call"],
  ["anticipatory-medicines", "Medicines and things kept ready for me"],
  ["advance-statement", "What I want if I cannot say it myself"],
];

export const isPlan = (plan: fhir4.CarePlan, kind: string): boolean => (plan.category ?? []).some((one) => codeOf(one, "plan") === kind);

export function sections(plan: fhir4.CarePlan, headings: [string, string][]): { code: string; heading: string; text: string }[] {
  const of = new Map(extensions(plan, "plan-section").map((one) => [extension(one, "code")?.valueCode ?? "", extension(one, "text")?.valueString ?? ""]));
  return headings.flatMap(([code, heading]) => {
    const text = of.get(code)?.trim();
    return text ? [{ code, heading, text }] : [];
  });
}

/** The one that is looked at: active before others, the latest first. */
export function chosenPlan(plans: fhir4.CarePlan[], kind: string): fhir4.CarePlan | undefined {
  const rank = (plan: fhir4.CarePlan) => `${plan.status === "active" ? 1 : 0}${plan.meta?.lastUpdated ?? ""}`;
  return plans.filter((one) => isPlan(one, kind) && !["entered-in-error", "revoked"].includes(one.status)).sort((a, b) => rank(b).localeCompare(rank(a)))[0];
}

export function taskState(task: fhir4.Task): string {
  switch (task.status) {
    case "completed":
      return "Done";
    case "in-progress":
      return "Started";
    case "on-hold":
      return "Waiting";
    case "cancelled":
    case "rejected":
    case "failed":
    case "entered-in-error":
      return "Will not happen";
    default:
      return "Not started";
  }
}

const roleWords: Record<string, string> = {
  person: "you",
  proxy: "somebody who helps you",
  gp: "GP",
  nurse: "nurse",
  social_worker: "social worker",
  co_ordinator: "care co-ordinator",
  team_lead: "team leader",
  safeguarding_lead: "safeguarding lead",
  guardian: "guardian of records",
  administrator: "administrator",
  analyst: "analyst",
  board: "board member",
  backend: "a computer system of a partner",
};
export const roleInWords = (role: string): string => roleWords[role] ?? role.replaceAll("_", " ");

const things: Record<string, string> = {
  Patient: "your details",
  CarePlan: "your plan",
  Goal: "your goals",
  Task: "what is to be done",
  Condition: "your conditions",
  MedicationStatement: "your medicines",
  MedicationRequest: "your medicines",
  Encounter: "your visits and stays",
  Observation: "your results",
  QuestionnaireResponse: "your answers to questions",
  Communication: "messages about you",
  Consent: "your choices",
  RelatedPerson: "the people who help you",
  EpisodeOfCare: "your care with the team",
  Appointment: "your appointments",
  ServiceRequest: "your referrals",
  RiskAssessment: "how likely you are to need more care",
  Flag: "alerts about you",
  CareTeam: "your team",
  AuditEvent: "who looked at your record",
  Provenance: "who wrote what",
};
export const thingInWords = (type: string): string => things[type] ?? "other parts of your record";

export interface Look {
  day: string;
  /** Practitioner/…, or nothing where it was the person, a helper or a machine. */
  practitioner: string;
  role: string;
  organisation: string;
  did: Set<string>;
  things: Set<string>;
  times: number;
  first: string;
  last: string;
  emergency: boolean;
  reason: string;
}

const didWords = (event: fhir4.AuditEvent): string => {
  switch (event.action) {
    case "C":
      return "added to";
    case "U":
      return "changed";
    case "D":
      return "removed something from";
    default:
      return "looked at";
  }
};

const dayOf = (instant: string): string => {
  const at = new Date(instant);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
};

/** Events of the log as a person reads them: who, on which day, what for; many requests of one visit are one line. */
export function looks(events: fhir4.AuditEvent[]): Look[] {
  const all = new Map<string, Look>();
  for (const event of events) {
    const agent = event.agent.find((one) => one.requestor) ?? event.agent[0];
    const practitioner = localReference(agent?.who).startsWith("Practitioner/") ? localReference(agent?.who) : "";
    const role = agent?.role?.[0]?.text ?? words(agent?.role?.[0]);
    const organisation = event.agent.find((one) => one.type?.coding?.some((coding) => coding.code === "PROV"))?.who?.identifier?.value ?? "";
    const emergency = (event.subtype ?? []).some((one) => one.code === "110127");
    const day = dayOf(event.recorded);
    const key = [day, practitioner || agent?.altId || "", role, emergency].join("|");
    const look = all.get(key) ?? { day, practitioner, role, organisation, did: new Set(), things: new Set(), times: 0, first: event.recorded, last: event.recorded, emergency, reason: "" };
    look.times += 1;
    look.did.add(didWords(event));
    for (const entity of event.entity ?? []) {
      const type = localReference((entity.what?.reference ?? "").replace(/\/_history\/.*$/, "")).split("/")[0] ?? ""; // the log names versions
      const isPerson = (entity.type?.code ?? "") === "1";
      if (type && !isPerson) look.things.add(thingInWords(type));
    }
    if (event.recorded < look.first) look.first = event.recorded;
    if (event.recorded > look.last) look.last = event.recorded;
    if (emergency && event.outcomeDesc) look.reason = event.outcomeDesc;
    all.set(key, look);
  }
  return [...all.values()].sort((a, b) => b.last.localeCompare(a.last));
}

/** "a, b and c". */
export function list(of: Iterable<string>): string {
  const all = [...of];
  return all.length < 2 ? (all[0] ?? "") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}
