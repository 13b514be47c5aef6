/* Figures as a team publishes them: a MeasureReport a team and measure, small numbers kept back by the server (docs/methods/small-numbers.md).

     const teams = teamsOf(reports);                     // from identifiers alone
     const one = readReport(report);                     // months, their fifths, financial years
     const rate = perHundred(admissions, caseload);      // each month a hundred people on the caseload

   A number that is kept back is null here, "few" or "hidden". What is made of one that is kept back is kept back too.
*/
import type { MeasureReport } from "fhir/r4";
import { csv, type Cell } from "./csv.ts";
import { FEW, fifthName, HELD_BACK, known, type FigurePoint, type Figures, type Series, type Split } from "./figures.ts";
import { xmr, type Chart } from "./spc.ts";

export const PUBLISHED = "urn:joinedup:published-figures";

export interface PublishedTeam {
  id: string;
  name: string;
  /** Ids of its MeasureReports by measure. */
  reports: Record<string, string>;
  /** When what stands there was published. */
  date: string;
}

export interface Year {
  /** Its last month. */
  month: string;
  all: FigurePoint;
  fifths: { fifth: number; point: FigurePoint }[];
}

export interface Published {
  team: string;
  teamName: string;
  measure: string;
  date: string;
  series: Series;
  split: Split;
  years: Year[];
}

const nameOf = (report: MeasureReport): [string, string] => {
  const value = report.identifier?.find((one) => one.system === PUBLISHED)?.value ?? "";
  const slash = value.lastIndexOf("/");
  return [value.slice(0, slash), value.slice(slash + 1)];
};

/** The teams that have published, by name. */
export function teamsOf(reports: readonly MeasureReport[]): PublishedTeam[] {
  const teams = new Map<string, PublishedTeam>();
  for (const report of reports) {
    const [id, measure] = nameOf(report);
    if (!id || !measure || !report.id) continue;
    const team = teams.get(id) ?? { id, name: report.evaluatedResource?.[0]?.display ?? "A team", reports: {}, date: "" };
    team.reports[measure] = report.id;
    if ((report.date ?? "") > team.date) team.date = report.date ?? "";
    teams.set(id, team);
  }
  return [...teams.values()].sort((a, b) => a.name.localeCompare(b.name, "en-GB", { numeric: true }));
}

type Scored = { measureScore?: fhir4.Quantity; population?: { count?: number }[] };
const pointOf = (month: string, of: Scored | undefined): FigurePoint => {
  const score = of?.measureScore;
  if (score?.comparator === "<") return { month, value: null, few: true };
  if (score && score.value === undefined) return { month, value: null, few: false, hidden: true };
  return { month, value: score?.value ?? null, few: false };
};

const FIFTHS = [1, 2, 3, 4, 5, 0];

export function readReport(report: MeasureReport): Published {
  const [team, measure] = nameOf(report);
  const months: FigurePoint[] = [];
  const fifths = FIFTHS.map((fifth) => ({ fifth, points: [] as FigurePoint[] }));
  const years: Year[] = [];
  let unit = "";
  for (const group of report.group ?? []) {
    const code = group.code?.coding?.[0];
    const month = code?.code ?? "";
    unit ||= group.measureScore?.unit ?? "";
    const all = pointOf(month, group);
    const strata = group.stratifier?.[0]?.stratum ?? [];
    const by = FIFTHS.map((fifth) => {
      const stratum = strata.find((one) => one.value?.coding?.[0]?.code === String(fifth));
      // Where there is nothing in all, there is nothing in each; shares and waits of nobody are not known.
      return { fifth, point: stratum ? pointOf(month, stratum) : { month, value: all.value === 0 && known(measure, unit).counts ? 0 : null, few: false } };
    });
    if (code?.system === "urn:joinedup:year-to") years.push({ month, all, fifths: by });
    else {
      months.push(all);
      by.forEach((one, i) => fifths[i]?.points.push(one.point));
    }
  }
  return {
    team,
    teamName: report.evaluatedResource?.[0]?.display ?? "A team",
    measure,
    date: report.date ?? "",
    series: { name: measure, unit, points: months },
    split: { name: measure, unit, fifths },
    years,
  };
}

