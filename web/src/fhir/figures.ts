/* A team's figures, as CareTeam/[id]/$figures gives them, and what of them may leave the screen.

   Parameters: series (name, title, unit, point (month, value, few)) and split (name, fifth (fifth, point …)). A number from 1 to 9
   is "few": whoever leads the team may see it, a file that leaves may not hold it. `download` writes the CSV of
   series, `downloadSplit` that of the five fifths, where a further number is kept back wherever one alone could be worked out.
*/
import { csv, type Cell } from "./csv.ts";
import type { Wanted } from "./spc.ts";

export interface FigurePoint {
  month: string;
  /** Unknown where the server kept it back. */
  value: number | null;
  few: boolean;
  /** Kept back so that a small number beside it cannot be worked out, or because it rests on fewer than ten people. */
  hidden?: boolean;
}

export interface Series {
  name: string;
  unit: string;
  points: FigurePoint[];
}

export interface Split {
  name: string;
  unit: string;
  /** 1 is the most deprived fifth of England's neighbourhoods, 5 the least; 0 where it is not known. */
  fifths: { fifth: number; points: FigurePoint[] }[];
}

export interface Figures {
  series: Series[];
  splits: Split[];
  /** What limits these figures, in the server's words. */
  notes: string[];
}

export interface Known {
  title: string;
  unit: string;
  wanted: Wanted;
  /** What is counted, in a sentence. */
  means: string;
  /** Counts of people and events: 1 to 9 do not leave. Days waited and shares are no counts, but rest on some. */
  counts: boolean;
  /** How it stands on a day; what is not, is added up over a month, and the month that is not over yet is no month to compare. */
  snapshot: boolean;
}

/** What the workspace knows of a series by name; one that it does not know is shown under its own name. */
export const KNOWN: Record<string, Known> = {
  caseload: { title: "People on the caseload", unit: "people", wanted: "neither", means: "Everybody active or on hold on the last day of the month.", counts: true, snapshot: true },
  starts: { title: "People who started", unit: "people", wanted: "neither", means: "Everybody whose care with the team began in the month.", counts: true, snapshot: false },
  ends: { title: "People who finished", unit: "people", wanted: "neither", means: "Everybody whose care with the team ended in the month.", counts: true, snapshot: false },
  waits: { title: "Days waited to start", unit: "days", wanted: "down", means: "The middle wait, from accepted to started, of those who started in the month.", counts: false, snapshot: false },
  reviews_overdue: { title: "Reviews overdue", unit: "reviews", wanted: "down", means: "Reviews whose date had passed at the end of the month.", counts: true, snapshot: true },
  contacts: { title: "Contacts by the team", unit: "contacts", wanted: "neither", means: "Visits, calls and meetings that the team recorded.", counts: true, snapshot: false },
  admissions: { title: "Emergency and planned admissions", unit: "admissions", wanted: "down", means: "Hospital stays that began in the month among people on the caseload then.", counts: true, snapshot: false },
  bed_days: { title: "Days in hospital", unit: "days", wanted: "down", means: "Nights in hospital in the month among people on the caseload then.", counts: true, snapshot: false },
  decisions: { title: "Decisions carried out", unit: "%", wanted: "up", means: "Of the decisions of meetings due in the month, the share that was carried out.", counts: false, snapshot: false },
};

const key = (name: string): string => name.trim().toLowerCase().replace(/[\s-]+/g, "_");

export function known(name: string, unit: string): Known {
  return KNOWN[key(name)] ?? { title: name.charAt(0).toUpperCase() + name.slice(1).replace(/[_-]+/g, " "), unit, wanted: "neither", means: "", counts: true, snapshot: false };
}

const parts = (of: fhir4.ParametersParameter, name: string): fhir4.ParametersParameter[] => (of.part ?? []).filter((part) => part.name === name);
const text = (of: fhir4.ParametersParameter, name: string): string => {
  const part = parts(of, name)[0];
  return part?.valueString ?? part?.valueCode ?? part?.valueDate ?? part?.valueDateTime ?? "";
};
const number = (of: fhir4.ParametersParameter, name: string): number | null => {
  const part = parts(of, name)[0];
  return part?.valueDecimal ?? part?.valueInteger ?? null;
};

