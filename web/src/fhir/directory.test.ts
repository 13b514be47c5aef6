import { expect, it } from "vitest";
import { directoryOf, selfOf } from "./directory.ts";

const role = (id: string, practitioner: string, organisation: string, services: string[], active = true): fhir4.PractitionerRole => ({
  resourceType: "PractitionerRole", id, active, practitioner: { reference: `Practitioner/${practitioner}` }, organization: { reference: `Organization/${organisation}` },
  code: [{ coding: [{ system: "urn:joinedup:role", code: "social_worker" }], text: "Social worker" }], healthcareService: services.map((one) => ({ reference: `HealthcareService/${one}` })),
});
const service = (id: string, organisation: string): fhir4.HealthcareService => ({ resourceType: "HealthcareService", id, name: id, providedBy: { reference: `Organization/${organisation}` } });
const directory = directoryOf([
  { resourceType: "Practitioner", id: "tom", name: [{ family: "Thompson", given: ["Tom"] }] },
  { resourceType: "CareTeam", id: "t1", name: "Neighbourhood team 1", participant: [{ member: { reference: "Practitioner/tom" } }] },
  { resourceType: "CareTeam", id: "t2", name: "Neighbourhood team 2" },
  role("r", "tom", "council", ["team-service"]), role("left", "ann", "council", [], false), role("far", "far", "hospital", ["clinic"]),
  service("council-service", "council"), service("team-service", "council"), service("clinic", "council"),
]);

it("names workers with their role; whoever left is named and not offered", () => {
  expect(directory.worker("PractitionerRole/r")).toBe("Tom Thompson, social worker");
  expect(directory.worker("Practitioner/tom")).toBe("Tom Thompson, social worker");
  expect(directory.worker("PractitionerRole/left")).toBe("Name not known");
  expect(directory.roles.map((one) => one.reference)).toEqual(["PractitionerRole/far", "PractitionerRole/r"]);
  expect(directory.rolesOf("CareTeam/t1").map((one) => one.reference)).toEqual(["PractitionerRole/r"]);
});

it("mine are my roles, my services and teams, and what my organisation provides without staff of its own", () => {
  expect(selfOf(directory, "tom")).toMatchObject({
    practitioner: "Practitioner/tom", roles: ["PractitionerRole/r"], organisations: ["Organization/council"],
    services: ["HealthcareService/team-service", "HealthcareService/council-service", "CareTeam/t1"],
  });
});
