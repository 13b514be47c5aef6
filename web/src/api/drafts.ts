// What somebody types is kept on the server as they type, under their own account, and given back when they come again. Nothing
// is kept at rest in the browser. Without a connection it stays in the page, and goes to the server when the connection is back.
//
//   const draft = useDraft("refer/" + id, { about: `Patient/${id}`, empty: { reason: "" } });
//   <textarea value={draft.value.reason} onChange={(e) => draft.set({ ...draft.value, reason: e.target.value })} />
//   <DraftState draft={draft} />          "Saved 12:03"
//   await operation(...); await draft.discard();
import { useCallback, useEffect, useRef, useState } from "react";
import { operation, onConnection, parameter, request, type Parameters } from "./client.ts";

export type DraftStatus = "none" | "loading" | "restored" | "typing" | "saving" | "saved" | "waiting" | "refused";

export interface Draft<T> {
  value: T;
  status: DraftStatus;
  /** When the server last kept it. */
  savedAt: Date | null;
  set: (value: T) => void;
  /** To be called when the form is sent, or by the "Discard draft" button. */
  discard: () => Promise<void>;
  saveNow: () => Promise<void>;
}

const pause = 800;

export function useDraft<T>(form: string, { about, empty }: { about?: string; empty: T }): Draft<T> {
  const [value, setValue] = useState<T>(empty);
  const [status, setStatus] = useState<DraftStatus>("loading");
  const [savedAt, setSavedAt] = useState<Date | null>(null);
  // touched: typed in or discarded since the form stood here; what the server kept before then comes too late to be shown.
  const latest = useRef({ value: empty, dirty: false, touched: false, form, about, gone: false, refused: false });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const saving = useRef<Promise<void> | null>(null);
  latest.current.form = form;
  latest.current.about = about;

  const save = useCallback(async (): Promise<void> => {
    clearTimeout(timer.current);
    timer.current = undefined;
    while (saving.current) await saving.current;
    if (!latest.current.dirty || latest.current.gone) return;
    latest.current.dirty = false;
    setStatus("saving");
    const { form: key, about: of, value: content } = latest.current;
    const work = (async () => {
      const answer = await operation<Parameters>("$save-draft", {
        form: key,
        about: of ? { reference: of } : undefined,
        content: JSON.stringify(content),
      });
      if (answer.ok) {
        setSavedAt(new Date());
        setStatus(latest.current.dirty ? "typing" : "saved");
      } else {
        latest.current.dirty = true;
        const isPassing = ["unreachable", "failed", "signed-out"].includes(answer.problem.kind);
        latest.current.refused = !isPassing; // sent again only once something else is typed
        setStatus(isPassing ? "waiting" : "refused");
      }
    })();
    saving.current = work;
    await work;
    saving.current = null;
  }, []);

  const set = useCallback(
    (next: T) => {
      latest.current.value = next;
      latest.current.dirty = true;
      latest.current.touched = true;
      latest.current.gone = false;
      latest.current.refused = false;
      setValue(next);
      setStatus("typing");
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void save(), pause);
    },
    [save],
  );

  const discard = useCallback(async () => {
    clearTimeout(timer.current);
    latest.current.gone = true;
    latest.current.touched = true;
    latest.current.dirty = false;
    while (saving.current) await saving.current;
    latest.current.value = empty;
    setValue(empty);
    setStatus("none");
    setSavedAt(null);
    await operation("$discard-draft", { form: latest.current.form });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    const stop = new AbortController();
    setStatus("loading");
    latest.current.touched = false;
    void (async () => {
      const answer = await request<Parameters>(`$drafts?form=${encodeURIComponent(form)}`, { signal: stop.signal }).catch(() => null);
      if (stop.signal.aborted || latest.current.touched) return;
      const one = answer?.ok ? draftIn(answer.value, form) : undefined;
      if (!one) return setStatus("none");
      try {
        const content = JSON.parse(one.content) as T;
        latest.current.value = content;
        setValue(content);
        setSavedAt(one.saved);
        setStatus("restored");
      } catch {
        setStatus("none");
      }
    })();
    return () => stop.abort();
  }, [form]);

  // A page that is left keeps what was typed in the last moment.
  useEffect(() => {
    const stop = onConnection((now) => {
      if (now === "open" && latest.current.dirty && !latest.current.refused && !timer.current) void save();
    });
    const retry = setInterval(() => {
      if (latest.current.dirty && !latest.current.refused && !timer.current && !saving.current) void save();
    }, 5000);
    const warn = (event: BeforeUnloadEvent) => {
      if (latest.current.dirty) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => {
      stop();
      clearInterval(retry);
      removeEventListener("beforeunload", warn);
      if (latest.current.dirty) void save();
    };
  }, [save]);

  return { value, status, savedAt, set, discard, saveNow: save };
}

/** $drafts answers with the parameters of one draft, or with one parameter a draft that holds them as parts. */
export function draftIn(parameters: Parameters, form: string): { content: string; saved: Date | null } | undefined {
  const plain = parameter(parameters, "content")?.valueString;
  const read = (content: string | undefined, saved: string | undefined) =>
    content === undefined ? undefined : { content, saved: saved ? new Date(saved) : null };
  if (plain !== undefined) {
    const saved = parameter(parameters, "saved");
    return read(plain, saved?.valueInstant ?? saved?.valueDateTime);
  }
  for (const one of parameters.parameter ?? []) {
    const part = (name: string) => one.part?.find((inner) => inner.name === name);
    if (part("form")?.valueString !== form) continue;
    const saved = part("saved");
    return read(part("content")?.valueString, saved?.valueInstant ?? saved?.valueDateTime);
  }
  return undefined;
}
