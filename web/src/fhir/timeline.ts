// One line of time across all settings: what happened to a person, where, newest first.
//
//   const all = timelineOf(record);
//   filtered(all, { settings: new Set(["hospital"]), year: "2025" })
import type { Appointment, Communication, Encounter, EpisodeOfCare, FhirResource, QuestionnaireResponse, ServiceRequest } from "fhir/r4";
import { conceptText, hasCode } from "./extensions.ts";
import { readable } from "./format.ts";

export type Setting = "practice" | "emergency" | "hospital" | "outpatients" | "community" | "mental-health" | "social-care" | "housing" | "voluntary" | "team";
export const settingWords: Readonly<Record<Setting, string>> = {
  practice: "General practice",
  emergency: "Emergency department",
  hospital: "Hospital stay",
  outpatients: "Outpatients",
  community: "Community health",
  "mental-health": "Mental health",
  "social-care": "Social care",
  housing: "Housing",
  voluntary: "Voluntary sector",
  team: "The team",
};

export interface TimelineEntry {
  id: string;
  reference: string;
  from: string;
  until: string;
  ongoing: boolean;
  planned: boolean;
  setting: Setting;
  what: string;
  where: string;
  detail: string;
  restricted: boolean;
}

const feedOf = (resource: FhirResource): string => /:feed:([^:]+)$/.exec(resource.meta?.source ?? "")?.[1] ?? "";
const isRestricted = (resource: FhirResource): boolean => (resource.meta?.security ?? []).some((one) => one.code === "R" || one.code === "V" || (one.system ?? "").startsWith("urn:joinedup:label"));

// The headings of ICD-10"s chapters (World Health Organization, ICD-10 volume 1), for a code that came without words.
const chapters: readonly (readonly [string, string, string])[] = [
  ["A00", "B99", "Infection"],
  ["C00", "D48", "Tumour or growth"],
  ["D50", "D89", "Blood or immune condition"],
  ["E00", "E90", "Hormone, nutrition or metabolic condition"],
  ["F00", "F99", "Mental or behavioural condition"],
  ["G00", "G99", "Condition of the nervous system"],
  ["H00", "H59", "Eye condition"],
  ["H60", "H95", "Ear condition"],
  ["I00", "I99", "Condition of the heart or circulation"],
  ["J00", "J99", "Condition of the lungs or breathing"],
  ["K00", "K93", "Condition of the digestive system"],
  ["L00", "L99", "Skin condition"],
  ["M00", "M99", "Condition of the muscles, bones or joints"],
  ["N00", "N99", "Condition of the kidneys, bladder or reproductive system"],
  ["O00", "O99", "Pregnancy or birth"],
  ["P00", "P96", "Condition from the time of birth"],
  ["Q00", "Q99", "Condition present from birth"],
  ["R00", "R99", "Symptoms or abnormal findings"],
  ["S00", "T98", "Injury or poisoning"],
  ["V01", "Y98", "Outside cause of harm"],
  ["Z00", "Z99", "Contact for another reason"],
  ["U00", "U99", "Special code"],
];
export function diagnosisWords(code: string): string {
  const stem = code.slice(0, 3).toUpperCase();
  const chapter = chapters.find(([from, to]) => stem >= from && stem <= to);
  return chapter ? `${chapter[2]} (ICD-10 ${code})` : `ICD-10 ${code}`;
}

// Team types of the Community Services Data Set that come as codes.
const communityTeams: Readonly<Record<string, string>> = {
  DISTNURS: "District nursing",
  INTERMED: "Intermediate care",
  PHYSIO: "Physiotherapy",
  OCCTHER: "Occupational therapy",
  PODIATRY: "Podiatry",
  SPEECH: "Speech and language therapy",
  DIETET: "Dietetics",
  TISSUE: "Tissue viability",
  CONTIN: "Continence",
  RAPID: "Rapid response",
  REHAB: "Rehabilitation",
  PALLIAT: "Palliative care",
};
function kindWords(text: string): string {
  const [kind, code] = text.split(/:\s+/, 2);
  if (!code) return text;
  if (kind === "Community contact") return communityTeams[code] ?? `Community contact (${code})`;
  if (kind === "General practice") return code;
  return text;
}

