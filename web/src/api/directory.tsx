// The directory of workers, teams and services, read once and kept in the memory of the page for five minutes.
import { useEffect, useState } from "react";
import { directoryOf, selfOf, type Directory, type Self } from "../fhir/directory.ts";
import { batch, nextPage, request, type Bundle, type Problem, type Resource } from "./client.ts";
import { useSession } from "./session.tsx";

const questions = [
  "PractitionerRole?_include=PractitionerRole:practitioner&_count=500",
  "CareTeam?_count=200",
  "Organization?_count=500",
  "HealthcareService?_count=500",
];

const fresh = 5 * 60_000;
let kept: { at: number; user: string; reading: Promise<Directory | Problem> } | undefined;

/** Every page of a search, as far as `most` resources; says whether there was more. */
export async function followPages(first: Bundle, most = 2000): Promise<{ resources: Resource[]; isAll: boolean }> {
  const resources: Resource[] = [];
  let bundle: Bundle | undefined = first;
  while (bundle) {
    for (const one of bundle.entry ?? []) if (one.resource && one.resource.resourceType !== "OperationOutcome") resources.push(one.resource as Resource);
    const next: string | null = nextPage(bundle as fhir4.Bundle<Resource>);
    if (!next) return { resources, isAll: true };
    if (resources.length >= most) return { resources, isAll: false };
    const answer: Awaited<ReturnType<typeof request<Bundle>>> = await request<Bundle>(next);
    if (!answer.ok) return { resources, isAll: false };
    bundle = answer.value;
  }
  return { resources, isAll: true };
}

async function readDirectory(): Promise<Directory | Problem> {
  const answer = await batch(questions);
  if (!answer.ok) return answer.problem;
  const all: Resource[] = [];
  for (const part of answer.value) {
    if (!part.ok) continue; // not for this reader: names are left out, nothing else
    all.push(...(await followPages(part.value as Bundle, 5000)).resources);
  }
  return directoryOf(all);
}

/** Reads the directory again the next time: after somebody changed it. */
export function forgetDirectory(): void {
  kept = undefined;
}

export interface Known {
  directory: Directory;
  self: Self;
}

export function useDirectory(): { known: Known | undefined; problem: Problem | undefined } {
  const session = useSession();
  const [state, setState] = useState<{ known?: Known; problem?: Problem }>({});
  useEffect(() => {
    let isHere = true;
    if (!kept || kept.user !== session.user || Date.now() - kept.at > fresh) kept = { at: Date.now(), user: session.user, reading: readDirectory() };
    const mine = kept;
    void mine.reading.then((read) => {
      if ("kind" in read && kept === mine) kept = undefined; // a fault is not kept
      if (!isHere) return;
      setState("kind" in read ? { problem: read } : { known: { directory: read, self: selfOf(read, session.practitioner) } });
    });
    return () => {
      isHere = false;
    };
  }, [session.user, session.practitioner]);
  return { known: state.known, problem: state.problem };
}
