// One form for one operation: what was typed is kept on the server, faults stand beside their fields, a refusal is said in the
// server's words, and somebody else's change is shown before anything is sent again.
//
//   <ActionForm form={`case-hold:${id}`} about="Patient/1" empty={{ reason: "" }} submit="Put on hold" fields={["reason"]}
//     check={(typed) => ({ reason: typed.reason.trim() ? undefined : "Enter why it is put on hold" })}
//     send={(typed) => operation(`EpisodeOfCare/${id}/$hold`, typed, { version })} onDone={close} onCancel={close}>
//     {(typed, set, faults) => <TextArea id="reason" label="Why" value={typed.reason} onChange={(reason) => set({ reason })} error={faults.reason} />}
//   </ActionForm>
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import type { Answer } from "../api/client.ts";
import { useDraft } from "../api/drafts.ts";
import { DraftState } from "./DraftState.tsx";
import { Button, ErrorSummary, faultsOf, type Faults } from "./form.tsx";

export interface ActionFormProps<T extends object, R> {
  form: string;
  about?: string | undefined;
  empty: T;
  submit: string;
  fields: readonly string[];
  /** The field whose id in the page differs from the parameter's name. */
  idOf?: (field: string) => string;
  check: (typed: T) => Faults;
  send: (typed: T) => Promise<Answer<R>>;
  onDone: (answer: R, typed: T) => void;
  onCancel?: (() => void) | undefined;
  /** A conflict that the person may still go on with: says what, and offers to. Gets what was refused and how to send anyway. */
  conflict?: (sentence: string, again: () => void) => ReactNode;
  sendAnyway?: (typed: T) => Promise<Answer<R>>;
  kind?: "primary" | "secondary" | "warning";
  children: (typed: T, set: (change: Partial<T>) => void, faults: Faults) => ReactNode;
}

export function ActionForm<T extends object, R>(props: ActionFormProps<T, R>) {
  const draft = useDraft<T>(props.form, { ...(props.about ? { about: props.about } : {}), empty: props.empty });
  const [faults, setFaults] = useState<Faults>({});
  const [clash, setClash] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const busy = useRef(false);
  const said = useRef<HTMLDivElement>(null);
  // What stands above a long form is seen by whoever pressed the button below it.
  useEffect(() => {
    if (clash === undefined) return;
    said.current?.focus();
    said.current?.scrollIntoView({ block: "center" });
  }, [clash]);
  const id = props.idOf ?? ((field: string) => field);

  const go = async (way: (typed: T) => Promise<Answer<R>>) => {
    if (busy.current) return; // pressed twice is sent once
    const typed = draft.value;
    const found = Object.fromEntries(Object.entries(props.check(typed)).filter((one) => one[1]));
    setClash(undefined);
    setFaults({});
    if (Object.keys(found).length > 0) return void requestAnimationFrame(() => setFaults(found));
    busy.current = true;
    setBusy(true);
    const answer = await way(typed);
    busy.current = false;
    setBusy(false);
    if (answer.ok) {
      void draft.discard();
      props.onDone(answer.value, typed);
    } else if (answer.problem.kind === "conflict" && props.conflict) {
      setClash(answer.problem.sentence);
    } else {
      const named = faultsOf(answer.problem, props.fields);
      setFaults(Object.fromEntries(Object.entries(named).map(([field, sentence]) => [field ? id(field) : "", sentence])));
    }
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void go(props.send);
  };
  return (
    <form onSubmit={onSubmit} noValidate>
      <ErrorSummary faults={faults} />
      {clash !== undefined && (
        <div ref={said} tabIndex={-1} className="ju-said">
          {props.conflict?.(clash, () => void go(props.sendAnyway ?? props.send))}
        </div>
      )}
      {props.children(draft.value, (change) => draft.set({ ...draft.value, ...change }), faults)}
      <DraftState draft={draft} />
      <Button type="submit" kind={props.kind ?? "primary"} busy={isBusy}>
        {isBusy ? "Saving" : props.submit}
      </Button>{" "}
      {props.onCancel && (
        <Button kind="secondary" onClick={props.onCancel}>
          Cancel
        </Button>
      )}
    </form>
  );
}
