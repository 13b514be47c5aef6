/* Statistical process control for counts and waits by month: the XmR chart that NHS boards use in place of red, amber and green.

   Limits are the mean ± 2.66 × the mean moving range, which is taken without ranges above 3.267 × itself (one jump does not hide the next).
   Four rules say that something has changed: a point outside the limits; seven rising or falling in a row; two of three near
   the same limit (in its outer third); seven in a row on one side of the mean. Checked in spc.test.ts against figures of
   an independent tool. Missing points (null) are left out: neighbours of a gap are neighbours.

     const chart = xmr([12, 14, 11, 13]);
     chart.mean          // 12.5
     chart.points[0]     // { value: 12, signal: null }
     sentence({ name: "Referrals", unit: "referrals", wanted: "neither" }, months, chart)
*/

export type Signal = "outside" | "trend" | "two-of-three" | "shift";

export interface ChartPoint {
  value: number | null;
  /** Why this point is not chance; null where it is. The first rule of the list above that holds. */
  signal: Signal | null;
  side: -1 | 0 | 1;
}

export interface Chart {
  mean: number | null;
  lower: number | null;
  upper: number | null;
  points: ChartPoint[];
}

/** How a series would get better. */
export type Wanted = "up" | "down" | "neither";

const LIMIT = 2.66;
const SCREEN = 3.267;
const RUN = 7;
/** Fewer points than this give no limits that mean anything; the chart says so. */
export const LEAST_POINTS = 8;

const average = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const side = (value: number): -1 | 0 | 1 => (value > 0 ? 1 : value < 0 ? -1 : 0);

export interface Limits {
  mean: number;
  lower: number;
  upper: number;
}

/** Mean and limits of what is given, all of it known. */
export function limits(values: readonly number[]): Limits {
  const mean = average(values);
  const ranges = values.slice(1).map((value, i) => Math.abs(value - (values[i] as number)));
  const all = ranges.length ? average(ranges) : 0;
  const kept = ranges.filter((range) => range <= SCREEN * all);
  const range = kept.length ? average(kept) : 0;
  return { mean, lower: mean - LIMIT * range, upper: mean + LIMIT * range };
}

/** Where a run of seven or more on one side of the mean is complete: +1 above, -1 below. A point on the mean ends it. */
export function shiftEnds(sides: readonly number[]): number[] {
  return sides.map((_, i) => {
    const run = sides.slice(Math.max(0, i - RUN + 1), i + 1);
    const sum = run.reduce((total, one) => total + one, 0);
    return run.length === RUN && Math.abs(sum) === RUN ? Math.sign(sum) : 0;
  });
}

/** Where seven points in a row have risen (+1) or fallen (-1); a tie ends it. */
export function trendEnds(values: readonly number[]): number[] {
  return values.map((_, i) => {
    if (i < RUN - 1) return 0;
    const steps = values.slice(i - RUN + 2, i + 1).map((value, k) => side(value - (values[i - RUN + 1 + k] as number)));
    const sum: number = steps.reduce<number>((total, one) => total + one, 0);
    return Math.abs(sum) === RUN - 1 ? Math.sign(sum) : 0;
  });
}

/** All seven members of each run whose end is marked. */
export function membersOfRuns(ends: readonly number[]): boolean[] {
  return ends.map((_, i) => ends.slice(i, i + RUN).some((end) => end !== 0));
}

/** Points within a window of three on one side, two of them near the limit. */
export function twoOfThree(near: readonly boolean[], sides: readonly number[]): boolean[] {
  const holds = near.map((_, i) => {
    if (i + 3 > near.length) return false;
    const close = near.slice(i, i + 3).filter(Boolean).length;
    return close >= 2 && Math.abs(sides.slice(i, i + 3).reduce((sum, one) => sum + one, 0)) === 3;
  });
  return near.map((_, i) => Boolean(holds[i] || holds[i - 1] || holds[i - 2]));
}

