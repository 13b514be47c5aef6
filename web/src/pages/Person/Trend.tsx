import { useState } from "react";
import type { ScoreSeries } from "../../fhir/person.ts";
import { date } from "../../fhir/format.ts";
import { trendSentence } from "../../fhir/questionnaire.ts";
import { Table } from "../../parts/Table.tsx";

const width = 340;
const height = 120;
const edge = { left: 34, right: 12, top: 12, bottom: 24 };
const show = (value: number) => String(Math.round(value * 10) / 10);

/** A small line of scores over time: a picture, a sentence and, on request, the table. */
export function Trend({ series, meaning }: { series: ScoreSeries; meaning: string }) {
  const [isTable, setTable] = useState(false);
  const { points, title } = series;
  const times = points.map((one) => Date.parse(one.date));
  const values = points.map((one) => one.value);
  const [t0, t1] = [Math.min(...times), Math.max(...times)];
  const top = Math.max(...values, 1);
  const low = Math.min(...values, 0);
  const x = (time: number) => (t1 === t0 ? (width + edge.left) / 2 : edge.left + ((time - t0) / (t1 - t0)) * (width - edge.left - edge.right));
  const y = (value: number) => edge.top + (1 - (value - low) / (top - low)) * (height - edge.top - edge.bottom);
  const sentence = trendSentence(title, points, date);
  return (
    <section className="ju-card" aria-label={title}>
      <h3 className="nhsuk-heading-s">{title}</h3>
      <p>
        {sentence} {meaning && <span className="ju-quiet">{meaning}</span>}
      </p>
      {points.length > 1 && (
        <svg className="ju-chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={sentence}>
          <line x1={edge.left} x2={width - edge.right} y1={y(low)} y2={y(low)} stroke="#aeb7bd" />
          <text x={edge.left - 6} y={y(top) + 4} textAnchor="end" fontSize="12" fill="#4c6272">
            {show(top)}
          </text>
          <text x={edge.left - 6} y={y(low) + 4} textAnchor="end" fontSize="12" fill="#4c6272">
            {show(low)}
          </text>
          <polyline fill="none" stroke="#005eb8" strokeWidth="2" points={points.map((one, i) => `${x(times[i]!)},${y(one.value)}`).join(" ")} />
          {points.map((one, i) => (
            <circle key={i} cx={x(times[i]!)} cy={y(one.value)} r="4" fill="#005eb8" />
          ))}
          <text x={edge.left} y={height - 6} fontSize="12" fill="#4c6272">
            {date(points[0]!.date)}
          </text>
          <text x={width - edge.right} y={height - 6} fontSize="12" fill="#4c6272" textAnchor="end">
            {date(points[points.length - 1]!.date)}
          </text>
        </svg>
      )}
      <button type="button" className="ju-link-button" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
        {isTable ? "Hide the table" : "Show as a table"}
        <span className="nhsuk-u-visually-hidden"> {title}</span>
      </button>
      {isTable && (
        <Table
          caption={`${title}, every score`}
          hideCaption
          columns={[
            { key: "date", head: "Date", cell: (one) => date(one.date) },
            { key: "value", head: "Score", numeric: true, cell: (one) => show(one.value) },
          ]}
          rows={points}
          rowKey={(one) => one.date + one.response}
        />
      )}
    </section>
  );
}
