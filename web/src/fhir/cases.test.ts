import { describe, expect, it } from "vitest";
import { actionsOf, askedOf, capacityOf, capacityWords, casesOf, filterCases, flagsOf, foundAs, matchesPerson, pageOf, riskWords, sortCases, sortFound, stepsOf, timeliness, whyNotStart, type Case } from "./cases.ts";

type EpisodeOfCare = fhir4.EpisodeOfCare;
type FhirResource = fhir4.FhirResource;
type Patient = fhir4.Patient;
type Task = fhir4.Task;

const today = "2026-11-22";
const patient = (id: string, family: string): Patient => ({ resourceType: "Patient", id, name: [{ use: "official", family, given: ["Ann"] }], identifier: [{ system: "https://fhir.nhs.uk/Id/nhs-number", value: "9992035072" }] });
const episode = (id: string, status: EpisodeOfCare["status"], more: Partial<EpisodeOfCare> = {}): EpisodeOfCare => ({
  resourceType: "EpisodeOfCare", id, status, patient: { reference: `Patient/${id}` }, statusHistory: [{ status, period: { start: "2026-10-01" } }],
  careManager: { reference: "PractitionerRole/co" }, team: [{ reference: "CareTeam/t" }], ...more,
});
const task = (id: string, of: string, due?: string, status: Task["status"] = "requested"): Task => ({ resourceType: "Task", id, status, intent: "order", for: { reference: `Patient/${of}` }, ...(due && { restriction: { period: { end: due } } }) });
const risk = (of: string, probability: number, counts: string, when = "2026-03-31"): FhirResource => ({
  resourceType: "RiskAssessment", id: `r${of}${when}`, status: "final", subject: { reference: `Patient/${of}` }, occurrenceDateTime: when,
  basis: [{ reference: `Observation/o${of}` }], prediction: [{ probabilityDecimal: probability }],
  note: [{ text: "Never for decisions about eligibility, resuscitation or rationing." }, { text: counts }],
});
const one = (resources: FhirResource[]): Case => casesOf(resources)[0]!;

describe("a case put together", () => {
  it("keeps risk, what care may change and gaps as three numbers, and the newest assessment speaks", () => {
    const read = one([episode("a", "planned"), patient("a", "Dwyer"), risk("a", 0.2, "What care may change: 1; gaps in care: 0. Counts", "2025-01-01"), risk("a", 0.861529, "What care may change: 7; gaps in care: 1. Counts of the rules that hold.")]);
    expect([read.risk, read.impactability, read.gaps]).toEqual([0.861529, 7, 1]);
    expect(read.cautions).toEqual(["Never for decisions about eligibility, resuscitation or rationing."]);
  });
  it("has only the reasons that the assessment rests on, each with its source", () => {
    const observation = (id: string, code: string): FhirResource => ({ resourceType: "Observation", id, status: "final", code: {}, subject: { reference: "Patient/a" }, category: [{ coding: [{ system: "urn:joinedup:case-finding", code }] }], valueString: "2 emergency admissions", note: [{ text: "Source: hospital stays" }], effectiveDateTime: "2025-09-30" });
    const read = one([episode("a", "planned"), risk("a", 0.5, ""), observation("oa", "risk"), observation("other", "risk")]);
    expect(read.reasons).toEqual([{ id: "oa", dimension: "risk", words: "2 emergency admissions", date: "2025-09-30", source: "hospital stays" }]);
  });
  it("reads each step's reason and who, and the answers in the order of their dates", () => {
    const history: EpisodeOfCare = episode("a", "waitlist", {
      statusHistory: [{ status: "planned", period: { start: "2026-10-01", end: "2026-10-05" } }, { status: "waitlist", period: { start: "2026-10-05" }, extension: [{ url: "urn:joinedup:reason", valueString: "Accepted" }, { url: "urn:joinedup:by", valueReference: { reference: "Practitioner/p" } }] }],
      extension: [
        { url: "urn:joinedup:asked", extension: [{ url: "outcome", valueCode: "agreed" }, { url: "on", valueDateTime: "2026-10-09" }] },
        { url: "urn:joinedup:asked", extension: [{ url: "outcome", valueCode: "offered" }, { url: "on", valueDateTime: "2026-10-07" }] },
      ],
    });
    expect(stepsOf(history)[1]).toEqual({ status: "waitlist", start: "2026-10-05", reason: "Accepted", by: "Practitioner/p" });
    expect(askedOf(history).map((each) => each.outcome)).toEqual(["offered", "agreed"]);
  });
  it("shows an episode once where two searches gave it", () => {
    expect(casesOf([episode("a", "active"), episode("a", "active")])).toHaveLength(1);
  });
});