export function settingOf(encounter: Encounter): Setting {
  const feed = feedOf(encounter);
  const type = (encounter.type ?? []).map(conceptText).join(" ");
  if (feed === "mhsds" || /^Mental health/i.test(type)) return "mental-health";
  if (feed === "csds" || /^Community/i.test(type)) return "community";
  if (feed.startsWith("gp") || /^General practice/i.test(type)) return "practice";
  if (encounter.class.code === "EMER" || /emergency department/i.test(type)) return "emergency";
  if (encounter.class.code === "IMP" || encounter.class.code === "ACUTE" || encounter.class.code === "NONAC") return "hospital";
  if (feed.includes("op") || /outpatient/i.test(type)) return "outpatients";
  if (/hous|tenan/i.test(feed + type)) return "housing";
  if (/vol|vcse|neighbour/i.test(feed + type)) return "voluntary";
  if (/asc|social/i.test(feed + type)) return "social-care";
  return "team";
}

// A hospital's message says the class of a visit and often no more.
const classWords: Readonly<Record<string, string>> = { EMER: "Emergency department attendance", IMP: "Hospital stay", ACUTE: "Hospital stay", NONAC: "Hospital stay", AMB: "Contact", HH: "Home visit", VR: "Telephone or online contact" };
const channel: Readonly<Record<string, string>> = { VR: "by telephone or online", HH: "at home" };

function ofEncounter(one: Encounter, name: (reference: string) => string): TimelineEntry {
  const setting = settingOf(one);
  const diagnoses = (one.reasonCode ?? []).map((reason) => reason.text ?? reason.coding?.[0]?.display ?? (reason.coding?.[0]?.code ? diagnosisWords(reason.coding[0].code) : "")).filter(Boolean);
  const how = setting === "practice" || setting === "community" || setting === "mental-health" || setting === "team" ? channel[one.class.code ?? ""] : undefined;
  const from = one.period?.start ?? "";
  const kind = kindWords((one.type ?? []).map(conceptText)[0] || (classWords[one.class.code ?? ""] ?? one.class.display ?? "Contact"));
  return {
    id: one.id ?? "",
    reference: `Encounter/${one.id ?? ""}`,
    from: from.slice(0, 10),
    until: (one.period?.end ?? "").slice(0, 10),
    ongoing: one.status === "in-progress" || one.status === "onleave",
    planned: one.status === "planned",
    setting,
    what: how && !/telephone|online|video|home|letter|email/i.test(kind) ? `${kind}, ${how}` : kind,
    where: name(one.serviceProvider?.reference ?? ""),
    detail: diagnoses.join("; "),
    restricted: isRestricted(one),
  };
}

function ofRequest(one: ServiceRequest, name: (reference: string) => string): TimelineEntry | undefined {
  const from = one.occurrencePeriod?.start ?? one.authoredOn ?? "";
  if (!from) return undefined;
  const social = (one.category ?? []).some((category) => /social/i.test(conceptText(category)));
  return {
    id: one.id ?? "",
    reference: `ServiceRequest/${one.id ?? ""}`,
    from: from.slice(0, 10),
    until: (one.occurrencePeriod?.end ?? "").slice(0, 10),
    ongoing: social && one.status === "active",
    planned: false,
    setting: social ? "social-care" : "team",
    what: social ? conceptText(one.code) : `Referral: ${conceptText(one.code) || conceptText(one.reasonCode?.[0])}`,
    where: (one.performer ?? []).map((performer) => performer.display ?? name(performer.reference ?? "")).filter(Boolean).join(", "),
    detail: social ? "" : conceptText(one.reasonCode?.[0]),
    restricted: isRestricted(one),
  };
}

const stepWords: Readonly<Record<string, string>> = {
  planned: "Found by case finding",
  waitlist: "Accepted on to the caseload",
  active: "Started with the team",
  onhold: "Put on hold",
  finished: "Finished with the team",
  cancelled: "Not taken on",
};
export const caseStateWords: Readonly<Record<string, string>> = { planned: "Found, not yet decided", waitlist: "Accepted, not started", active: "Active", onhold: "On hold", finished: "Finished", cancelled: "Not taken on", "entered-in-error": "Entered by mistake" };

const ofEpisode = (one: EpisodeOfCare, name: (reference: string) => string): TimelineEntry[] =>
  (one.statusHistory ?? []).map((step, i) => ({
    id: `${one.id ?? ""}-${i}`,
    reference: `EpisodeOfCare/${one.id ?? ""}`,
    from: (step.period.start ?? "").slice(0, 10),
    until: "",
    ongoing: false,
    planned: false,
    setting: "team" as const,
    what: i > 0 && step.status === "active" && one.statusHistory?.[i - 1]?.status === "onhold" ? "Resumed after being on hold" : (stepWords[step.status] ?? step.status),
    where: name(one.team?.[0]?.reference ?? ""),
    detail: step.extension?.find((extension) => extension.url === "urn:joinedup:reason")?.valueString ?? "",
    restricted: isRestricted(one),
  }));

