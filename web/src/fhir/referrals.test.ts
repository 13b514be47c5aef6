import { describe, expect, it } from "vitest";
import { answersOf, checkedWords, findServices, freeSlots, inGroup, isStuck, pathwaysOf, referralsOf, servicesOf, stepWords, stuckWords, type Me, type Referral } from "./referrals.ts";

type FhirResource = fhir4.FhirResource;
type PlanDefinition = fhir4.PlanDefinition;
type ServiceRequest = fhir4.ServiceRequest;
type Task = fhir4.Task;

const today = "2026-11-22";
const me: Me = { practitioner: "Practitioner/me", roles: ["PractitionerRole/mine"], services: ["HealthcareService/ours"], organisations: ["Organization/ours"] };
const request = (id: string, more: Partial<ServiceRequest> = {}): ServiceRequest => ({ resourceType: "ServiceRequest", id: `s${id}`, status: "active", intent: "order", subject: { reference: "Patient/p" }, priority: "routine", reasonCode: [{ text: "Falls at home" }], ...more });
const task = (id: string, status: Task["status"], more: Partial<Task> = {}): Task => ({
  resourceType: "Task", id, status, intent: "order", code: { coding: [{ system: "urn:joinedup:task", code: "referral" }] }, focus: { reference: `ServiceRequest/s${id}` }, for: { reference: "Patient/p" },
  authoredOn: "2026-11-20", owner: { reference: "HealthcareService/other" }, requester: { reference: "PractitionerRole/mine" }, ...more,
});
const one = (status: Task["status"], more: Partial<Task> = {}, asked: Partial<ServiceRequest> = {}): Referral => referralsOf([task("a", status, more), request("a", asked)])[0]!;
const limit = (date: string): Partial<Task> => ({ restriction: { period: { end: date } } });

describe("where a referral stands", () => {
  it("acceptance is not completion", () => {
    expect(["requested", "accepted", "in-progress", "completed", "rejected"].map((status) => one(status as Task["status"]).stand)).toEqual(["waiting", "accepted", "in-progress", "completed", "rejected"]);
    expect(answersOf(one("requested"))).toEqual(["accepted", "rejected"]);
    expect(answersOf(one("completed"))).toEqual([]);
  });
  it("advice may be answered at once, without taking the person on", () => {
    expect(answersOf(one("requested", {}, { category: [{ coding: [{ system: "urn:joinedup:request", code: "advice" }] }] }))).toContain("completed");
  });
  it("is stuck when its day has passed, or when nobody has it; never when it is over", () => {
    expect(isStuck(one("requested", limit("2026-11-21")), today)).toBe(true);
    expect(isStuck(one("requested", limit(today)), today)).toBe(false);
    expect(isStuck(one("completed", limit("2026-01-01")), today)).toBe(false);
    expect(stuckWords(one("accepted", limit("2026-11-21")), today)).toBe("Accepted but not begun, 1 day past its limit");
    const { owner: _, ...nobodys } = task("a", "requested");
    expect(stuckWords(referralsOf([nobodys])[0]!, today)).toBe("Nobody has it");
  });
  it("without a limit of its own, the urgency gives one", () => {
    expect(one("requested", {}, { priority: "stat" }).limit).toBe("2026-11-21");
    expect(one("requested").limit).toBe("2026-12-04");
  });
});

describe("groups", () => {
  const all = referralsOf([
    task("sent", "requested"), task("answered", "completed", { output: [{ type: {}, valueString: "Rails fitted" }] }), task("seen", "completed", { extension: [{ url: "urn:joinedup:seen", valueDateTime: "2026-11-21" }] }),
    task("ours", "requested", { requester: { reference: "PractitionerRole/far" }, owner: { reference: "HealthcareService/ours" } }),
    task("late", "accepted", { ...limit("2026-10-01"), requester: { reference: "PractitionerRole/far" }, owner: { reference: "PractitionerRole/mine" } }),
  ]);
  const ids = (group: Parameters<typeof inGroup>[1]) => inGroup(all, group, me, today).map((each) => each.id);
  it("mine are those of me, my roles, my services; the stuck first", () => {
    expect(ids("waiting-for-me")).toEqual(["late", "ours"]);
    expect(ids("sent-by-me")).toEqual(["answered", "sent", "seen"]);
    expect(ids("stuck")).toEqual(["late"]);
  });
  it("an outcome is news until the referrer has seen it", () => {
    expect(ids("outcomes")).toEqual(["answered"]);
    expect(all.find((each) => each.id === "answered")?.outcome).toBe("Rails fitted");
  });
});

