// One meeting: agenda in an order that can be changed with the keyboard, who is there, a decision with one owner and one date.
import { useMemo, useState } from "react";
import { Link } from "react-router";
import { operation, update, type Bundle, type Resource } from "../../api/client.ts";
import { useDirectory, type Known } from "../../api/directory.tsx";
import { useDraft } from "../../api/drafts.ts";
import { useLoaded } from "../../api/useLoaded.ts";
import { timeliness } from "../../fhir/cases.ts";
import { date, dateTime, name, time, today } from "../../fhir/format.ts";
import { agendaWords, carriedOver, hiddenItems, meetingOf, moved, teamOf, reordered, withAttendance, withInvited, withMinutes, withTimes, whyName, type AgendaItem, type Attendee, type Decision, type Meeting, type Move, type Timed } from "../../fhir/meeting.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { DraftState } from "../../parts/DraftState.tsx";
import { Button, Checkboxes, DateInput, emptyDate, isoDate, Select, TextArea, type DateParts } from "../../parts/form.tsx";
import { Absent, Page, Waiting } from "../../parts/Frame.tsx";
import { PersonCell } from "../../parts/PersonCell.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { meetingTypes, openDecisions, questionsOf } from "./read.ts";

export function OneMeeting({ id }: { id: string }) {
  const { known } = useDirectory();
  const { parts, resources, problem, reload } = useLoaded([...questionsOf(id), openDecisions], meetingTypes);
  const meeting = useMemo(() => meetingOf(resources, id), [resources, id]);
  const [order, setOrder] = useState<AgendaItem[]>(); // while a move is on its way to the server
  const [fault, setFault] = useState("");
  const [deciding, setDeciding] = useState<AgendaItem>();
  const [isClosing, setClosing] = useState(false);

  if (problem) return <Page title="Meeting"><Trouble problem={problem} again={reload} /></Page>;
  if (!parts) return <Page title="Meeting"><Waiting what="the meeting" /></Page>;
  if (!meeting) return parts[0]?.problem && parts[0].problem.kind !== "absent" ? <Page title="Meeting"><Trouble problem={parts[0].problem} again={reload} /></Page> : <Absent />;

  const items = withTimes(order ?? meeting.items, meeting.start);
  const hidden = hiddenItems(meeting);
  const back = carriedOver(resources.filter((one): one is fhir4.Task => one.resourceType === "Task"), id);
  const open = meeting.items.filter((one) => !one.discussed && !one.carriedOver);

  const move = async (item: AgendaItem, to: Move) => {
    const next = moved(order ?? meeting.items, item.id, to);
    if (next === (order ?? meeting.items) || !meeting.list) return;
    setOrder(next);
    setFault("");
    const at = next.findIndex((one) => one.id === item.id) + 1;
    announce(`${name(item.patient)} is number ${at} of ${next.length}`);
    const answer = await update(reordered(meeting.list, next));
    if (!answer.ok) setFault(answer.problem.kind === "conflict" ? "Somebody else changed the agenda at the same time. This is the agenda as it is now; move it again." : answer.problem.sentence);
    await reload();
    setOrder(undefined);
  };

  const last = async (item: AgendaItem, minutes: number) => {
    setFault("");
    const answer = await update(withMinutes(item.task, minutes));
    if (answer.ok) announce(`${name(item.patient)}: ${minutes} minutes`);
    else setFault(answer.problem.kind === "conflict" ? "Somebody else changed this item at the same time. This is how it stands now." : answer.problem.sentence);
    await reload();
  };

  return (
    <Page
      title={meeting.title}
      crumbs={[{ to: "/meeting", label: "Meetings" }]}
      actions={
        <Link className="nhsuk-button nhsuk-button--secondary" to={`/meeting/${id}/minutes`}>
          Minutes to print
        </Link>
      }
    >
      <p>
        {dateTime(meeting.start)}
        {meeting.appointment.end && ` to ${time(meeting.appointment.end)}`} {meeting.isOver && <Tag colour="green">{meeting.appointment.status === "cancelled" ? "Called off" : "Closed"}</Tag>}
      </p>
      {fault && (
        <p className="nhsuk-error-message" role="alert">
          {fault}
        </p>
      )}
      <Attendance key={id} meeting={meeting} known={known} reload={reload} />
      <h2 className="nhsuk-heading-m">Agenda</h2>
      <p>
        {agendaWords(meeting.items, meeting.minutes)}
        {hidden > 0 && ` ${hidden === 1 ? "1 more is about somebody" : `${hidden} more are about people`} whose record you may not see.`}
      </p>
      {items.length === 0 && <p>Nothing is on the agenda.</p>}
      <ol className="ju-agenda">
        {items.map((item, index) => (
          <Item key={item.id} item={item} index={index} count={items.length} meeting={meeting} known={known} onMove={move} onLast={last} onDecide={setDeciding} />
        ))}
      </ol>
      {back.length > 0 && (
        <>
          <h2 className="nhsuk-heading-m">Carried over from earlier meetings</h2>
          <CarriedOver decisions={back} resources={resources} known={known} reload={reload} />
        </>
      )}
      {!meeting.isOver && (
        <Button kind="secondary" onClick={() => setClosing(true)}>
          Close the meeting
        </Button>
      )}
      {deciding && known && (
        <Decide
          item={deciding}
          meeting={meeting}
          known={known}
          onClose={() => setDeciding(undefined)}
          onDone={() => {
            setDeciding(undefined);
            void reload();
          }}
        />
      )}
      {isClosing && (
        <Dialog title="Close the meeting" onClose={() => setClosing(false)}>
          <p>{open.length === 0 ? "Everything was discussed." : `${open.length} of ${meeting.items.length} not discussed: carried over to the next meeting.`}</p>
          <ActionForm<object, Bundle>
            form={`meeting-close:${id}`}
            empty={{}}
            submit="Close the meeting"
            fields={[]}
            check={() => ({})}
            send={() => operation<Bundle>(`Appointment/${id}/$close-meeting`)}
            onDone={() => {
              setClosing(false);
              announce("The meeting is closed");
              void reload();
            }}
            onCancel={() => setClosing(false)}
          >
            {() => null}
          </ActionForm>
        </Dialog>
      )}
    </Page>
  );
}

