// Choosing whom a form is about: typed name or NHS number, then one of those found, with born and number so that nobody is mistaken.
import { useEffect, useState } from "react";
import { get, search } from "../api/client.ts";
import { born, name, nhsNumberOf } from "../fhir/format.ts";
import { Button, Radios, TextField } from "./form.tsx";

const pause = 300;
const most = 10;

export function questionOf(typed: string): string | undefined {
  const digits = typed.replace(/\s+/g, "");
  if (/^\d{10}$/.test(digits)) return `Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${digits}&_count=${most}`;
  const words = typed.trim().split(/[\s,]+/).filter((one) => one.length > 1);
  if (words.length === 0 || typed.trim().length < 2 || /^\d+$/.test(digits)) return undefined;
  return `Patient?${words.map((one) => `name=${encodeURIComponent(one)}`).join("&")}&_count=${most}`;
}

export function PersonPicker({ id, label, value, onChange, error }: { id: string; label: string; value: string; onChange: (reference: string) => void; error?: string | undefined }) {
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<{ question: string; people: fhir4.Patient[]; isMore: boolean }>();
  const [chosen, setChosen] = useState<fhir4.Patient>();
  const question = questionOf(typed);

  useEffect(() => {
    if (!value || chosen?.id === value.split("/")[1]) return;
    const stop = new AbortController();
    void get<fhir4.Patient>(value, stop.signal).then(
      (answer) => answer.ok && setChosen(answer.value),
      () => undefined,
    );
    return () => stop.abort();
  }, [value, chosen]);

  useEffect(() => {
    if (!question) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      search<fhir4.Patient>(question, stop.signal).then(
        (answer) => answer.ok && setFound({ question, people: (answer.value.entry ?? []).flatMap((one) => (one.resource?.resourceType === "Patient" ? [one.resource] : [])), isMore: (answer.value.link ?? []).some((one) => one.relation === "next") }),
        () => undefined,
      );
    }, pause);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [question]);

  const words = (one: fhir4.Patient) => `${born(one)}, NHS number ${nhsNumberOf(one) || "not known"}`;
  if (value && chosen && `Patient/${chosen.id}` === value)
    return (
      <div className="nhsuk-form-group">
        <p className="nhsuk-u-margin-bottom-1">
          <strong>{label}</strong>
        </p>
        <p>
          {name(chosen)}. {words(chosen)}{" "}
          <Button kind="link" onClick={() => onChange("")}>
            Choose somebody else
          </Button>
        </p>
      </div>
    );
  const people = question && found?.question === question ? found.people : undefined;
  return (
    <>
      <TextField id={id} label={label} hint="Type a name or an NHS number. You find only people whom you look after." type="search" value={typed} onChange={setTyped} error={error} width={20} />
      <div role="status" className="nhsuk-u-visually-hidden">
        {people && (people.length === 0 ? "Nobody found" : `${people.length} found`)}
      </div>
      {people?.length === 0 && <p>Nobody whom you look after has this name or number.</p>}
      {people && people.length > 0 && (
        <>
          <Radios
            id={`${id}-found`}
            label="Who is it?"
            value={value}
            small
            onChange={(reference) => {
              setChosen(people.find((one) => `Patient/${one.id}` === reference));
              onChange(reference);
            }}
            choices={people.map((one) => ({ value: `Patient/${one.id}`, label: name(one), hint: words(one) }))}
          />
          {found?.isMore && <p>There are more. Type more of the name.</p>}
        </>
      )}
    </>
  );
}
