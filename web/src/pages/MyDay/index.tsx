// My day: what is due, overdue and changed; alerts within seconds; referrals and reviews waiting. Priority first, then date.
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { operation } from "../../api/client.ts";
import { useDirectory } from "../../api/directory.tsx";
import { useHearing } from "../../api/events.ts";
import { hasRole, useSession } from "../../api/session.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import { dayOf, kindWords, shown, timingWords, type Item, type ItemKind, type Timing, type Wanted } from "../../fhir/day.ts";
import { addDays, date, dateTime, relative, today } from "../../fhir/format.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { Button, Select, TextArea, TextField } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { PersonCell } from "../../parts/PersonCell.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { Table, type Column } from "../../parts/Table.tsx";
import { Tag, type TagColour } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { Alerts } from "./Alerts.tsx";
import { Feeds } from "./Feeds.tsx";

const WithheldReviews = lazy(() => import("./WithheldReviews.tsx")); // a safeguarding lead's alone

const timingColour: Record<Timing, TagColour> = { overdue: "red", today: "orange", week: "blue", later: "grey", none: "yellow" };
const open = "requested,received,accepted,ready,in-progress,on-hold,draft";
const perPage = 25;

function questions(roles: string[], others: string[], practitioner: string): string[] {
  const mine = roles.join(",");
  const owners = [...roles, ...others, practitioner].filter(Boolean).join(",");
  const now = today();
  return [
    `Task?owner=${owners}&status=${open}&_include=Task:patient&_count=200`,
    `Communication?recipient=${owners}&_include=Communication:subject&_sort=-sent&_count=100&sent=ge${addDays(now, -30)}`,
    ...(mine ? [`EpisodeOfCare?care-manager=${mine}&status=active,waitlist,onhold&_include=EpisodeOfCare:patient&_count=200`] : []),
    `CarePlan?status=active&category=${encodeURIComponent("urn:joinedup:plan|care-and-support")}&_include=CarePlan:patient&_count=200`,
    ...(mine ? [`Appointment?actor=${mine}&date=ge${now}&date=le${addDays(now, 14)}&_sort=date&_count=20`] : []),
  ];
}

