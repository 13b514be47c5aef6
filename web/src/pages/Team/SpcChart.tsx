import { useEffect, useRef } from "react";
import { type Chart, type Signal, monthName } from "../../fhir/spc.ts";

export interface Drawn {
  months: string[];
  chart: Chart;
  unit: string;
  /** What the picture says, for who cannot see it. */
  label: string;
  /** The top of the scale, where several charts share one. */
  top?: number;
}

const ink = { line: "#4c6272", usual: "#4c6272", above: "#c15500", below: "#005eb8", mean: "#212b32" };
const words: Record<Signal, string> = { outside: "outside the limits", trend: "one of 7 rising or falling", "two-of-three": "near a limit, as is one beside it", shift: "one of 7 on one side of the average" };

/** An XmR chart: points by month, average, limits. Points that chance does not explain are larger and of another shape. Drawn by Observable Plot, fetched when
    first needed; the sentence and the table stand without it. */
export function SpcChart({ months, chart, unit, label, top }: Drawn) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let isHere = true;
    let width = 0;
    const draw = async () => {
      const Plot = await import("@observablehq/plot");
      const box = place.current;
      if (!isHere || !box) return;
      const points = chart.points.flatMap((point, i) => (point.value === null ? [] : [{ month: new Date(`${months[i]}-15T12:00:00Z`), name: monthName(months[i] ?? ""), ...point }]));
      const lines = chart.mean === null || chart.lower === null || chart.upper === null ? [] : [
        Plot.ruleY([chart.mean], { stroke: ink.mean }),
        Plot.ruleY([chart.upper, ...(chart.lower > 0 ? [chart.lower] : [])], { stroke: ink.line, strokeDasharray: "6 4" }),
      ];
      width = Math.max(280, Math.min(box.clientWidth || 640, 900));
      const svg = Plot.plot({
        width,
        height: Math.round(Math.min(260, Math.max(180, width / 2.6))),
        marginLeft: 48,
        marginRight: 12,
        marginBottom: 40,
        className: "ju-plot",
        x: { type: "utc", label: null, ticks: months.length <= 8 ? "month" : width < 500 ? 4 : 8 },
        y: { label: unit, zero: true, nice: true, grid: true, ticks: 5, ...(top ? { domain: [0, top] } : {}) },
        marks: [
          ...lines,
          Plot.lineY(points, { x: "month", y: "value", stroke: ink.line }),
          Plot.dot(points, {
            x: "month",
            y: "value",
            r: (one: { signal: Signal | null }) => (one.signal ? 6 : 3),
            symbol: (one: { signal: Signal | null; side: number }) => (one.signal ? (one.side < 0 ? "square" : "diamond2") : "circle"),
            fill: (one: { signal: Signal | null; side: number }) => (one.signal ? (one.side < 0 ? ink.below : ink.above) : ink.usual),
            title: (one: { name: string; value: number; signal: Signal | null }) => `${one.name}: ${one.value}${one.signal ? ` (${words[one.signal]})` : ""}`,
          }),
        ],
        symbol: { type: "identity" },
        r: { type: "identity" },
        color: { type: "identity" },
      });
      svg.querySelectorAll("style").forEach((one) => one.remove()); // the content policy takes styles from files only
      svg.querySelectorAll("[aria-label]").forEach((one) => one.removeAttribute("aria-label")); // one picture with one name
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", label);
      box.replaceChildren(svg);
    };
    void draw().catch(() => undefined); // without the drawing there is the sentence and the table
    const watch = new ResizeObserver(() => {
      const box = place.current;
      if (box && width && Math.abs(Math.min(box.clientWidth, 900) - width) > 24) void draw().catch(() => undefined);
    });
    if (place.current) watch.observe(place.current);
    return () => {
      isHere = false;
      watch.disconnect();
    };
  }, [months, chart, unit, label, top]);
  return <div ref={place} className="ju-chart" />;
}