const pointsOf = (of: fhir4.ParametersParameter): FigurePoint[] =>
  parts(of, "point")
    .map((point) => ({ month: text(point, "month").slice(0, 7), value: number(point, "value"), few: parts(point, "few")[0]?.valueBoolean ?? false }))
    .filter((point) => /^\d{4}-\d{2}$/.test(point.month))
    .sort((a, b) => a.month.localeCompare(b.month));

export function readFigures(parameters: fhir4.Parameters): Figures {
  const all = parameters.parameter ?? [];
  return {
    series: all.filter((one) => one.name === "series").map((one) => ({ name: text(one, "name"), unit: text(one, "unit"), points: pointsOf(one) })),
    splits: all
      .filter((one) => one.name === "split")
      .map((one) => ({
        name: text(one, "name"),
        unit: text(one, "unit"),
        // The most deprived first, what is not known last.
        fifths: parts(one, "fifth")
          .map((fifth) => ({ fifth: number(fifth, "fifth") ?? 0, points: pointsOf(fifth) }))
          .sort((a, b) => (a.fifth || 9) - (b.fifth || 9)),
      })),
    notes: all.flatMap((one) => (one.name === "note" && one.valueString ? [one.valueString] : [])),
  };
}

/** From the first month in which the team had anybody: months before there was a team are no months without work. */
export function sinceFirst(figures: Figures): Figures {
  const first = figures.series.find((one) => key(one.name) === "caseload")?.points.find((one) => one.few || one.hidden || (one.value ?? 0) > 0)?.month;
  if (!first) return figures;
  const from = (points: FigurePoint[]) => points.filter((one) => one.month >= first);
  return {
    series: figures.series.map((one) => ({ ...one, points: from(one.points) })),
    splits: figures.splits.map((one) => ({ ...one, fifths: one.fifths.map((fifth) => ({ ...fifth, points: from(fifth.points) })) })),
    notes: figures.notes,
  };
}

/** Whole months only of what is added up over a month: the last point is left out while its month runs. */
export function wholeMonths(points: FigurePoint[], about: Known, today: string): FigurePoint[] {
  return about.snapshot ? points : points.filter((one) => one.month < today.slice(0, 7));
}

export const FEW = "fewer than 10";
export const RESTS_ON_FEW = "not shown, as it rests on fewer than 10";
export const HELD_BACK = "not shown, so that a small number cannot be worked out";
const LEAST = 10;

const isSmall = (point: FigurePoint): boolean => point.few || (point.value !== null && point.value > 0 && point.value < LEAST);

/** A value as it may leave: never a count from 1 to 9. */
export function mayLeave(point: FigurePoint, counts: boolean): Cell {
  if (point.hidden) return HELD_BACK;
  if (counts && isSmall(point)) return FEW;
  if (!counts && point.few) return RESTS_ON_FEW;
  return point.value ?? "";
}

/** How many values fit each number that is kept back, of which the sum is known: each is 1 to 9, or ten and more, or a zero kept back with them. */
function fitting(kept: readonly number[]): number[] {
  const sum = kept.reduce((total, one) => total + one, 0);
  const withZero = kept.includes(0);
  const may = kept.map((one) => {
    const all: number[] = withZero && (one === 0 || one >= LEAST) ? [0] : [];
    for (let value = one > 0 && one < LEAST ? 1 : LEAST; value <= (one > 0 && one < LEAST ? LEAST - 1 : sum); ++value) all.push(value);
    return all;
  });
  return may.map((own, i) => {
    let reached = new Set([0]); // by the others
    may.forEach((values, j) => {
      if (j !== i) reached = new Set([...reached].flatMap((at) => values.map((value) => at + value).filter((total) => total <= sum)));
    });
    return own.filter((value) => reached.has(sum - value)).length;
  });
}

/** One month over the fifths: which numbers are kept back. One small number alone could be worked out from the others and the team's own
    figure: so the next smallest is kept back as well, until two or more are, together they are ten or more, and three values fit each
    (9 and 9 are the only two below ten that make 18). A zero is kept back where nothing else is left; `solved`: and even that was not enough. */
