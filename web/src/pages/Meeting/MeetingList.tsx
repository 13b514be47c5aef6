import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useDirectory, type Known } from "../../api/directory.tsx";
import { operation, type Bundle } from "../../api/client.ts";
import { useLoaded } from "../../api/useLoaded.ts";
import { attendeesOf, carriedOut, carriedWords, decisionOf, meetingsOf } from "../../fhir/meeting.ts";
import { isTask } from "../../fhir/referrals.ts";
import { dateTime, time, today } from "../../fhir/format.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { DateInput, emptyDate, isoDate, Select, TextField, type DateParts, type Faults } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Rates } from "./Rates.tsx";
import { readTime } from "./time.ts";
import { Trouble } from "../../parts/Trouble.tsx";
import { pageOf } from "../../fhir/cases.ts";

const size = 20;

export function MeetingList() {
  const now = today();
  const { known, problem: unknown } = useDirectory();
  const { parts, resources, problem, reload } = useLoaded(["Appointment?service-type=urn:joinedup:appointment|team-meeting&_sort=-date&_count=200", "Task?code=urn:joinedup:task|decision&_count=500"], ["Appointment", "Task"]);
  const [asked] = useSearchParams();
  const meetings = meetingsOf(resources, now);
  const past = pageOf(meetings.past, Number(asked.get("page") ?? 1), size);
  const decisions = resources.filter((one) => isTask(one, "decision"));
  const columns = (isPast: boolean) => [
    {
      key: "when",
      head: "When",
      cell: (one: fhir4.Appointment) => (
        <Link to={`/meeting/${one.id}`}>
          {dateTime(one.start)}
          {one.end && ` to ${time(one.end)}`}
        </Link>
      ),
    },
    { key: "what", head: "Meeting", cell: (one: fhir4.Appointment) => one.description ?? "Team meeting" },
    {
      key: "who",
      head: isPast ? "Attended" : "Expected",
      cell: (one: fhir4.Appointment) => {
        const all = attendeesOf(one);
        const there = all.filter((each) => each.attended);
        return isPast ? (there.length > 0 ? `${there.length} of ${all.length}` : "Not recorded") : `${all.filter((each) => each.isCore).length} core, ${all.filter((each) => !each.isCore).length} invited`;
      },
    },
    ...(isPast
      ? [
          {
            key: "decisions",
            head: "Decisions",
            cell: (one: fhir4.Appointment) => carriedWords(carriedOut(decisions.filter((each) => each.resourceType === "Task" && each.groupIdentifier?.value === one.id).map((each) => decisionOf(each as fhir4.Task)), now)),
          },
          { key: "state", head: "State", cell: (one: fhir4.Appointment) => (one.status === "fulfilled" ? <Tag colour="green">Closed</Tag> : one.status === "cancelled" ? <Tag colour="grey">Cancelled</Tag> : <Tag colour="orange">Not closed</Tag>) },
        ]
      : []),
  ];
  return (
    <Page title="Meetings" crumbs={[{ to: "/cases", label: "Caseload" }]}>
      {(problem ?? unknown ?? parts?.[0]?.problem) && <Trouble problem={(problem ?? unknown ?? parts?.[0]?.problem)!} again={reload} />}
      {parts === undefined && !problem ? (
        <Waiting what="the meetings" />
      ) : (
        <>
          <h2 className="nhsuk-heading-m">To come</h2>
          <Table caption="Meetings to come" hideCaption rows={meetings.next} rowKey={(one) => one.id ?? ""} columns={columns(false)} empty={<p>No meeting is planned.</p>} />
          {known && known.self.teams.length > 0 && <PlanMeeting known={known} />}
          <h2 className="nhsuk-heading-m">Past</h2>
          <Table caption="Past meetings" hideCaption rows={past.items} rowKey={(one) => one.id ?? ""} columns={columns(true)} empty={<p>There was no meeting yet.</p>} />
          <Pages page={past.page} pages={past.pages} to={(page) => `?page=${page}`} />
          {known && <Rates known={known} decisions={decisions.filter((one) => one.resourceType === "Task").map(decisionOf)} meetings={resources} />}
        </>
      )}
    </Page>
  );
}

interface Typed {
  team: string;
  on: DateParts;
  at: string;
  minutes: string;
}

function check(typed: Typed): Faults {
  const on = isoDate(typed.on, "Date of the meeting");
  const minutes = Number(typed.minutes);
  return {
    "meeting-team": typed.team ? undefined : "Choose the team that meets",
    "meeting-start": "error" in on ? on.error : on.iso < today() ? "Date of the meeting must be today or in the future" : undefined,
    "meeting-at": readTime(typed.at) ? undefined : "Enter a time, such as 10am or 2:30pm",
    "meeting-minutes": Number.isInteger(minutes) && minutes >= 10 && minutes <= 240 ? undefined : "Minutes must be a whole number from 10 to 240",
  };
}

function startOf(typed: Typed): string {
  const on = isoDate(typed.on, "Date");
  const at = readTime(typed.at);
  if (!("iso" in on) || !at) return "";
  const [year, month, day] = on.iso.split("-").map(Number);
  return new Date(year!, month! - 1, day!, at.hours, at.minutes).toISOString();
}

function PlanMeeting({ known }: { known: Known }) {
  const [isOpen, setOpen] = useState(false);
  const go = useNavigate();
  const teams = known.self.teams;
  return (
    <details className="nhsuk-details nhsuk-expander" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="nhsuk-details__summary">
        <span className="nhsuk-details__summary-text">Plan a meeting</span>
      </summary>
      <div className="nhsuk-details__text">
        {isOpen && (
          <ActionForm<Typed, Bundle>
            form="meeting-plan"
            empty={{ team: teams.length === 1 ? teams[0]!.reference : "", on: emptyDate, at: "", minutes: "60" }}
            submit="Plan the meeting"
            fields={["team", "start", "minutes"]}
            idOf={(field) => `meeting-${field}`}
            check={check}
            send={(typed) => operation<Bundle>("Appointment/$plan-meeting", { team: { reference: typed.team }, start: { dateTime: startOf(typed) }, minutes: Number(typed.minutes) })}
            onDone={(made) => {
              announce("The meeting is planned");
              const id = made.entry?.map((one) => one.resource).find((one) => one?.resourceType === "Appointment")?.id;
              if (id) void go(`/meeting/${id}`);
            }}
          >
            {(typed, set, faults) => (
              <>
                <p>The agenda is made of new, due and escalated cases and of what was carried over. You can change its order.</p>
                <Select id="meeting-team" label="Team" value={typed.team} onChange={(team) => set({ team })} empty="Choose a team" choices={teams.map((one) => ({ value: one.reference, label: one.name }))} error={faults["meeting-team"]} />
                <DateInput id="meeting-start" label="Date of the meeting" value={typed.on} onChange={(on) => set({ on })} error={faults["meeting-start"]} />
                <TextField id="meeting-at" label="Time it starts" hint="For example, 10am or 2:30pm" width={5} value={typed.at} onChange={(at) => set({ at })} error={faults["meeting-at"]} />
                <TextField id="meeting-minutes" label="Minutes" inputMode="numeric" width={3} value={typed.minutes} onChange={(minutes) => set({ minutes })} error={faults["meeting-minutes"]} />
              </>
            )}
          </ActionForm>
        )}
      </div>
    </details>
  );
}