const ofResponse = (one: QuestionnaireResponse, title: (canonical: string) => string, name: (reference: string) => string): TimelineEntry => ({
  id: one.id ?? "",
  reference: `QuestionnaireResponse/${one.id ?? ""}`,
  from: (one.authored ?? "").slice(0, 10),
  until: "",
  ongoing: false,
  planned: false,
  setting: "team",
  what: `Assessment: ${title(one.questionnaire ?? "")}`,
  where: name(one.author?.reference ?? ""),
  detail: "",
  restricted: isRestricted(one),
});

const ofAppointment = (one: Appointment, name: (reference: string) => string): TimelineEntry => ({
  id: one.id ?? "",
  reference: `Appointment/${one.id ?? ""}`,
  from: (one.start ?? "").slice(0, 10),
  until: "",
  ongoing: false,
  planned: one.status === "booked" || one.status === "pending" || one.status === "proposed",
  setting: "team",
  what: `Appointment: ${one.description ?? (conceptText(one.serviceType?.[0]) || "with the team")}`,
  where: one.participant.map((participant) => participant.actor?.display ?? name(participant.actor?.reference ?? "")).filter((text) => text !== "").join(", "),
  detail: "",
  restricted: isRestricted(one),
});

const ofMessage = (one: Communication, name: (reference: string) => string): TimelineEntry => ({
  id: one.id ?? "",
  reference: `Communication/${one.id ?? ""}`,
  from: (one.sent ?? one.received ?? "").slice(0, 10),
  until: "",
  ongoing: false,
  planned: false,
  setting: "team",
  what: hasCode(one.category, "http://terminology.hl7.org/CodeSystem/communication-category", "alert") ? "Alert" : "Message",
  where: name(one.sender?.reference ?? ""),
  detail: readable(one.payload?.[0]?.contentString ?? ""),
  restricted: isRestricted(one),
});

export interface TimelineNames {
  name: (reference: string) => string;
  questionnaire: (canonical: string) => string;
}

export function timelineOf(resources: readonly FhirResource[], names: TimelineNames): TimelineEntry[] {
  const out = resources.flatMap((one): TimelineEntry[] => {
    switch (one.resourceType) {
      case "Encounter":
        return one.status === "cancelled" || one.status === "entered-in-error" ? [] : [ofEncounter(one, names.name)];
      case "ServiceRequest":
        return one.status === "entered-in-error" ? [] : [ofRequest(one, names.name) ?? []].flat();
      case "EpisodeOfCare":
        return one.status === "entered-in-error" ? [] : ofEpisode(one, names.name);
      case "QuestionnaireResponse":
        return one.status === "completed" || one.status === "amended" ? [ofResponse(one, names.questionnaire, names.name)] : [];
      case "Appointment":
        return one.status === "cancelled" || one.status === "entered-in-error" ? [] : [ofAppointment(one, names.name)];
      case "Communication":
        return one.status === "entered-in-error" ? [] : [ofMessage(one, names.name)];
      default:
        return [];
    }
  });
  return out.filter((entry) => entry.from !== "").sort((a, b) => b.from.localeCompare(a.from) || a.reference.localeCompare(b.reference));
}

export interface TimelineFilter {
  settings: ReadonlySet<Setting>;
  year: string;
  words: string;
}
/** A stay belongs to every year that it touches; one that goes on, to this year too. */
export function yearsOf(entry: TimelineEntry, today: string): string[] {
  const first = Number(entry.from.slice(0, 4));
  const last = Number((entry.until || (entry.ongoing ? today : entry.from)).slice(0, 4));
  return Array.from({ length: Math.max(1, Math.min(100, last - first + 1)) }, (_, i) => String(first + i));
}
export const filtered = (entries: readonly TimelineEntry[], filter: TimelineFilter, today: string): TimelineEntry[] => {
  const words = filter.words.trim().toLowerCase();
  return entries.filter(
    (one) =>
      (filter.settings.size === 0 || filter.settings.has(one.setting)) &&
      (filter.year === "" || yearsOf(one, today).includes(filter.year)) &&
      (words === "" || `${one.what} ${one.where} ${one.detail} ${settingWords[one.setting]}`.toLowerCase().includes(words)),
  );
};

export const entryKey = (entry: TimelineEntry): string => `${entry.reference}#${entry.id}`;
