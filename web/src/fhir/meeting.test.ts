import { describe, expect, it } from "vitest";
import { agendaWords, carriedOut, carriedOver, carriedWords, decisionOf, ratesByFifth, hiddenItems, meetingOf, meetingsOf, moved, reordered, withAttendance, withMinutes, withTimes } from "./meeting.ts";

type Appointment = fhir4.Appointment;
type FhirResource = fhir4.FhirResource;
type List = fhir4.List;
type Task = fhir4.Task;

const today = "2026-11-22";
const appointment = (id: string, more: Partial<Appointment> = {}): Appointment => ({
  resourceType: "Appointment", id, status: "booked", serviceType: [{ coding: [{ system: "urn:joinedup:appointment", code: "team-meeting" }] }], start: "2026-11-25T10:00:00Z", minutesDuration: 15,
  participant: [{ actor: { reference: "PractitionerRole/guest" }, required: "optional", status: "accepted" }, { actor: { reference: "PractitionerRole/core" }, required: "required", status: "accepted" }], ...more,
});
const task = (id: string, code: string, more: Partial<Task> = {}): Task => ({ resourceType: "Task", id, status: "requested", intent: "order", code: { coding: [{ system: "urn:joinedup:task", code }] }, groupIdentifier: { system: "urn:joinedup:meeting", value: "m" }, ...more });
const item = (id: string, minutes: number): Task => task(id, "agenda-item", { for: { reference: `Patient/${id}` }, extension: [{ url: "urn:joinedup:minutes", valueInteger: minutes }, { url: "urn:joinedup:why", valueCode: "due" }] });
const list: List = { resourceType: "List", id: "l", status: "current", mode: "working", identifier: [{ system: "urn:joinedup:meeting", value: "m" }], entry: ["b", "hidden", "a"].map((id) => ({ item: { reference: `Task/${id}` } })) };
const all: FhirResource[] = [appointment("m"), list, item("a", 8), item("b", 10)];

describe("the agenda", () => {
  it("is in the list's order; what the reader may not see is only counted", () => {
    const meeting = meetingOf(all, "m")!;
    expect(meeting.items.map((one) => one.id)).toEqual(["b", "a"]);
    expect(hiddenItems(meeting)).toBe(1);
    expect(meeting.attendees.map((one) => [one.reference, one.isCore])).toEqual([["PractitionerRole/core", true], ["PractitionerRole/guest", false]]);
  });
  it("has a time for each item, and says when there is too much", () => {
    const meeting = meetingOf(all, "m")!;
    expect(withTimes(meeting.items, meeting.start).map((one) => one.from)).toEqual(["2026-11-25T10:00:00.000Z", "2026-11-25T10:10:00.000Z"]);
    expect(agendaWords(meeting.items, 15)).toBe("2 people, 18 minutes: 3 minutes more than the meeting has. What is not discussed is carried over.");
    expect(agendaWords(meeting.items, 30)).toBe("2 people, 18 minutes of 30.");
  });
  it("moves one step at a time and never off the end; hidden entries keep their places", () => {
    const ids = [{ id: "b" }, { id: "a" }];
    expect(moved(ids, "a", "up").map((one) => one.id)).toEqual(["a", "b"]);
    expect(moved(ids, "b", "up")).toBe(ids);
    expect(moved(ids, "nobody", "up")).toBe(ids);
    expect(moved([..."abc"].map((id) => ({ id })), "c", "first").map((one) => one.id)).toEqual(["c", "a", "b"]);
    expect(reordered(list, [{ id: "a" }, { id: "b" }]).entry?.map((one) => one.item.reference)).toEqual(["Task/a", "Task/hidden", "Task/b"]);
    expect(reordered(list, [{ id: "a" }, { id: "b" }, { id: "c" }]).entry).toHaveLength(4);
  });
  it("minutes are changed and why it is there stays", () => {
    expect(withMinutes(item("a", 5), 15).extension).toEqual([{ url: "urn:joinedup:why", valueCode: "due" }, { url: "urn:joinedup:minutes", valueInteger: 15 }]);
  });
  it("attendance is kept by participant and leaves the others as they are", () => {
    const after = withAttendance(appointment("m"), new Map([["PractitionerRole/core", true]]));
    expect(after.participant[1]?.extension).toEqual([{ url: "urn:joinedup:attended", valueBoolean: true }]);
    expect(after.participant[0]?.extension).toBeUndefined();
  });
});

describe("decisions", () => {
  const due = (date: string): Partial<Task> => ({ restriction: { period: { end: date } } });
  it("without a date are neither overdue nor on time", () => {
    const read = [task("1", "decision", { status: "completed" }), task("2", "decision", due("2026-11-01")), task("3", "decision"), task("4", "decision", due("2026-12-01"))].map(decisionOf);
    expect(carriedOut(read, today)).toEqual({ done: 1, overdue: 1, open: 1, undated: 1, total: 4 });
    expect(carriedWords(carriedOut(read, today))).toBe("1 of 4 decisions carried out, 1 overdue, 1 with no date set.");
    expect(carriedWords(carriedOut([], today))).toBe("No decisions yet.");
  });
  it("of earlier meetings come back, the longest overdue first", () => {
    const earlier = { groupIdentifier: { system: "urn:joinedup:meeting", value: "before" } };
    const back = carriedOver([task("now", "decision"), task("late", "decision", { ...earlier, ...due("2026-10-01") }), task("later", "decision", { ...earlier, ...due("2026-09-01") }), task("done", "decision", { ...earlier, status: "completed" })], "m");
    expect(back.map((one) => one.id)).toEqual(["later", "late"]);
  });
});

it("a meeting of today is still to come; a person's own appointment is no meeting", () => {
  const own = appointment("own", { participant: [{ actor: { reference: "Patient/p" }, status: "accepted" }] });
  const read = meetingsOf([appointment("today", { start: "2026-11-22T08:00:00Z" }), appointment("old", { start: "2026-10-01T08:00:00Z" }), appointment("closed", { status: "fulfilled", start: "2026-11-22T07:00:00Z" }), own], today);
  expect(read.next.map((one) => one.id)).toEqual(["today"]);
  expect(read.past.map((one) => one.id)).toEqual(["closed", "old"]);
});

it("the rate of a fifth weighs each month by its decisions, and says when they are too few", () => {
  const point = (value: number, count: number) => ({ name: "point", part: [{ name: "month", valueString: "2026-10" }, { name: "value", valueDecimal: value }, { name: "count", valueInteger: count }] });
  const split = { name: "split", part: [{ name: "name", valueString: "decisions" }, { name: "fifth", part: [{ name: "fifth", valueInteger: 1 }, point(50, 10), point(100, 30)] }, { name: "fifth", part: [{ name: "fifth", valueInteger: 5 }, point(100, 9)] }] };
  expect(ratesByFifth({ parameter: [split] })).toEqual([{ fifth: 1, words: "88% of 40" }, { fifth: 5, words: "Fewer than 10 decisions: too few to say" }]);
  expect(ratesByFifth({})).toEqual([]);
});
