// One need, goal or action: written, changed, finished. New ones are joined to the plan in the same transaction.
import type { CarePlan, Condition, FhirResource, Goal, Task } from "fhir/r4";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { get, type Answer } from "../../api/client.ts";
import { useSession } from "../../api/session.tsx";
import { idOf, withExtensions } from "../../fhir/extensions.ts";
import { date, name } from "../../fhir/format.ts";
import { confidenceOf, dueOf, importanceOf, isOver, planOf, planTree, taskSystem } from "../../fhir/plan.ts";
import type { FieldValue } from "../../fhir/versions.ts";
import { DateInput, dateParts, isoDate, Radios, Select, TextArea, type DateParts, type Faults } from "../../parts/form.tsx";
import { Page } from "../../parts/Frame.tsx";
import { EditForm, type Values } from "./EditForm.tsx";
import { achievementWords, useWorkers } from "./PlanBody.tsx";
import { newId, saveTogether, type Written } from "./save.ts";
import { usePerson } from "./usePerson.ts";

const scale = Array.from({ length: 10 }, (_, i) => ({ value: String(i + 1), label: String(i + 1) }));
const typedDate = (text: string): DateParts => (text.startsWith("{") ? (JSON.parse(text) as DateParts) : dateParts(text || undefined));
function dateValue(parts: DateParts): string {
  if (!parts.day && !parts.month && !parts.year) return "";
  const read = isoDate(parts, "Date");
  return "iso" in read ? read.iso : JSON.stringify(parts);
}
const wrongDate = (text: string | undefined, what: string): string | undefined => {
  if (!text?.startsWith("{")) return undefined;
  const read = isoDate(typedDate(text), what);
  return "error" in read ? read.error : undefined;
};
const healthConcern = { coding: [{ system: "http://hl7.org/fhir/us/core/CodeSystem/condition-category", code: "health-concern", display: "Health Concern" }] };
const note = (resource: Condition | Goal | Task): string => resource.note?.[0]?.text ?? "";
const withNote = <R extends Condition | Goal | Task>(resource: R, text: string | undefined): R => {
  if (text === undefined || text.trim() === note(resource).trim()) return resource;
  const rest = (resource.note ?? []).slice(1);
  const { note: _before, ...without } = resource;
  const kept = text.trim() ? [{ ...resource.note?.[0], text: text.trim() }, ...rest] : rest;
  return (kept.length > 0 ? { ...without, note: kept } : without) as R;
};

interface Kind<R extends FhirResource> {
  title: string;
  fields: (resource: R) => FieldValue[];
  apply: (resource: R, values: Values) => R;
  check: (values: Values) => Faults;
}

const need: Kind<Condition> = {
  title: "Need",
  fields: (one) => [
    { key: "need-text", label: "Need, concern or problem", value: one.code?.text ?? "" },
    { key: "need-status", label: "Does it stand?", value: one.clinicalStatus?.coding?.[0]?.code ?? "active" },
    { key: "need-note", label: "More about it", value: note(one) },
  ],
  apply: (one, values) =>
    withNote(
      { ...one, code: { ...one.code, text: (values["need-text"] ?? "").trim() }, clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: values["need-status"] || "active" }] } },
      values["need-note"],
    ),
  check: (values) => ({ "need-text": values["need-text"]?.trim() ? undefined : "Enter the need, concern or problem" }),
};

