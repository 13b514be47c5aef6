// What teams have published: one team's months, or all teams side by side. Small numbers were kept back before it left the server.
import { useEffect, useMemo, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { batch, search, type Problem } from "../../api/client.ts";
import { figuresOf, downloadPublished, isPerPerson, MEASURES, PUBLISHED, readReport, teamsOf, type Published as Report, type PublishedTeam } from "../../fhir/published.ts";
import { known, sinceFirst } from "../../fhir/figures.ts";
import { date, today } from "../../fhir/format.ts";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Button, Select } from "../../parts/form.tsx";
import { Compare } from "./Compare.tsx";
import { Measure } from "./Measure.tsx";
import { save, useOpenOnPaper } from "./paper.ts";

const COMPARE = "compare";

/** The teams, and the reports that are asked for. */
function useReports(wanted: (teams: PublishedTeam[]) => string[], key: string) {
  const [teams, setTeams] = useState<PublishedTeam[]>();
  const [read, setRead] = useState<{ key: string; reports: Report[] }>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    const stop = new AbortController();
    void search<fhir4.MeasureReport>(`MeasureReport?identifier=${encodeURIComponent(`${PUBLISHED}|`)}&_elements=identifier,evaluatedResource,date&_count=1000`, stop.signal)
      .then((answer) => {
        if (stop.signal.aborted) return;
        if (!answer.ok) return setProblem(answer.problem);
        setTeams(teamsOf((answer.value.entry ?? []).flatMap((one) => (one.resource?.resourceType === "MeasureReport" ? [one.resource] : []))));
      })
      .catch(() => undefined);
    return () => stop.abort();
  }, []);
  const ids = useMemo(() => (teams ? wanted(teams).join(" ") : undefined), [teams, key]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    if (ids === undefined) return;
    const stop = new AbortController();
    const all = ids.split(" ").filter(Boolean);
    void (all.length === 0 ? Promise.resolve({ ok: true as const, value: [] }) : batch(all.map((id) => `MeasureReport/${id}`), stop.signal))
      .then((answer) => {
        if (stop.signal.aborted) return;
        if (!answer.ok) return setProblem(answer.problem);
        setRead({ key, reports: answer.value.flatMap((one) => (one.ok && one.value.resourceType === "MeasureReport" ? [readReport(one.value)] : [])) });
      })
      .catch(() => undefined);
    return () => stop.abort();
  }, [ids, key]);
  return { teams, reports: read?.key === key ? read.reports : undefined, problem };
}

export function Published({ isOwn }: { isOwn: boolean }) {
  const [parameters, setParameters] = useSearchParams();
  useOpenOnPaper();
  const isCompared = parameters.get("view") === COMPARE;
  const asked = parameters.get("team") ?? "";
  const measure = MEASURES.find((one) => one === parameters.get("measure")) ?? "admissions";
  const key = isCompared ? `${COMPARE}/${measure}` : `team/${asked}`;
  const { teams, reports, problem } = useReports((all) => {
    if (!isCompared) return Object.values((all.find((one) => one.id === asked) ?? all[0])?.reports ?? {});
    return all.flatMap((one) => [one.reports[measure], isPerPerson(measure) ? one.reports["caseload"] : undefined].filter((id): id is string => Boolean(id)));
  }, key);
  const team = teams?.find((one) => one.id === asked) ?? teams?.[0];
  const published = teams?.map((one) => one.date).sort().at(-1);
  const inOrder = useMemo(() => ["caseload", "starts", "ends", "waits", "reviews_overdue", "contacts", "admissions", "bed_days", "decisions"].flatMap((name) => reports?.filter((one) => one.measure === name) ?? []), [reports]);
  const figures = useMemo(() => sinceFirst(figuresOf(inOrder)), [inOrder]);
  const title = isCompared ? "Teams side by side" : team ? `${team.name}: published figures` : "Published figures";
  const file = `${isCompared ? "teams" : (team?.name ?? "team").toLowerCase().replace(/[^a-z0-9]+/g, "-")}-published-${today()}.csv`;
  return (
    <Page
      title={title}
      wide
      actions={
        reports &&
        reports.length > 0 && (
          <>
            <Button kind="secondary" small onClick={() => save(file, downloadPublished(isCompared ? reports : inOrder))}>
              Download published figures (CSV)
            </Button>
            <Button kind="secondary" small onClick={() => print()}>
              Print
            </Button>
          </>
        )
      }
    >
      {isOwn && (
        <p className="ju-no-print">
          <Link to="/team">Your team as it stands now</Link>
        </p>
      )}
      {problem && <p role="alert">{problem.sentence}</p>}
      {!teams && !problem && <Waiting what="what teams have published" />}
      {teams?.length === 0 && <p>No team has published figures yet. They are made within a minute of the server’s start, and then once a day.</p>}
      {teams && teams.length > 0 && (
        <>
          <div className="ju-no-print">
            <Select
              id="team"
              label="Team"
              value={isCompared ? COMPARE : (team?.id ?? "")}
              onChange={(id) => setParameters(id === COMPARE ? { view: COMPARE, measure } : { team: id })}
              choices={[...teams.map((one) => ({ value: one.id, label: one.name })), { value: COMPARE, label: "All teams, side by side" }]}
            />
            {isCompared && <Select id="measure" label="Measure" value={measure} onChange={(to) => setParameters({ view: COMPARE, measure: to })} choices={MEASURES.map((one) => ({ value: one, label: known(one, "").title }))} />}
          </div>
          <p className="ju-measure__sentence">
            Published on {date(published)}. Whole months only, rounded to 5. “Fewer than 10” is 1 to 9; “not shown” is kept back so that a small number cannot be worked out, or because it rests on fewer than ten people.
          </p>
          {!reports && <Waiting what="the figures" />}
        </>
      )}
      {reports && isCompared && <Compare measure={measure} reports={reports} teams={teams ?? []} />}
      {reports && !isCompared && (
        <>
          <nav aria-label="Measures" className="ju-no-print">
            <ul className="nhsuk-list ju-contents">
              {inOrder.map((one) => (
                <li key={one.measure}>
                  <a href={`#measure-${one.measure.replace(/[^a-z0-9]+/gi, "-")}`}>{known(one.measure, one.series.unit).title}</a>
                </li>
              ))}
            </ul>
          </nav>
          {inOrder.map((one, i) => (
            <Measure key={one.measure} series={figures.series[i] ?? one.series} split={figures.splits[i]} years={one.years} />
          ))}
        </>
      )}
    </Page>
  );
}
