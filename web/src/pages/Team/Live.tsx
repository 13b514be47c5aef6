// A team's figures for who works in it, as they stand now, each with a sentence, a chart, a table and the same by deprivation.
import { useEffect, useMemo, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { get, type Problem } from "../../api/client.ts";
import { useDirectory } from "../../api/directory.tsx";
import { capacityOf, type Capacity } from "../../fhir/cases.ts";
import { download, downloadSplit, known as measureOf, readFigures, sinceFirst, type Figures } from "../../fhir/figures.ts";
import { today } from "../../fhir/format.ts";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Button, Select } from "../../parts/form.tsx";
import { Measure } from "./Measure.tsx";
import { save, useOpenOnPaper } from "./paper.ts";
import { Workers } from "./Workers.tsx";

interface Read {
  team: string;
  figures?: Figures;
  capacity?: Capacity;
  problem?: Problem;
}

export function Live() {
  const { known, problem } = useDirectory();
  const [parameters, setParameters] = useSearchParams();
  const [read, setRead] = useState<Read>();
  useOpenOnPaper();
  const teams = useMemo(() => (!known ? [] : known.self.teams.length === 0 ? known.directory.teams : known.self.teams), [known]);
  const team = teams.find((one) => one.id === parameters.get("team")) ?? teams[0];
  const months = parameters.get("months") === "12" ? 12 : parameters.get("months") === "36" ? 36 : 24;
  useEffect(() => {
    if (!team) return;
    const stop = new AbortController();
    const key = `${team.id}/${months}`;
    // Who looks after how many is there at once; the figures of two years take longer to add up.
    const keep = (part: Partial<Read>) => setRead((before) => ({ ...(before?.team === key ? before : { team: key }), ...part }));
    const ask = (path: string, take: (value: fhir4.Parameters) => Partial<Read>, isNeeded: boolean) =>
      void get<fhir4.Parameters>(path, stop.signal)
        .then((answer) => {
          if (stop.signal.aborted) return;
          if (answer.ok) keep(take(answer.value));
          else if (isNeeded) keep({ problem: answer.problem });
        })
        .catch(() => undefined);
    ask(`CareTeam/${team.id}/$capacity`, (value) => ({ capacity: capacityOf(value) }), false);
    ask(`CareTeam/${team.id}/$figures?months=${months}`, (value) => ({ figures: sinceFirst(readFigures(value)) }), true);
    return () => stop.abort();
  }, [team, months]);

  const current = team && read?.team === `${team.id}/${months}` ? read : undefined;
  const figures = current?.figures;
  const file = (what: string) => `${(team?.name ?? "team").toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${what}-${today()}.csv`;
  return (
    <Page
      title={team ? `${team.name}: figures` : "Team"}
      wide
      actions={
        figures && (
          <>
            <Button kind="secondary" small onClick={() => save(file("figures"), download(figures))}>
              Download figures (CSV)
            </Button>
            <Button kind="secondary" small onClick={() => save(file("by-deprivation"), downloadSplit(figures))}>
              Download by deprivation (CSV)
            </Button>
            <Button kind="secondary" small onClick={() => print()}>
              Print
            </Button>
          </>
        )
      }
    >
      <p className="ju-no-print">
        <Link to="/team/published?view=compare">Compare the teams, by what they have published</Link>
      </p>
      {problem && <p role="alert">{problem.sentence}</p>}
      {!known && !problem && <Waiting what="the teams" />}
      {known && teams.length === 0 && <p>There is no team here yet. An administrator adds teams to the place.</p>}
      {team && (
        <div className="ju-no-print">
          {teams.length > 1 && <Select id="team" label="Team" value={team.id} onChange={(id) => setParameters({ team: id, months: String(months) })} choices={teams.map((one) => ({ value: one.id, label: one.name }))} />}
          <Select
            id="months"
            label="Period"
            value={String(months)}
            onChange={(value) => setParameters({ team: team.id, months: value })}
            choices={[
              { value: "12", label: "12 months" },
              { value: "24", label: "2 years" },
              { value: "36", label: "3 years" },
            ]}
          />
        </div>
      )}
      {current?.capacity && <Workers capacity={current.capacity} />}
      {team && !figures && !current?.problem && <Waiting what="the figures" />}
      {current?.problem && (
        <p role="alert" className="ju-measure__sentence">
          {current.problem.kind === "absent" ? "There are no figures of this team that you can see." : current.problem.sentence}
        </p>
      )}
      {figures && (
        <>
          <h2 className="nhsuk-heading-m">How to read the charts</h2>
          <p className="ju-measure__sentence">
            The line across is the average; between the broken lines is what chance alone explains from month to month. Small grey points are chance: nobody did better or worse. Orange diamonds (above the
            average) and blue squares (below it) are more than chance: ask what changed.
          </p>
          <nav aria-label="Measures" className="ju-no-print">
            <ul className="nhsuk-list ju-contents">
              {figures.series.map((one) => (
                <li key={one.name}>
                  <a href={`#measure-${one.name.replace(/[^a-z0-9]+/gi, "-")}`}>{measureOf(one.name, one.unit).title}</a>
                </li>
              ))}
            </ul>
          </nav>
          {figures.series.map((one) => (
            <Measure key={one.name} series={one} split={figures.splits.find((split) => split.name === one.name)} />
          ))}
          {figures.notes.map((one) => (
            <p className="nhsuk-body-s" key={one}>
              {one}
            </p>
          ))}
          <p className="nhsuk-body-s">Numbers below 10 are left out of the files, so that nobody can be recognised. What is on the screen is for those who look after these people.</p>
        </>
      )}
    </Page>
  );
}
