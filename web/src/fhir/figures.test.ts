import { describe, expect, it } from "vitest";
import { csv } from "./csv.ts";
import { FEW, HELD_BACK, RESTS_ON_FEW, download, downloadSplit, known, mayLeave, mayLeaveTogether, readFigures, sinceFirst, splitSentence, wholeMonths, type FigurePoint } from "./figures.ts";

const point = (month: string, value: number | null, few = false) => ({
  name: "point",
  part: [{ name: "month", valueString: month }, ...(value === null ? [] : [{ name: "value", valueDecimal: value }]), { name: "few", valueBoolean: few }],
});
const given: fhir4.Parameters = {
  resourceType: "Parameters",
  parameter: [
    { name: "series", part: [{ name: "name", valueString: "admissions" }, { name: "unit", valueString: "admissions" }, point("2026-02", 4, true), point("2026-01", 12)] },
    { name: "series", part: [{ name: "name", valueString: "waits" }, { name: "unit", valueString: "days" }, point("2026-01", 6.5)] },
    {
      name: "split",
      part: [
        { name: "name", valueString: "admissions" },
        { name: "fifth", part: [{ name: "fifth", valueInteger: 1 }, point("2026-01", 14)] },
        { name: "fifth", part: [{ name: "fifth", valueInteger: 3 }, point("2026-01", 11)] },
        { name: "fifth", part: [{ name: "fifth", valueInteger: 5 }, point("2026-01", 3, true)] },
      ],
    },
  ],
};

describe("figures", () => {
  const figures = readFigures(given);
  it("of a month that is not over are not compared, unless they are of a day", () => {
    const points = [{ month: "2026-10", value: 12, few: false }, { month: "2026-11", value: 3, few: true }];
    expect(wholeMonths(points, known("admissions", ""), "2026-11-22")).toHaveLength(1);
    expect(wholeMonths(points, known("caseload", ""), "2026-11-22")).toHaveLength(2);
    expect(mayLeave({ month: "2026-10", value: 71.4, few: true }, false)).toBe(RESTS_ON_FEW);
  });
  it("begin when the team had somebody: months before it are not months of nothing", () => {
    const of = (name: string, values: number[]) => ({ name, unit: "", points: values.map((value, i) => ({ month: `2026-0${i + 1}`, value, few: value > 0 && value < 10 })) });
    const trimmed = sinceFirst({ series: [of("caseload", [0, 0, 3, 0, 5]), of("admissions", [7, 0, 1, 2, 0])], splits: [], notes: [] });
    expect(trimmed.series.map((one) => one.points.map((each) => each.value))).toEqual([[3, 0, 5], [1, 2, 0]]);
    const none = { series: [of("caseload", [0, 0])], splits: [], notes: [] };
    expect(sinceFirst(none)).toBe(none);
  });
  it("come in order of months", () => expect(figures.series[0]?.points.map((one) => one.month)).toEqual(["2026-01", "2026-02"]));
  it("leave without small numbers, in words", () => {
    const text = download(figures);
    expect(text).toContain(`2026-02,Emergency and planned admissions,${FEW},admissions\r\n`);
    expect(text).toContain("2026-01,Emergency and planned admissions,12,admissions\r\n");
    expect(text).toContain("2026-01,Days waited to start,6.5,days\r\n");
  });
  it("keep a second number back where one could be worked out", () => {
    const text = downloadSplit(figures);
    expect(text).toContain(`5 (least deprived),${FEW}`);
    expect(text).toContain(`2026-01,Emergency and planned admissions,3,"${HELD_BACK}"`);
    expect(text).toContain(",1 (most deprived),14,");
  });
  it("say in words what the split is, and what it is not", () => expect(splitSentence(figures.splits[0]!)).toMatch(/14 admissions in the most deprived fifth, 3 in the least deprived.*compare each with itself/));
});

