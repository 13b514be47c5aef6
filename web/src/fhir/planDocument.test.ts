import { expect, test } from "vitest";
import { planDocument } from "./planDocument.ts";

const patient: fhir4.Patient = { resourceType: "Patient", id: "p", birthDate: "1941-04-03", name: [{ family: "Smith", given: ["Jane"] }], identifier: [{ system: "https://fhir.nhs.uk/Id/nhs-number", value: "9434765919" }] };
const plan: fhir4.CarePlan = {
  resourceType: "CarePlan", id: "c", status: "active", intent: "plan", subject: { reference: "Patient/p" }, meta: { versionId: "4" },
  category: [{ coding: [{ system: "urn:joinedup:plan", code: "care-and-support" }] }],
  extension: [{ url: "urn:joinedup:plan-section", extension: [{ url: "code", valueCode: "most-important" }, { url: "text", valueString: "My garden <script>alert(1)</script> & \"Ann\"" }] }],
};

test("the document holds the plan in its headings, and nothing of it is taken for markup", () => {
  const html = planDocument({
    patient, plan, contingency: undefined, needs: [], goals: [],
    tasks: [{ resourceType: "Task", id: "t", status: "requested", intent: "order", code: { coding: [{ system: "urn:joinedup:task", code: "action" }] }, description: "Ring <b>Ann</b>" }],
    worker: () => "Patricia Lopez, care coordinator", at: "2026-11-22T12:00:00Z", today: "2026-11-22",
  });
  expect(html).toContain("SMITH, Jane");
  expect(html).toContain("943 476 5919");
  expect(html).toContain("What is most important to me");
  expect(html).toContain("&lt;script&gt;");
  expect(html).not.toContain("<script");
  expect(html).not.toContain("<b>");
  expect(html).toContain("no date set");
  expect(html).toContain("version 4");
  expect(html).toContain("Not agreed with the person yet");
});
