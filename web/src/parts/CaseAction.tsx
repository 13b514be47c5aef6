// What may be done with a case, one dialog each: accept, decline, defer, ask, start, hold, resume, finish, hand over. Each is one
// operation on its EpisodeOfCare; the server checks again and says why not.
import { useEffect, useState } from "react";
import type { Known } from "../api/directory.tsx";
import { operation, request, type Answer, type Parameters, type Resource } from "../api/client.ts";
import { ActionForm } from "./ActionForm.tsx";
import { announce } from "./announce.tsx";
import { Dialog } from "./Dialog.tsx";
import { noTasks, OpenTasks, tasksFault, tasksInputs, useOpenTasks, type OpenTask, type TasksTyped } from "./OpenTasks.tsx";
import { DateInput, dateParts, emptyDate, isoDate, Radios, Select, TextArea, type DateParts, type Faults, type Words } from "./form.tsx";
import { capacityOf, capacityWords, type AskOutcome, type Capacity, type Case, type CaseAction } from "../fhir/cases.ts";
import type { Directory, RoleEntry } from "../fhir/directory.ts";
import { name, today } from "../fhir/format.ts";

export const actionName: Record<CaseAction, string> = {
  accept: "Accept",
  decline: "Decline",
  defer: "Defer",
  ask: "Record the answer",
  start: "Start",
  hold: "Put on hold",
  resume: "Take up again",
  finish: "Finish",
  "hand-over": "Hand over",
};

const doneWords: Record<CaseAction, string> = {
  accept: "accepted to the caseload",
  decline: "declined",
  defer: "deferred",
  ask: "answer recorded",
  start: "started",
  hold: "put on hold",
  resume: "taken up again",
  finish: "finished",
  "hand-over": "handed over",
};

interface Typed extends TasksTyped {
  coordinator: string;
  accountable: string;
  comment: string;
  reason: string;
  detail: string;
  until: DateParts;
  outcome: string;
  on: DateParts;
  note: string;
  to: string;
}

const fields = ["coordinator", "accountable", "comment", "reason", "until", "outcome", "on", "note", "to", "tasks", "hand"] as const;
const idFor = (action: CaseAction) => (field: string) => (field === "tasks" ? "case-hand" : field === "to" && action !== "hand-over" ? "case-handTo" : `case-${field}`);

const declineReasons = [
  "Looked after well by somebody else already",
  "Nothing that the team does would help now",
  "Moved away or about to",
  "Found because of a mistake in the data",
  "Something else",
];
const finishReasons = ["Goals reached", "Needs are met by others now", "The person asked to stop", "Moved away", "Died", "Something else"];
const other = "Something else";

/** The workers of the case's team, or everybody where the team is not known. */
const workersOf = (directory: Directory, one: Case): RoleEntry[] => {
  const of = directory.rolesOf(one.team);
  return of.length > 0 ? of : directory.roles;
};

const lower = (text: string): string => (text ? text[0]!.toLowerCase() + text.slice(1) : text);
const choiceOf = (one: RoleEntry, capacity: Capacity | undefined) => {
  const load = capacity?.workers.find((each) => each.role === one.reference);
  const held = load ? ` (${load.cases} ${load.cases === 1 ? "case" : "cases"}${load.overdue ? `, ${load.overdue} overdue` : ""})` : "";
  return { value: one.reference, label: `${one.name}, ${lower(one.role)}${held}` };
};

/** Who could answer for the care: the person's own practice first. */
function accountableChoices(directory: Directory, one: Case): RoleEntry[] {
  const practice = one.episode.managingOrganization?.reference ?? one.patient?.managingOrganization?.reference;
  return [...workersOf(directory, one)].sort((a, b) => Number(b.organisation === practice) - Number(a.organisation === practice) || Number(b.code === "general_practitioner") - Number(a.code === "general_practitioner"));
}

function firstTyped(one: Case, directory: Directory): Typed {
  const practice = one.episode.managingOrganization?.reference;
  const doctors = workersOf(directory, one).filter((each) => each.code === "general_practitioner" && each.organisation === practice);
  return {
    coordinator: one.coordinator ?? "",
    accountable: one.accountable ?? (doctors.length === 1 ? doctors[0]!.reference : ""),
    comment: "",
    reason: "",
    detail: "",
    until: emptyDate,
    outcome: "",
    on: dateParts(today()),
    note: "",
    to: "",
    ...noTasks,
  };
}

const need = (text: string, sentence: string): string | undefined => (text.trim() ? undefined : sentence);