const lengths = [3, 5, 8, 10, 15, 20, 30];

function Item({ item, index, count, meeting, known, onMove, onLast, onDecide }: { item: Timed; index: number; count: number; meeting: Meeting; known: Known | undefined; onMove: (item: AgendaItem, to: Move) => Promise<void>; onLast: (item: AgendaItem, minutes: number) => Promise<void>; onDecide: (item: AgendaItem) => void }) {
  const who = name(item.patient);
  const mayMove = !meeting.isOver && meeting.list;
  return (
    <li className={`ju-agenda__item ju-keep${item.discussed ? " ju-agenda__item--done" : ""}`} aria-label={`${index + 1}: ${who}`}>
      <div className="ju-agenda__head">
        <div>
          <div className="ju-quiet">
            {index + 1}. {item.from && `${time(item.from)} to ${time(item.to)}, `}
            {item.minutes} minutes
          </div>
          <PersonCell patient={item.patient} reference={item.patientReference} />
          <p>
            <Tag colour={item.why === "escalated" ? "red" : item.why === "carried-over" ? "orange" : "blue"}>{whyName(item.why)}</Tag> {item.words.replace(/\b\d{4}-\d\d-\d\d\b/g, (iso) => date(iso))}
          </p>
          <Link to={`/person/${item.patientReference.split("/")[1]}`}>
            One-page summary<span className="nhsuk-u-visually-hidden"> of {who}</span>
          </Link>
        </div>
        {mayMove && (
          <div className="ju-actions ju-actions--row ju-no-print">
            <select className="nhsuk-select ju-minutes__select" aria-label={`Minutes for ${who}`} value={item.minutes} onChange={(event) => void onLast(item, Number(event.target.value))}>
              {[...new Set([...lengths, item.minutes])].sort((a, b) => a - b).map((one) => (
                <option key={one} value={one}>
                  {one} minutes
                </option>
              ))}
            </select>
            <Button small kind="secondary" onClick={() => void onMove(item, "up")} disabled={index === 0} aria-label={`Move ${who} up`}>
              Up
            </Button>
            <Button small kind="secondary" onClick={() => void onMove(item, "down")} disabled={index === count - 1} aria-label={`Move ${who} down`}>
              Down
            </Button>
          </div>
        )}
      </div>
      {item.carriedOver && <p>Not discussed: carried over.</p>}
      {item.decisions.map((one) => (
        <DecisionWords key={one.id} decision={one} known={known} />
      ))}
      {!meeting.isOver && known && (
        <Button small kind={item.discussed ? "secondary" : "primary"} onClick={() => onDecide(item)} aria-label={`${item.decisions.length > 0 ? "Another decision" : "Record a decision"} for ${who}`}>
          {item.decisions.length > 0 ? "Another decision" : "Record a decision"}
        </Button>
      )}
    </li>
  );
}

