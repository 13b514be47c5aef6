import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { figure, limits, membersOfRuns, monthName, sentence, shiftEnds, trendEnds, twoOfThree, xmr } from "./spc.ts";

// The answers of an independent tool, kept beside the project and not in it.
const shared = process.env["JOINEDUP_SHARED_DATA"] ?? resolve(__dirname, "../../../../shared/data");
const folder = resolve(shared, "evaluation/spc");
const there = existsSync(folder);

const numbers = (text: string): number[] => text.split(";").filter(Boolean).map(Number);
const fields = (line: string): string[] => [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((match) => match[2] ?? match[1] ?? "").slice(0, 16);

describe.skipIf(!there)("rules, case by case", () => {
  const rows = there ? readFileSync(resolve(folder, "spc_rule_unit_vectors.csv"), "utf8").trim().split("\n").slice(1).map(fields) : [];
  it("has the published cases", () => expect(rows.length).toBeGreaterThan(20));
  for (const [rule = "", input = "", sides = "", expected = ""] of rows)
    it(`${rule} of ${input}`, () => {
      const x = numbers(input);
      const got = rule.startsWith("seven_one_side")
        ? shiftEnds(x).map(Math.abs) // they mark where, not on which side
        : rule.startsWith("part_of_seven")
          ? membersOfRuns(x).map(Number)
          : rule.startsWith("seven_point_trend")
            ? trendEnds(x)
            : twoOfThree(x.map(Boolean), numbers(sides)).map(Number);
      expect(got.map((one) => one + 0)).toEqual(numbers(expected));
    });
});

describe.skipIf(!there)("charts of an independent tool", () => {
  interface Row { y: number; f: string; mean: number; lower: number; upper: number; side: number; cause: string }
  const series = new Map<string, Row[]>();
  if (there)
    for (const line of readFileSync(resolve(folder, "spc_xmr_reference_nhsrplotthedots022.csv"), "utf8").trim().split("\n").slice(1)) {
      const f = fields(line);
      if (f[1] !== "TRUE") continue; // without the screening of jumps: another method
      const key = `${f[0]} ${f[2]}`;
      const rows = series.get(key) ?? series.set(key, []).get(key);
      rows?.push({ y: Number(f[3]), f: f[6] ?? "", mean: Number(f[7]), lower: Number(f[8]), upper: Number(f[9]), side: Number(f[11]), cause: f[13] ?? "" });
    }
  const cause = { outside: /UCL|LCL/, shift: /7 Points/, trend: /Trend/, "two-of-three": /2 in 3/ };
  for (const [name, rows] of series) {
    // One set of limits for each part of a series that was rebased; those fixed on the first ten points take theirs from them.
    it(name, () => {
      const fixed = name.includes("fix_after_10");
      for (const part of new Set(rows.map((row) => row.f))) {
        const mine = rows.filter((row) => row.f === part);
        const y = mine.map((row) => row.y);
        const from = limits(fixed ? y.slice(0, 10) : y);
        expect(from.mean).toBeCloseTo(mine[0]!.mean, 8);
        expect(from.lower).toBeCloseTo(mine[0]!.lower, 8);
        expect(from.upper).toBeCloseTo(mine[0]!.upper, 8);
        const chart = xmr(y, from);
        chart.points.forEach((point, i) => {
          const theirs = mine[i]!;
          expect(point.side).toBe(theirs.side);
          if (point.signal === null) expect(theirs.cause, `${name} ${i}`).toBe("Common Cause");
          else expect(theirs.cause, `${name} ${i}`).toMatch(cause[point.signal]);
        });
      }
    });
  }
  it("has read some", () => expect(series.size).toBeGreaterThan(8));
});

describe("a chart in words", () => {
  const months = Array.from({ length: 12 }, (_, i) => `2026-${String(i + 1).padStart(2, "0")}`);
  const about = { name: "Admissions", unit: "admissions", wanted: "down" } as const;
  it("says of chance that it is chance", () => {
    const text = sentence(about, months, xmr([10, 12, 9, 11, 10, 12, 11, 9, 10, 12, 11, 10]));
    expect(text).toContain("Admissions in December 2026: 10 admissions.");
    expect(text).toContain("Nothing here is more than chance.");
  });
  it("says of a point outside that it is, and whether that is wanted", () => {
    const values = [10, 12, 9, 11, 10, 12, 11, 9, 10, 12, 11, 40];
    expect(sentence(about, months, xmr(values))).toContain("above what chance explains. This is not the way it should go: ask why.");
    expect(sentence({ ...about, wanted: "up" }, months, xmr(values))).toContain("This is the way it should go.");
    expect(sentence({ ...about, wanted: "neither" }, months, xmr(values))).not.toContain("should go");
  });
  it("says of few points that they are few", () => {
    expect(sentence(about, months, xmr([3, 4, 5]))).toContain("at least 8 are needed");
    expect(sentence(about, months, xmr([]))).toBe("Admissions: nothing to show yet.");
  });
  it("a gap is not a nought", () => {
    const chart = xmr([10, null, 10, null, 10, 11, 10]);
    expect(chart.mean).toBeCloseTo(10.2);
    expect(chart.points[1]).toEqual({ value: null, signal: null, side: 0 });
  });
  it("writes figures as people read them", () => {
    expect(figure(12.34)).toBe("12.3");
    expect(figure(1234.5)).toBe("1,235");
    expect(figure(7)).toBe("7");
    expect(monthName("2026-03")).toBe("March 2026");
  });
});
