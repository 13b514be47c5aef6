// Sharing choices in words and as Consent: who acts for the person, what they have refused, and the labels of restricted entries.
import type { CodeableConcept, Consent, Patient, Reference, RelatedPerson } from "fhir/r4";
import { conceptText, idOf } from "./extensions.ts";

export interface LabelWords {
  code: string;
  title: string;
  sentence: string;
  setters: readonly string[];
}
/** The sensitivity labels of the shipped policy: who may see each is decided by the server alone. */
export const labels: readonly LabelWords[] = [
  { code: "safeguarding", title: "Safeguarding", sentence: "Seen by the safeguarding lead, social workers and the practice’s doctors", setters: ["safeguarding_lead"] },
  { code: "mental_health", title: "Mental health", sentence: "Seen by those who look after the person", setters: ["gp", "nurse", "social_worker", "safeguarding_lead"] },
  { code: "substance_use", title: "Alcohol and drugs", sentence: "Seen by those who look after the person", setters: ["gp", "nurse", "social_worker", "safeguarding_lead"] },
  { code: "sexual_health", title: "Sexual health", sentence: "Seen by doctors and nurses", setters: ["gp", "nurse"] },
  { code: "social_care", title: "Social care", sentence: "Seen by those who look after the person", setters: ["gp", "nurse", "social_worker", "co_ordinator", "safeguarding_lead"] },
  { code: "housing", title: "Housing", sentence: "Seen by those who look after the person", setters: ["gp", "nurse", "social_worker", "co_ordinator", "safeguarding_lead"] },
];
export const labelSystem = "urn:joinedup:label";
export const labelsFor = (roles: readonly string[]): LabelWords[] => labels.filter((label) => label.setters.some((role) => roles.includes(role)));

export interface AuthorityWords {
  code: string;
  title: string;
  reach: string;
}
export const authoritySystem = "urn:joinedup:proxy-authority";
export const authorities: readonly AuthorityWords[] = [
  { code: "chosen", title: "Chosen by the person", reach: "Plan, tasks, appointments, team, messages, questionnaires and medicines" },
  { code: "attorney", title: "Attorney for health and welfare", reach: "The whole record, except what is restricted" },
  { code: "deputy", title: "Deputy appointed by the court", reach: "The whole record, except what is restricted" },
  { code: "parental", title: "Parent of a child under 16", reach: "The whole record, except what is restricted, until the 16th birthday" },
  { code: "best_interest", title: "In the person’s best interests", reach: "Plan, tasks, appointments, team, messages, questionnaires and medicines" },
];
const legalBasis: Readonly<Record<string, string>> = { consent: "chosen", "parental-responsibility": "parental", "lasting-power-of-attorney": "attorney", "court-appointed-personal-welfare-deputy": "deputy", "best-interest": "best_interest" };

export interface ProxyLine {
  consent: Consent;
  person: RelatedPerson | undefined;
  name: string;
  relation: string;
  authority: AuthorityWords | undefined;
  from: string;
  until: string;
  inForce: boolean;
}

const isProxy = (consent: Consent): boolean => consent.provision !== undefined && consent.provision.type !== "deny" && (consent.provision.actor ?? []).length > 0;
const within = (today: string, from: string, until: string): boolean => (!from || from.slice(0, 10) <= today) && (!until || until.slice(0, 10) >= today);

export const relatedName = (person: RelatedPerson | undefined): string => {
  const name = person?.name?.[0];
  return name?.text ?? [name?.given?.join(" "), name?.family].filter(Boolean).join(" ");
};

export function proxiesOf(consents: readonly Consent[], related: readonly RelatedPerson[], today: string): ProxyLine[] {
  return consents.filter(isProxy).map((consent) => {
    const person = related.find((one) => (consent.provision?.actor ?? []).some((actor) => idOf(actor.reference) === one.id));
    const coding = consent.policyRule?.coding?.[0];
    const code = coding?.system === authoritySystem ? coding.code : legalBasis[coding?.code ?? ""];
    const from = consent.provision?.period?.start ?? "";
    const until = consent.provision?.period?.end ?? "";
    return {
      consent,
      person,
      name: relatedName(person) || (person ? "Name not recorded" : "A person who is not named here"),
      relation: conceptText(person?.relationship?.[0]),
      authority: authorities.find((one) => one.code === code),
      from,
      until,
      inForce: consent.status === "active" && person?.active !== false && within(today, from, until),
    };
  });
}

/** Carers and family who act for nobody: known, but with no authority to see the record. */
export const carersWithout = (related: readonly RelatedPerson[], proxies: readonly ProxyLine[]): RelatedPerson[] => related.filter((one) => one.active !== false && !proxies.some((line) => line.inForce && line.person?.id === one.id));

