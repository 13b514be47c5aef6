// Where the person stands on the caseload, who looks after the case, and the next steps: each a FHIR operation on the EpisodeOfCare.
import type { EpisodeOfCare, Extension } from "fhir/r4";
import { useState, type ReactNode } from "react";
import { operation, type Inputs } from "../../api/client.ts";
import { extensionOf, extensionsOf, hasCode, partReference, partText } from "../../fhir/extensions.ts";
import { date, dateTime } from "../../fhir/format.ts";
import { episodeOf } from "../../fhir/person.ts";
import { caseStateWords } from "../../fhir/timeline.ts";
import { announce } from "../../parts/announce.tsx";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { noTasks, OpenTasks, tasksFault, tasksInputs, useOpenTasks, type OpenTask, type TasksTyped } from "../../parts/OpenTasks.tsx";
import { Button, DateInput, dateParts, emptyDate, isoDate, Radios, Select, TextArea, type DateParts, type Faults } from "../../parts/form.tsx";
import { Tag, type TagColour } from "../../parts/Tag.tsx";
import { usePerson } from "./usePerson.ts";

type Step = "accept" | "decline" | "defer" | "ask" | "start" | "hold" | "resume" | "finish" | "hand-over";
const labels: Readonly<Record<Step, string>> = {
  accept: "Accept on to the caseload",
  decline: "Decline",
  defer: "Decide later",
  ask: "Record what the person said",
  start: "Start",
  hold: "Put on hold",
  resume: "Resume",
  finish: "Finish",
  "hand-over": "Hand over",
};
const stepsOf: Readonly<Record<string, Step[]>> = {
  planned: ["accept", "decline", "defer"],
  waitlist: ["ask", "start", "hand-over", "decline"],
  active: ["hand-over", "ask", "hold", "finish"],
  onhold: ["resume", "hand-over", "finish"],
};
const colours: Readonly<Record<string, TagColour>> = { planned: "yellow", waitlist: "blue", active: "green", onhold: "orange", finished: "grey", cancelled: "grey" };
const outcomes = [
  { value: "offered", label: "Offered, no answer yet" },
  { value: "agreed", label: "Agreed" },
  { value: "declined", label: "Declined by the person" },
  { value: "lacks-capacity", label: "Lacks capacity to decide this", hint: "A best-interests decision must be recorded" },
];
const outcomeWords = (code: string) => outcomes.find((one) => one.value === code)?.label ?? code;

interface Typed extends TasksTyped {
  reason: string;
  comment: string;
  note: string;
  outcome: string;
  coordinator: string;
  accountable: string;
  to: string;
  on: DateParts;
  until: DateParts;
}
const empty: Typed = { ...noTasks, reason: "", comment: "", note: "", outcome: "", coordinator: "", accountable: "", to: "", on: emptyDate, until: emptyDate };
const reference = (text: string) => (text ? { reference: text } : undefined);

function check(step: Step, typed: Typed, today: string): Faults {
  switch (step) {
    case "decline":
    case "hold":
    case "finish":
      return { "case-reason": typed.reason.trim() ? undefined : "Enter the reason", "case-handTo": step === "hold" ? undefined : tasksFault(typed) };
    case "defer": {
      const until = isoDate(typed.until, "Date to decide by");
      return { "case-until": "error" in until ? until.error : until.iso <= today ? "Date to decide by must be in the future" : undefined, "case-reason": typed.reason.trim() ? undefined : "Enter the reason" };
    }
    case "ask": {
      const on = isoDate(typed.on, "Date you asked");
      return {
        "case-outcome": typed.outcome ? undefined : "Select what the person said",
        "case-on": "error" in on ? on.error : on.iso > today ? "Date you asked must be today or in the past" : undefined,
        "case-note": typed.outcome === "lacks-capacity" && !typed.note.trim() ? "Enter the best-interests decision: what was decided, by whom and why" : undefined,
      };
    }
    case "hand-over":
      return { "case-to": typed.to ? undefined : "Select who takes over", "case-note": typed.note.trim() ? undefined : "Enter what the next worker must know" };
    default:
      return {};
  }
}