export function DecisionWords({ decision, known }: { decision: Decision; known: Known | undefined }) {
  const now = today();
  const state = decision.state === "done" ? "Done" : decision.state === "not-done" ? "Not carried out" : { overdue: "Overdue", today: "Due today", "on-time": "Open", undated: "No date set" }[timeliness(decision.due, now)];
  return (
    <div className="nhsuk-inset-text">
      <p>
        <strong>Decided:</strong> {decision.text}
      </p>
      <p>
        {known?.directory.worker(decision.owner) ?? "Nobody named"}, {decision.due ? `by ${date(decision.due)}` : "no date set"} <Tag colour={state === "Overdue" ? "red" : state === "Done" ? "green" : "grey"}>{state}</Tag>
      </p>
      {decision.outcome && <p>{decision.outcome}</p>}
    </div>
  );
}

interface Typed {
  text: string;
  owner: string;
  due: DateParts;
}
const nothing: Typed = { text: "", owner: "", due: emptyDate };

function Decide({ item, meeting, known, onDone, onClose }: { item: AgendaItem; meeting: Meeting; known: Known; onDone: () => void; onClose: () => void }) {
  const who = name(item.patient);
  // Who is of the team or at the table; where neither is known, everybody.
  const table = new Set([...known.directory.rolesOf(teamOf(meeting.appointment)), ...known.directory.roles.filter((one) => meeting.attendees.some((each) => each.reference === one.reference))]);
  const choices = known.directory.roles.filter((one) => table.size === 0 || table.has(one));
  return (
    <Dialog title={`Decision: ${who}`} onClose={onClose}>
      <ActionForm<Typed, Resource>
        form={`decide:${item.id}`}
        about={item.patientReference}
        empty={nothing}
        submit="Record the decision"
        fields={["text", "owner", "due"]}
        idOf={(field) => `decide-${field}`}
        check={(typed) => {
          const due = isoDate(typed.due, "Due date");
          return {
            "decide-text": typed.text.trim() ? undefined : "Write what was decided",
            "decide-owner": typed.owner ? undefined : "Choose the one person who carries it out",
            "decide-due": "error" in due ? due.error : due.iso < today() ? "Due date must be today or in the future" : undefined,
          };
        }}
        send={(typed) => {
          const due = isoDate(typed.due, "Due date");
          return operation(`Task/${item.id}/$decide`, { text: typed.text.trim(), owner: { reference: typed.owner }, due: { date: "iso" in due ? due.iso : "" } });
        }}
        onDone={() => {
          announce(`Decision for ${who} recorded`);
          onDone();
        }}
        onCancel={onClose}
        conflict={(sentence) => (
          <p className="nhsuk-inset-text" role="alert">
            {sentence}
          </p>
        )}
      >
        {(typed, set, faults) => (
          <>
            <TextArea id="decide-text" label="What was decided?" value={typed.text} onChange={(text) => set({ text })} error={faults["decide-text"]} rows={3} />
            <Select id="decide-owner" label="Who carries it out?" hint="One person: what belongs to several is done by nobody" value={typed.owner} onChange={(owner) => set({ owner })} empty="Choose a worker" choices={choices.map((one) => ({ value: one.reference, label: known.directory.worker(one.reference) ?? one.name }))} error={faults["decide-owner"]} />
            <DateInput id="decide-due" label="By when?" value={typed.due} onChange={(due) => set({ due })} error={faults["decide-due"]} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

function CarriedOver({ decisions, resources, known, reload }: { decisions: Decision[]; resources: Resource[]; known: Known | undefined; reload: () => Promise<void> }) {
  const patients = new Map<string, fhir4.Patient>(resources.flatMap((one) => (one.resourceType === "Patient" ? [[`Patient/${one.id}`, one] as const] : [])));
  const [doing, setDoing] = useState<Decision>();
  const now = today();
  return (
    <>
      <Table
        caption="Decisions of earlier meetings that are still open"
        hideCaption
        rows={decisions}
        rowKey={(one) => one.id}
        columns={[
          { key: "person", head: "Person", cell: (one) => <PersonCell patient={patients.get(one.patientReference)} reference={one.patientReference} /> },
          { key: "text", head: "Decided", cell: (one) => one.text },
          { key: "owner", head: "Who", cell: (one) => known?.directory.worker(one.owner) ?? "Nobody named" },
          {
            key: "due",
            head: "By when",
            cell: (one) => (
              <>
                {one.due ? date(one.due) : "No date set"} {timeliness(one.due, now) === "overdue" && <Tag colour="red">Overdue</Tag>}
              </>
            ),
          },
          {
            key: "done",
            head: <span className="nhsuk-u-visually-hidden">Carried out</span>,
            cell: (one) => (
              <Button small kind="secondary" className="ju-no-print" onClick={() => setDoing(one)} aria-label={`Carried out: ${one.text}`}>
                Carried out
              </Button>
            ),
          },
        ]}
      />
      {doing && (
        <Dialog title="Carried out" onClose={() => setDoing(undefined)}>
          <p>{doing.text}</p>
          <ActionForm<{ outcome: string }, Resource>
            form={`done:${doing.id}`}
            about={doing.patientReference}
            empty={{ outcome: "" }}
            submit="Save"
            fields={["outcome"]}
            idOf={(field) => `done-${field}`}
            check={(typed) => ({ "done-outcome": typed.outcome.trim() ? undefined : "Say what came of it" })}
            send={(typed) => operation(`Task/${doing.id}/$done`, { outcome: typed.outcome.trim() }, { version: doing.task.meta?.versionId })}
            onDone={() => {
              setDoing(undefined);
              announce("Saved as carried out");
              void reload();
            }}
            onCancel={() => setDoing(undefined)}
          >
            {(typed, set, faults) => <TextArea id="done-outcome" label="What came of it?" value={typed.outcome} onChange={(outcome) => set({ outcome })} error={faults["done-outcome"]} rows={3} />}
          </ActionForm>
        </Dialog>
      )}
    </>
  );
}

interface Ticks {
  marks: Record<string, boolean>; // what was ticked here and is not saved yet; the rest is as it stands in the record
  guest: string;
}
const noTicks: Ticks = { marks: {}, guest: "" };

function Attendance({ meeting, known, reload }: { meeting: Meeting; known: Known | undefined; reload: () => Promise<void> }) {
  const draft = useDraft<Ticks>(`attendance:${meeting.id}`, { empty: noTicks });
  const { marks, guest } = draft.value;
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);
  const label = (reference: string, given: string | undefined) => known?.directory.worker(reference) ?? given ?? "Name not known";
  const isThere = (one: Attendee): boolean => marks[one.reference] ?? one.attended ?? false;
  const there = meeting.attendees.filter(isThere).map((one) => one.reference);
  const unsaved = meeting.attendees.some((one) => isThere(one) !== (one.attended ?? false));
  const save = async (next: fhir4.Appointment, said: string, left: Ticks) => {
    setBusy(true);
    setFault("");
    const answer = await update(next);
    setBusy(false);
    // Of two at once: what the other recorded is shown, with the ticks made here on it; nothing is lost and nothing is saved unseen.
    if (!answer.ok) setFault(answer.problem.kind === "conflict" ? "Somebody else recorded who is there at the same time. It is shown here with your ticks: look at it, then save again." : answer.problem.sentence);
    await reload();
    if (!answer.ok) return;
    announce(said);
    if (Object.keys(left.marks).length === 0 && !left.guest) await draft.discard();
    else draft.set(left);
  };
  const counted = meeting.attendees.filter((one) => one.attended !== undefined).length;
  const listed = new Set(meeting.attendees.map((one) => one.reference));
  const guests = (known?.directory.roles ?? []).filter((one) => !listed.has(one.reference));
  const summary = counted > 0 ? `${meeting.attendees.filter((one) => one.attended).length} of ${meeting.attendees.length} attended` : `${meeting.attendees.filter((one) => one.isCore).length} core, ${meeting.attendees.filter((one) => !one.isCore).length} invited`;
  return (
    <details className="nhsuk-details">
      <summary className="nhsuk-details__summary">
        <span className="nhsuk-details__summary-text">
          Who is there: {summary}
          {unsaved && !meeting.isOver && ", ticks not saved yet"}
        </span>
      </summary>
      <div className="nhsuk-details__text">
        {fault && (
          <p className="nhsuk-error-message" role="alert">
            {fault}
          </p>
        )}
        {meeting.isOver ? (
          <ul>
            {meeting.attendees.map((one) => (
              <li key={one.reference}>
                {label(one.reference, one.name)}: {one.attended === undefined ? "not recorded" : one.attended ? "there" : "not there"}
              </li>
            ))}
          </ul>
        ) : (
          <>
            <Checkboxes
              id="meeting-there"
              label="Who is there?"
              values={there}
              onChange={(values) => draft.set({ ...draft.value, marks: Object.fromEntries(meeting.attendees.filter((one) => values.includes(one.reference) !== (one.attended ?? false)).map((one) => [one.reference, values.includes(one.reference)])) })}
              small
              choices={meeting.attendees.map((one) => ({ value: one.reference, label: `${label(one.reference, one.name)}${one.isCore ? "" : " (invited)"}` }))}
            />
            <DraftState draft={draft} />
            <Button small kind="secondary" busy={isBusy} onClick={() => void (isBusy || save(withAttendance(meeting.appointment, new Map(meeting.attendees.map((one) => [one.reference, isThere(one)]))), "Saved who is there", { marks: {}, guest }))}>
              {isBusy ? "Saving" : "Save who is there"}
            </Button>
            {known && (
              <div className="ju-filters">
                <Select id="meeting-guest" label="Invite somebody else" value={guest} onChange={(next) => draft.set({ ...draft.value, guest: next })} empty="Choose a worker" choices={guests.map((one) => ({ value: one.reference, label: known.directory.worker(one.reference) ?? one.name }))} />
                <div className="nhsuk-form-group">
                  <Button small kind="secondary" disabled={!guest} onClick={() => void (isBusy || save(withInvited(meeting.appointment, guest, known.directory.name(guest)), "Invited", { marks, guest: "" }))}>
                    Invite
                  </Button>
                </div>
              </div>
            )}
            <p>Invited people see only the people whom they look after.</p>
          </>
        )}
      </div>
    </details>
  );
}
