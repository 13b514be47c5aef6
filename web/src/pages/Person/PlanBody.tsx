import type { CarePlan, Condition, Task } from "fhir/r4";
import { useState } from "react";
import { Link } from "react-router";
import { operation } from "../../api/client.ts";
import { conceptText } from "../../fhir/extensions.ts";
import { date } from "../../fhir/format.ts";
import { actionState, actionStateWords, confidenceOf, dueOf, headingsOf, importanceOf, isOver, sectionText, type ActionState, type GoalBranch, type PlanKind, type PlanTree } from "../../fhir/plan.ts";
import { announce } from "../../parts/announce.tsx";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { Button, TextArea } from "../../parts/form.tsx";
import { Tag, type TagColour } from "../../parts/Tag.tsx";
import { usePerson } from "./usePerson.ts";

const colours: Readonly<Record<ActionState, TagColour>> = { overdue: "red", due: "blue", "no-date": "orange", done: "green", stopped: "grey" };
export const achievementWords: Readonly<Record<string, string>> = { "in-progress": "In progress", improving: "Improving", worsening: "Worsening", "no-change": "No change", achieved: "Achieved", sustaining: "Achieved and kept up", "not-achieved": "Not achieved", "no-progress": "No progress", "not-attainable": "Cannot be reached" };

/** Workers to choose from: the team of this person first, then everybody; whoever is chosen already stays to be seen. */
export function useWorkers(): (chosen?: string) => { value: string; label: string }[] {
  const { directory, record, name } = usePerson();
  const teams = record.all("EpisodeOfCare").flatMap((episode) => episode.team ?? []).map((one) => one.reference);
  const near = new Set(teams.flatMap((team) => directory?.rolesOf(team) ?? []).map((one) => one.reference));
  const all = [...(directory?.roles ?? [])].sort((a, b) => Number(near.has(b.reference)) - Number(near.has(a.reference)));
  const choices = all.map((one) => ({ value: one.reference, label: `${one.name}${one.role ? `, ${one.role.toLowerCase()}` : ""}${near.has(one.reference) ? "" : " (not of this team)"}` }));
  return (chosen) => (chosen && !choices.some((one) => one.value === chosen) ? [...choices, { value: chosen, label: name(chosen) || "Somebody who is not named here" }] : choices);
}

function DoneDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const { id, refresh } = usePerson();
  return (
    <Dialog title="Mark the action as done" onClose={onClose}>
      <p>{task.description}</p>
      <ActionForm
        form={`done:${task.id}`}
        about={`Patient/${id}`}
        empty={{ outcome: "" }}
        submit="Mark as done"
        fields={["outcome"]}
        idOf={() => "done-outcome"}
        check={(typed) => ({ "done-outcome": typed.outcome.trim() ? undefined : "Enter what came of it" })}
        send={(typed) => operation(`Task/${task.id}/$done`, { outcome: typed.outcome.trim() }, { version: task.meta?.versionId })}
        conflict={(sentence) => <p role="alert">{sentence} Close this window and look at the action as it is now.</p>}
        onDone={() => {
          announce("The action is done");
          void refresh([`Task/${task.id}`]);
          onClose();
        }}
        onCancel={onClose}
      >
        {(typed, set, faults) => <TextArea id="done-outcome" label="What came of it?" value={typed.outcome} onChange={(outcome) => set({ outcome })} error={faults["done-outcome"]} rows={2} />}
      </ActionForm>
    </Dialog>
  );
}

export function Action({ task, editable }: { task: Task; editable?: boolean }) {
  const { id, today, name } = usePerson();
  const [isDoing, setDoing] = useState(false);
  const state = actionState(task, today);
  const due = dueOf(task);
  const confidence = confidenceOf(task);
  return (
    <li>
      <Tag colour={colours[state]}>{actionStateWords[state]}</Tag> {editable ? <Link to={`/person/${id}/plan/action/${task.id}`}>{task.description || "An action without words"}</Link> : <strong>{task.description}</strong>}
      <br />
      <span className="ju-quiet">
        {[
          name(task.owner?.reference) ? `Who: ${name(task.owner?.reference)}` : "Nobody is named",
          due ? `due ${date(due)}` : "no date set",
          confidence === undefined ? "" : `confidence ${confidence} of 10`,
          task.statusReason?.text ?? "",
          task.output?.[0]?.valueString ? `outcome: ${task.output[0].valueString}` : "",
        ]
          .filter(Boolean)
          .join(", ")}
      </span>{" "}
      {editable && !isOver(task) && (
        <Button kind="link" className="ju-no-print" onClick={() => setDoing(true)}>
          Mark as done <span className="nhsuk-u-visually-hidden">{task.description}</span>
        </Button>
      )}
      {isDoing && <DoneDialog task={task} onClose={() => setDoing(false)} />}
    </li>
  );
}