export const figuresOf = (all: readonly Published[]): Figures => ({ series: all.map((one) => one.series), splits: all.map((one) => one.split), notes: [] });

export const isKeptBack = (point: FigurePoint): boolean => point.value === null && (point.few || point.hidden === true);

/** From which month a chart can have an average: 0 where no month is kept back; after a team's first months where only those are small;
    nothing where small months lie between others. */
export function startOf(points: readonly FigurePoint[]): number | undefined {
  const last = points.findLastIndex(isKeptBack);
  return points.slice(0, last + 1).some((one) => one.value) || (last >= 0 && last === points.length - 1) ? undefined : last + 1;
}

/** What a chart shows where months are kept back among others: those others, without an average, which would be too high, and without limits. */
export function chartOf(points: readonly FigurePoint[]): Chart {
  const values = points.map((one) => one.value);
  const start = startOf(points);
  if (start !== undefined) {
    const chart = xmr(values.slice(start));
    return { ...chart, points: [...values.slice(0, start).map(() => ({ value: null, signal: null, side: 0 as const })), ...chart.points] };
  }
  return { mean: null, lower: null, upper: null, points: values.map((value) => ({ value, signal: null, side: 0 })) };
}

/** Which measures are fairer by the size of the caseload. */
export const isPerPerson = (measure: string): boolean => ["contacts", "admissions", "bed_days", "reviews_overdue", "starts", "ends"].includes(measure);
export const MEASURES = ["admissions", "bed_days", "contacts", "reviews_overdue", "waits", "decisions", "caseload", "starts", "ends"];

const rateOf = (events: FigurePoint | undefined, people: FigurePoint | undefined, month: string): FigurePoint => {
  if (!events || !people) return { month, value: null, few: false };
  if (isKeptBack(events) || isKeptBack(people)) return { month, value: null, few: false, hidden: true };
  if (events.value === null || !people.value) return { month, value: null, few: false };
  return { month, value: Math.round((1000 * events.value) / people.value) / 10, few: false };
};

/** Each month, and each year, for a hundred people on the caseload at the end of a month. */
export function perHundred(events: Published, caseload: Published): { months: FigurePoint[]; years: { month: string; all: FigurePoint }[] } {
  const people = new Map(caseload.series.points.map((one) => [one.month, one]));
  const yearsOfPeople = new Map(caseload.years.map((one) => [one.month, one.all]));
  return {
    months: events.series.points.map((one) => rateOf(one, people.get(one.month), one.month)),
    years: events.years.map((one) => ({ month: one.month, all: rateOf(one.all, yearsOfPeople.get(one.month), one.month) })),
  };
}

const cell = (point: FigurePoint | undefined): Cell => (!point ? "" : point.few ? FEW : point.hidden ? HELD_BACK : (point.value ?? ""));

/** All of a team's published numbers: months and financial years, all and by fifth. */
export function downloadPublished(all: readonly Published[]): string {
  const rows: Cell[][] = [["team", "period", "measure", "deprivation fifth (1 most deprived)", "value", "unit"]];
  for (const one of all) {
    const title = known(one.measure, one.series.unit).title;
    const add = (period: string, fifth: string, point: FigurePoint | undefined) => rows.push([one.teamName, period, title, fifth, cell(point), one.series.unit]);
    for (const point of one.series.points) {
      add(point.month, "all", point);
      for (const fifth of one.split.fifths) add(point.month, fifthName(fifth.fifth), fifth.points.find((each) => each.month === point.month));
    }
    for (const year of one.years) {
      add(`year to ${year.month}`, "all", year.all);
      for (const fifth of year.fifths) add(`year to ${year.month}`, fifthName(fifth.fifth), fifth.point);
    }
  }
  return csv(rows);
}