export default function MyDay() {
  const session = useSession();
  const { known, problem: noDirectory } = useDirectory();
  const self = known?.self;
  const paths = useMemo(() => (self ? questions(self.roles, self.services, self.practitioner) : []), [self]);
  const { resources, parts, problem, reload } = useLoaded(paths, ["Task", "Communication", "EpisodeOfCare", "CarePlan", "Appointment", "Patient"]);
  const hearing = useHearing();
  useEffect(() => {
    if (hearing !== "silent") return;
    const timer = setInterval(() => void reload(), 60_000);
    return () => clearInterval(timer);
  }, [hearing, reload]);

  const [address, setAddress] = useSearchParams();
  const wanted: Wanted = {
    text: address.get("find") ?? "",
    kind: (address.get("kind") ?? "") as ItemKind | "",
    timing: (address.get("when") ?? "") as Timing | "changed" | "",
  };
  const change = (next: Record<string, string>) =>
    setAddress(
      (before) => {
        const after = new URLSearchParams(before);
        after.delete("page");
        for (const [key, value] of Object.entries(next)) value ? after.set(key, value) : after.delete(key);
        return after;
      },
      { replace: true },
    );

  const day = useMemo(() => dayOf(resources, { roles: self?.roles ?? [], services: self?.services ?? [], practitioner: self?.practitioner ?? "" }, { today: today(), now: Date.now() }), [resources, self]);
  const found = useMemo(() => shown(day.items, wanted), [day, wanted.text, wanted.kind, wanted.timing]); // eslint-disable-line
  const pages = Math.max(1, Math.ceil(found.length / perPage));
  const page = Math.min(pages, Math.max(1, Number(address.get("page") ?? 1) || 1));
  const [finishing, setFinishing] = useState<Item>();

  // What was found is said once typing pauses.
  const first = useRef(true);
  useEffect(() => {
    if (first.current) return void (first.current = false);
    const timer = setTimeout(() => announce(`${found.length} of ${day.items.length} shown`), 500);
    return () => clearTimeout(timer);
  }, [wanted.text, wanted.kind, wanted.timing]); // eslint-disable-line

  const count = (timing: Timing | "changed") => shown(day.items, { text: "", kind: "", timing }).length;
  const meetings = resources.filter((one) => one.resourceType === "Appointment" && one.status !== "cancelled") as fhir4.Appointment[];
  const isReady = parts !== undefined;

  const columns: Column<Item>[] = [
    {
      key: "what",
      head: "What",
      cell: (one) => (
        <>
          {one.link ? <Link to={one.link}>{one.what}</Link> : one.what}
          <div className="ju-quiet">
            {kindWords[one.kind]}
            {one.from && known ? `, from ${known.directory.worker(one.from) ?? "somebody outside the directory"}` : ""} {one.changed && <Tag colour="purple">Changed</Tag>}
          </div>
        </>
      ),
    },
    { key: "person", head: "Person", cell: (one) => (one.patient ? <PersonCell patient={day.people.get(one.patient)} reference={one.patient} /> : <span className="ju-quiet">About nobody</span>) },
    {
      key: "due",
      head: "Due",
      cell: (one) => (
        <>
          <Tag colour={timingColour[one.timing]}>{timingWords[one.timing]}</Tag>
          {one.due && (
            <div>
              {date(one.due)} <span className="ju-quiet">{relative(one.due)}</span>
            </div>
          )}
        </>
      ),
    },
    { key: "priority", head: "Priority", cell: (one) => (one.priority === "routine" ? "Routine" : <Tag colour="red">{one.priority === "stat" ? "At once" : one.priority === "asap" ? "As soon as possible" : "Urgent"}</Tag>) },
    {
      key: "do",
      head: <span className="nhsuk-u-visually-hidden">Actions</span>,
      cell: (one) =>
        one.task && one.kind !== "referral" ? (
          <Button kind="secondary" small onClick={() => setFinishing(one)}>
            Done
            <span className="nhsuk-u-visually-hidden">
              : {one.what} {one.person}
            </span>
          </Button>
        ) : null,
    },
  ];

  return (
    <Page title="My day" wide>
      {noDirectory && <Trouble problem={noDirectory} what="Who you work with" />}
      {problem && <Trouble problem={problem} what="Your day" again={reload} />}
      {parts?.map((one, index) => one.problem && <Trouble key={index} problem={one.problem} what="A part of your day" again={reload} />)}
      {parts?.some((one) => !one.isAll) && <p className="nhsuk-inset-text">There is more than this page can show. Use the caseload to see everybody.</p>}
      {!isReady && !problem && !noDirectory && <Waiting what="your day" />}
      {isReady && (
        <>
          <ul className="ju-figures" aria-label="Your work at a glance">
            {(["overdue", "today", "week", "none", "changed"] as const).map((one) => (
              <li key={one}>
                <button type="button" className={`ju-figure ju-figure--${one}`} aria-pressed={wanted.timing === one} onClick={() => change({ when: wanted.timing === one ? "" : one })}>
                  <span className="ju-figure__number">{count(one)}</span> {one === "changed" ? "Changed since yesterday" : timingWords[one]}
                </button>
              </li>
            ))}
          </ul>
          <Alerts title="Alerts" id="alerts" alerts={day.alerts} people={day.people} most={10} empty="No alert is waiting to be opened. See below when each source last spoke." worker={(reference) => known?.directory.worker(reference)} onChange={reload} />
          {hasRole(session, "safeguarding_lead") && (
            <Suspense fallback={null}>
              <WithheldReviews people={day.people} />
            </Suspense>
          )}
          <section aria-labelledby="work">
            <h2 id="work" className="nhsuk-heading-m">
              Work <span className="ju-count">({found.length === day.items.length ? found.length : `${found.length} of ${day.items.length}`})</span>
            </h2>
            <form className="ju-filters" role="search" aria-label="Work" onSubmit={(event) => event.preventDefault()}>
              <TextField id="find" label="Find in my work" type="search" value={wanted.text} onChange={(find) => change({ find })} />
              <Select id="kind" label="Kind" value={wanted.kind} onChange={(kind) => change({ kind })} empty="Every kind" choices={Object.entries(kindWords).filter(([value]) => value !== "agenda-item").map(([value, label]) => ({ value, label }))} />
              <Select id="when" label="When" value={wanted.timing} onChange={(when) => change({ when })} empty="Any time" choices={[...Object.entries(timingWords).map(([value, label]) => ({ value, label })), { value: "changed", label: "Changed since yesterday" }]} />
              {(wanted.text || wanted.kind || wanted.timing) && (
                <Button kind="link" onClick={() => change({ find: "", kind: "", when: "" })}>
                  Show everything
                </Button>
              )}
            </form>
            <Table
              caption="Work, by priority and then by date"
              hideCaption
              columns={columns}
              rows={found.slice((page - 1) * perPage, page * perPage)}
              rowKey={(one) => one.key}
              empty={<p>{day.items.length === 0 ? "Nothing is with you now." : "Nothing of your work is like that. Change the words or the filters."}</p>}
            />
            <Pages page={page} pages={pages} to={(to) => `?${new URLSearchParams([...[...address].filter(([key]) => key !== "page"), ["page", String(to)]])}`} />
          </section>
          {day.messages.length > 0 && <Alerts title="Messages" id="messages" alerts={day.messages} people={day.people} most={5} empty="Every message was opened." worker={(reference) => known?.directory.worker(reference)} onChange={reload} />}
          {meetings.length > 0 && (
            <section aria-labelledby="meetings">
              <h2 id="meetings" className="nhsuk-heading-m">
                Meetings in the next two weeks
              </h2>
              <ul className="nhsuk-list nhsuk-list--bullet">
                {meetings.map((one) => (
                  <li key={one.id}>
                    <Link to={`/meeting/${one.id}`}>
                      {dateTime(one.start)} {one.description ?? "Team meeting"}
                    </Link>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </>
      )}
      <Feeds />
      {finishing?.task && (
        <Dialog title={`Done: ${finishing.what}`} onClose={() => setFinishing(undefined)}>
          {finishing.person && <p>{finishing.person}</p>}
          <ActionForm
            form={`task-done:${finishing.task.id}`}
            about={finishing.patient || undefined}
            empty={{ outcome: "" }}
            submit="Save as done"
            fields={["outcome"]}
            check={(typed) => ({ outcome: typed.outcome.trim() ? undefined : "Enter what came of it, so that the others know" })}
            send={(typed) => operation(`Task/${finishing.task?.id}/$done`, { outcome: typed.outcome }, { version: finishing.task?.meta?.versionId })}
            onDone={() => {
              setFinishing(undefined);
              announce("Saved as done");
              void reload();
            }}
            onCancel={() => setFinishing(undefined)}
          >
            {(typed, set, faults) => <TextArea id="outcome" label="What came of it" value={typed.outcome} onChange={(outcome) => set({ outcome })} error={faults["outcome"]} />}
          </ActionForm>
        </Dialog>
      )}
    </Page>
  );
}