function keptBack(row: readonly (FigurePoint | undefined)[]): { hidden: boolean[]; solved: boolean } {
  const hidden = row.map((point) => point !== undefined && isSmall(point));
  const values = (): number[] => row.flatMap((point, i) => (hidden[i] ? [point?.value ?? 1] : []));
  const enough = (least: number): boolean => {
    const kept = values();
    return kept.length === 0 || (kept.length > 1 && kept.reduce((total, one) => total + one, 0) >= LEAST && fitting(kept).every((count) => count >= least));
  };
  while (!enough(3)) {
    let next = -1;
    row.forEach((point, i) => {
      if (!hidden[i] && point?.value && (next < 0 || point.value < (row[next]?.value ?? Infinity))) next = i;
    });
    if (next < 0) next = row.findIndex((point, i) => !hidden[i] && point?.value === 0);
    if (next < 0) break;
    hidden[next] = true;
  }
  return { hidden, solved: !enough(2) };
}

/** One month over the fifths, as it may leave. */
export function mayLeaveTogether(row: readonly (FigurePoint | undefined)[], counts: boolean): Cell[] {
  const out: Cell[] = row.map((point) => (point ? mayLeave(point, counts) : ""));
  if (!counts) return out;
  const { hidden } = keptBack(row);
  return out.map((cell, i) => (hidden[i] && cell !== FEW ? HELD_BACK : cell));
}

/** Whether the team's own figure of a month would give away one of its fifths: then it does not leave. */
const givesAway = (split: Split | undefined, month: string): boolean => split !== undefined && keptBack(split.fifths.map((fifth) => fifth.points.find((point) => point.month === month))).solved;

export function download(figures: Figures): string {
  const rows: Cell[][] = [["month", "measure", "value", "unit"]];
  for (const series of figures.series) {
    const about = known(series.name, series.unit);
    const split = about.counts ? figures.splits.find((one) => one.name === series.name) : undefined;
    for (const point of series.points) {
      const cell = mayLeave(point, about.counts);
      rows.push([point.month, about.title, cell !== FEW && givesAway(split, point.month) ? HELD_BACK : cell, series.unit || about.unit]);
    }
  }
  return csv(rows);
}

export function downloadSplit(figures: Figures): string {
  const rows: Cell[][] = [["month", "measure", "deprivation fifth (1 most deprived)", "value", "unit"]];
  for (const split of figures.splits) {
    const about = known(split.name, split.unit);
    const months = [...new Set(split.fifths.flatMap((fifth) => fifth.points.map((point) => point.month)))].sort();
    for (const month of months) {
      const row = split.fifths.map((fifth) => fifth.points.find((point) => point.month === month));
      mayLeaveTogether(row, about.counts).forEach((cell, i) => rows.push([month, about.title, fifthName(split.fifths[i]?.fifth ?? 0), cell, split.unit || about.unit]));
    }
  }
  return csv(rows);
}

export function fifthName(fifth: number): string {
  return ["Not known", "1 (most deprived)", "2", "3", "4", "5 (least deprived)"][fifth] ?? String(fifth);
}

/** The split in a sentence: the most and the least deprived fifth over the last twelve months, without a claim about why. */
export function splitSentence(split: Split): string {
  const about = known(split.name, split.unit);
  const of = (fifth: number): number[] => (split.fifths.find((one) => one.fifth === fifth)?.points ?? []).slice(-12).flatMap((point) => (point.value === null ? [] : [point.value]));
  const [most, least] = [of(1), of(5)];
  if (!most.length || !least.length) return `${about.title}: there is not enough to compare the most and the least deprived fifth.`;
  const sum = (values: number[]): number => values.reduce((total, one) => total + one, 0);
  const adds = about.counts && !about.snapshot;
  const one = (values: number[]): string => (adds ? sum(values) : sum(values) / values.length).toLocaleString("en-GB", { maximumFractionDigits: 1 });
  const how = adds ? "over the last 12 months" : "on average over the last 12 months";
  return `${about.title} ${how}: ${one(most)}${about.unit === "%" ? "" : " "}${about.unit} in the most deprived fifth, ${one(least)} in the least deprived. The fifths differ in how many people they hold: compare each with itself over time.`;
}
