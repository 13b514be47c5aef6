// One measure of all teams: a chart each on one scale, and a table. In the order of their names, never of their numbers.
import { useMemo } from "react";
import { known, type FigurePoint } from "../../fhir/figures.ts";
import { chartOf, isKeptBack, isPerPerson, startOf, perHundred, type Published, type PublishedTeam } from "../../fhir/published.ts";
import { figure, LEAST_POINTS, monthName, sentence, type Chart } from "../../fhir/spc.ts";
import { Table } from "../../parts/Table.tsx";
import { keptSentence, shown } from "./Measure.tsx";
import { SpcChart } from "./SpcChart.tsx";

interface Side {
  id: string;
  name: string;
  points: FigurePoint[];
  months: string[];
  chart: Chart;
  years: { month: string; all: FigurePoint }[];
}

function sideOf(team: PublishedTeam, measure: string, reports: readonly Published[]): Side {
  const own = reports.find((one) => one.team === team.id && one.measure === measure);
  const caseload = reports.find((one) => one.team === team.id && one.measure === "caseload");
  const rate = own && isPerPerson(measure) && caseload ? perHundred(own, caseload) : { months: own?.series.points ?? [], years: own?.years ?? [] };
  // From the first month that there is anything of.
  const first = rate.months.findIndex((one) => isKeptBack(one) || one.value !== null);
  const points = first < 0 ? [] : rate.months.slice(first);
  return { id: team.id, name: team.name, points, months: points.map((one) => one.month), chart: chartOf(points), years: rate.years };
}

/** Too few months to tell change from chance. */
const isShort = (side: Side): boolean => side.chart.points.filter((one) => one.value !== null).length < LEAST_POINTS;

export function Compare({ measure, reports, teams }: { measure: string; reports: readonly Published[]; teams: readonly PublishedTeam[] }) {
  const about = known(measure, reports.find((one) => one.measure === measure)?.series.unit ?? "");
  const unit = isPerPerson(measure) ? `${about.unit} per 100 people` : about.unit;
  const sides = useMemo(() => teams.map((team) => sideOf(team, measure, reports)), [teams, measure, reports]);
  const top = Math.max(1, ...sides.flatMap((side) => [side.chart.upper ?? 0, ...side.points.map((one) => one.value ?? 0)]));
  const year = sides.flatMap((side) => side.years.map((one) => one.month)).sort().at(-1);
  const isStock = about.snapshot && !isPerPerson(measure);
  return (
    <>
      <p className="ju-measure__sentence">
        {about.means}
        {isPerPerson(measure) && " Each month’s number is divided by the people on the caseload at its end, so that a large and a small team can be compared."} Teams stand in the order of their names: this is no league table. They look after
        different people; what differs is a question, not an answer. All charts have one scale.
      </p>
      <Table
        caption={`${about.title}${isPerPerson(measure) ? " per 100 people on the caseload" : ""}, by team`}
        rows={sides}
        rowKey={(one) => one.id}
        columns={[
          { key: "team", head: "Team", cell: (one) => one.name },
          { key: "last", head: "Last month", numeric: true, cell: (one) => shown(one.points.at(-1)) },
          { key: "mean", head: "Average of the months", numeric: true, cell: (one) => (one.chart.mean === null || isShort(one) ? "not given" : figure(one.chart.mean)) },
          {
            key: "limits",
            head: "Expected by chance alone",
            numeric: true,
            cell: (one) => (one.chart.lower === null || one.chart.upper === null || isShort(one) ? "not given" : `${figure(Math.max(0, one.chart.lower))} to ${figure(one.chart.upper)}`),
          },
          ...(isStock ? [] : [{ key: "year", head: year ? `${isPerPerson(measure) ? "A month in the year to" : "Year to"} ${monthName(year)}` : "Year", numeric: true, cell: (one: Side) => shown(one.years.find((each) => each.month === year)?.all) }]),
        ]}
      />
      {sides.map((side) => {
        const says = side.points.length === 0 ? `${about.title}: nothing to show yet.` : startOf(side.points) === undefined ? keptSentence(about.title, side.points, unit) : sentence({ name: about.title, unit, wanted: about.wanted }, side.months, side.chart);
        return (
          <section className="ju-measure" aria-labelledby={`side-${side.id}`} key={side.id}>
            <h2 className="nhsuk-heading-m" id={`side-${side.id}`} tabIndex={-1}>
              {side.name}
            </h2>
            <p className="ju-measure__sentence">{says}</p>
            {side.chart.points.some((one) => one.value !== null) && side.months.length > 1 && <SpcChart months={side.months} chart={side.chart} unit={unit} label={`${side.name}: ${about.title} by month. ${says}`} top={top} />}
          </section>
        );
      })}
    </>
  );
}
