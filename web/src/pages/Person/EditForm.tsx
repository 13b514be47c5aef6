// A form over one resource that several people may edit at once. It starts from a version; what is typed is a draft on the server;
// when somebody else saves meanwhile it says so at once, and on saving both see what the other changed and choose.
import type { FhirResource } from "fhir/r4";
import { useEffect, useMemo, useRef, useState, type FormEvent, type ReactNode } from "react";
import { get, type Answer, type Bundle, type Problem } from "../../api/client.ts";
import { useDraft } from "../../api/drafts.ts";
import { announce } from "../../parts/announce.tsx";
import { ConflictDialog } from "../../parts/ConflictDialog.tsx";
import { Diff } from "../../parts/Diff.tsx";
import { DraftState } from "../../parts/DraftState.tsx";
import { Button, ErrorSummary, faultsOf, type Faults } from "../../parts/form.tsx";
import { dateTime } from "../../fhir/format.ts";
import { changesBetween, threeWay, type FieldValue } from "../../fhir/versions.ts";
import { usePerson } from "./usePerson.ts";

export type Values = Record<string, string>;
interface Held {
  version: string;
  values: Values;
}

export interface EditFormProps<R extends FhirResource> {
  form: string;
  /** As it is now in the record; without an id it is something new. */
  resource: R;
  fields: (resource: R) => FieldValue[];
  apply: (resource: R, values: Values) => R;
  check?: (values: Values) => Faults;
  save: (resource: R, version: string | undefined, values: Values) => Promise<Answer<unknown>>;
  submit: string;
  onDone: () => void;
  onCancel: () => void;
  show?: (field: FieldValue) => string;
  children: (values: Values, set: (change: Values) => void, faults: Faults) => ReactNode;
}

interface Clash<R> {
  theirs: R;
  base: R;
}

async function whoSaved(reference: string, name: (reference: string | undefined) => string): Promise<{ who: string; when: string }> {
  const answer = await get<Bundle>(`Provenance?target=${reference}&_count=20`);
  if (!answer.ok) return { who: "", when: "" };
  const last = (answer.value.entry ?? []).flatMap((entry) => (entry.resource?.resourceType === "Provenance" ? [entry.resource as fhir4.Provenance] : [])).sort((a, b) => b.recorded.localeCompare(a.recorded))[0];
  return { who: name(last?.agent[0]?.who.reference), when: last?.recorded ?? "" };
}

