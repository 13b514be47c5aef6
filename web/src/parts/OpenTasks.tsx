// What becomes of a person's open tasks when their case ends: each is handed to somebody by name, or cancelled with the case. Nothing silently.
import { useEffect, useState } from "react";
import { get, type Bundle, type Inputs } from "../api/client.ts";
import { Checkboxes, Select } from "./form.tsx";
import { date } from "../fhir/format.ts";

export interface TasksTyped {
  hand: string[];
  handTo: string;
}
export const noTasks: TasksTyped = { hand: [], handTo: "" };

const open = "draft,requested,received,accepted,ready,in-progress,on-hold";
const isReferral = (task: fhir4.Task): boolean => (task.code?.coding ?? []).some((one) => one.code === "referral");

export interface OpenTask {
  reference: string;
  label: string;
}

/** The tasks that end with the case; undefined while they are read. Referrals are the service's that has them. */
export function useOpenTasks(patient: string, isWanted: boolean): OpenTask[] | undefined {
  const [tasks, setTasks] = useState<OpenTask[]>();
  useEffect(() => {
    if (!isWanted) return;
    let isHere = true;
    void get<Bundle>(`Task?patient=${patient}&status=${open}&_count=200`).then((answer) => {
      if (!isHere || !answer.ok) return;
      const all = (answer.value.entry ?? []).flatMap((one) => (one.resource?.resourceType === "Task" ? [one.resource as fhir4.Task] : []));
      setTasks(
        all
          .filter((one) => !isReferral(one))
          .map((one) => ({ reference: `Task/${one.id}`, label: `${one.description ?? one.code?.text ?? "Task"}${one.restriction?.period?.end ? `, due ${date(one.restriction.period.end)}` : ", no date set"}` })),
      );
    });
    return () => {
      isHere = false;
    };
  }, [patient, isWanted]);
  return tasks;
}

export const tasksFault = (typed: TasksTyped): string | undefined => (typed.hand.length > 0 && !typed.handTo ? "Select who takes these tasks over" : undefined);

/** What is sent with the operation. */
export const tasksInputs = (typed: TasksTyped, tasks: OpenTask[] | undefined): Inputs => {
  if (!tasks || tasks.length === 0) return {};
  const hand = typed.hand.filter((one) => tasks.some((task) => task.reference === one));
  return { tasks: tasks.length, ...(hand.length > 0 ? { hand: hand.map((reference) => ({ reference })), to: { reference: typed.handTo } } : {}) };
};

export function OpenTasks({ tasks, typed, set, workers, error }: { tasks: OpenTask[] | undefined; typed: TasksTyped; set: (change: Partial<TasksTyped>) => void; workers: { value: string; label: string }[]; error?: string | undefined }) {
  if (!tasks || tasks.length === 0) return null;
  return (
    <>
      <Checkboxes
        id="case-hand"
        label={`${tasks.length} ${tasks.length === 1 ? "task is" : "tasks are"} still open. Which are handed over?`}
        hint="What you do not choose is cancelled with the case. Referrals go on with the service that has them."
        small
        choices={tasks.map((one) => ({ value: one.reference, label: one.label }))}
        values={typed.hand}
        onChange={(hand) => set({ hand })}
      />
      {typed.hand.length > 0 && <Select id="case-handTo" label="Who takes these tasks over?" empty="Select a worker" choices={workers} value={typed.handTo} onChange={(handTo) => set({ handTo })} error={error} />}
    </>
  );
}
