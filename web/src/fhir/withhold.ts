// What a safeguarding lead may withhold from a person or from who acts for them, in words. Pure: no network, no clock of its own.
//
//   const entries = entriesOf(record.everything(), names);          // newest first, each with its kind
//   linkedTo(record.everything(), "Task/7")                         // entries that tell of the same
//   withheldOf(parameters)                                          // $withheld
import type { FhirResource } from "fhir/r4";
import { conceptText } from "./extensions.ts";
import { localReference } from "./record.ts";
import { timelineOf, type TimelineNames } from "./timeline.ts";

/** Kinds of entries that a person sees of their record, in the words of the page. */
export const kindWords: Readonly<Record<string, string>> = {
  Communication: "Messages, notes and alerts",
  Encounter: "Contacts and stays",
  Task: "Actions, decisions and referrals on their way",
  ServiceRequest: "Referrals and packages of care",
  Observation: "Measurements and scores",
  QuestionnaireResponse: "Assessments",
  CarePlan: "Plans",
  Goal: "Goals",
  Condition: "Conditions and needs",
  MedicationStatement: "Medicines",
  AllergyIntolerance: "Allergies",
  Appointment: "Appointments",
  EpisodeOfCare: "Being on the caseload",
  RiskAssessment: "Why the person was found",
  Flag: "Alerts on the record",
  CareTeam: "Teams",
};

export interface Entry {
  reference: string;
  type: string;
  date: string; // "" where it has none
  words: string;
}

function dateOf(one: FhirResource): string {
  switch (one.resourceType) {
    case "CarePlan":
      return one.created ?? one.period?.start ?? "";
    case "Goal":
      return one.startDate ?? one.statusDate ?? "";
    case "Task":
      return one.authoredOn ?? "";
    case "Condition":
      return one.recordedDate ?? one.onsetDateTime ?? "";
    case "MedicationStatement":
      return one.dateAsserted ?? one.effectiveDateTime ?? one.effectivePeriod?.start ?? "";
    case "AllergyIntolerance":
      return one.recordedDate ?? one.onsetDateTime ?? "";
    case "Observation":
      return one.effectiveDateTime ?? one.issued ?? "";
    case "RiskAssessment":
      return one.occurrenceDateTime ?? "";
    case "EpisodeOfCare":
      return one.period?.start ?? "";
    case "Flag":
      return one.period?.start ?? "";
    case "ServiceRequest":
      return one.authoredOn ?? "";
    default:
      return "";
  }
}

function wordsOf(one: FhirResource): string {
  switch (one.resourceType) {
    case "CarePlan":
      return one.title ?? "A plan";
    case "Goal":
      return one.description.text ?? conceptText(one.description);
    case "Task":
      return one.description ?? conceptText(one.code);
    case "Condition":
    case "AllergyIntolerance":
    case "Flag":
      return conceptText(one.code);
    case "MedicationStatement":
      return conceptText(one.medicationCodeableConcept);
    case "Observation": {
      const value = one.valueString ?? (one.valueQuantity?.value !== undefined ? `${one.valueQuantity.value} ${one.valueQuantity.unit ?? ""}`.trim() : conceptText(one.valueCodeableConcept));
      return [conceptText(one.code), value].filter(Boolean).join(": ");
    }
    case "RiskAssessment":
      return one.method?.text ?? "An assessment of risk";
    case "EpisodeOfCare":
      return "Being on the caseload";
    case "CareTeam":
      return one.name ?? "A team";
    case "ServiceRequest":
      return conceptText(one.code) || conceptText(one.reasonCode?.[0]);
    default:
      return "";
  }
}

const shortened = (text: string): string => (text.length > 90 ? `${text.slice(0, 89).trimEnd()}…` : text);