describe("no small number can be worked out", () => {
  // Every way in which five fifths of up to 24 could be seen: the hidden ones leave at least two possible worlds.
  const values = [0, 1, 4, 9, 10, 11, 24];
  it("of any five", () => {
    let tried = 0;
    for (const a of values) for (const b of values) for (const c of values) for (const d of values) {
      const row: FigurePoint[] = [a, b, c, d].map((value) => ({ month: "2026-01", value, few: value > 0 && value < 10 }));
      const out = mayLeaveTogether(row, true);
      const hidden = out.map((cell) => typeof cell === "string");
      const small = row.filter((one) => one.few).length;
      row.forEach((one, i) => one.few && expect(hidden[i]).toBe(true));
      if (small === 0) expect(hidden.some(Boolean)).toBe(false);
      const others = row.filter((one) => (one.value ?? 0) >= 10).length;
      const sum = row.reduce((total, one, i) => total + (hidden[i] ? (one.value ?? 0) : 0), 0);
      if (small > 0 && others > 0) {
        expect(hidden.filter(Boolean).length).toBeGreaterThan(1);
        expect(sum).toBeGreaterThanOrEqual(10);
      }
      ++tried;
    }
    expect(tried).toBe(values.length ** 4);
  });
});

describe("csv", () => {
  it("quotes, and takes nothing for a formula", () => {
    expect(csv([["a,b", 'say "so"', 3], ["=1+1", "-2", -2]])).toBe('\uFEFF"a,b","say ""so""",3\r\n\'=1+1,\'-2,-2\r\n');
  });
});

const points = (values: number[]): FigurePoint[] => values.map((value) => ({ month: "2026-05", value, few: false }));

it("9 and 9 are not left to be worked out from 18", () => {
  expect(mayLeaveTogether(points([9, 9, 0, 120]), true)).toEqual([FEW, FEW, 0, HELD_BACK]);
  const split = { name: "admissions", unit: "admissions", fifths: points([9, 9]).map((point, i) => ({ fifth: i + 1, points: [point] })) };
  expect(download({ series: [{ name: "admissions", unit: "admissions", points: points([18]) }], splits: [split], notes: [] })).toContain(HELD_BACK);
});

it("nothing that is kept back over the fifths can be worked out from the team's own figure, or that figure does not leave", () => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
  let kept = 0;
  let without = 0;
  for (let trial = 0; trial < 2000; ++trial) {
    const values = Array.from({ length: 3 + random(3) }, () => (random(4) === 0 ? 0 : random(random(2) ? 12 : 40)));
    const all = points(values);
    const cells = mayLeaveTogether(all, true);
    const split = { name: "admissions", unit: "admissions", fifths: all.map((point, i) => ({ fifth: i, points: [point] })) };
    const total = values.reduce((sum, one) => sum + one, 0);
    const figure = download({ series: [{ name: "admissions", unit: "admissions", points: points([total]) }], splits: [split], notes: [] });
    const at = cells.flatMap((cell, i) => (typeof cell === "string" ? [i] : []));
    if (at.length === 0) continue;
    if (!figure.includes(`,${total},`)) {
      without += 1;
      continue;
    }
    const sum = at.reduce((whole, i) => whole + values[i]!, 0);
    const seen = at.map(() => new Set<number>());
    const may = (i: number): number[] => (cells[i] === FEW ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [...(at.some((one) => values[one] === 0) ? [0] : []), ...Array.from({ length: Math.max(0, sum - 9) }, (_, k) => k + 10)]);
    const tried = (from: number, left: number, chosen: number[]): void => {
      if (seen.every((one) => one.size > 1)) return;
      if (from === at.length - 1) return void (may(at[from]!).includes(left) && [...chosen, left].forEach((value, i) => seen[i]!.add(value)));
      for (const value of may(at[from]!)) if (value <= left) tried(from + 1, left - value, [...chosen, value]);
    };
    tried(0, sum, []);
    kept += at.length;
    seen.forEach((one, i) => expect(one.size, `${values.join(" ")}: cell ${at[i]}`).toBeGreaterThan(1));
  }
  expect(kept).toBeGreaterThan(1000);
  expect(without).toBeLessThan(500);
});
