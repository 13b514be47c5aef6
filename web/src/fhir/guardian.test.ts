import { expect, test } from "vitest";
import { agreementsOf, dueWords, emergenciesOf, sorted } from "./guardian.ts";

const emergency = (number: number, due: string, reviewed = ""): fhir4.ParametersParameter => ({
  name: "emergency",
  part: [
    { name: "number", valueInteger: number },
    { name: "user", valueString: "u-1" },
    { name: "organisation", valueString: "ZX1" },
    { name: "patient", valueReference: { reference: "Patient/p" } },
    { name: "reason", valueString: "Found confused" },
    { name: "from", valueInstant: "2026-11-20T09:00:00Z" },
    { name: "until", valueInstant: "2026-11-20T13:00:00Z" },
    { name: "review-due", valueInstant: due },
    { name: "practitioner", valueReference: { reference: "http://here/fhir/Practitioner/n" } },
    ...(reviewed
      ? [{ name: "reviewed", valueInstant: reviewed }, { name: "reviewer", valueString: "u-9" }, { name: "reviewer-practitioner", valueReference: { reference: "Practitioner/g" } }, { name: "outcome", valueCode: "justified" }, { name: "comment", valueString: "Rang the ward" }]
      : []),
  ],
});

test("what waits stands first, the longest overdue before the others", () => {
  const all = emergenciesOf({ resourceType: "Parameters", parameter: [emergency(3, "2026-11-25T09:00:00Z"), emergency(1, "2026-11-21T09:00:00Z"), emergency(2, "2026-11-22T09:00:00Z", "2026-11-21T10:00:00Z"), { name: "else" }] });
  const { waiting, reviewed } = sorted(all);
  expect(waiting.map((one) => one.number)).toEqual([1, 3]);
  expect(waiting[0]).toMatchObject({ practitioner: "Practitioner/n", patient: "Patient/p", reason: "Found confused", reviewed: "" });
  expect(reviewed[0]).toMatchObject({ number: 2, outcome: "justified", comment: "Rang the ward", reviewerPractitioner: "Practitioner/g" });
});

test("how long until it is due, and by how much it is overdue", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  expect(dueWords("2026-11-22T12:45:00Z", now)).toEqual({ words: "Due in 45 minutes", isOverdue: false });
  expect(dueWords("2026-11-22T13:00:00Z", now).words).toBe("Due in 1 hour");
  expect(dueWords("2026-11-25T12:00:00Z", now).words).toBe("Due in 3 days");
  expect(dueWords("2026-11-22T11:59:30Z", now)).toEqual({ words: "Overdue by less than a minute", isOverdue: true });
  expect(dueWords("2026-11-20T11:00:00Z", now).words).toBe("Overdue by 2 days");
  expect(dueWords("", now).isOverdue).toBe(true);
});

test("an agreement in words; what has ended comes last", () => {
  const contract = (id: string, status: fhir4.Contract["status"], more: Partial<fhir4.Contract> = {}): fhir4.Contract => ({ resourceType: "Contract", id, status, subject: [{ reference: `Organization/${id}` }], scope: { text: "direct_care" }, ...more });
  const [first, second] = agreementsOf([contract("a", "terminated"), contract("b", "executed", { applies: { start: "2025-01-01" }, supportingInfo: [{ display: "Data protection impact assessment: dpia.pdf" }] })], (reference) => (reference === "Organization/b" ? "Barts" : undefined));
  expect(first).toMatchObject({ partner: "Barts", state: "in force", purpose: "Direct care", from: "2025-01-01", assessment: "dpia.pdf", basis: "Not recorded" });
  expect(second).toMatchObject({ state: "ended", partner: "A partner that is not named" });
});