/** Every entry that could be withheld, newest first; one without words says its kind. */
export function entriesOf(resources: readonly FhirResource[], names: TimelineNames): Entry[] {
  const times = new Map(timelineOf(resources.filter((one) => one.resourceType !== "EpisodeOfCare"), names).map((one) => [one.reference, one]));
  return resources
    .flatMap((one): Entry[] => {
      const kind = kindWords[one.resourceType];
      if (!kind || !one.id) return [];
      const reference = `${one.resourceType}/${one.id}`;
      const line = times.get(reference);
      const words = line ? [line.what, line.where, line.detail].filter(Boolean).join(", ") : wordsOf(one);
      return [{ reference, type: one.resourceType, date: (line?.from ?? dateOf(one)).slice(0, 10), words: shortened(words.replace(/\s+/g, " ").trim() || kind) }];
    })
    .sort((a, b) => b.date.localeCompare(a.date) || a.words.localeCompare(b.words, "en-GB") || a.reference.localeCompare(b.reference));
}

/** Entries that name this one or that it names: what tells of the same must be withheld with it. */
export function linkedTo(resources: readonly FhirResource[], reference: string): string[] {
  const refers = (one: FhirResource): Set<string> => new Set([...JSON.stringify(one).matchAll(/"reference":"([^"]+)"/g)].map((found) => localReference((found[1] ?? "").replace(/\/_history\/.*$/, ""))));
  const own = resources.find((one) => `${one.resourceType}/${one.id ?? ""}` === reference);
  const named = own ? refers(own) : new Set<string>();
  // A whole stay on the caseload or a team is named by nearly everything: it does not tell of one entry.
  const general = new Set(["EpisodeOfCare", "CareTeam"]);
  return resources.flatMap((one) => {
    const at = `${one.resourceType}/${one.id ?? ""}`;
    if (at === reference || !kindWords[one.resourceType] || general.has(one.resourceType)) return [];
    return named.has(at) || refers(one).has(reference) ? [at] : [];
  });
}

export type From = "person-and-proxies" | "proxies" | "one-proxy";
export interface Withheld {
  number: number;
  resource: string; // "" where it is a whole kind
  type: string;
  from: From;
  relatedPerson: string; // RelatedPerson/…
  patient: string; // Patient/…
  reason: string;
  by: string; // the account
  practitioner: string; // Practitioner/…
  at: string;
  review: string; // a day
  ended: string;
}

/** $withheld: withheld[]. */
export function withheldOf(parameters: fhir4.Parameters): Withheld[] {
  return (parameters.parameter ?? [])
    .filter((one) => one.name === "withheld")
    .map((one) => {
      const part = (name: string) => one.part?.find((each) => each.name === name);
      return {
        number: part("number")?.valueInteger ?? 0,
        resource: localReference(part("resource")?.valueReference),
        type: part("type")?.valueCode ?? "",
        from: (part("from")?.valueCode ?? "person-and-proxies") as From,
        relatedPerson: localReference(part("related-person")?.valueReference),
        patient: localReference(part("patient")?.valueReference),
        reason: part("reason")?.valueString ?? "",
        by: part("by")?.valueString ?? "",
        practitioner: localReference(part("practitioner")?.valueReference),
        at: part("at")?.valueInstant ?? "",
        review: part("review")?.valueDate ?? "",
        ended: part("ended")?.valueInstant ?? "",
      };
    });
}

/** What is withheld now, the one to be looked at first before the others. */
export const inForce = (all: readonly Withheld[]): Withheld[] => all.filter((one) => !one.ended).sort((a, b) => a.review.localeCompare(b.review) || a.number - b.number);

export function fromWords(one: Pick<Withheld, "from" | "relatedPerson">, name: (reference: string) => string): string {
  if (one.from === "person-and-proxies") return "The person, and everybody who acts for them";
  if (one.from === "proxies") return "Everybody who acts for the person";
  return name(one.relatedPerson) || "Somebody who acts for the person";
}

export interface ReviewDue {
  patient: string; // Patient/…
  count: number;
  review: string; // the first of them
}

/** By person, what must be looked at again until a day; the first day first. */
export function reviewsUntil(parameters: fhir4.Parameters, until: string): ReviewDue[] {
  const by = new Map<string, ReviewDue>();
  for (const one of inForce(withheldOf(parameters))) {
    if (one.review > until) continue;
    const known = by.get(one.patient);
    if (known) known.count += 1;
    else by.set(one.patient, { patient: one.patient, count: 1, review: one.review });
  }
  return [...by.values()];
}
