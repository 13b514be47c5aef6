// Whose page this is: the person signed in, or one of those for whom a carer or proxy acts.
import { createContext, use, useEffect, useState } from "react";
import { Link } from "react-router";
import { batch, resourcesOf, search, type Problem } from "../../api/client.ts";
import { useSession, type Session } from "../../api/session.tsx";
import { plainName } from "../../fhir/format.ts";
import { localReference } from "../../fhir/record.ts";

export interface Whose {
  patient: fhir4.Patient;
  id: string;
  isProxy: boolean;
  /** Patient/… or RelatedPerson/…: who writes. */
  author: string;
  others: fhir4.Patient[];
}

const Context = createContext<Whose | null>(null);
export const WhoseContext = Context;

export function useWhose(): Whose {
  const whose = use(Context);
  if (!whose) throw new Error("useWhose outside WhoseContext");
  return whose;
}

/** Everybody whose record this account may open: the person alone, or those whom a proxy helps. */
export function usePeople(): { people?: fhir4.Patient[]; problem?: Problem; session: Session } {
  const session = useSession();
  const [state, setState] = useState<{ people?: fhir4.Patient[]; problem?: Problem }>({});
  useEffect(() => {
    const stop = new AbortController();
    const query = session.patient ? `Patient?_id=${session.patient}` : "Patient?active=true&_count=20";
    void search<fhir4.Patient>(query, stop.signal)
      .then((answer) => setState(answer.ok ? { people: resourcesOf<fhir4.Patient>(answer.value as fhir4.Bundle, "Patient") } : { problem: answer.problem }))
      .catch(() => undefined);
    return () => stop.abort();
  }, [session.patient, session.related_person]);
  return { ...state, session };
}

export interface Worker {
  name: string;
  role: string;
  phone: string;
  email: string;
}

/** Names of workers and teams by reference. Asked in one batch, for what is shown only. */
export function useNames(references: (string | undefined)[]): Map<string, Worker> {
  const wanted = [...new Set(references.map((one) => localReference(one)).filter((one) => /^(PractitionerRole|Practitioner|CareTeam|HealthcareService|Organization|RelatedPerson)\//.test(one)))].sort();
  const key = wanted.join(",");
  const [names, setNames] = useState<Map<string, Worker>>(new Map());
  useEffect(() => {
    if (!key) return;
    const stop = new AbortController();
    const of = (type: string) => key.split(",").filter((one) => one.startsWith(`${type}/`)).map((one) => one.split("/")[1]);
    const paths: string[] = [];
    for (const type of ["PractitionerRole", "Practitioner", "CareTeam", "HealthcareService", "Organization", "RelatedPerson"])
      if (of(type).length) paths.push(`${type}?_id=${of(type).join(",")}&_count=100${type === "PractitionerRole" ? "&_include=PractitionerRole:practitioner" : ""}`);
    void batch(paths, stop.signal)
      .then((answer) => {
        if (!answer.ok) return;
        const next = new Map<string, Worker>();
        const contact = (of: { telecom?: fhir4.ContactPoint[] }, system: string) => of.telecom?.find((one) => one.system === system && one.use !== "home")?.value ?? "";
        for (const part of answer.value) {
          if (!part.ok) continue;
          const practitioners = new Map(resourcesOf<fhir4.Practitioner>(part, "Practitioner").map((one) => [`Practitioner/${one.id}`, one]));
          for (const [reference, one] of practitioners) next.set(reference, { name: plainName(one), role: "", phone: contact(one, "phone"), email: contact(one, "email") });
          for (const role of resourcesOf<fhir4.PractitionerRole>(part, "PractitionerRole")) {
            const one = practitioners.get(localReference(role.practitioner));
            const code = role.code?.[0];
            next.set(`PractitionerRole/${role.id}`, {
              name: one ? plainName(one) : (role.practitioner?.display ?? "A worker"),
              role: code?.text ?? code?.coding?.[0]?.display ?? (code?.coding?.[0]?.code ?? "").replaceAll("_", " "),
              phone: contact(role, "phone") || (one ? contact(one, "phone") : ""),
              email: contact(role, "email") || (one ? contact(one, "email") : ""),
            });
          }
          for (const one of resourcesOf<fhir4.CareTeam>(part, "CareTeam")) next.set(`CareTeam/${one.id}`, { name: one.name ?? "Your team", role: "", phone: contact(one, "phone"), email: contact(one, "email") });
          for (const one of resourcesOf<fhir4.HealthcareService>(part, "HealthcareService")) next.set(`HealthcareService/${one.id}`, { name: one.name ?? "A service", role: "", phone: contact(one, "phone"), email: contact(one, "email") });
          for (const one of resourcesOf<fhir4.Organization>(part, "Organization")) next.set(`Organization/${one.id}`, { name: one.name ?? "An organisation", role: "", phone: contact(one, "phone"), email: contact(one, "email") });
          for (const one of resourcesOf<fhir4.RelatedPerson>(part, "RelatedPerson")) next.set(`RelatedPerson/${one.id}`, { name: plainName(one), role: "", phone: "", email: "" });
        }
        setNames(next);
      })
      .catch(() => undefined);
    return () => stop.abort();
  }, [key]);
  return names;
}

/** The way back, on every page below the first: a phone shows no breadcrumb. */
export function Back() {
  return (
    <p className="ju-no-print">
      <Link className="nhsuk-back-link" to="/me">
        Back to my care
      </Link>
    </p>
  );
}