const goal: Kind<Goal> = {
  title: "Goal",
  fields: (one) => [
    { key: "goal-text", label: "Goal, in the person’s words", value: one.description.text ?? "" },
    { key: "goal-need", label: "The need that it answers", value: idOf(one.addresses?.[0]) },
    { key: "goal-importance", label: "How important is it to the person?", value: String(importanceOf(one) ?? "") },
    { key: "goal-progress", label: "Progress", value: one.achievementStatus?.coding?.[0]?.code ?? "in-progress" },
    { key: "goal-status", label: "Does it stand?", value: one.lifecycleStatus },
    { key: "goal-due", label: "Hoped for by", value: one.target?.[0]?.dueDate ?? "" },
    { key: "goal-note", label: "What the person says about it", value: note(one) },
  ],
  apply: (one, values) => {
    const importance = Number(values["goal-importance"]);
    const { addresses, target, ...rest } = one;
    const others = (addresses ?? []).slice(1);
    const wanted = values["goal-need"] ? [{ reference: `Condition/${values["goal-need"]}` }, ...others] : others;
    const due = values["goal-due"] ? [{ ...target?.[0], dueDate: values["goal-due"] }] : [];
    const made: Goal = {
      ...rest,
      description: { ...one.description, text: (values["goal-text"] ?? "").trim() },
      lifecycleStatus: (values["goal-status"] || "active") as Goal["lifecycleStatus"],
      achievementStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/goal-achievement", code: values["goal-progress"] || "in-progress" }] },
      ...(wanted.length > 0 ? { addresses: wanted } : {}),
      ...(due.length > 0 ? { target: due } : {}),
    };
    return withNote(withExtensions(made, "urn:joinedup:importance", importance >= 1 ? [{ url: "urn:joinedup:importance", valueInteger: importance }] : []), values["goal-note"]);
  },
  check: (values) => ({ "goal-text": values["goal-text"]?.trim() ? undefined : "Enter the goal in the person’s words", "goal-due": wrongDate(values["goal-due"], "Hoped for by") }),
};

const action: Kind<Task> = {
  title: "Action",
  fields: (one) => [
    { key: "action-text", label: "What is to be done", value: one.description ?? "" },
    { key: "action-owner", label: "Who does it", value: one.owner?.reference ?? "" },
    { key: "action-due", label: "When it is due", value: dueOf(one) ?? "" },
    { key: "action-priority", label: "Priority", value: one.priority ?? "routine" },
    { key: "action-status", label: "Where it stands", value: one.status },
    { key: "action-confidence", label: "How confident is the person that it will work?", value: String(confidenceOf(one) ?? "") },
    { key: "action-goal", label: "The goal that it serves", value: idOf(one.focus) },
    { key: "action-note", label: "Strategies and notes", value: note(one) },
  ],
  apply: (one, values) => {
    const { restriction, owner: _owner, focus: _focus, ...rest } = one;
    const confidence = Number(values["action-confidence"]);
    const due = values["action-due"];
    const made: Task = {
      ...rest,
      description: (values["action-text"] ?? "").trim(),
      status: (values["action-status"] || "requested") as Task["status"],
      priority: (values["action-priority"] || "routine") as NonNullable<Task["priority"]>,
      lastModified: new Date().toISOString(),
      ...(values["action-owner"] ? { owner: { reference: values["action-owner"] } } : {}),
      ...(values["action-goal"] ? { focus: { reference: `Goal/${values["action-goal"]}` } } : {}),
      ...(due ? { restriction: { ...restriction, period: { ...restriction?.period, end: due } } } : {}),
    };
    return withNote(withExtensions(made, "urn:joinedup:confidence", confidence >= 1 ? [{ url: "urn:joinedup:confidence", valueInteger: confidence }] : []), values["action-note"]);
  },
  check: (values) => ({
    "action-text": values["action-text"]?.trim() ? undefined : "Enter what is to be done",
    "action-owner": values["action-owner"] || values["action-status"] === "completed" ? undefined : "Select who does it",
    "action-due": wrongDate(values["action-due"], "Due date"),
  }),
};

const actionStatuses = [
  { value: "requested", label: "To do" },
  { value: "in-progress", label: "Begun" },
  { value: "on-hold", label: "Waiting" },
  { value: "completed", label: "Done" },
  { value: "cancelled", label: "Stopped" },
];

