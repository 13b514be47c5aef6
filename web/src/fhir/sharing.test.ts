import type { Consent, RelatedPerson } from "fhir/r4";
import { expect, test } from "vitest";
import { carersWithout, labelsFor, objectionConsent, objectionKinds, objectionsOf, proxiesOf, proxyConsent } from "./sharing.ts";

const today = "2026-11-22";
const daughter: RelatedPerson = { resourceType: "RelatedPerson", id: "d", patient: {}, name: [{ text: "Ann Example" }], relationship: [{ text: "Daughter" }] };
const name = (reference: string) => (reference === "Organization/h" ? "Synthetic Homes" : "");

test("somebody who acts for the person, with their authority and while it lasts", () => {
  const consent = proxyConsent("p", "RelatedPerson/d", "chosen", "", "2026-12-31");
  const [line] = proxiesOf([consent], [daughter], today);
  expect(line).toMatchObject({ name: "Ann Example", relation: "Daughter", inForce: true, until: "2026-12-31" });
  expect(line?.authority?.title).toBe("Chosen by the person");
  expect(proxiesOf([consent], [daughter], "2027-01-01")[0]?.inForce).toBe(false);
  expect(proxiesOf([{ ...consent, status: "inactive" }], [daughter], today)[0]?.inForce).toBe(false);
  expect(proxiesOf([consent], [{ ...daughter, active: false }], today)[0]?.inForce).toBe(false);
});

test("the legal bases of the national service are known by their authority", () => {
  const consent: Consent = { ...proxyConsent("p", "RelatedPerson/d", "x", "", ""), policyRule: { coding: [{ system: "https://fhir.nhs.uk/England/CodeSystem/England-NHSProxyLegalBasis", code: "lasting-power-of-attorney" }] } };
  expect(proxiesOf([consent], [daughter], today)[0]?.authority?.code).toBe("attorney");
});

test("a carer without authority is not shown as one who may see", () => {
  expect(carersWithout([daughter], [])).toEqual([daughter]);
  expect(carersWithout([daughter], proxiesOf([proxyConsent("p", "RelatedPerson/d", "chosen", "", "")], [daughter], today))).toEqual([]);
});

test("every kind of objection is written as a refusal and read back in words", () => {
  for (const kind of objectionKinds) {
    const consent = objectionConsent({ kind: kind.key, patient: "p", organisation: { reference: "Organization/h" }, from: "2026-11-01", note: "Told Sam" });
    expect(consent.provision?.type).toBe("deny");
    const lines = objectionsOf([consent], today, name);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.inForce).toBe(true);
    expect(lines[0]?.detail).toBe("Told Sam");
    expect(proxiesOf([consent], [daughter], today)).toEqual([]);
  }
  const titles = objectionKinds.map((kind) => objectionsOf([objectionConsent({ kind: kind.key, patient: "p", organisation: { reference: "Organization/h" }, from: "", note: "" })], today, name)[0]?.title);
  expect(titles).toContain("Does not agree to uses beyond their own care");
  expect(titles).toContain("Does not agree to sharing the record with Synthetic Homes");
  expect(titles).toContain("Does not agree to sharing entries on mental health");
  expect(new Set(titles).size).toBe(titles.length);
});

test("labels are offered to who may set them", () => {
  expect(labelsFor(["safeguarding_lead"]).map((label) => label.code)).toContain("safeguarding");
  expect(labelsFor(["co_ordinator"]).map((label) => label.code)).toEqual(["social_care", "housing"]);
  expect(labelsFor(["analyst"])).toEqual([]);
});