describe("the found list", () => {
  it("loses nobody: every planned or cancelled case stands in exactly one part", () => {
    const draft = { type: [{ coding: [{ system: "urn:joinedup:case-finding", code: "draft" }] }] };
    const until = (date: string) => ({ extension: [{ url: "urn:joinedup:deferred-until", valueDate: date }] });
    expect(foundAs(one([episode("a", "planned")]), today)).toBe("undecided");
    expect(foundAs(one([episode("a", "planned", draft)]), today)).toBe("draft");
    expect(foundAs(one([episode("a", "planned", until("2026-12-01"))]), today)).toBe("deferred");
    expect(foundAs(one([episode("a", "planned", until(today))]), today)).toBe("undecided"); // its day has come
    expect(foundAs(one([episode("a", "cancelled")]), today)).toBe("declined");
    expect(foundAs(one([episode("a", "active")]), today)).toBeUndefined();
  });
  it("sorts by one number at a time; a person without a number comes last, not first", () => {
    const all = casesOf([episode("a", "planned"), episode("b", "planned"), episode("c", "planned"), risk("a", 0.2, "What care may change: 7; gaps in care: 0."), risk("b", 0.8, "What care may change: 1; gaps in care: 3.")]);
    expect(sortFound(all, "risk").map((each) => each.id)).toEqual(["b", "a", "c"]);
    expect(sortFound(all, "impactability").map((each) => each.id)).toEqual(["a", "b", "c"]);
    expect(sortFound(all, "gaps").map((each) => each.id)).toEqual(["b", "a", "c"]);
  });
  it("finds by name and by NHS number with or without spaces", () => {
    const who = patient("a", "O'Dwyer");
    expect(matchesPerson(who, "dwyer ann")).toBe(true);
    expect(matchesPerson(who, "999 203")).toBe(true);
    expect(matchesPerson(who, "smith")).toBe(false);
    expect(matchesPerson(undefined, "")).toBe(true);
  });
  it("never says 0 or 100 in 100", () => {
    expect([riskWords(0.861529), riskWords(0.999), riskWords(0.0001), riskWords(undefined)]).toEqual(["86 in 100", "99 in 100", "1 in 100", "Not known"]);
  });
});

describe("the caseload", () => {
  it("counts a task without a date neither as on time nor as overdue", () => {
    expect([timeliness(undefined, today), timeliness("2026-11-21", today), timeliness(today, today), timeliness("2026-12-01", today)]).toEqual(["undated", "overdue", "today", "on-time"]);
    const flags = flagsOf(one([episode("a", "active"), task("1", "a"), task("2", "a", "2026-11-01"), task("3", "a", "2026-11-01", "completed")]), today).map((flag) => flag.words);
    expect(flags).toContain("1 task overdue");
    expect(flags).toContain("1 task with no date set");
  });
  it("says when nobody is named, and puts what is urgent first", () => {
    const { careManager: _, ...without } = episode("a", "active");
    const flags = flagsOf(one([without, task("1", "a")]), today);
    expect(flags.map((flag) => flag.words)).toEqual(["No plan yet", "No named co-ordinator", "No accountable professional", "1 task with no date set"]);
  });
  it("starts only after the person was asked", () => {
    const asked = (outcome: string, note?: string) => ({ extension: [{ url: "urn:joinedup:asked", extension: [{ url: "outcome", valueCode: outcome }, ...(note ? [{ url: "note", valueString: note }] : [])] }] });
    expect(actionsOf(one([episode("a", "waitlist")]))).not.toContain("start");
    expect(whyNotStart(one([episode("a", "waitlist")]))).toBe("Ask the person first, and record their answer");
    expect(actionsOf(one([episode("a", "waitlist", asked("agreed"))]))).toContain("start");
    expect(whyNotStart(one([episode("a", "waitlist", asked("agreed"))]))).toBeUndefined();
    expect(actionsOf(one([episode("a", "waitlist", asked("lacks-capacity"))]))).not.toContain("start");
    expect(actionsOf(one([episode("a", "waitlist", asked("lacks-capacity", "Best interests meeting with daughter"))]))).toContain("start");
    expect(actionsOf(one([episode("a", "finished")]))).toEqual([]);
  });
  it("puts an overdue review first, and one without a date before one that is not due", () => {
    const plan = (of: string, date?: string): FhirResource => ({ resourceType: "CarePlan", id: `p${of}`, status: "active", intent: "plan", subject: { reference: `Patient/${of}` }, category: [{ coding: [{ system: "urn:joinedup:plan", code: "care-and-support" }] }], ...(date && { extension: [{ url: "urn:joinedup:review", extension: [{ url: "date", valueDate: date }] }] }) });
    const all = casesOf([episode("later", "active"), episode("none", "active"), episode("late", "active"), plan("later", "2027-01-01"), plan("none"), plan("late", "2026-01-01")]);
    expect(sortCases(all, "review", today).map((each) => each.id)).toEqual(["late", "none", "later"]);
    expect(filterCases(all, { review: "overdue" }, today).map((each) => each.id)).toEqual(["late"]);
    expect(filterCases(all, { review: "none" }, today).map((each) => each.id)).toEqual(["none"]);
    expect(filterCases(all, { coordinator: "PractitionerRole/other" }, today)).toEqual([]);
  });
});

it("a page beyond the end is the last one, and all pages together are everybody", () => {
  const all = Array.from({ length: 45 }, (_, index) => index);
  expect(pageOf(all, 9, 20)).toMatchObject({ page: 3, pages: 3, from: 41, to: 45, total: 45 });
  expect([1, 2, 3].flatMap((page) => pageOf(all, page, 20).items)).toEqual(all);
  expect(pageOf([], Number.NaN, 20)).toMatchObject({ page: 1, pages: 1, from: 0, to: 0 });
});

it("capacity is said in a sentence, also when it is passed", () => {
  const read = capacityOf({ parameter: [{ name: "capacity", valueInteger: 12 }, { name: "active", valueInteger: 9 }, { name: "waiting", valueInteger: 4 }, { name: "worker", part: [{ name: "role", valueReference: { reference: "PractitionerRole/1" } }, { name: "name", valueString: "Jo Ray" }, { name: "cases", valueInteger: 9 }, { name: "overdue", valueInteger: 2 }] }] });
  expect(read.workers).toEqual([{ role: "PractitionerRole/1", name: "Jo Ray", cases: 9, overdue: 2 }]);
  expect(capacityWords("Team 1", read)).toBe("Team 1 looks after 9, 4 wait to start, of 12: 1 more than it has room for.");
  expect(capacityWords("Team 1", { capacity: undefined, active: 1, waiting: 0, workers: [] })).toContain("no limit");
});
