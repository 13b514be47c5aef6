import { describe, expect, it } from "vitest";
import { chosenPlan, list, looks, planHeadings, sections, taskState } from "./words.ts";

const event = (recorded: string, practitioner: string, role: string, type: string, more: Partial<fhir4.AuditEvent> = {}): fhir4.AuditEvent => ({
  resourceType: "AuditEvent",
  type: { code: "rest" },
  recorded,
  action: "R",
  source: { observer: {} },
  agent: [
    { who: { identifier: { value: "joinedup-pages" } }, requestor: false },
    { who: practitioner ? { reference: `Practitioner/${practitioner}` } : { identifier: { value: "u-1" } }, role: [{ text: role }], requestor: true, altId: practitioner || "u-1" },
  ],
  entity: [
    { what: { reference: "Patient/1" }, type: { code: "1" } },
    { what: { reference: `${type}/9/_history/3` }, type: { code: type } },
  ],
  ...more,
});

describe("who looked", () => {
  it("is one line for what one worker did on one day", () => {
    const all = looks([
      event("2026-11-20T10:00:00Z", "7", "gp", "CarePlan"),
      event("2026-11-20T10:05:00Z", "7", "gp", "MedicationStatement"),
      event("2026-11-20T10:06:00Z", "7", "gp", "CarePlan", { action: "U" }),
      event("2026-11-19T09:00:00Z", "7", "gp", "CarePlan"),
      event("2026-11-20T11:00:00Z", "8", "nurse", "CarePlan"),
    ]);
    expect(all.map((one) => [one.day, one.practitioner, one.times])).toEqual([
      ["2026-11-20", "Practitioner/8", 1],
      ["2026-11-20", "Practitioner/7", 3],
      ["2026-11-19", "Practitioner/7", 1],
    ]);
    expect(list(all[1]!.did)).toBe("looked at and changed");
    expect(list(all[1]!.things)).toBe("your plan and your medicines");
  });
  it("keeps an emergency apart, with its reason", () => {
    const all = looks([event("2026-11-20T10:00:00Z", "7", "gp", "Patient"), event("2026-11-20T10:01:00Z", "7", "gp", "Patient", { subtype: [{ code: "110127" }], outcomeDesc: "Collapsed in the street" })]);
    expect(all).toHaveLength(2);
    expect(all.find((one) => one.emergency)?.reason).toBe("Collapsed in the street");
  });
});

describe("my plan", () => {
  const plan = (id: string, status: fhir4.CarePlan["status"], kind: string, text = ""): fhir4.CarePlan => ({
    resourceType: "CarePlan",
    id,
    status,
    intent: "plan",
    subject: { reference: "Patient/1" },
    category: [{ coding: [{ system: "urn:joinedup:plan", code: kind }] }],
    extension: [
      { url: "urn:joinedup:plan-section", extension: [{ url: "code", valueCode: "please-do" }, { url: "text", valueString: text }] },
      { url: "urn:joinedup:plan-section", extension: [{ url: "code", valueCode: "most-important" }, { url: "text", valueString: "My garden" }] },
    ],
  });
  it("is the active one of its kind", () => expect(chosenPlan([plan("a", "completed", "care-and-support"), plan("b", "active", "care-and-support"), plan("c", "active", "contingency")], "care-and-support")?.id).toBe("b"));
  it("has its headings in order and leaves empty ones out", () => {
    expect(sections(plan("a", "active", "care-and-support", "Knock twice"), planHeadings).map((one) => one.heading)).toEqual(["What matters most to me", "Please do"]);
    expect(sections(plan("a", "active", "care-and-support", " "), planHeadings)).toHaveLength(1);
  });
  it("says how far a thing is", () => expect(["completed", "requested", "on-hold", "cancelled"].map((status) => taskState({ status } as fhir4.Task))).toEqual(["Done", "Not started", "Waiting", "Will not happen"]));
});