function Goals({ branches, editable }: { branches: GoalBranch[]; editable?: boolean | undefined }) {
  const { id } = usePerson();
  return branches.map(({ goal, actions }) => {
    const importance = importanceOf(goal);
    const achieved = goal.achievementStatus?.coding?.[0]?.code ?? "";
    return (
      <div key={goal.id} className="ju-goal">
        <h4 className="nhsuk-heading-s">
          Goal: {editable ? <Link to={`/person/${id}/plan/goal/${goal.id}`}>{goal.description.text}</Link> : goal.description.text}
        </h4>
        <p className="ju-quiet">
          {importance === undefined ? "Importance not said" : `Importance ${importance} of 10`}
          {achieved && `. ${achievementWords[achieved] ?? conceptText(goal.achievementStatus)}`}
          {goal.lifecycleStatus === "completed" && ". Finished"}
          {goal.lifecycleStatus === "cancelled" && ". Given up"}
          {goal.target?.[0]?.dueDate && `. Hoped for by ${date(goal.target[0].dueDate)}`}
        </p>
        {goal.note?.map((one, i) => (
          <p key={i} className="ju-text">
            {one.text}
          </p>
        ))}
        {actions.length > 0 ? (
          <ul className="nhsuk-list">
            {actions.map((task) => (
              <Action key={task.id} task={task} {...(editable ? { editable } : {})} />
            ))}
          </ul>
        ) : (
          <p>No action yet.</p>
        )}
        {editable && (
          <Link className="ju-no-print" to={`/person/${id}/plan/action/new?goal=${goal.id}`}>
            Add an action <span className="nhsuk-u-visually-hidden">for {goal.description.text}</span>
          </Link>
        )}
      </div>
    );
  });
}

const needWords = (need: Condition): string => need.code?.text ?? conceptText(need.code) ?? "A need";

export function PlanBody({ kind, plan, tree, editable }: { kind: PlanKind; plan: CarePlan | undefined; tree: PlanTree; editable?: boolean }) {
  const { id } = usePerson();
  const headings = headingsOf(kind);
  const groups = [...new Set(headings.map((heading) => heading.group))].filter((group) => headings.some((heading) => heading.group === group && sectionText(plan, heading.code)));
  const filled = groups.map((group) => (
    <section key={group} aria-label={group} className="nhsuk-u-margin-top-5">
      <h2 className="nhsuk-heading-m">{group}</h2>
      {headings
        .filter((heading) => heading.group === group && sectionText(plan, heading.code))
        .map((heading) => (
          <div key={heading.code}>
            <h3 className="nhsuk-heading-s nhsuk-u-margin-bottom-1">{heading.title}</h3>
            <p className="ju-text">{sectionText(plan, heading.code)}</p>
          </div>
        ))}
    </section>
  ));
  if (kind !== "care-and-support") return <>{filled}</>;
  return (
    <>
      {filled}
      <section aria-labelledby="needs" className="nhsuk-u-margin-top-5">
        <h2 id="needs" className="nhsuk-heading-m">
          Needs, goals and actions
        </h2>
        {editable && (
          <p className="ju-row-actions ju-no-print">
            <Link to={`/person/${id}/plan/need/new`}>Add a need</Link>
            <Link to={`/person/${id}/plan/goal/new`}>Add a goal</Link>
            <Link to={`/person/${id}/plan/action/new`}>Add an action</Link>
          </p>
        )}
        {tree.needs.length === 0 && tree.goalsWithoutNeed.length === 0 && tree.actionsWithoutGoal.length === 0 && <p>None are recorded yet.</p>}
        {tree.needs.map(({ need, goals }) => (
          <div key={need.id} className="ju-need">
            <h3 className="nhsuk-heading-s">
              Need: {editable ? <Link to={`/person/${id}/plan/need/${need.id}`}>{needWords(need)}</Link> : needWords(need)}
            </h3>
            {need.clinicalStatus?.coding?.[0]?.code === "resolved" && <p className="ju-quiet">Resolved</p>}
            {need.note?.map((one, i) => (
              <p key={i} className="ju-text">
                {one.text}
              </p>
            ))}
            {goals.length === 0 && <p>No goal yet.</p>}
            <Goals branches={goals} editable={editable} />
            {editable && (
              <Link className="ju-no-print" to={`/person/${id}/plan/goal/new?need=${need.id}`}>
                Add a goal <span className="nhsuk-u-visually-hidden">for {needWords(need)}</span>
              </Link>
            )}
          </div>
        ))}
        {tree.goalsWithoutNeed.length > 0 && (
          <div className="ju-need">
            <h3 className="nhsuk-heading-s">Hopes without a need</h3>
            <Goals branches={tree.goalsWithoutNeed} editable={editable} />
          </div>
        )}
        {tree.actionsWithoutGoal.length > 0 && (
          <div className="ju-need">
            <h3 className="nhsuk-heading-s">Actions without a goal</h3>
            <ul className="nhsuk-list">
              {tree.actionsWithoutGoal.map((task) => (
                <Action key={task.id} task={task} {...(editable ? { editable } : {})} />
              ))}
            </ul>
          </div>
        )}
      </section>
      {editable && tree.otherActions.length > 0 && (
        <section aria-labelledby="apart" className="ju-no-print">
          <h2 id="apart" className="nhsuk-heading-m">
            Other work about this person
          </h2>
          <p>No part of the plan, and not printed with it.</p>
          <ul className="nhsuk-list">
            {tree.otherActions.map((task) => (
              <Action key={task.id} task={task} editable />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