/** A new one stands in the plan too. Adding a reference never disturbs another's words: on a conflict the plan is read again. */
async function saveNew(resource: Condition | Goal | Task, plan: CarePlan | undefined, about: { patient: string; practitioner: string; activity: string }): Promise<Answer<Written>> {
  if (!plan?.id || resource.resourceType === "Task") return saveTogether([{ resource }], about);
  let at: CarePlan = plan;
  for (let round = 0; ; ++round) {
    const url = newId();
    const joined: CarePlan = resource.resourceType === "Goal" ? { ...at, goal: [...(at.goal ?? []), { reference: url }] } : { ...at, addresses: [...(at.addresses ?? []), { reference: url }] };
    const answer = await saveTogether([{ resource }, { resource: joined, version: at.meta?.versionId }], about, { 0: url });
    if (answer.ok || answer.problem.kind !== "conflict" || round >= 3) return answer;
    const read = await get<CarePlan>(`CarePlan/${plan.id}`);
    if (!read.ok) return answer;
    at = read.value;
  }
}

export function PlanItem({ type }: { type: "Condition" | "Goal" | "Task" }) {
  const { item = "" } = useParams();
  const [asked] = useSearchParams();
  const page = usePerson();
  const session = useSession();
  const navigate = useNavigate();
  const workers = useWorkers();
  const { record, id, today } = page;
  const plan = planOf(record.all("CarePlan"), "care-and-support");
  const isNew = item === "new";
  const tree = planTree(record.all("Condition"), record.all("Goal"), record.all("Task"), today);
  const needs = tree.needs.map(({ need: one }) => ({ value: one.id ?? "", label: one.code?.text ?? "A need" }));
  const goals = [...new Map([...tree.needs.flatMap((one) => one.goals), ...tree.goalsWithoutNeed].map((one) => [one.goal.id, one.goal])).values()].map((one) => ({ value: one.id ?? "", label: one.description.text ?? "A goal" }));
  const [fresh] = useState<Condition | Goal | Task>(() => {
    const subject = { reference: `Patient/${id}` };
    const me = { reference: `Practitioner/${session.practitioner}` };
    if (type === "Condition")
      return { resourceType: "Condition", category: [healthConcern], clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: "active" }] }, subject, recordedDate: today, recorder: me };
    if (type === "Goal") return { resourceType: "Goal", lifecycleStatus: "active", description: { text: "" }, subject, startDate: today, expressedBy: subject, ...(asked.get("need") ? { addresses: [{ reference: `Condition/${asked.get("need")}` }] } : {}) };
    return {
      resourceType: "Task",
      status: "requested",
      intent: "order",
      priority: "routine",
      code: { coding: [{ system: taskSystem, code: "action" }], text: "Action of the plan" },
      for: subject,
      requester: me,
      authoredOn: new Date().toISOString(),
      ...(plan?.id ? { basedOn: [{ reference: `CarePlan/${plan.id}` }] } : {}),
      ...(asked.get("goal") ? { focus: { reference: `Goal/${asked.get("goal")}` } } : {}),
    };
  });
  const there = isNew ? fresh : record.get(type, item);
  const kind = (type === "Condition" ? need : type === "Goal" ? goal : action) as Kind<Condition | Goal | Task>;
  const back = `/person/${id}/plan`;
  if (!there)
    return (
      <Page title="Nothing to see here">
        <p>There is nothing here that you can see. It may not exist, or you may not have a reason to see it.</p>
      </Page>
    );
  const title = isNew ? `Add ${type === "Task" ? "an action" : type === "Goal" ? "a goal" : "a need"}` : `Change ${type === "Task" ? "the action" : type === "Goal" ? "the goal" : "the need"}`;
  const save = async (resource: Condition | Goal | Task, version: string | undefined): Promise<Answer<unknown>> => {
    const about = { patient: id, practitioner: session.practitioner, activity: `${kind.title} ${isNew ? "added" : "changed"}` };
    return isNew ? saveNew(resource, plan, about) : saveTogether([{ resource, version }], about);
  };
  const show = (field: FieldValue): string => {
    switch (field.key) {
      case "goal-need":
        return needs.find((one) => one.value === field.value)?.label ?? field.value;
      case "action-goal":
        return goals.find((one) => one.value === field.value)?.label ?? field.value;
      case "action-owner":
        return page.name(field.value);
      case "action-status":
        return actionStatuses.find((one) => one.value === field.value)?.label ?? field.value;
      case "goal-progress":
        return achievementWords[field.value] ?? field.value;
      case "goal-due":
      case "action-due":
        return date(field.value);
      default:
        return field.value;
    }
  };
  return (
    <Page title={`${title}: ${name(page.patient)}`} heading={title} crumbs={[{ to: back, label: "Plan" }]}>
      <EditForm<Condition | Goal | Task>
        form={isNew ? `new-${type}:${id}${asked.get("need") ?? asked.get("goal") ?? ""}` : `${type}:${item}`}
        resource={there}
        fields={kind.fields}
        apply={kind.apply}
        check={kind.check}
        show={show}
        save={save}
        submit={isNew ? title : "Save changes"}
        onDone={() => {
          void page.reload();
          void navigate(back);
        }}
        onCancel={() => void navigate(back)}
      >
        {(values, set, faults) => {
          const field = (key: string) => ({ id: key, label: kind.fields(there).find((one) => one.key === key)?.label ?? key, value: values[key] ?? "", onChange: (value: string) => set({ [key]: value }), error: faults[key] });
          const dateField = (key: string, hint: string) => <DateInput {...field(key)} hint={hint} value={typedDate(values[key] ?? "")} onChange={(parts) => set({ [key]: dateValue(parts) })} />;
          if (type === "Condition")
            return (
              <>
                <TextArea {...field("need-text")} rows={2} />
                <TextArea {...field("need-note")} rows={3} />
                {!isNew && (
                  <Radios
                    {...field("need-status")}
                    choices={[
                      { value: "active", label: "Yes" },
                      { value: "resolved", label: "No, it is resolved" },
                    ]}
                    inline
                  />
                )}
              </>
            );
          if (type === "Goal")
            return (
              <>
                <TextArea {...field("goal-text")} rows={2} />
                {needs.length > 0 && <Select {...field("goal-need")} empty="No need: a hope of its own" choices={needs} />}
                <Select {...field("goal-importance")} empty="Not said" choices={scale} hint="1 is least, 10 is most" />
                {dateField("goal-due", "Optional. For example, 19 2 2027")}
                {!isNew && <Select {...field("goal-progress")} choices={Object.entries(achievementWords).map(([value, label]) => ({ value, label }))} />}
                {!isNew && (
                  <Radios
                    {...field("goal-status")}
                    choices={[
                      { value: "active", label: "Yes" },
                      { value: "completed", label: "No, it is finished" },
                      { value: "cancelled", label: "No, it was given up" },
                    ]}
                  />
                )}
                <TextArea {...field("goal-note")} rows={3} />
              </>
            );
          return (
            <>
              <TextArea {...field("action-text")} rows={2} />
              <Select {...field("action-owner")} empty="Select a person" choices={workers(values["action-owner"])} />
              {dateField("action-due", "For example, 19 12 2026. Without a date it is shown as “no date set”")}
              {goals.length > 0 && <Select {...field("action-goal")} empty="No goal" choices={goals} />}
              <Select {...field("action-priority")} choices={[{ value: "routine", label: "Routine" }, { value: "urgent", label: "Urgent" }, { value: "asap", label: "As soon as possible" }, { value: "stat", label: "At once" }]} />
              <Select {...field("action-confidence")} empty="Not said" choices={scale} hint="1 is not at all, 10 is completely" />
              {!isNew && <Radios {...field("action-status")} choices={isOver(there as Task) || actionStatuses.some((one) => one.value === (there as Task).status) ? actionStatuses : [{ value: (there as Task).status, label: "As it is now" }, ...actionStatuses]} />}
              <TextArea {...field("action-note")} rows={3} />
            </>
          );
        }}
      </EditForm>
    </Page>
  );
}