function inputs(step: Step, typed: Typed, tasks: OpenTask[] | undefined): Inputs {
  const iso = (parts: DateParts) => {
    const read = isoDate(parts, "");
    return "iso" in read ? { date: read.iso } : undefined;
  };
  switch (step) {
    case "accept":
      return { coordinator: reference(typed.coordinator), accountable: reference(typed.accountable), comment: typed.comment.trim() };
    case "decline":
      return { reason: typed.reason.trim(), ...tasksInputs(typed, tasks) };
    case "hold":
      return { reason: typed.reason.trim() };
    case "finish":
      return { reason: typed.reason.trim(), outcome: typed.comment.trim(), ...tasksInputs(typed, tasks) };
    case "defer":
      return { until: iso(typed.until), reason: typed.reason.trim() };
    case "ask":
      return { outcome: { code: typed.outcome }, on: iso(typed.on), note: typed.note.trim() };
    case "hand-over":
      return { to: reference(typed.to), note: typed.note.trim() };
    default:
      return { comment: typed.comment.trim() };
  }
}

function StepDialog({ step, episode, onClose }: { step: Step; episode: EpisodeOfCare; onClose: () => void }) {
  const page = usePerson();
  const workers = (page.directory?.rolesOf(episode.team?.[0]?.reference) ?? []).map((one) => ({ value: one.reference, label: `${one.name}, ${one.role.toLowerCase()}` }));
  const tasks = useOpenTasks(`Patient/${page.id}`, step === "decline" || step === "finish");
  const doing = { ...empty, coordinator: episode.careManager?.reference ?? "", accountable: extensionOf(episode, "urn:joinedup:accountable")?.valueReference?.reference ?? "", on: dateParts(page.today) };
  return (
    <Dialog title={labels[step]} onClose={onClose}>
      <ActionForm<Typed, unknown>
        form={`case-${step}:${episode.id}`}
        about={`Patient/${page.id}`}
        empty={doing}
        submit={labels[step]}
        fields={["reason", "comment", "note", "outcome", "coordinator", "accountable", "to", "on", "until", "tasks", "hand"]}
        idOf={(field) => (field === "tasks" ? "case-hand" : field === "to" && step !== "hand-over" ? "case-handTo" : `case-${field}`)}
        check={(typed) => check(step, typed, page.today)}
        send={(typed) => operation(`EpisodeOfCare/${episode.id}/$${step}`, inputs(step, typed, tasks.list), { version: episode.meta?.versionId })}
        conflict={(sentence) => (
          <div className="nhsuk-inset-text" role="alert">
            <p>{sentence}</p>
            <p>The case as it is now is shown behind this window. Look at it again before you go on.</p>
          </div>
        )}
        onDone={() => {
          announce(`Done: ${labels[step]}`);
          void page.reload();
          onClose();
        }}
        onCancel={onClose}
        kind={step === "decline" || step === "finish" ? "warning" : "primary"}
      >
        {(typed, set, faults) => (
          <>
            {step === "accept" && (
              <>
                <Select id="case-coordinator" label="Named co-ordinator" empty="Choose later" choices={workers} value={typed.coordinator} onChange={(coordinator) => set({ coordinator })} error={faults["case-coordinator"]} />
                <Select id="case-accountable" label="Accountable professional" empty="Choose later" choices={workers} value={typed.accountable} onChange={(accountable) => set({ accountable })} error={faults["case-accountable"]} />
              </>
            )}
            {step === "hand-over" && (
              <Select id="case-to" label="Who takes over" hint="The case and open tasks for this person go with it" empty="Select a worker" choices={workers.filter((one) => one.value !== episode.careManager?.reference)} value={typed.to} onChange={(to) => set({ to })} error={faults["case-to"]} />
            )}
            {step === "ask" && (
              <>
                <Radios id="case-outcome" label="What did the person say?" choices={outcomes} value={typed.outcome} onChange={(outcome) => set({ outcome })} error={faults["case-outcome"]} />
                <DateInput id="case-on" label="When were they asked?" hint="For example, 19 11 2026" value={typed.on} onChange={(on) => set({ on })} error={faults["case-on"]} />
              </>
            )}
            {step === "defer" && <DateInput id="case-until" label="Decide by" hint="For example, 19 1 2027" value={typed.until} onChange={(until) => set({ until })} error={faults["case-until"]} />}
            {(step === "decline" || step === "hold" || step === "finish" || step === "defer") && (
              <TextArea id="case-reason" label="Reason" value={typed.reason} onChange={(reason) => set({ reason })} error={faults["case-reason"]} rows={3} />
            )}
            {(step === "decline" || step === "finish") && <OpenTasks tasks={tasks} typed={typed} set={set} workers={workers} error={faults["case-handTo"]} />}
            {(step === "ask" || step === "hand-over") && (
              <TextArea
                id="case-note"
                label={step === "hand-over" ? "What the next worker must know" : typed.outcome === "lacks-capacity" ? "Best-interests decision" : "Note (optional)"}
                value={typed.note}
                onChange={(note) => set({ note })}
                error={faults["case-note"]}
                rows={3}
              />
            )}
            {(step === "accept" || step === "start" || step === "resume" || step === "finish") && (
              <TextArea id="case-comment" label={step === "finish" ? "Outcome (optional)" : "Comment (optional)"} value={typed.comment} onChange={(comment) => set({ comment })} error={faults["case-comment"]} rows={2} />
            )}
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

function Asked({ asked, name }: { asked: Extension; name: (reference: string | undefined) => string }): ReactNode {
  const by = name(partReference(asked, "by")?.reference);
  return (
    <li>
      {date(partText(asked, "on"))}: {outcomeWords(partText(asked, "outcome"))}
      {by && `, recorded by ${by}`}
      {partText(asked, "note") && <span className="ju-text">. {partText(asked, "note")}</span>}
    </li>
  );
}

export function CasePanel() {
  const page = usePerson();
  const episode = episodeOf(page.record.all("EpisodeOfCare"));
  const [step, setStep] = useState<Step>();
  if (!episode) return null;
  const asked = extensionsOf(episode, "urn:joinedup:asked");
  const last = episode.statusHistory?.[episode.statusHistory.length - 1];
  const why = partText(last, "urn:joinedup:reason");
  const isDraft = hasCode(episode.type, "urn:joinedup:case-finding", "draft");
  const deferred = extensionOf(episode, "urn:joinedup:deferred-until")?.valueDate;
  return (
    <section className="ju-card ju-card--case" aria-labelledby="case">
      <h2 id="case" className="nhsuk-heading-m">
        Case <Tag colour={colours[episode.status] ?? "grey"}>{caseStateWords[episode.status] ?? episode.status}</Tag>
      </h2>
      <dl className="ju-facts">
        <dt>Co-ordinator</dt>
        <dd>{page.name(episode.careManager?.reference) || "Nobody is named yet"}</dd>
        <dt>Accountable professional</dt>
        <dd>{page.name(extensionOf(episode, "urn:joinedup:accountable")?.valueReference?.reference) || "Nobody is named yet"}</dd>
        <dt>Since</dt>
        <dd>
          {date(last?.period.start ?? episode.period?.start)}
          {why && `: ${why}`}
        </dd>
        {deferred && episode.status === "planned" && (
          <>
            <dt>Decide by</dt>
            <dd>{date(deferred)}</dd>
          </>
        )}
        <dt>Asked the person</dt>
        <dd>{asked.length === 0 ? "Not yet" : <ul className="nhsuk-list nhsuk-u-margin-bottom-0">{asked.map((one, i) => <Asked key={i} asked={one} name={page.name} />)}</ul>}</dd>
      </dl>
      {isDraft && <p>Case finding named this person and no clinician has released the list yet: nothing is decided until then.</p>}
      <div className="ju-row-actions ju-no-print">
        {(isDraft ? [] : (stepsOf[episode.status] ?? [])).map((one) => (
          <Button key={one} kind="secondary" small onClick={() => setStep(one)}>
            {labels[one]}
          </Button>
        ))}
      </div>
      <details className="nhsuk-details ju-no-print">
        <summary className="nhsuk-details__summary">
          <span className="nhsuk-details__summary-text">Every step of this case</span>
        </summary>
        <div className="nhsuk-details__text">
          <ol className="nhsuk-list">
            {(episode.statusHistory ?? []).map((one, i) => (
              <li key={i}>
                {dateTime(one.period.start)}: {caseStateWords[one.status] ?? one.status}
                {partText(one, "urn:joinedup:reason") && `. ${partText(one, "urn:joinedup:reason")}`}
                {page.name(extensionOf(one, "urn:joinedup:by")?.valueReference?.reference) && ` (${page.name(extensionOf(one, "urn:joinedup:by")?.valueReference?.reference)})`}
              </li>
            ))}
          </ol>
        </div>
      </details>
      {step && <StepDialog step={step} episode={episode} onClose={() => setStep(undefined)} />}
    </section>
  );
}
