import { expect, test } from "vitest";
import type { MeasureReport } from "fhir/r4";
import { chartOf, downloadPublished, perHundred, readReport, startOf, teamsOf } from "./published.ts";

const masked = { extension: [{ url: "http://hl7.org/fhir/StructureDefinition/data-absent-reason", valueCode: "masked" }], unit: "people" };
const few = { value: 10, comparator: "<" as const, unit: "people" };
const group = (system: string, code: string, measureScore: fhir4.Quantity | undefined, strata: Record<string, fhir4.Quantity> = {}): fhir4.MeasureReportGroup => ({
  code: { coding: [{ system, code }] },
  ...(measureScore ? { measureScore } : {}),
  ...(Object.keys(strata).length ? { stratifier: [{ stratum: Object.entries(strata).map(([fifth, score]) => ({ value: { coding: [{ code: fifth }] }, measureScore: score })) }] } : {}),
});
const report = (team: string, measure: string, groups: fhir4.MeasureReportGroup[]): MeasureReport => ({
  resourceType: "MeasureReport",
  id: `${team}-${measure}`,
  status: "complete",
  type: "summary",
  measure: `urn:joinedup:measure:${measure}|1`,
  identifier: [{ system: "urn:joinedup:published-figures", value: `${team}/${measure}` }],
  date: "2026-06-01T12:00:00Z",
  period: {},
  group: groups,
  evaluatedResource: [{ reference: `CareTeam/${team}`, display: `Team ${team}` }],
});
const month = "urn:joinedup:month";
const caseload = report("10", "caseload", [group(month, "2026-04", { value: 0, unit: "people" }), group(month, "2026-05", { value: 40, unit: "people" }, { "1": { value: 25 }, "5": masked, "0": few }), group("urn:joinedup:year-to", "2026-03", { value: 480 })]);
const admissions = report("10", "admissions", [group(month, "2026-04", { value: 0 }), group(month, "2026-05", { value: 10 }), group("urn:joinedup:year-to", "2026-03", { value: 60 })]);

test("what is kept back is read as kept back, and nothing as nothing", () => {
  const read = readReport(caseload);
  expect(read.series.points).toEqual([
    { month: "2026-04", value: 0, few: false },
    { month: "2026-05", value: 40, few: false },
  ]);
  const of = (fifth: number) => read.split.fifths.find((one) => one.fifth === fifth)?.points;
  expect(of(1)).toEqual([{ month: "2026-04", value: 0, few: false }, { month: "2026-05", value: 25, few: false }]);
  expect(of(5)?.[1]).toEqual({ month: "2026-05", value: null, few: false, hidden: true });
  expect(of(0)?.[1]).toEqual({ month: "2026-05", value: null, few: true });
  expect(read.years).toHaveLength(1);
  expect(read.years[0]?.all.value).toBe(480);
});

test("teams stand in the order of their names", () => {
  expect(teamsOf([report("10", "caseload", []), report("9", "caseload", []), report("9", "waits", [])]).map((one) => [one.name, Object.keys(one.reports)])).toEqual([
    ["Team 9", ["caseload", "waits"]],
    ["Team 10", ["caseload"]],
  ]);
});

test("a rate is of both published numbers, and kept back where one of them is", () => {
  const rate = perHundred(readReport(admissions), readReport(caseload));
  expect(rate.months).toEqual([
    { month: "2026-04", value: null, few: false },
    { month: "2026-05", value: 25, few: false },
  ]);
  expect(rate.years[0]?.all.value).toBe(12.5);
  const hidden = perHundred(readReport(report("10", "admissions", [group(month, "2026-05", few)])), readReport(caseload));
  expect(hidden.months).toEqual([{ month: "2026-05", value: null, few: false, hidden: true }]);
});

test("a chart of which months are kept back has no average", () => {
  const points = (values: (number | null)[]) => values.map((value, i) => ({ month: `2026-${String(i + 1).padStart(2, "0")}`, value, few: value === null }));
  expect(chartOf(points([10, 15, 10, 15, 10, 15, 10, 15])).mean).toBe(12.5);
  const some = chartOf(points([10, 15, null, 15, 10, 15, 10, 15]));
  expect([some.mean, some.upper, some.points[1]?.value, some.points[2]?.value]).toEqual([null, null, 15, null]);
});

test("a team's small beginning is left out of its average, small months between others leave none", () => {
  const points = (values: (number | null)[]) => values.map((value, i) => ({ month: `2026-${String(i + 1).padStart(2, "0")}`, value, few: value === null }));
  const grown = points([0, null, null, 10, 15, 10, 15, 10, 15, 10, 15]);
  expect(startOf(grown)).toBe(3);
  const chart = chartOf(grown);
  expect([chart.mean, chart.points.length, chart.points[0]?.value, chart.points[3]?.value]).toEqual([12.5, 11, null, 10]);
  expect(startOf(points([10, null, 15]))).toBeUndefined();
  expect(startOf(points([0, null]))).toBeUndefined();
  expect(startOf(points([0, 0, 10]))).toBe(0);
});

test("the file says what is kept back", () => {
  const text = downloadPublished([readReport(caseload)]);
  expect(text).toContain("Team 10,2026-05,People on the caseload,all,40,people\r\n");
  expect(text).toContain("Team 10,2026-05,People on the caseload,Not known,fewer than 10,people\r\n");
  expect(text).toContain('Team 10,2026-05,People on the caseload,5 (least deprived),"not shown, so that a small number cannot be worked out",people\r\n');
  expect(text).toContain("Team 10,year to 2026-03,People on the caseload,all,480,people\r\n");
});
