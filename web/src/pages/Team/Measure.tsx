import { useMemo } from "react";
import { FEW, fifthName, known, splitSentence, wholeMonths, type FigurePoint, type Series, type Split } from "../../fhir/figures.ts";
import { chartOf, isKeptBack, startOf, type Year } from "../../fhir/published.ts";
import { today } from "../../fhir/format.ts";
import { figure, monthName, sentence } from "../../fhir/spc.ts";
import { Table } from "../../parts/Table.tsx";
import { SpcChart } from "./SpcChart.tsx";

export const shown = (point: FigurePoint | undefined): string => (!point ? "" : point.value === null ? (point.few ? FEW : point.hidden ? "not shown" : "not known") : figure(point.value));

/** What is said where months are kept back: an average of the others would be too high. */
export const keptSentence = (title: string, points: readonly FigurePoint[], unit: string): string => {
  const last = points.at(-1);
  const kept = points.filter(isKeptBack).length;
  const now = last ? `${title} in ${monthName(last.month)}: ${shown(last)}${last.value === null || unit === "%" ? (last.value === null ? "" : unit) : ` ${unit}`}. ` : "";
  return `${now}${kept} of ${points.length} months are kept back as small numbers, so no average and no limits are given.`;
};

/** One measure: what it says, its chart, its table, and the same by deprivation. */
export function Measure({ series, split, years }: { series: Series; split: Split | undefined; years?: Year[] }) {
  const about = known(series.name, series.unit);
  const unit = series.unit || about.unit;
  const now = today();
  const whole = useMemo(() => wholeMonths(series.points, about, now), [series, about, now]);
  const months = useMemo(() => whole.map((one) => one.month), [whole]);
  const chart = useMemo(() => chartOf(whole), [whole]);
  const monthIn = (month: string) => `${monthName(month)}${month === now.slice(0, 7) ? " so far" : ""}`;
  const says = startOf(whole) === undefined ? keptSentence(about.title, whole, unit) : sentence({ name: about.title, unit, wanted: about.wanted }, months, chart);
  const isDrawn = months.length > 1 && chart.points.some((one) => one.value !== null);
  const id = `measure-${series.name.replace(/[^a-z0-9]+/gi, "-")}`;
  return (
    <section className="ju-measure" aria-labelledby={id}>
      <h2 className="nhsuk-heading-m" id={id} tabIndex={-1}>
        {about.title}
      </h2>
      <p className="ju-measure__sentence">{says}</p>
      {isDrawn && <SpcChart months={months} chart={chart} unit={unit} label={`${about.title} by month. ${says}`} />}
      {about.means && <p className="nhsuk-body-s">{about.means}</p>}
      <details className="nhsuk-details">
        <summary className="nhsuk-details__summary">
          <span className="nhsuk-details__summary-text">{about.title}: table</span>
        </summary>
        <div className="nhsuk-details__text">
          <Table
            caption={`${about.title} (${unit}) by month`}
            hideCaption
            rows={[...series.points.entries()].reverse()}
            rowKey={([, one]) => one.month}
            columns={[
              { key: "month", head: "Month", cell: ([, one]) => monthIn(one.month) },
              { key: "value", head: unit.charAt(0).toUpperCase() + unit.slice(1), numeric: true, cell: ([, one]) => shown(one) },
              { key: "chance", head: "More than chance", cell: ([i]) => (chart.points[i]?.signal ? "Yes" : "No") },
            ]}
          />
        </div>
      </details>
      {split && split.fifths.length > 0 && (
        <details className="nhsuk-details">
          <summary className="nhsuk-details__summary">
            <span className="nhsuk-details__summary-text">{about.title}: by deprivation</span>
          </summary>
          <div className="nhsuk-details__text">
            <p>{years ? "Most months of a fifth are small numbers. The years of April to March are what can be compared." : splitSentence(split)}</p>
            {years && years.length > 0 && (
              <Table
                caption={`${about.title} (${unit}) by year and deprivation fifth`}
                rows={years}
                rowKey={(one) => one.month}
                columns={[
                  { key: "year", head: "Year to", cell: (one) => monthName(one.month) },
                  ...split.fifths.map((fifth) => ({ key: String(fifth.fifth), head: fifthName(fifth.fifth), numeric: true, cell: (one: Year) => shown(one.fifths.find((each) => each.fifth === fifth.fifth)?.point) })),
                  { key: "all", head: "All", numeric: true, cell: (one: Year) => shown(one.all) },
                ]}
              />
            )}
            <Table
              caption={`${about.title} (${unit}) by month and deprivation fifth`}
              hideCaption
              rows={series.points.map((one) => one.month).reverse().slice(0, 12)}
              rowKey={(month) => month}
              columns={[
                { key: "month", head: "Month", cell: (month) => monthIn(month) },
                ...split.fifths.map((fifth) => ({
                  key: String(fifth.fifth),
                  head: fifthName(fifth.fifth),
                  numeric: true,
                  cell: (month: string) => shown(fifth.points.find((one) => one.month === month)),
                })),
              ]}
            />
          </div>
        </details>
      )}
    </section>
  );
}
