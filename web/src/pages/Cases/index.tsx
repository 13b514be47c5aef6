// /cases: the caseload by state, co-ordinator and review; who is named is always shown, what is overdue is said in words.
import { useMemo, useState } from "react";
import { Link } from "react-router";
import { useDirectory, type Known } from "../../api/directory.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import {
  actionsOf, askName, capacityWords, casesOf, filterCases, flagsOf, pageOf, plural, sortCases, stateName, whyNotStart,
  type Case, type CaseAction, type CaseFilter, type CaseSort,
} from "../../fhir/cases.ts";
import { date, name, relative, today } from "../../fhir/format.ts";
import { actionName, CaseActionDialog, useCapacity } from "../../parts/CaseAction.tsx";
import { announce } from "../../parts/announce.tsx";
import { Button, Select, TextField } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { PersonCell } from "../../parts/PersonCell.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { useAddress, useTyped } from "../../parts/useAddress.ts";
import { HandOverSeveral } from "./HandOverSeveral.tsx";

const size = 25;
const states = [
  { value: "open", label: "On the caseload" },
  { value: "waitlist", label: "Waiting to start" },
  { value: "active", label: "Active" },
  { value: "onhold", label: "On hold" },
  { value: "over", label: "Finished or not taken on" },
];
const reviews = [
  { value: "overdue", label: "Overdue" },
  { value: "this-month", label: "Due in 4 weeks" },
  { value: "none", label: "No date set" },
];
const sorts: { value: CaseSort; label: string }[] = [
  { value: "attention", label: "Needs attention first" },
  { value: "review", label: "Review due" },
  { value: "name", label: "Name" },
  { value: "coordinator", label: "Co-ordinator" },
  { value: "since", label: "Longest in this state" },
];
const colours = { waitlist: "yellow", active: "green", onhold: "grey", finished: "white", cancelled: "white", planned: "blue", "entered-in-error": "grey" } as const;