/** What is wrong with what was typed, beside its field; the same rules as the server's, said sooner. */
export function checkAction(action: CaseAction, typed: Typed, one: Case, now = today()): Faults {
  const because = typed.reason ? (typed.reason === other ? need(typed.detail, "Say what the reason is") : undefined) : undefined;
  switch (action) {
    case "accept":
      return { "case-coordinator": need(typed.coordinator, "Choose a named co-ordinator"), "case-accountable": need(typed.accountable, "Choose an accountable professional") };
    case "decline":
      return { "case-reason": need(typed.reason, "Choose why this person is not taken on"), "case-detail": because, "case-handTo": tasksFault(typed) };
    case "finish":
      return { "case-reason": need(typed.reason, "Choose why the case is finished"), "case-detail": because, "case-outcome": need(typed.outcome, "Say what came of it for the person"), "case-handTo": tasksFault(typed) };
    case "defer": {
      const until = isoDate(typed.until, "Date to look again");
      return {
        "case-until": "error" in until ? until.error : until.iso <= now ? "Date to look again must be in the future" : undefined,
        "case-detail": need(typed.detail, "Say why the decision is put off"),
      };
    }
    case "ask": {
      const on = isoDate(typed.on, "Date of the conversation");
      return {
        "case-outcome": need(typed.outcome, "Choose what the person said"),
        "case-on": "error" in on ? on.error : on.iso > now ? "Date of the conversation must be today or in the past" : undefined,
        "case-note": typed.outcome === "lacks-capacity" ? need(typed.note, "Record the best-interests decision: who was consulted, what was decided and why") : undefined,
      };
    }
    case "hold":
      return { "case-detail": need(typed.detail, "Say why the case is put on hold") };
    case "hand-over":
      return {
        "case-to": typed.to ? (typed.to === one.coordinator ? "Choose somebody else: this is the named co-ordinator now" : undefined) : "Choose who takes over",
        "case-note": need(typed.note, "Write what the next worker needs to know"),
      };
    default:
      return {};
  }
}

const reference = (of: string) => (of ? { reference: of } : undefined);
const because = (typed: Typed): string => (typed.reason === other || !typed.reason ? typed.detail.trim() : typed.detail.trim() ? `${typed.reason}: ${typed.detail.trim()}` : typed.reason);

export function sendAction(action: CaseAction, typed: Typed, one: Case, tasks?: OpenTask[]): Promise<Answer<Resource>> {
  const at = `EpisodeOfCare/${one.id}/$${action}`;
  const version = { version: one.episode.meta?.versionId };
  const iso = (parts: DateParts) => {
    const read = isoDate(parts, "Date");
    return "iso" in read ? read.iso : "";
  };
  switch (action) {
    case "accept":
      return operation(at, { coordinator: reference(typed.coordinator), accountable: reference(typed.accountable), comment: typed.comment.trim() }, version);
    case "decline":
      return operation(at, { reason: because(typed), ...tasksInputs(typed, tasks) }, version);
    case "defer":
      return operation(at, { until: { date: iso(typed.until) }, reason: typed.detail.trim() }, version);
    case "ask":
      return operation(at, { outcome: { code: typed.outcome }, on: { date: iso(typed.on) }, note: typed.note.trim() }, version);
    case "hold":
      return operation(at, { reason: typed.detail.trim() }, version);
    case "finish":
      return operation(at, { reason: because(typed), outcome: typed.outcome.trim(), ...tasksInputs(typed, tasks) }, version);
    case "hand-over":
      return operation(at, { to: reference(typed.to), note: typed.note.trim() }, version);
    default:
      return operation(at, { comment: typed.comment.trim() }, version);
  }
}

const askHints: { value: AskOutcome; label: string; hint?: string }[] = [
  { value: "offered", label: "Offered, no answer yet" },
  { value: "agreed", label: "The person agreed" },
  { value: "declined", label: "The person said no", hint: "Nothing else that they receive changes." },
  { value: "lacks-capacity", label: "The person lacks capacity for this decision", hint: "Only after an assessment of capacity for this decision. The best-interests decision is recorded below." },
];

export function useCapacity(team: string | undefined): Capacity | undefined {
  const [read, setRead] = useState<{ team: string; capacity: Capacity }>();
  useEffect(() => {
    if (!team) return;
    let isHere = true;
    void request<Parameters>(`${team}/$capacity`).then((answer) => {
      if (isHere && answer.ok) setRead({ team, capacity: capacityOf(answer.value) });
    });
    return () => {
      isHere = false;
    };
  }, [team]);
  return read && read.team === team ? read.capacity : undefined;
}

