// Several searches as one batch, read again when something of theirs changes in the record.
//
//   const { answers, problem, reload } = useLoaded(["EpisodeOfCare?status=active"], ["EpisodeOfCare"]);
import { useCallback, useEffect, useRef, useState } from "react";
import { batch, type Bundle, type Problem, type Resource } from "./client.ts";
import { followPages } from "./directory.tsx";
import { useChanges } from "./events.ts";

export interface Part {
  resources: Resource[];
  isAll: boolean;
  problem?: Problem;
}

export interface Loaded {
  parts: Part[] | undefined;
  /** Resources of all parts, one after the other. */
  resources: Resource[];
  problem: Problem | undefined;
  isReading: boolean;
  reload: () => Promise<void>;
}

const nothing: Resource[] = [];
const rest = 2000;

export function useLoaded(paths: string[], types: string[], most?: number): Loaded {
  const [state, setState] = useState<{ key: string; parts?: Part[]; resources: Resource[]; problem?: Problem; isReading: boolean }>({ key: "", resources: nothing, isReading: true });
  const key = paths.join("\n");
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const mine = ++turn.current;
    if (!key) return setState({ key, parts: [], resources: nothing, isReading: false });
    setState((before) => ({ ...before, isReading: true }));
    const answer = await batch(key.split("\n"));
    if (mine !== turn.current) return;
    if (!answer.ok) return setState((before) => ({ ...before, key, problem: answer.problem, isReading: false }));
    const parts: Part[] = [];
    for (const one of answer.value) {
      if (!one.ok) parts.push({ resources: [], isAll: true, problem: one.problem });
      else if (one.value.resourceType === "Bundle") parts.push(await followPages(one.value as Bundle, most));
      else parts.push({ resources: [one.value], isAll: true });
    }
    if (mine !== turn.current) return;
    // What two of the searches gave is there once.
    const all = new Map(parts.flatMap((one) => one.resources).map((one) => [`${one.resourceType}/${one.id}`, one]));
    setState({ key, parts, resources: [...all.values()], isReading: false });
  }, [key, most]);
  useEffect(() => {
    void reload();
    return () => {
      turn.current += 1;
    };
  }, [reload]);
  // Others' changes are shown within seconds, not each by itself: a hundred people at work must not read everything all the time.
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const last = useRef(0);
  useChanges(types, () => {
    waiting.current ??= setTimeout(
      () => {
        waiting.current = undefined;
        last.current = Date.now();
        void reload();
      },
      Math.max(0, rest - (Date.now() - last.current)),
    );
  });
  useEffect(() => () => clearTimeout(waiting.current), []);
  // What was read for another question is not shown for this one.
  const isCurrent = state.key === key;
  return { parts: isCurrent ? state.parts : undefined, resources: isCurrent ? state.resources : nothing, problem: isCurrent ? state.problem : undefined, isReading: state.isReading, reload };
}