export default function Cases() {
  const address = useAddress();
  const typing = useTyped("name");
  const { choose, to } = address;
  const now = today();
  const { known, problem: unknown } = useDirectory();
  const filter: CaseFilter = {
    state: (address.get("state") || "open") as NonNullable<CaseFilter["state"]>,
    coordinator: address.get("coordinator"),
    ...(address.get("review") && { review: address.get("review") as NonNullable<CaseFilter["review"]> }),
    flagged: address.get("flagged") === "yes",
    typed: typing.value,
  };
  const sort = (address.get("sort") || "attention") as CaseSort;
  const team = address.get("team");
  const isOver = filter.state === "over";
  const { parts, resources, problem, reload } = useLoaded(
    isOver
      ? ["EpisodeOfCare?status=finished,cancelled&_include=EpisodeOfCare:patient&_count=200"]
      : [
          "EpisodeOfCare?status=waitlist,active,onhold&_include=EpisodeOfCare:patient&_count=200",
          "CarePlan?status=active&category=urn:joinedup:plan|care-and-support&_count=500",
          "Task?status=draft,requested,received,accepted,ready,in-progress,on-hold&_count=500",
        ],
    ["EpisodeOfCare", "Task", "CarePlan"],
  );
  const [doing, setDoing] = useState<{ one: Case; action: CaseAction }>();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [isHandingOver, setHandingOver] = useState(false);

  const mine = useMemo(() => {
    const own = new Set(known?.self.teams.map((one) => one.reference) ?? []);
    return casesOf(resources).filter((one) => own.size === 0 || (one.team !== undefined && own.has(one.team)));
  }, [resources, known]);
  const inTeam = mine.filter((one) => !team || one.team === team);
  const nameOf = (reference: string | undefined) => known?.directory.name(reference) ?? "";
  const listed = sortCases(filterCases(inTeam, filter, now), sort, now, nameOf);
  const page = pageOf(listed, address.page, size);
  const coordinators = [...new Set(inTeam.map((one) => one.coordinator).filter((one): one is string => Boolean(one)))].sort((a, b) => nameOf(a).localeCompare(nameOf(b), "en-GB"));
  const handed = inTeam.filter((one) => chosen.has(one.id) && actionsOf(one).includes("hand-over"));

  const pick = (id: string, isPicked: boolean) => {
    const next = new Set(chosen);
    if (isPicked) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  const partOf = parts?.find((one) => one.problem);

  return (
    <Page
      title="Caseload"
      wide
      actions={
        <>
          <Link className="nhsuk-button nhsuk-button--secondary" to="/cases/find">
            Find cases
          </Link>
          <Link className="nhsuk-button nhsuk-button--secondary" to="/meeting">
            Meetings
          </Link>
        </>
      }
    >
      {(problem ?? unknown) && <Trouble problem={(problem ?? unknown)!} again={reload} />}
      {partOf?.problem && <Trouble problem={partOf.problem} what="A part of the caseload" again={reload} />}
      {known && <Balance known={known} team={team || (known.self.teams.length === 1 ? known.self.teams[0]!.reference : "")} onChoose={(reference) => choose("coordinator", reference)} />}
      <form className="ju-filters ju-no-print" role="search" aria-label="Filter the caseload" onSubmit={(event) => event.preventDefault()}>
        <Select id="cases-state" label="State" value={filter.state ?? "open"} onChange={(value) => choose("state", value === "open" ? "" : value)} choices={states} />
        <Select id="cases-coordinator" label="Co-ordinator" value={filter.coordinator ?? ""} onChange={(value) => choose("coordinator", value)} empty="Everybody" choices={[...coordinators.map((one) => ({ value: one, label: nameOf(one) || "Somebody who has left" })), { value: "none", label: "Nobody is named" }]} />
        {!isOver && <Select id="cases-review" label="Review" value={address.get("review")} onChange={(value) => choose("review", value)} empty="Any" choices={reviews} />}
        {known && known.self.teams.length > 1 && <Select id="cases-team" label="Team" value={team} onChange={(value) => choose("team", value)} empty="All my teams" choices={known.self.teams.map((one) => ({ value: one.reference, label: one.name }))} />}
        <Select id="cases-sort" label="Sort by" value={sort} onChange={(value) => choose("sort", value)} choices={sorts} />
        <TextField id="cases-name" label="Name or NHS number" type="search" value={typing.value} onChange={typing.set} width={20} />
      </form>
      {parts === undefined && !problem ? (
        <Waiting what="the caseload" />
      ) : (
        <>
          <p role="status">
            {page.total === 0 ? (inTeam.length === 0 ? "Nobody is here yet." : "Nobody fits what you chose.") : `${page.from} to ${page.to} of ${plural(page.total, "person", "people")}`}
            {parts?.some((one) => !one.isAll) && " There is more than can be listed at once: choose a team or a state."}
          </p>
          {handed.length > 0 && (
            <p>
              <Button kind="secondary" onClick={() => setHandingOver(true)}>
                Hand over {plural(handed.length, "chosen case")}
              </Button>{" "}
              <Button kind="link" onClick={() => setChosen(new Set())}>
                Choose none
              </Button>
            </p>
          )}
          {page.total > 0 && (
            <Table
              caption="People on the caseload"
              hideCaption
              rowKey={(one) => one.id}
              rows={page.items}
              columns={[
                ...(isOver
                  ? []
                  : [
                      {
                        key: "choose",
                        head: <span className="nhsuk-u-visually-hidden">Choose to hand over</span>,
                        cell: (one: Case) => <input type="checkbox" className="ju-check" aria-label={`Choose ${name(one.patient)}`} checked={chosen.has(one.id)} onChange={(event) => pick(one.id, event.target.checked)} />,
                      },
                    ]),
                { key: "person", head: "Person", cell: (one) => <PersonCell patient={one.patient} reference={one.patientReference} /> },
                {
                  key: "state",
                  head: "State",
                  cell: (one) => (
                    <>
                      <Tag colour={colours[one.state]}>{stateName(one.state)}</Tag>
                      <div className="ju-quiet">
                        since {date(one.since)}
                        {one.steps.at(-1)?.reason && `: ${one.steps.at(-1)!.reason}`}
                      </div>
                      {one.state === "waitlist" && <div>{askName(one.asked.at(-1)?.outcome)}</div>}
                    </>
                  ),
                },
                {
                  key: "named",
                  head: "Named co-ordinator and accountable professional",
                  cell: (one) => (
                    <>
                      <div>
                        <span className="nhsuk-u-visually-hidden">Co-ordinator: </span>
                        {one.coordinator ? (known?.directory.worker(one.coordinator) ?? "Somebody who has left") : <strong>No co-ordinator</strong>}
                      </div>
                      <div className="ju-quiet">
                        <span className="nhsuk-u-visually-hidden">Accountable: </span>
                        {one.accountable ? (known?.directory.worker(one.accountable) ?? "Somebody who has left") : "No accountable professional"}
                      </div>
                    </>
                  ),
                },
                ...(isOver
                  ? []
                  : [
                      {
                        key: "review",
                        head: "Review due",
                        cell: (one: Case) =>
                          one.reviewDue ? (
                            <>
                              {date(one.reviewDue)}
                              <div className="ju-quiet">{relative(one.reviewDue)}</div>
                            </>
                          ) : (
                            "No date set"
                          ),
                      },
                      {
                        key: "flags",
                        head: "Needs attention",
                        cell: (one: Case) => {
                          const flags = flagsOf(one, now);
                          return flags.length === 0 ? (
                            <span className="ju-quiet">Nothing noted</span>
                          ) : (
                            <ul className="ju-flags">
                              {flags.map((flag) => (
                                <li key={flag.words}>
                                  <Tag colour={flag.urgent ? "red" : "grey"}>{flag.words}</Tag>
                                </li>
                              ))}
                            </ul>
                          );
                        },
                      },
                      { key: "actions", head: <span className="nhsuk-u-visually-hidden">What next</span>, cell: (one: Case) => <Actions of={one} onChoose={(action) => setDoing({ one, action })} /> },
                    ]),
              ]}
            />
          )}
          <Pages page={page.page} pages={page.pages} to={to} />
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
      {isHandingOver && known && (
        <HandOverSeveral
          cases={handed}
          known={known}
          onClose={() => setHandingOver(false)}
          onDone={(left) => {
            setChosen(new Set(left));
            setHandingOver(false);
            announce(left.length === 0 ? "All chosen cases are handed over" : `${left.length} could not be handed over`);
            void reload();
          }}
        />
      )}
    </Page>
  );
}

/** The next thing as a button, the rest behind "More". */
function Actions({ of: one, onChoose }: { of: Case; onChoose: (action: CaseAction) => void }) {
  const [first, ...rest] = actionsOf(one);
  if (!first) return null;
  const who = name(one.patient);
  const hindered = whyNotStart(one);
  return (
    <div className="ju-actions ju-no-print">
      {one.state === "waitlist" && hindered && first !== "ask" && <span className="ju-quiet">{hindered}</span>}
      <Button small kind="secondary" onClick={() => onChoose(first)} aria-label={`${actionName[first]}: ${who}`}>
        {actionName[first]}
      </Button>
      {rest.length > 0 && (
        <details className="ju-more">
          <summary aria-label={`More for ${who}`}>More</summary>
          <ul>
            {rest.map((action) => (
              <li key={action}>
                <Button kind="link" onClick={() => onChoose(action)} aria-label={`${actionName[action]}: ${who}`}>
                  {actionName[action]}
                </Button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** Who looks after how many: seen before anybody accepts or hands over. */
function Balance({ known, team, onChoose }: { known: Known; team: string; onChoose: (reference: string) => void }) {
  const capacity = useCapacity(team || undefined);
  if (!capacity) return null;
  const busy = capacity.workers.filter((one) => one.cases > 0 || one.overdue > 0);
  return (
    <>
      <p className="nhsuk-inset-text">{capacityWords(known.directory.name(team) ?? "The team", capacity)}</p>
      {busy.length > 0 && (
        <details className="nhsuk-details ju-no-print">
          <summary className="nhsuk-details__summary">
            <span className="nhsuk-details__summary-text">How the cases are shared out</span>
          </summary>
          <div className="nhsuk-details__text">
            <Table
              caption="Cases by co-ordinator"
              rowKey={(one) => one.role}
              rows={[...busy].sort((a, b) => b.cases - a.cases || a.name.localeCompare(b.name, "en-GB"))}
              columns={[
                {
                  key: "name",
                  head: "Co-ordinator",
                  cell: (one) => (
                    <Button kind="link" onClick={() => onChoose(one.role)}>
                      {known.directory.worker(one.role) ?? one.name}
                    </Button>
                  ),
                },
                { key: "cases", head: "Cases", cell: (one) => one.cases, numeric: true },
                { key: "overdue", head: "Tasks overdue", cell: (one) => one.overdue, numeric: true },
              ]}
            />
            <p>Guidance asks for 50 to 80 people a co-ordinator; in practice it is 10 to 55. What is right depends on how ill they are.</p>
          </div>
        </details>
      )}
    </>
  );
}