export function CaseActionDialog({ of: one, action, known, onDone, onClose }: { of: Case; action: CaseAction; known: Known; onDone: () => void; onClose: () => void }) {
  const { directory } = known;
  const capacity = useCapacity(action === "accept" || action === "hand-over" ? one.team : undefined);
  const tasks = useOpenTasks(one.patientReference, action === "decline" || action === "finish");
  const [empty] = useState(() => firstTyped(one, directory));
  const who = name(one.patient);
  const workers = workersOf(directory, one);
  const detail = (typed: Typed, set: (change: Partial<Typed>) => void, faults: Faults, label: Words, hint?: Words) => (
    <TextArea id="case-detail" label={label} hint={hint} value={typed.detail} onChange={(text) => set({ detail: text })} error={faults["case-detail"] ?? (action === "decline" || action === "finish" ? undefined : faults["case-reason"])} rows={3} />
  );
  return (
    <Dialog title={`${actionName[action]}: ${who}`} onClose={onClose}>
      <ActionForm<Typed, Resource>
        form={`case-${action}:${one.id}`}
        about={one.patientReference}
        empty={empty}
        submit={actionName[action]}
        kind={action === "decline" ? "warning" : "primary"}
        fields={fields}
        idOf={idFor(action)}
        check={(typed) => checkAction(action, typed, one)}
        send={(typed) => sendAction(action, typed, one, tasks.list)}
        onDone={() => {
          announce(`${who}: ${doneWords[action]}`);
          onDone();
        }}
        onCancel={onClose}
        conflict={(sentence) => (
          <div className="nhsuk-inset-text" role="alert">
            <p>{sentence}</p>
            <p>Nothing was changed by you. Close this to see the case as it is now; what you typed is kept.</p>
          </div>
        )}
      >
        {(typed, set, faults) => {
          switch (action) {
            case "accept":
              return (
                <>
                  {capacity && <p className="nhsuk-inset-text">{capacityWords(directory.name(one.team) ?? "The team", capacity)}</p>}
                  <Select id="case-coordinator" label="Named co-ordinator" hint="The one whom the person can ring" value={typed.coordinator} onChange={(value) => set({ coordinator: value })} empty="Choose a co-ordinator" choices={workers.map((each) => choiceOf(each, capacity))} error={faults["case-coordinator"]} />
                  <Select id="case-accountable" label="Accountable professional" hint="Who answers for the care as a whole" value={typed.accountable} onChange={(value) => set({ accountable: value })} empty="Choose a professional" choices={accountableChoices(directory, one).map((each) => choiceOf(each, undefined))} error={faults["case-accountable"]} />
                  <TextArea id="case-comment" label="Comment (optional)" value={typed.comment} onChange={(comment) => set({ comment })} rows={2} error={faults["case-comment"]} />
                </>
              );
            case "decline":
              return (
                <>
                  <Radios id="case-reason" label="Why is this person not taken on?" value={typed.reason} onChange={(reason) => set({ reason })} choices={declineReasons.map((each) => ({ value: each, label: each }))} error={faults["case-reason"]} small />
                  {detail(typed, set, faults, typed.reason === other ? "What is the reason?" : "More about it (optional)")}
                  <OpenTasks tasks={tasks} typed={typed} set={set} workers={workers.map((each) => choiceOf(each, undefined))} error={faults["case-handTo"]} />
                </>
              );
            case "finish":
              return (
                <>
                  <Radios id="case-reason" label="Why is the case finished?" value={typed.reason} onChange={(reason) => set({ reason })} choices={finishReasons.map((each) => ({ value: each, label: each }))} error={faults["case-reason"]} small />
                  {detail(typed, set, faults, typed.reason === other ? "What is the reason?" : "More about it (optional)")}
                  <TextArea id="case-outcome" label="What came of it for the person?" hint="In a sentence, as they would say it" value={typed.outcome} onChange={(outcome) => set({ outcome })} rows={3} error={faults["case-outcome"]} />
                  <OpenTasks tasks={tasks} typed={typed} set={set} workers={workers.map((each) => choiceOf(each, undefined))} error={faults["case-handTo"]} />
                </>
              );
            case "defer":
              return (
                <>
                  <DateInput id="case-until" label="When should it be looked at again?" hint="On this day the person is in the list again" value={typed.until} onChange={(until) => set({ until })} error={faults["case-until"]} />
                  {detail(typed, set, faults, "Why is the decision put off?")}
                </>
              );
            case "ask":
              return (
                <>
                  <Radios id="case-outcome" label="What did the person say?" value={typed.outcome} onChange={(outcome) => set({ outcome })} choices={askHints} error={faults["case-outcome"]} />
                  <DateInput id="case-on" label="When was this?" value={typed.on} onChange={(on) => set({ on })} error={faults["case-on"]} />
                  <TextArea id="case-note" label={typed.outcome === "lacks-capacity" ? "Best-interests decision" : "Note (optional)"} hint={typed.outcome === "lacks-capacity" ? "Who was consulted, what was decided and why it is in the person’s best interests" : undefined} value={typed.note} onChange={(note) => set({ note })} rows={4} error={faults["case-note"]} />
                </>
              );
            case "hold":
              return detail(typed, set, faults, "Why is the case put on hold?", "For example: in hospital, away, waiting for housing");
            case "hand-over":
              return (
                <>
                  <p>Their open tasks for this person go with the case.</p>
                  <Select id="case-to" label="Who takes over?" value={typed.to} onChange={(to) => set({ to })} empty="Choose a worker" choices={workers.filter((each) => each.reference !== one.coordinator).map((each) => choiceOf(each, capacity))} error={faults["case-to"]} />
                  <TextArea id="case-note" label="What do they need to know?" value={typed.note} onChange={(note) => set({ note })} rows={4} error={faults["case-note"]} />
                </>
              );
            default:
              return <TextArea id="case-comment" label="Comment (optional)" value={typed.comment} onChange={(comment) => set({ comment })} rows={3} error={faults["case-comment"]} />;
          }
        }}
      </ActionForm>
    </Dialog>
  );
}
