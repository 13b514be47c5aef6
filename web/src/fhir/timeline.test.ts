import type { Encounter, EpisodeOfCare, FhirResource, ServiceRequest } from "fhir/r4";
import { expect, test } from "vitest";
import { diagnosisWords, filtered, settingOf, timelineOf, yearsOf } from "./timeline.ts";

const contact = (feed: string, code: string, type: string, extra: Partial<Encounter> = {}): Encounter => ({
  resourceType: "Encounter", id: `${feed}-${type}`, status: "finished", class: { code }, type: [{ text: type }], period: { start: "2025-03-01", end: "2025-03-01" }, meta: { source: `urn:joinedup:partner:Z:feed:${feed}` }, ...extra,
});
const names = { name: (reference: string) => (reference ? "Somewhere" : ""), questionnaire: () => "Falls" };

test("each feed has its setting", () => {
  expect([contact("ae_sus", "EMER", "Emergency department attendance"), contact("hes_apc_sus", "IMP", "Emergency admission"), contact("hes_op_sus", "AMB", "Outpatient attendance"), contact("csds", "VR", "Community contact: DISTNURS"),
    contact("mhsds", "AMB", "Mental health contact"), contact("gp_event", "AMB", "General practice: GP Surgery")].map(settingOf)).toEqual(["emergency", "hospital", "outpatients", "community", "mental-health", "practice"]);
});

test("codes become words, and a code nobody knows stays to be seen", () => {
  const [one, two] = timelineOf([contact("csds", "VR", "Community contact: DISTNURS"), contact("csds", "AMB", "Community contact: XYZ")], names);
  expect([one?.what, two?.what].sort()).toEqual(["Community contact (XYZ)", "District nursing, by telephone or online"]);
  expect(diagnosisWords("J18.9")).toBe("Condition of the lungs or breathing (ICD-10 J18.9)");
  expect(diagnosisWords("D48.1")).toContain("Tumour");
  expect(diagnosisWords("D50.9")).toContain("Blood");
});

test("newest first, all settings in one line, nothing without a date", () => {
  const social: ServiceRequest = { resourceType: "ServiceRequest", id: "s", status: "active", intent: "order", subject: {}, category: [{ text: "Social care" }], code: { text: "Reablement" }, occurrencePeriod: { start: "2024-01-01" } };
  const stay: EpisodeOfCare = { resourceType: "EpisodeOfCare", id: "e", status: "active", patient: {}, statusHistory: [{ status: "planned", period: { start: "2025-01-01" } }, { status: "onhold", period: { start: "2026-01-01" } }, { status: "active", period: { start: "2026-02-01" } }] };
  const all = timelineOf([social, stay, contact("csds", "AMB", "Community contact: PHYSIO"), contact("gp_event", "AMB", "x", { period: {} })] as FhirResource[], names);
  expect(all.map((one) => one.from)).toEqual(["2026-02-01", "2026-01-01", "2025-03-01", "2025-01-01", "2024-01-01"]);
  expect(all[0]?.what).toBe("Resumed after being on hold");
});

test("filters by setting, words and year; a stay belongs to every year it touches", () => {
  const all = timelineOf([contact("hes_apc_sus", "IMP", "Emergency admission", { period: { start: "2024-12-30", end: "2025-01-03" }, reasonCode: [{ coding: [{ code: "J18.9" }] }] }), contact("gp_event", "AMB", "General practice: GP Surgery")], names);
  const by = (filter: object) => filtered(all, { settings: new Set(), year: "", words: "", ...filter }, "2026-11-22").map((one) => one.setting);
  expect(by({ year: "2024" })).toEqual(["hospital"]);
  expect(by({ year: "2025" })).toEqual(["practice", "hospital"]);
  expect(by({ settings: new Set(["practice"]) })).toEqual(["practice"]);
  expect(by({ words: "lungs" })).toEqual(["hospital"]);
  expect(yearsOf({ ...all[0]!, from: "2024-05-01", until: "", ongoing: true }, "2026-11-22")).toEqual(["2024", "2025", "2026"]);
});
