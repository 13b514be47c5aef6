// Loads one person in one batch and keeps what is shown true: what changes in the record is read again, one resource at a time.
import type { FhirResource, Patient } from "fhir/r4";
import { createContext, use, useCallback, useEffect, useRef, useState } from "react";
import { batch, get, nextPage, type Bundle, type Problem, type Resource } from "../../api/client.ts";
import { useChanges, type Change } from "../../api/events.ts";
import type { Directory, Self } from "../../fhir/directory.ts";
import { Holding, nameOf, personSearches } from "../../fhir/person.ts";

export type Loading =
  | { state: "loading" }
  | { state: "absent" }
  | { state: "problem"; problem: Problem }
  | { state: "ready"; patient: Patient; record: Holding; turn: number; partial: string[] };

const watched = ["Patient", "EpisodeOfCare", "Flag", "AllergyIntolerance", "CarePlan", "Goal", "Task", "Condition", "MedicationStatement", "Encounter", "RiskAssessment", "Observation", "ServiceRequest", "Communication", "QuestionnaireResponse", "RelatedPerson", "Consent", "CareTeam", "Appointment"];

/** Whether a resource speaks of this person at all: an event names a resource, not whom it is about. */
const isAbout = (resource: FhirResource, id: string): boolean => JSON.stringify(resource).includes(`"Patient/${id}"`) || (resource.resourceType === "Patient" && resource.id === id);

export function usePersonLoading(id: string): { loading: Loading; reload: () => Promise<void>; refresh: (references: string[]) => Promise<void> } {
  const [loading, setLoading] = useState<Loading>({ state: "loading" });
  const held = useRef<{ id: string; record: Holding } | null>(null);

  const show = useCallback((record: Holding, partial?: string[]) => {
    const patient = record.all("Patient").find((one) => one.id === held.current?.id);
    if (!patient) return setLoading({ state: "absent" });
    setLoading((before) => ({ state: "ready", patient, record, turn: before.state === "ready" ? before.turn + 1 : 1, partial: partial ?? (before.state === "ready" ? before.partial : []) }));
  }, []);

  const reload = useCallback(async () => {
    const searches = personSearches(id);
    const answer = await batch(searches);
    if (held.current && held.current.id !== id) return;
    if (!answer.ok) return setLoading({ state: "problem", problem: answer.problem });
    const record = new Holding();
    const partial: string[] = [];
    answer.value.forEach((part, i) => {
      if (!part.ok) {
        if (part.problem.kind !== "absent" && part.problem.kind !== "denied") partial.push(searches[i]!.split(/[?/]/)[0]!);
        return;
      }
      if (part.value.resourceType !== "Bundle") return record.add(part.value);
      record.addBundle(part.value as fhir4.Bundle<FhirResource>);
      if (nextPage(part.value as fhir4.Bundle<Resource>)) record.cut.add(searches[i]!.split("?")[0]!);
    });
    held.current = { id, record };
    if (!answer.value[0]?.ok) return answer.value[0]?.problem.kind === "absent" || answer.value[0]?.problem.kind === "denied" ? setLoading({ state: "absent" }) : setLoading({ state: "problem", problem: answer.value[0]!.problem });
    show(record, partial);
  }, [id, show]);

  const refresh = useCallback(
    async (references: string[]) => {
      const now = held.current;
      if (!now || now.id !== id || references.length === 0) return;
      const answer = await batch(references);
      if (!answer.ok || held.current !== now) return;
      answer.value.forEach((part, i) => {
        if (part.ok && isAbout(part.value as FhirResource, id)) now.record.add(part.value as FhirResource);
        else if (!part.ok && part.problem.kind === "absent") now.record.drop(references[i]!);
      });
      show(now.record);
    },
    [id, show],
  );

  useEffect(() => {
    held.current = { id, record: new Holding() };
    setLoading({ state: "loading" });
    void reload();
  }, [id, reload]);

  const waiting = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useChanges(watched, (changes: Change[]) => {
    for (const one of changes) waiting.current.add(`${one.type}/${one.id}`);
    // A little later for what is new to this page: it is most often about somebody else.
    const known = changes.some((one) => held.current?.record.has(`${one.type}/${one.id}`));
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const all = [...waiting.current].slice(0, 40);
      waiting.current.clear();
      void refresh(all);
    }, known ? 50 : 700);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return { loading, reload, refresh };
}

export interface PersonPage {
  id: string;
  patient: Patient;
  record: Holding;
  /** Counts the times that the record changed: to be a dependency where something is worked out from it. */
  turn: number;
  directory: Directory | undefined;
  self: Self | undefined;
  today: string;
  reload: () => Promise<void>;
  refresh: (references: string[]) => Promise<void>;
  name: (reference: string | undefined) => string;
}

export const PersonContext = createContext<PersonPage | null>(null);
export function usePerson(): PersonPage {
  const page = use(PersonContext);
  if (!page) throw new Error("usePerson outside the person page");
  return page;
}
export const namer = (record: Holding, directory: Directory | undefined) => (reference: string | undefined) => nameOf(record, directory, reference);

/** Everything of one search, page after page. */
export async function readAll<T extends Resource>(query: string, most = 2000): Promise<{ resources: T[]; problem?: Problem }> {
  const out: T[] = [];
  let at: string | null = query;
  while (at && out.length < most) {
    const answer: Awaited<ReturnType<typeof get<Bundle>>> = await get<Bundle>(at);
    if (!answer.ok) return { resources: out, problem: answer.problem };
    for (const entry of answer.value.entry ?? []) if (entry.resource && entry.resource.resourceType !== "OperationOutcome") out.push(entry.resource as T);
    at = nextPage(answer.value as fhir4.Bundle<Resource>);
  }
  return { resources: out };
}
