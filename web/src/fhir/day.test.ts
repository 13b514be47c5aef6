import { expect, test } from "vitest";
import { compare, dayOf, feedsOf, shown, timingOf } from "./day.ts";

const clock = { today: "2026-11-22", now: Date.parse("2026-11-22T12:00:00Z") };
const me = { roles: ["PractitionerRole/1"], services: ["HealthcareService/9"], practitioner: "Practitioner/1" };
const patient: fhir4.Patient = { resourceType: "Patient", id: "p", name: [{ family: "Smith", given: ["Jane"], prefix: ["Mrs"] }] };
const task = (id: string, change: Partial<fhir4.Task> = {}, due?: string): fhir4.Task => ({
  resourceType: "Task", id, intent: "order", status: "requested", for: { reference: "Patient/p" }, owner: { reference: "PractitionerRole/1" },
  code: { coding: [{ system: "urn:joinedup:task", code: "action" }] }, description: `Task ${id}`,
  ...(due ? { restriction: { period: { end: due } } } : {}), ...change,
});

test("priority comes first, then the date; no date is neither on time nor last", () => {
  const day = dayOf([patient, task("later", {}, "2027-02-01"), task("none"), task("today", {}, "2026-11-22"), task("week", {}, "2026-11-25"), task("over", {}, "2026-11-01"), task("urgent", { priority: "urgent" }, "2027-02-01")], me, clock);
  expect(day.items.map((one) => one.key)).toEqual(["Task/urgent", "Task/over", "Task/today", "Task/none", "Task/week", "Task/later"]);
  expect(day.items.find((one) => one.key === "Task/none")?.timing).toBe("none");
  expect(day.items[0]?.person).toBe("SMITH, Jane (Mrs)");
});

test("the order is a total one", () => {
  const items = dayOf([task("a", {}, "2026-11-22"), task("b", {}, "2026-11-22"), task("c")], me, clock).items;
  for (const a of items) for (const b of items) expect(Math.sign(compare(a, b))).toBe(-Math.sign(compare(b, a)) || 0);
});

test("others' tasks, finished ones and doubles are not mine", () => {
  const day = dayOf([task("other", { owner: { reference: "PractitionerRole/2" } }), task("done", { status: "completed" }), task("a"), task("a"), task("service", { owner: { reference: "HealthcareService/9" } })], me, clock);
  expect(day.items.map((one) => one.key)).toEqual(["Task/a", "Task/service"]);
});

test("a plan's review comes four weeks before; one without a date is shown, never counted as on time", () => {
  const plan = (id: string, date?: string): fhir4.CarePlan => ({
    resourceType: "CarePlan", id, status: "active", intent: "plan", subject: { reference: "Patient/p" }, category: [{ coding: [{ system: "urn:joinedup:plan", code: "care-and-support" }] }],
    extension: [{ url: "urn:joinedup:review", extension: [...(date ? [{ url: "date", valueDate: date }] : []), { url: "responsible", valueReference: { reference: "PractitionerRole/1" } }] }],
  });
  const day = dayOf([patient, plan("soon", "2026-12-10"), plan("far", "2027-06-01"), plan("never")], me, clock);
  expect(day.items.map((one) => [one.key, one.timing])).toEqual([["CarePlan/never", "none"], ["CarePlan/soon", "later"]]);
});

test("alerts that nobody opened stand first, and a death of somebody on my caseload is one", () => {
  const alert = (id: string, sent: string, received?: string): fhir4.Communication => ({
    resourceType: "Communication", id, status: "completed", category: [{ coding: [{ code: "alert" }] }], subject: { reference: "Patient/p" }, sent, payload: [{ contentString: "Admitted to hospital." }], ...(received ? { received } : {}),
  });
  const dead: fhir4.Patient = { ...patient, deceasedDateTime: "2026-11-20" };
  const episode: fhir4.EpisodeOfCare = { resourceType: "EpisodeOfCare", id: "e", status: "active", patient: { reference: "Patient/p" }, careManager: { reference: "PractitionerRole/1" } };
  const day = dayOf([dead, episode, alert("opened", "2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z"), alert("new", "2026-11-21T10:00:00Z")], me, clock);
  expect(day.alerts.map((one) => one.key)).toEqual(["Communication/new", "died/Patient/p", "Communication/opened"]);
});

test("search and filters", () => {
  const items = dayOf([patient, task("1", { description: "Ring the daughter" }, "2026-11-01"), task("2", { description: "Ring the ward", meta: { versionId: "2", lastUpdated: "2026-11-22T11:00:00Z" } }, "2026-11-25")], me, clock).items;
  expect(shown(items, { text: "ring SMITH", kind: "", timing: "" })).toHaveLength(2);
  expect(shown(items, { text: "ward", kind: "", timing: "" }).map((one) => one.key)).toEqual(["Task/2"]);
  expect(shown(items, { text: "", kind: "", timing: "overdue" }).map((one) => one.key)).toEqual(["Task/1"]);
  expect(shown(items, { text: "", kind: "", timing: "changed" }).map((one) => one.key)).toEqual(["Task/2"]);
  expect(shown(items, { text: "", kind: "referral", timing: "" })).toHaveLength(0);
});

test("days", () => {
  expect(timingOf(undefined, "2026-11-22")).toBe("none");
  expect(timingOf("2026-11-21", "2026-11-22")).toBe("overdue");
  expect(timingOf("2026-11-29", "2026-11-22")).toBe("week");
  expect(timingOf("2026-11-30", "2026-11-22")).toBe("later");
});

test("a feed that does not say that it speaks is silent", () => {
  expect(feedsOf({ resourceType: "Parameters", parameter: [{ name: "feed", part: [{ name: "name", valueString: "gp" }] }] })).toEqual([{ name: "gp", partner: "", last: undefined, silent: true, sentence: "" }]);
});

test("an alert that was opened says by whom and when", () => {
  const alert = (more: Partial<fhir4.Communication>): fhir4.Communication => ({ resourceType: "Communication", id: "c", status: "completed", subject: { reference: "Patient/p" }, category: [{ coding: [{ code: "alert" }] }], sent: "2026-11-22T09:00:00Z", payload: [{ contentString: "Admitted" }], ...more });
  const [opened] = dayOf([patient, alert({ received: "2026-11-22T09:05:00Z", extension: [{ url: "urn:joinedup:opened-by", valueReference: { reference: "http://here/fhir/Practitioner/7" } }] })], me, clock).alerts;
  expect(opened).toMatchObject({ isOpened: true, openedBy: "Practitioner/7", openedAt: "2026-11-22T09:05:00Z" });
  expect(dayOf([patient, alert({ received: "2026-11-22T09:05:00Z" })], me, clock).alerts[0]).toMatchObject({ isOpened: true, openedBy: "" });
  expect(dayOf([patient, alert({})], me, clock).alerts[0]).toMatchObject({ isOpened: false, openedAt: "" });
});