describe("the directory", () => {
  const services = servicesOf([
    { resourceType: "HealthcareService", id: "b", active: true, name: "Warm Homes", category: [{ text: "Voluntary" }], eligibility: [{ comment: "Over 60 and on benefits." }], extension: [{ url: "urn:joinedup:capacity", valueInteger: 1 }, { url: "urn:joinedup:last-checked", valueDate: "2026-11-01" }, { url: "urn:joinedup:outside-network", valueBoolean: true }] },
    { resourceType: "HealthcareService", id: "a", active: true, name: "Council reablement", category: [{ text: "Social care" }] },
    { resourceType: "HealthcareService", id: "c", active: false, name: "Closed" },
  ]);
  it("says eligibility, capacity, when it was checked and whether it is outside the network; closed services are not offered", () => {
    expect(services.map((each) => each.name)).toEqual(["Council reablement", "Warm Homes"]);
    expect(services[1]).toMatchObject({ capacity: "1 place free", isOutside: true, eligibility: "Over 60 and on benefits.", checked: "2026-11-01" });
    const plain = (date: string) => date;
    expect(checkedWords(services[1]!, today, plain)).toBe("2026-11-01");
    expect(checkedWords(services[0]!, today, plain)).toContain("Never checked");
    expect(checkedWords({ ...services[1]!, checked: "2026-01-01" }, today, plain)).toContain("more than 3 months ago");
  });
  it("is searched by any word", () => {
    expect(findServices(services, "benefits", "").map((each) => each.id)).toEqual(["b"]);
    expect(findServices(services, "", "Social care").map((each) => each.id)).toEqual(["a"]);
  });
});

it("a pathway's steps say variance: late, left out and why", () => {
  const plan: FhirResource = { resourceType: "CarePlan", id: "c", status: "active", intent: "plan", subject: { reference: "Patient/p" }, category: [{ coding: [{ system: "urn:joinedup:plan", code: "pathway" }] }], instantiatesCanonical: ["urn:x|1"], period: { start: "2026-11-01" } };
  const step = (id: string, status: Task["status"], due: string, more: Partial<Task> = {}): Task => ({ resourceType: "Task", id, status, intent: "order", code: { coding: [{ system: "urn:joinedup:task", code: "pathway-step" }] }, basedOn: [{ reference: "CarePlan/c" }], description: id, restriction: { period: { end: due } }, ...more });
  const definition: PlanDefinition = { resourceType: "PlanDefinition", id: "copd", url: "urn:x", title: "COPD", status: "active" };
  const [read] = pathwaysOf([plan, step("3", "requested", "2026-11-20"), step("1", "completed", "2026-11-05", { executionPeriod: { end: "2026-11-08" }, statusReason: { text: "clinic closed" } }), step("2", "cancelled", "2026-11-10", { statusReason: { text: "had it last month" } })], [definition], today);
  expect(read?.title).toBe("COPD");
  expect(read?.steps.map(stepWords)).toEqual(["Done, 3 days late: clinic closed", "Left out: had it last month", "Overdue by 2 days"]);
});

it("only free slots of the future, of the service asked for", () => {
  const slot = (id: string, status: "free" | "busy", start: string): FhirResource => ({ resourceType: "Slot", id, status, start, end: start, schedule: { reference: "Schedule/1" } });
  const schedule: FhirResource = { resourceType: "Schedule", id: "1", actor: [{ reference: "HealthcareService/a" }] };
  const all = [schedule, slot("late", "free", "2026-11-25T10:00:00Z"), slot("soon", "free", "2026-11-24T10:00:00Z"), slot("gone", "free", "2026-11-01T10:00:00Z"), slot("taken", "busy", "2026-11-24T11:00:00Z")];
  expect(freeSlots(all, "HealthcareService/a", "2026-11-22T12:00:00Z").map((each) => each.id)).toEqual(["soon", "late"]);
  expect(freeSlots(all, "HealthcareService/b", "2026-11-22T12:00:00Z")).toEqual([]);
});
