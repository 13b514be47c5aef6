// /cases/find: people whom case finding found for my teams. Risk, what care may change and gaps stay three columns; somebody
// decides, the numbers only order the list.
import { useMemo, useState } from "react";
import { useDirectory } from "../../api/directory.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import { capacityWords, casesOf, foundAs, matchesPerson, pageOf, plural, riskWords, sortFound, type Case, type CaseAction, type FoundShow, type FoundSort } from "../../fhir/cases.ts";
import { date, name, today } from "../../fhir/format.ts";
import { actionName, CaseActionDialog, useCapacity } from "../../parts/CaseAction.tsx";
import { Button, Select, TextField } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { PersonCell } from "../../parts/PersonCell.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { useAddress, useTyped } from "../../parts/useAddress.ts";

const size = 20;
const shows: { value: FoundShow; label: string }[] = [
  { value: "undecided", label: "To be decided" },
  { value: "deferred", label: "Deferred" },
  { value: "declined", label: "Declined" },
  { value: "draft", label: "Not yet released by a clinician" },
];
const sorts: { value: FoundSort; label: string }[] = [
  { value: "risk", label: "Likelihood of emergency admission" },
  { value: "impactability", label: "What care may change" },
  { value: "gaps", label: "Gaps in care" },
  { value: "since", label: "Found longest ago" },
  { value: "name", label: "Name" },
];
const emptyWords: Record<FoundShow, string> = {
  undecided: "Nobody waits for a decision.",
  deferred: "Nobody is deferred.",
  declined: "Nobody was declined.",
  draft: "There is no list that waits for release.",
};

/** Reasons of the people on this page alone: a list of hundreds would be thousands of them. */
function useReasons(shown: Case[]) {
  const ids = shown.map((one) => one.patientReference).join(",");
  const category = ["risk", "impactability", "care_gaps"].map((one) => `urn:joinedup:case-finding|${one}`).join(",");
  return useLoaded(ids ? [`Observation?category=${category}&subject=${ids}&_count=500`] : [], []);
}

/** Dates inside a sentence as they are written everywhere else. */
const datesIn = (words: string): string => words.replace(/\b\d{4}-\d\d-\d\d\b/g, (iso) => date(iso));
const most = 3;

function Reasons({ of, dimension, isReading }: { of: Case; dimension: "risk" | "impactability" | "care_gaps"; isReading: boolean }) {
  const reasons = of.reasons.filter((one) => one.dimension === dimension);
  if (reasons.length === 0) return isReading ? <span className="nhsuk-u-visually-hidden">Loading reasons</span> : null;
  const item = (one: Case["reasons"][number]) => (
    <li key={one.id}>
      {datesIn(one.words)}
      <span className="ju-quiet">
        {one.date && !one.words.includes(one.date) && `, ${date(one.date)}`}
        {one.source && ` (${datesIn(one.source)})`}
      </span>
    </li>
  );
  return (
    <>
      <ul className="ju-reasons">{reasons.slice(0, most).map(item)}</ul>
      {reasons.length > most && (
        <details className="ju-more">
          <summary aria-label={`${reasons.length - most} more reasons for ${name(of.patient)}`}>{reasons.length - most} more</summary>
          <ul className="ju-reasons">{reasons.slice(most).map(item)}</ul>
        </details>
      )}
    </>
  );
}

