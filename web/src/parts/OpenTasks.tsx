// What becomes of a person's open tasks when their case ends: each is handed to somebody by name, or cancelled with the case. Nothing silently.
import { useEffect, useState } from "react";
import { get, type Bundle, type Inputs, type Problem } from "../api/client.ts";
import { Checkboxes, Select } from "./form.tsx";
import { date } from "../fhir/format.ts";
import { Trouble } from "./Trouble.tsx";

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

export interface OpenTasksRead {
  /** The tasks that end with the case; nothing while they are read. */
  list?: OpenTask[];
  problem?: Problem;
  again: () => void;
}

/** Referrals are the service's that has them, and are not among these. */
export function useOpenTasks(patient: string, isWanted: boolean): OpenTasksRead {
  const [tasks, setTasks] = useState<{ list?: OpenTask[]; problem?: Problem }>({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!isWanted) return;
    let isHere = true;
    void get<Bundle>(`Task?patient=${patient}&status=${open}&_count=200`).then((answer) => {
      if (!isHere) return;
      if (!answer.ok) return setTasks({ problem: answer.problem });
      const all = (answer.value.entry ?? []).flatMap((one) => (one.resource?.resourceType === "Task" ? [one.resource as fhir4.Task] : []));
      setTasks({
        list: all
          .filter((one) => !isReferral(one))
          .map((one) => ({ reference: `Task/${one.id}`, label: `${one.description ?? one.code?.text ?? "Task"}${one.restriction?.period?.end ? `, due ${date(one.restriction.period.end)}` : ", no date set"}` })),
      });
    });
    return () => {
      isHere = false;
    };
  }, [patient, isWanted, turn]);
  return { ...tasks, again: () => setTurn(turn + 1) };
}

export const tasksFault = (typed: TasksTyped): string | undefined => (typed.hand.length > 0 && !typed.handTo ? "Select who takes these tasks over" : undefined);

/** What is sent with the operation. */
export const tasksInputs = (typed: TasksTyped, tasks: OpenTask[] | undefined): Inputs => {
  if (!tasks || tasks.length === 0) return {};
  const hand = typed.hand.filter((one) => tasks.some((task) => task.reference === one));
  return { tasks: tasks.length, ...(hand.length > 0 ? { hand: hand.map((reference) => ({ reference })), to: { reference: typed.handTo } } : {}) };
};

export function OpenTasks({ tasks, typed, set, workers, error }: { tasks: OpenTasksRead; typed: TasksTyped; set: (change: Partial<TasksTyped>) => void; workers: { value: string; label: string }[]; error?: string | undefined }) {
  const { list, problem, again } = tasks;
  if (problem) return <Trouble problem={problem} what="The open tasks" again={again} />;
  if (!list || list.length === 0) return null;
  return (
    <>
      <Checkboxes
        id="case-hand"
        label={`${list.length} ${list.length === 1 ? "task is" : "tasks are"} still open. Which are handed over?`}
        hint="What you do not choose is cancelled with the case. Referrals go on with the service that has them."
        small
        choices={list.map((one) => ({ value: one.reference, label: one.label }))}
        values={typed.hand}
        onChange={(hand) => set({ hand })}
      />
      {typed.hand.length > 0 && <Select id="case-handTo" label="Who takes these tasks over?" empty="Select a worker" choices={workers} value={typed.handTo} onChange={(handTo) => set({ handTo })} error={error} />}
    </>
  );
}
