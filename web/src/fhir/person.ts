// Everything the person page knows, from one batch: the searches, the record that their answers make, and the words for it.
import type {
  AllergyIntolerance, Appointment, Bundle, CarePlan, CareTeam, Communication, Condition, Consent, Encounter, EpisodeOfCare, FhirResource, Flag, Goal,
  HealthcareService, MedicationStatement, Observation, Organization, Patient, Practitioner, PractitionerRole, Provenance, Questionnaire, QuestionnaireResponse,
  RelatedPerson, RiskAssessment, ServiceRequest, Task,
} from "fhir/r4";
import type { Directory } from "./directory.ts";
import { conceptText, hasCode, idOf } from "./extensions.ts";

interface ByType {
  AllergyIntolerance: AllergyIntolerance; Appointment: Appointment; CarePlan: CarePlan; CareTeam: CareTeam; Communication: Communication; Condition: Condition; Consent: Consent;
  Encounter: Encounter; EpisodeOfCare: EpisodeOfCare; Flag: Flag; Goal: Goal; HealthcareService: HealthcareService; MedicationStatement: MedicationStatement;
  Observation: Observation; Organization: Organization; Patient: Patient; Practitioner: Practitioner; PractitionerRole: PractitionerRole; Provenance: Provenance;
  Questionnaire: Questionnaire; QuestionnaireResponse: QuestionnaireResponse; RelatedPerson: RelatedPerson; RiskAssessment: RiskAssessment; ServiceRequest: ServiceRequest; Task: Task;
}

/** What the page asks for at once. Encounters come newest first; older ones are asked for by the timeline. */
export const personSearches = (id: string): string[] => [
  `Patient/${id}`,
  `EpisodeOfCare?patient=${id}&_count=50`,
  `Flag?patient=${id}&status=active&_count=50`,
  `AllergyIntolerance?patient=${id}&_count=100`,
  `CarePlan?subject=Patient/${id}&_count=50`,
  `Goal?subject=Patient/${id}&_count=100`,
  `Task?patient=${id}&_count=200`,
  `Condition?patient=${id}&_count=200`,
  `MedicationStatement?patient=${id}&_count=200`,
  `Encounter?patient=${id}&_sort=-date&_count=100`,
  `RiskAssessment?patient=${id}&_count=20`,
  `Observation?patient=${id}&_count=200`,
  `ServiceRequest?patient=${id}&_count=100`,
  `Communication?subject=Patient/${id}&_sort=-sent&_count=100`,
  `QuestionnaireResponse?subject=Patient/${id}&_sort=-authored&_count=50`,
  `RelatedPerson?patient=${id}&_count=50`,
  `Consent?patient=${id}&_count=50`,
  `CareTeam?patient=${id}&_count=20`,
  `Appointment?patient=${id}&_sort=date&_count=50`,
  "Questionnaire?_count=100&_elements=url,title,status,description,version",
];
export class Holding {
  private readonly held = new Map<string, FhirResource>();
  private readonly types = new Map<string, FhirResource[]>();
  /** Types of which there is more than was read. */
  readonly cut = new Set<string>();

  add(resource: FhirResource | undefined): void {
    if (!resource?.id) return;
    const key = `${resource.resourceType}/${resource.id}`;
    const known = this.held.get(key);
    this.held.set(key, resource);
    const list = this.types.get(resource.resourceType) ?? [];
    if (known) list[list.indexOf(known)] = resource;
    else list.push(resource);
    this.types.set(resource.resourceType, list);
  }
  addBundle(bundle: Bundle<FhirResource>): void {
    for (const entry of bundle.entry ?? []) {
      const one = entry.resource;
      if (one?.resourceType === "Bundle") this.addBundle(one as Bundle<FhirResource>);
      else if (one?.resourceType !== "OperationOutcome") this.add(one);
    }
  }
  has(key: string): boolean {
    return this.held.has(key);
  }
  drop(key: string): void {
    const known = this.held.get(key);
    if (!known) return;
    this.held.delete(key);
    this.types.set(known.resourceType, (this.types.get(known.resourceType) ?? []).filter((one) => one !== known));
  }
  all<T extends keyof ByType>(type: T): ByType[T][] {
    return (this.types.get(type) ?? []) as ByType[T][];
  }
  get<T extends keyof ByType>(type: T, id: string | undefined): ByType[T] | undefined {
    return id ? (this.held.get(`${type}/${id}`) as ByType[T] | undefined) : undefined;
  }
  everything(): FhirResource[] {
    return [...this.held.values()];
  }
}

/** Who or what a reference of this record means: a worker or service by the directory, a relative by the record. */
export function nameOf(record: Holding, directory: Directory | undefined, reference: string | undefined): string {
  if (!reference) return "";
  const [type, id] = reference.replace(/\/_history\/.*$/, "").split("/").slice(-2);
  if (type === "Patient") return "the person";
  if (type === "RelatedPerson") {
    const name = record.get("RelatedPerson", id)?.name?.[0];
    return name?.text ?? [name?.given?.join(" "), name?.family].filter(Boolean).join(" ");
  }
  return directory?.worker(`${type}/${id}`) ?? "";
}