export function EditForm<R extends FhirResource>(props: EditFormProps<R>) {
  const { id: patient, name } = usePerson();
  const reference = props.resource.id ? `${props.resource.resourceType}/${props.resource.id}` : "";
  const draft = useDraft<Held>(props.form, { about: `Patient/${patient}`, empty: { version: "", values: {} } });
  const [base, setBase] = useState(props.resource);
  const [faults, setFaults] = useState<Faults>({});
  const [clash, setClash] = useState<Clash<R>>();
  const [saved, setSaved] = useState<{ who: string; when: string }>({ who: "", when: "" });
  const [isBusy, setBusy] = useState(false);
  const [isShown, setShown] = useState(false);
  const busy = useRef(false);

  // A draft that comes back started from the version it was written over, not from today's.
  const started = draft.value.version;
  const baseVersion = base.meta?.versionId ?? "";
  useEffect(() => {
    if (draft.status !== "restored" || !reference || !started || started === baseVersion) return;
    void get<R>(`${reference}/_history/${started}`).then((answer) => answer.ok && setBase(answer.value));
  }, [draft.status, started, reference, baseVersion]);

  const baseFields = useMemo(() => props.fields(base), [base]); // eslint-disable-line react-hooks/exhaustive-deps
  const values: Values = { ...Object.fromEntries(baseFields.map((field) => [field.key, field.value])), ...draft.value.values };
  const isBehind = reference !== "" && props.resource.meta?.versionId !== undefined && Number(props.resource.meta.versionId) > Number(baseVersion);
  const theirChanges = isBehind ? changesBetween(baseFields, props.fields(props.resource)) : [];
  const theirVersion = props.resource.meta?.versionId;
  useEffect(() => {
    if (!isBehind) return;
    void whoSaved(reference, name).then(setSaved);
  }, [isBehind, theirVersion, reference]); // eslint-disable-line react-hooks/exhaustive-deps

  const set = (change: Values) => draft.set({ version: started || baseVersion, values: { ...draft.value.values, ...change } });
  const show = (field: FieldValue) => props.show?.(field) ?? field.value;

  const finish = async (answer: Answer<unknown>): Promise<boolean> => {
    busy.current = false;
    setBusy(false);
    if (answer.ok) {
      setClash(undefined);
      await draft.discard();
      announce("Saved");
      props.onDone();
    } else if (answer.problem.kind === "conflict" && reference) await meet();
    else setFaults(named(answer.problem, Object.keys(values)));
    return answer.ok;
  };
  const meet = async () => {
    const [now, was] = await Promise.all([get<R>(reference), get<R>(`${reference}/_history/${started || baseVersion}`)]);
    if (!now.ok) return setFaults({ "": now.problem.sentence });
    void whoSaved(reference, name).then(setSaved);
    setClash({ theirs: now.value, base: was.ok ? was.value : base });
  };
  const go = async (onto: R, version: string | undefined, chosen: Values): Promise<boolean> => {
    if (busy.current) return false;
    busy.current = true;
    setBusy(true);
    return finish(await props.save(props.apply(onto, chosen), version, chosen));
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = Object.fromEntries(Object.entries(props.check?.(values) ?? {}).filter((one) => one[1]));
    setFaults(wrong);
    if (Object.keys(wrong).length > 0) return;
    void go(base, reference ? started || baseVersion : undefined, values);
  };

  const merge = clash ? threeWay(props.fields(clash.base), props.fields(clash.base).map((field) => ({ ...field, value: values[field.key] ?? field.value })), props.fields(clash.theirs)) : undefined;
  return (
    <form onSubmit={onSubmit} noValidate>
      <ErrorSummary faults={faults} />
      {isBehind && !clash && (
        <div className="nhsuk-inset-text ju-behind" role="status">
          <span className="nhsuk-u-visually-hidden">Information: </span>
          <p>
            <strong>{saved.who || "Somebody else"} saved a change{saved.when ? ` on ${dateTime(saved.when)}` : ""} while you were writing.</strong> Nothing of yours is lost. When you save, you choose what stands.
          </p>
          <p>
            <Button kind="link" aria-expanded={isShown} onClick={() => setShown(!isShown)}>
              {isShown ? "Hide what changed" : "Show what changed"}
            </Button>
          </p>
          {isShown &&
            (theirChanges.length === 0 ? (
              <p>Nothing that stands in this form changed.</p>
            ) : (
              theirChanges.map((change) => (
                <div key={change.key}>
                  <p className="nhsuk-heading-xs nhsuk-u-margin-bottom-1">{change.label}</p>
                  <Diff before={show({ key: change.key, label: change.label, value: change.before })} after={show({ key: change.key, label: change.label, value: change.after })} />
                </div>
              ))
            ))}
        </div>
      )}
      {props.children(values, set, faults)}
      <DraftState draft={draft} />
      <Button type="submit" busy={isBusy}>
        {isBusy ? "Saving" : props.submit}
      </Button>{" "}
      <Button kind="secondary" onClick={props.onCancel}>
        Leave without saving
      </Button>
      {clash && merge && (
        <ConflictDialog
          form={`${props.form}:together:${clash.theirs.meta?.versionId ?? ""}`}
          about={`Patient/${patient}`}
          who={saved.who || "Somebody else"}
          when={saved.when ? `on ${dateTime(saved.when)}` : "while you were writing"}
          fields={props.fields(clash.base).map((field) => {
            const theirs = props.fields(clash.theirs).find((one) => one.key === field.key)?.value ?? "";
            return { key: field.key, label: field.label, base: field.value, theirs, mine: values[field.key] ?? field.value };
          })}
          onChoose={(chosen) => go(clash.theirs, clash.theirs.meta?.versionId, chosen)}
          onCancel={() => setClash(undefined)}
        />
      )}
    </form>
  );
}

function named(problem: Problem, fields: string[]): Faults {
  const faults = faultsOf(problem, fields);
  return Object.keys(faults).length > 0 ? faults : { "": problem.sentence };
}