export default function Find() {
  const address = useAddress();
  const show = (address.get("show") || "undecided") as FoundShow;
  const sort = (address.get("sort") || "risk") as FoundSort;
  const typing = useTyped("name");
  const typed = typing.value;
  const team = address.get("team");
  const practice = address.get("practice");
  const now = today();
  const { known, problem: unknown } = useDirectory();
  const status = show === "declined" ? "cancelled" : "planned";
  const { resources, parts, problem, reload } = useLoaded(
    [`EpisodeOfCare?status=${status}&_include=EpisodeOfCare:patient&_revinclude:iterate=RiskAssessment:subject&_count=200`],
    ["EpisodeOfCare", "RiskAssessment"],
  );
  const [doing, setDoing] = useState<{ one: Case; action: CaseAction }>();

  const all = useMemo(() => casesOf(resources), [resources]);
  const mine = useMemo(() => {
    const own = new Set(known?.self.teams.map((one) => one.reference) ?? []);
    return all.filter((one) => own.size === 0 || (one.team !== undefined && own.has(one.team)));
  }, [all, known]);
  const inTeam = mine.filter((one) => !team || one.team === team);
  const counts = new Map<FoundShow, number>();
  for (const one of inTeam) {
    const as = foundAs(one, now);
    if (as) counts.set(as, (counts.get(as) ?? 0) + 1);
  }
  const practices = [...new Set(inTeam.map((one) => one.episode.managingOrganization?.reference).filter((one): one is string => Boolean(one)))];
  const listed = sortFound(
    inTeam.filter((one) => foundAs(one, now) === show && (!practice || one.episode.managingOrganization?.reference === practice) && matchesPerson(one.patient, typed)),
    sort,
  );
  const page = pageOf(listed, address.page, size);
  const reasons = useReasons(page.items);
  const shown = useMemo(() => {
    const wanted = new Set(page.items.map((one) => one.id));
    return new Map(casesOf([...resources, ...reasons.resources]).filter((one) => wanted.has(one.id)).map((one) => [one.id, one]));
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [resources, reasons.resources, page.items.map((one) => one.id).join()]);

  const { choose, to } = address;
  const oneTeam = team || (known?.self.teams.length === 1 ? known.self.teams[0]!.reference : "");
  const capacity = useCapacity(oneTeam || undefined);

  return (
    <Page title="Find cases" wide>
      {(problem ?? unknown ?? parts?.[0]?.problem) && <Trouble problem={(problem ?? unknown ?? parts?.[0]?.problem)!} again={reload} />}
      <p>
        People whom case finding found for {known?.self.teams.length === 1 ? known.self.teams[0]!.name : "your teams"}. The numbers order the list; somebody who knows the person decides. Never for decisions about eligibility, resuscitation or
        rationing.
      </p>
      {capacity && oneTeam && <p className="nhsuk-inset-text">{capacityWords(known?.directory.name(oneTeam) ?? "The team", capacity)}</p>}
      <form className="ju-filters ju-no-print" role="search" aria-label="Filter the list" onSubmit={(event) => event.preventDefault()}>
        <Select id="find-show" label="Show" value={show} onChange={(value) => choose("show", value)} choices={shows.map((one) => ({ ...one, label: counts.has(one.value) ? `${one.label} (${counts.get(one.value)})` : one.label }))} />
        <Select id="find-sort" label="Sort by" value={sort} onChange={(value) => choose("sort", value)} choices={sorts} />
        {known && known.self.teams.length > 1 && <Select id="find-team" label="Team" value={team} onChange={(value) => choose("team", value)} empty="All my teams" choices={known.self.teams.map((one) => ({ value: one.reference, label: one.name }))} />}
        {practices.length > 1 && <Select id="find-practice" label="Practice" value={practice} onChange={(value) => choose("practice", value)} empty="All practices" choices={practices.map((one) => ({ value: one, label: known?.directory.name(one) ?? "Practice" }))} />}
        <TextField id="find-name" label="Name or NHS number" type="search" value={typed} onChange={typing.set} width={20} />
      </form>
      {parts === undefined && !problem ? (
        <Waiting what="the list" />
      ) : (
        <>
          {show === "draft" && <p>A clinician of the team looks through these and releases the list. Until then nobody is taken on from it.</p>}
          <p role="status">
            {page.total === 0 ? (typed || practice ? "Nobody fits what you chose." : emptyWords[show]) : `${page.from} to ${page.to} of ${plural(page.total, "person", "people")}`}
            {parts?.some((one) => !one.isAll) && " There are more than can be listed at once: choose a team or a practice."}
          </p>
          {page.total > 0 && (
            <Table
              caption="People who were found"
              hideCaption
              rowKey={(one) => one.id}
              rows={page.items.map((one) => shown.get(one.id) ?? one)}
              columns={[
                {
                  key: "person",
                  head: "Person",
                  cell: (one) => (
                    <>
                      <PersonCell patient={one.patient} reference={one.patientReference} />
                      <div className="ju-quiet">{known?.directory.name(one.episode.managingOrganization?.reference)}</div>
                      <div className="ju-quiet">Found {date(one.steps[0]?.start ?? one.since)}</div>
                      {!one.released && <Tag colour="yellow">Not released yet</Tag>}
                      {one.deferredUntil && one.deferredUntil > now && <Tag colour="grey">Deferred until {date(one.deferredUntil)}</Tag>}
                      {one.deferredUntil && one.deferredUntil <= now && one.state === "planned" && <Tag colour="orange">Back from {date(one.deferredUntil)}</Tag>}
                      {one.state === "cancelled" && <div>{one.steps.at(-1)?.reason}</div>}
                    </>
                  ),
                },
                {
                  key: "risk",
                  head: "Likelihood of emergency admission within 12 months",
                  cell: (one) => (
                    <>
                      <strong className="ju-tally">{riskWords(one.risk)}</strong>
                      <Reasons of={one} dimension="risk" isReading={reasons.isReading} />
                      {one.cautions.filter((each) => !each.startsWith("Never for")).map((each) => (
                        <p className="ju-quiet" key={each}>
                          {each}
                        </p>
                      ))}
                    </>
                  ),
                },
                {
                  key: "impactability",
                  head: "What care may change",
                  cell: (one) => (
                    <>
                      <strong className="ju-tally">{one.impactability === undefined ? "Not known" : plural(one.impactability, "thing")}</strong>
                      <Reasons of={one} dimension="impactability" isReading={reasons.isReading} />
                    </>
                  ),
                },
                {
                  key: "gaps",
                  head: "Gaps in care",
                  cell: (one) => (
                    <>
                      <strong className="ju-tally">{one.gaps === undefined ? "Not known" : plural(one.gaps, "gap")}</strong>
                      <Reasons of={one} dimension="care_gaps" isReading={reasons.isReading} />
                    </>
                  ),
                },
                {
                  key: "actions",
                  head: <span className="nhsuk-u-visually-hidden">Decide</span>,
                  cell: (one) =>
                    one.state === "planned" && one.released && known ? (
                      <div className="ju-actions ju-no-print">
                        {(["accept", "defer", "decline"] as CaseAction[]).map((action) => (
                          <Button key={action} small kind={action === "accept" ? "primary" : "secondary"} onClick={() => setDoing({ one, action })} aria-label={`${actionName[action]} ${name(one.patient)}`}>
                            {actionName[action]}
                          </Button>
                        ))}
                      </div>
                    ) : null,
                },
              ]}
            />
          )}
          <Pages page={page.page} pages={page.pages} to={to} />
          <details className="nhsuk-details">
            <summary className="nhsuk-details__summary">
              <span className="nhsuk-details__summary-text">What these numbers can and cannot say</span>
            </summary>
            <div className="nhsuk-details__text">
              <p>
                <strong>Likelihood</strong> is how many of 100 people whom the model scores alike are admitted as an emergency within 12 months. It is a likelihood among people alike, not a finding about this person, and it is often high where little can be changed.
              </p>
              <p>
                <strong>What care may change</strong> counts the rules that hold for this person, such as admissions that care at home may prevent. It is a count, not a score: 4 is not twice 2.
              </p>
              <p>
                <strong>Gaps in care</strong> counts what should have happened and is not in the record. It may have happened elsewhere.
              </p>
              <p>The three are never added up.</p>
            </div>
          </details>
        </>
      )}
      {doing && known && (
        <CaseActionDialog
          of={doing.one}
          action={doing.action}
          known={known}
          onClose={() => setDoing(undefined)}
          onDone={() => {
            setDoing(undefined);
            void reload();
          }}
        />
      )}
    </Page>
  );
}
