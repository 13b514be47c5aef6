import type { FhirResource } from "fhir/r4";
import { expect, test } from "vitest";
import { entriesOf, fromWords, inForce, kindWords, linkedTo, reviewsUntil, withheldOf } from "./withhold.ts";

const names = { name: () => "", questionnaire: () => "Holistic assessment" };
const subject = { reference: "Patient/p" };
const request: FhirResource = { resourceType: "ServiceRequest", id: "r", status: "active", intent: "order", subject, authoredOn: "2026-11-02", code: { text: "Domestic abuse service" } };
const task: FhirResource = { resourceType: "Task", id: "t", status: "requested", intent: "order", for: subject, authoredOn: "2026-11-03T09:00:00Z", description: "Referral to a service", focus: { reference: "http://here/fhir/ServiceRequest/r/_history/2" } };
const note: FhirResource = { resourceType: "Communication", id: "n", status: "completed", subject, sent: "2026-11-04T09:00:00Z", payload: [{ contentString: "Spoke alone with Jane" }] };
const score: FhirResource = { resourceType: "Observation", id: "s", status: "final", code: { text: "Frailty" }, effectiveDateTime: "2026-11-01", valueQuantity: { value: 6 }, subject };
const provenance: FhirResource = { resourceType: "Provenance", id: "x", target: [{ reference: "Task/t" }], recorded: "2026-11-03T09:00:00Z", agent: [{ who: {} }] };
const patient: FhirResource = { resourceType: "Patient", id: "p" };

test("entries are told in words, newest first; the person themself and who wrote what are none", () => {
  const all = entriesOf([score, request, task, note, provenance, patient], names);
  expect(all.map((one) => one.reference)).toEqual(["Communication/n", "Task/t", "ServiceRequest/r", "Observation/s"]);
  expect(all[0]).toMatchObject({ date: "2026-11-04", words: "Message, Spoke alone with Jane" });
  expect(all[3]).toMatchObject({ date: "2026-11-01", words: "Frailty: 6" });
  for (const one of all) expect(kindWords[one.type]).toBeTruthy();
});

test("an entry without words says its kind, and long ones are cut", () => {
  expect(entriesOf([{ ...task, description: undefined } as unknown as FhirResource], names)[0]?.words).toBe(kindWords["Task"]);
  expect(entriesOf([{ ...task, description: "x".repeat(200) } as FhirResource], names)[0]?.words).toHaveLength(90);
});

test("what tells of the same is found in both directions", () => {
  const all = [score, request, task, note, provenance, patient];
  expect(linkedTo(all, "ServiceRequest/r")).toEqual(["Task/t"]);
  expect(linkedTo(all, "Task/t")).toEqual(["ServiceRequest/r"]);
  expect(linkedTo(all, "Communication/n")).toEqual([]);
});

const one = (number: number, review: string, more: fhir4.ParametersParameter[] = []): fhir4.ParametersParameter => ({
  name: "withheld",
  part: [{ name: "number", valueInteger: number }, { name: "reason", valueString: "coercion" }, { name: "review", valueDate: review }, { name: "from", valueCode: "one-proxy" }, { name: "related-person", valueReference: { reference: "RelatedPerson/d" } }, ...more],
});

test("what is withheld now, the first to be looked at again before the others", () => {
  const all = withheldOf({ resourceType: "Parameters", parameter: [one(1, "2027-01-01"), one(2, "2026-12-01"), one(3, "2026-11-01", [{ name: "ended", valueInstant: "2026-10-01T00:00:00Z" }])] });
  expect(inForce(all).map((each) => each.number)).toEqual([2, 1]);
  expect(fromWords(all[0]!, (reference) => (reference === "RelatedPerson/d" ? "Ann Example" : ""))).toBe("Ann Example");
  expect(fromWords({ from: "proxies", relatedPerson: "" }, () => "")).toMatch(/acts for the person/);
});

test("what must soon be looked at again, by person", () => {
  const of = (patient: string) => [{ name: "patient", valueReference: { reference: `Patient/${patient}` } }];
  const all: fhir4.Parameters = { resourceType: "Parameters", parameter: [one(1, "2026-12-05", of("a")), one(2, "2026-11-20", of("b")), one(3, "2026-12-01", of("a")), one(4, "2027-03-01", of("c")), one(5, "2026-11-01", [...of("b"), { name: "ended", valueInstant: "2026-10-01T00:00:00Z" }])] };
  expect(reviewsUntil(all, "2026-12-06")).toEqual([
    { patient: "Patient/b", count: 1, review: "2026-11-20" },
    { patient: "Patient/a", count: 2, review: "2026-12-01" },
  ]);
  expect(reviewsUntil(all, "2026-11-01")).toEqual([]);
});
