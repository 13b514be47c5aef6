// Who works where: workers, teams, organisations and services by reference, so that a list names them without asking again.
//
//   const directory = directoryOf(resources);
//   directory.worker("PractitionerRole/1")   // "Patricia Lopez, care coordinator"
import { plainName } from "./format.ts";
import { codeOf, localReference, words } from "./record.ts";

export interface RoleEntry {
  reference: string; // PractitionerRole/…
  practitioner: string; // Practitioner/…
  name: string;
  role: string; // in words
  code: string | undefined;
  organisation: string | undefined;
  services: string[];
}

export interface TeamEntry {
  id: string;
  reference: string;
  name: string;
  practitioners: string[];
}

export interface Directory {
  roles: RoleEntry[];
  teams: TeamEntry[];
  resources: fhir4.FhirResource[];
  /** The name alone: of a worker, team, organisation or service. */
  name: (reference: string | undefined) => string | undefined;
  /** Name and role of a worker. */
  worker: (reference: string | undefined) => string | undefined;
  rolesOf: (team: string | undefined) => RoleEntry[];
}

const lower = (text: string): string => (text ? text[0]!.toLocaleLowerCase("en-GB") + text.slice(1) : text);

export function directoryOf(resources: fhir4.FhirResource[]): Directory {
  const names = new Map<string, string>();
  const teams: TeamEntry[] = [];
  for (const one of resources) {
    const reference = `${one.resourceType}/${one.id}`;
    if (one.resourceType === "Practitioner") names.set(reference, plainName(one));
    if (one.resourceType === "Organization" && one.name) names.set(reference, one.name);
    if (one.resourceType === "HealthcareService" && one.name) names.set(reference, one.name);
    if (one.resourceType === "CareTeam") {
      names.set(reference, one.name ?? "Team");
      const practitioners = (one.participant ?? []).map((each) => localReference(each.member)).filter(Boolean);
      if (one.status !== "inactive" && one.status !== "entered-in-error") teams.push({ id: one.id ?? "", reference, name: one.name ?? "Team", practitioners });
    }
  }
  const roles: RoleEntry[] = [];
  for (const one of resources) {
    if (one.resourceType !== "PractitionerRole") continue;
    const practitioner = localReference(one.practitioner);
    const name = names.get(practitioner) ?? one.practitioner?.display ?? "Name not known";
    names.set(`PractitionerRole/${one.id}`, name);
    if (one.active === false) continue; // named still, never offered
    roles.push({
      reference: `PractitionerRole/${one.id}`,
      practitioner,
      name,
      role: words(one.code?.[0]),
      code: codeOf(one.code?.[0], "role"),
      organisation: one.organization ? localReference(one.organization) : undefined,
      services: (one.healthcareService ?? []).map((each) => localReference(each)),
    });
  }
  roles.sort((a, b) => a.name.localeCompare(b.name, "en-GB") || a.reference.localeCompare(b.reference));
  teams.sort((a, b) => a.name.localeCompare(b.name, "en-GB", { numeric: true }));
  const byReference = new Map(roles.map((one) => [one.reference, one]));
  const byPractitioner = new Map(roles.map((one) => [one.practitioner, one]));
  return {
    roles,
    teams,
    resources,
    name: (reference) => (reference ? names.get(localReference(reference)) : undefined),
    worker: (reference) => {
      if (!reference) return undefined;
      const at = localReference(reference);
      const role = byReference.get(at) ?? byPractitioner.get(at);
      return role ? (role.role ? `${role.name}, ${lower(role.role)}` : role.name) : names.get(at);
    },
    rolesOf: (team) => {
      const of = teams.find((one) => one.reference === team || one.id === team);
      return of ? roles.filter((one) => of.practitioners.includes(one.practitioner)) : [];
    },
  };
}

/** Everything that "me" may mean where a task has an owner: the person, their roles, services, teams, organisation. */
export interface Self {
  practitioner: string;
  roles: string[];
  services: string[];
  organisations: string[];
  teams: TeamEntry[];
}

export function selfOf(directory: Directory, practitioner: string): Self {
  const reference = `Practitioner/${practitioner}`;
  const own = directory.roles.filter((one) => one.practitioner === reference);
  const teams = directory.teams.filter((one) => one.practitioners.includes(reference));
  // A service in which nobody is said to work is answered by its organisation, as the policy has it: a referral to the council
  // waits for each of its workers.
  const staffed = new Set(directory.roles.flatMap((one) => one.services));
  const organisations = new Set(own.map((one) => one.organisation));
  const provided = directory.resources.flatMap((one) => (one.resourceType === "HealthcareService" && one.providedBy && organisations.has(localReference(one.providedBy)) && !staffed.has(`HealthcareService/${one.id}`) ? [`HealthcareService/${one.id}`] : []));
  const set = (all: (string | undefined)[]) => [...new Set(all.filter((one): one is string => Boolean(one)))];
  return {
    practitioner: reference,
    roles: own.map((one) => one.reference),
    services: set([...own.flatMap((one) => one.services), ...provided, ...teams.map((one) => one.reference)]),
    organisations: set(own.map((one) => one.organisation)),
    teams,
  };
}