export interface ObjectionKind {
  key: string;
  title: string;
  sentence: string;
}
export const objectionKinds: readonly ObjectionKind[] = [
  ...labels.filter((label) => label.code !== "safeguarding").map((label) => ({ key: `label:${label.code}`, title: `Entries on ${label.title.toLowerCase()}`, sentence: "Nobody sees them for care, this team and the practice included." })),
  { key: "secondary", title: "Research and planning", sentence: "Nothing about the person is used for purposes beyond their own care." },
  { key: "partner", title: "One organisation", sentence: "People who work for this organisation do not see the record." },
  { key: "all", title: "All sharing", sentence: "Nobody opens the shared record for care, this team, the practice and you included, except in an emergency and with a reason. Carers who act for the person lose sight of it too." },
];

const consentscope = "http://terminology.hl7.org/CodeSystem/consentscope";
const loincPrivacy: CodeableConcept = { coding: [{ system: "http://loinc.org", code: "59284-0" }] };
const actReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const treat = { system: actReason, code: "TREAT" };
const roleCode = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

export interface Objection {
  kind: string;
  patient: string;
  organisation?: Reference;
  from: string;
  note: string;
}

export function objectionConsent(objection: Objection, now = new Date()): Consent {
  const label = objection.kind.startsWith("label:") ? objection.kind.slice(6) : "";
  return {
    resourceType: "Consent",
    status: "active",
    scope: { coding: [{ system: consentscope, code: "patient-privacy" }] },
    category: [loincPrivacy],
    patient: { reference: `Patient/${objection.patient}` },
    dateTime: now.toISOString(),
    policyRule: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "OPTOUT" }], ...(objection.note.trim() ? { text: objection.note.trim() } : {}) },
    provision: {
      type: "deny",
      ...(objection.from ? { period: { start: objection.from } } : {}),
      ...(label ? { securityLabel: [{ system: labelSystem, code: label }] } : {}),
      ...(objection.kind === "secondary" ? { purpose: [{ system: actReason, code: "HRESCH" }] } : { purpose: [treat] }),
      ...(objection.kind === "partner" && objection.organisation
        ? { actor: [{ role: { coding: [{ system: roleCode, code: "IRCP" }] }, reference: objection.organisation }] }
        : {}),
    },
  };
}

export interface ObjectionLine {
  consent: Consent;
  title: string;
  detail: string;
  from: string;
  inForce: boolean;
}

const resourceWords: Readonly<Record<string, string>> = { Observation: "measurements and notes", Condition: "conditions", MedicationStatement: "medicines", Encounter: "contacts and stays", CarePlan: "plans", Communication: "messages", QuestionnaireResponse: "assessments", ServiceRequest: "referrals and packages" };

export function objectionsOf(consents: readonly Consent[], today: string, name: (reference: string) => string): ObjectionLine[] {
  return consents.flatMap((consent): ObjectionLine[] => {
    const provision = consent.provision;
    if (!provision || isProxy(consent)) return [];
    const denied = [...(provision.type === "deny" ? [provision] : []), ...(provision.provision ?? []).filter((one) => one.type === "deny")];
    return denied.map((one) => {
      const what = [
        ...(one.securityLabel ?? []).map((label) => `entries on ${(labels.find((words) => words.code === label.code)?.title ?? label.display ?? label.code ?? "").toLowerCase()}`),
        ...(one.class ?? []).map((type) => resourceWords[type.code ?? ""] ?? type.display ?? type.code ?? ""),
      ];
      const whom = (one.actor ?? []).map((actor) => actor.reference.display ?? name(actor.reference.reference ?? "")).filter(Boolean);
      const care = (one.purpose ?? []).length === 0 || (one.purpose ?? []).some((purpose) => purpose.code === "TREAT" || purpose.code === "ETREAT");
      const from = one.period?.start ?? provision.period?.start ?? consent.dateTime ?? "";
      const until = one.period?.end ?? provision.period?.end ?? "";
      const title = !care ? "Does not agree to uses beyond their own care" : `Does not agree to sharing ${what.length > 0 ? what.join(" and ") : "the record"}${whom.length > 0 ? ` with ${whom.join(" or ")}` : ""}`;
      return { consent, title, detail: consent.policyRule?.text ?? "", from: from.slice(0, 10), inForce: consent.status === "active" && within(today, "", until) };
    });
  });
}

export const proxyConsent = (patient: string, related: string, authority: string, from: string, until: string): Consent => ({
  resourceType: "Consent",
  status: "active",
  scope: { coding: [{ system: consentscope, code: "patient-privacy" }] },
  category: [loincPrivacy],
  patient: { reference: `Patient/${patient}` },
  dateTime: new Date().toISOString(),
  policyRule: { coding: [{ system: authoritySystem, code: authority }] },
  provision: {
    type: "permit",
    ...(from || until ? { period: { ...(from ? { start: from } : {}), ...(until ? { end: until } : {}) } } : {}),
    actor: [{ role: { coding: [{ system: roleCode, code: "IRCP" }] }, reference: { reference: related } }],
  },
});

/** Whether the record itself says that its address is protected. */
export const hasProtectedAddress = (patient: Patient): boolean => (patient.meta?.security ?? []).some((one) => one.code === "protected_address");