/** The stay on a caseload that counts now: an open one before one that is over. */
export function episodeOf(episodes: readonly EpisodeOfCare[]): EpisodeOfCare | undefined {
  const rank = ["active", "onhold", "waitlist", "planned", "finished", "cancelled"];
  return [...episodes].filter((one) => one.status !== "entered-in-error").sort((a, b) => rank.indexOf(a.status) - rank.indexOf(b.status) || (b.period?.start ?? "").localeCompare(a.period?.start ?? ""))[0];
}

export interface Alert {
  key: string;
  kind: "death" | "allergy" | "flag" | "label";
  text: string;
}
export function alertsOf(record: Holding, patient: Patient): Alert[] {
  const out: Alert[] = [];
  for (const one of record.all("AllergyIntolerance")) {
    if (hasCode(one.clinicalStatus, "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "resolved") || hasCode(one.verificationStatus, "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "entered-in-error")) continue;
    const reaction = one.reaction?.flatMap((each) => each.manifestation.map(conceptText)).join(", ");
    out.push({ key: `AllergyIntolerance/${one.id ?? ""}`, kind: "allergy", text: `Allergy: ${conceptText(one.code)}${reaction ? ` (${reaction})` : ""}` });
  }
  for (const one of record.all("Flag")) if (one.status === "active") out.push({ key: `Flag/${one.id ?? ""}`, kind: "flag", text: conceptText(one.code) });
  if ((patient.meta?.security ?? []).some((one) => one.code === "protected_address")) out.push({ key: "address", kind: "label", text: "Protected address: do not give it to anybody" });
  return out;
}

export interface WhyFound {
  assessment: RiskAssessment;
  likelihood: number | undefined;
  model: string;
  date: string;
  limits: string[];
  risk: Observation[];
  impactability: Observation[];
  gaps: Observation[];
  hidden: number;
}
/** Three separate things, never one number: risk, what care may change, and gaps in care. */
export function whyFound(record: Holding): WhyFound | undefined {
  const assessment = [...record.all("RiskAssessment")].sort((a, b) => (b.occurrenceDateTime ?? "").localeCompare(a.occurrenceDateTime ?? ""))[0];
  if (!assessment) return undefined;
  const basis = (assessment.basis ?? []).map((one) => record.get("Observation", idOf(one)));
  const seen = basis.filter((one): one is Observation => one !== undefined);
  const of = (dimension: string) => seen.filter((one) => hasCode(one.category, "urn:joinedup:case-finding", dimension));
  return {
    assessment,
    likelihood: assessment.prediction?.[0]?.probabilityDecimal,
    model: assessment.method?.text ?? "",
    date: assessment.occurrenceDateTime ?? "",
    limits: (assessment.note ?? []).map((one) => one.text).filter((text) => !/^What care may change: \d/.test(text)),
    risk: of("risk"),
    impactability: of("impactability"),
    gaps: of("care_gaps"),
    hidden: basis.length - seen.length,
  };
}

export const scoreSystem = "urn:joinedup:score";
export interface ScoreSeries {
  code: string;
  title: string;
  points: { date: string; value: number; response: string }[];
}
export function scoreSeries(observations: readonly Observation[]): ScoreSeries[] {
  const out = new Map<string, ScoreSeries>();
  for (const one of observations) {
    const coding = one.code.coding?.find((each) => each.system === scoreSystem);
    const value = one.valueQuantity?.value ?? one.valueInteger;
    if (!coding?.code || value === undefined || one.status === "entered-in-error" || one.status === "cancelled") continue;
    const series = out.get(coding.code) ?? { code: coding.code, title: one.code.text ?? coding.display ?? coding.code, points: [] };
    series.points.push({ date: one.effectiveDateTime ?? one.issued ?? "", value, response: idOf(one.derivedFrom?.[0]) });
    out.set(coding.code, series);
  }
  for (const series of out.values()) series.points.sort((a, b) => a.date.localeCompare(b.date));
  return [...out.values()].sort((a, b) => a.title.localeCompare(b.title, "en-GB"));
}

export const isProblem = (condition: Condition): boolean =>
  !(condition.category ?? []).some((one) => one.coding?.some((coding) => coding.code === "health-concern")) &&
  !["inactive", "resolved", "remission"].includes(condition.clinicalStatus?.coding?.[0]?.code ?? "active") &&
  !hasCode(condition.verificationStatus, "http://terminology.hl7.org/CodeSystem/condition-ver-status", "entered-in-error");

export const questionnaireTitle = (record: Holding, canonical: string): string => {
  const [url] = canonical.split("|");
  const found = record.all("Questionnaire").find((one) => one.url === url || `Questionnaire/${one.id ?? ""}` === url || one.id === url?.split("/").pop());
  return found?.title ?? "a questionnaire";
};