/** The chart of a series in order of time. Nothing is said of fewer than two known points. */
export function xmr(series: readonly (number | null)[], using?: Limits): Chart {
  const at: number[] = [];
  const values: number[] = [];
  series.forEach((value, i) => {
    if (value !== null && Number.isFinite(value)) {
      at.push(i);
      values.push(value);
    }
  });
  const points: ChartPoint[] = series.map((value) => ({ value, signal: null, side: 0 }));
  if (values.length < 2) return { mean: null, lower: null, upper: null, points };
  const { mean, lower, upper } = using ?? limits(values);
  const sides = values.map((value) => side(value - mean));
  const outside = values.map((value) => value > upper || value < lower);
  const nearUpper = mean + ((upper - mean) * 2) / 3;
  const nearLower = mean - ((mean - lower) * 2) / 3;
  const near = values.map((value, i) => !outside[i] && (value > nearUpper || value < nearLower));
  const shift = membersOfRuns(shiftEnds(sides));
  const trend = membersOfRuns(trendEnds(values));
  const pair = twoOfThree(near, sides);
  values.forEach((value, i) => {
    const signal: Signal | null = outside[i] ? "outside" : trend[i] ? "trend" : pair[i] && near[i] ? "two-of-three" : shift[i] ? "shift" : null;
    points[at[i] as number] = { value, signal, side: sides[i] as -1 | 0 | 1 };
  });
  return { mean, lower, upper, points };
}

export interface Described {
  name: string;
  unit: string;
  wanted: Wanted;
}

/** A number for a sentence: whole from 100 up, else one figure after the point unless it is whole. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-GB");
  return value.toLocaleString("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** "2026-03" as March 2026. */
export function monthName(month: string): string {
  const [year, number] = month.split("-");
  return `${MONTHS[Number(number) - 1] ?? month} ${year ?? ""}`.trim();
}

const better = (wanted: Wanted, direction: number): string =>
  wanted === "neither" ? "" : (wanted === "up") === direction > 0 ? " This is the way it should go." : " This is not the way it should go: ask why.";

/** What the chart says, for those who read and those who listen; never a judgement on one month that is chance. */
export function sentence(described: Described, months: readonly string[], chart: Chart): string {
  const known = chart.points.map((point, i) => ({ ...point, month: months[i] ?? "" })).filter((point) => point.value !== null);
  const last = known.at(-1);
  if (!last || last.value === null) return `${described.name}: nothing to show yet.`;
  const now = `${described.name} in ${monthName(last.month)}: ${figure(last.value)}${described.unit === "%" ? "" : " "}${described.unit}.`;
  if (known.length < LEAST_POINTS || chart.mean === null || chart.lower === null || chart.upper === null)
    return `${now} There are ${known.length} months so far; at least ${LEAST_POINTS} are needed to tell change from chance.`;
  const usual = `The average over ${known.length} months is ${figure(chart.mean)}.`;
  const between = `From month to month it can be expected between ${figure(Math.max(0, chart.lower))} and ${figure(chart.upper)} by chance alone.`;
  if (last.signal) {
    const direction = last.signal === "trend" ? side(last.value - (known.at(-2)?.value ?? last.value)) : last.side;
    const what = {
      outside: `That is ${direction > 0 ? "above" : "below"} what chance explains.`,
      shift: `It has been ${direction > 0 ? "above" : "below"} the average for at least 7 months in a row, which chance does not explain.`,
      trend: `It has ${direction > 0 ? "risen" : "fallen"} for 7 months in a row, which chance does not explain.`,
      "two-of-three": `Two of the last three months are close to the ${direction > 0 ? "upper" : "lower"} limit, which chance seldom does.`,
    }[last.signal];
    return `${now} ${usual} ${what}${better(described.wanted, direction)}`;
  }
  const earlier = known.findLast((point) => point.signal !== null);
  if (earlier) return `${now} ${usual} ${between} The last month that chance does not explain was ${monthName(earlier.month)}.`;
  return `${now} ${usual} ${between} Nothing here is more than chance.`;
}
