import { describe, expect, it } from "vitest";
import { casesOf, type Case } from "../fhir/cases.ts";
import { checkAction } from "./CaseAction.tsx";
import { questionOf } from "./PersonPicker.tsx";
import { readTime } from "../pages/Meeting/time.ts";

const now = "2026-11-22";
const one: Case = casesOf([{ resourceType: "EpisodeOfCare", id: "a", status: "waitlist", patient: { reference: "Patient/p" }, careManager: { reference: "PractitionerRole/co" } }])[0]!;
const day = (iso: string) => {
  const [year = "", month = "", of = ""] = iso.split("-");
  return { day: of, month, year };
};
const empty = { coordinator: "", accountable: "", comment: "", reason: "", detail: "", until: { day: "", month: "", year: "" }, outcome: "", on: day(now), note: "", to: "", hand: [] as string[], handTo: "" };
const faults = (action: Parameters<typeof checkAction>[0], typed: Partial<typeof empty>) => Object.fromEntries(Object.entries(checkAction(action, { ...empty, ...typed }, one, now)).filter((each) => each[1]));

describe("each field says what is wrong and how to put it right", () => {
  it("accept needs both who are named", () => {
    expect(faults("accept", {})).toEqual({ "case-coordinator": "Choose a named co-ordinator", "case-accountable": "Choose an accountable professional" });
    expect(faults("accept", { coordinator: "PractitionerRole/1", accountable: "PractitionerRole/2" })).toEqual({});
  });
  it("something else must be said", () => {
    expect(faults("decline", { reason: "Something else" })).toEqual({ "case-detail": "Say what the reason is" });
    expect(faults("decline", { reason: "Moved away or about to" })).toEqual({});
    expect(faults("decline", { reason: "Moved away or about to", hand: ["Task/1"] })).toEqual({ "case-handTo": "Select who takes these tasks over" });
  });
  it("deferred is to a real day in the future", () => {
    expect(faults("defer", { until: day("2026-02-30"), detail: "away" })).toEqual({ "case-until": "Date to look again must be a real date, such as 19 11 2026" });
    expect(faults("defer", { until: day(now), detail: "away" })).toEqual({ "case-until": "Date to look again must be in the future" });
    expect(faults("defer", { until: day("2026-12-01"), detail: "away" })).toEqual({});
  });
  it("lacking capacity asks for the best-interests decision, and a conversation is not in the future", () => {
    expect(faults("ask", { outcome: "agreed" })).toEqual({});
    expect(Object.keys(faults("ask", { outcome: "lacks-capacity" }))).toEqual(["case-note"]);
    expect(faults("ask", { outcome: "agreed", on: day("2026-11-23") })).toEqual({ "case-on": "Date of the conversation must be today or in the past" });
  });
  it("a case is handed over to somebody else, with what they need to know", () => {
    expect(faults("hand-over", { to: "PractitionerRole/co", note: "x" })).toEqual({ "case-to": "Choose somebody else: this is the named co-ordinator now" });
    expect(Object.keys(faults("hand-over", {}))).toEqual(["case-to", "case-note"]);
  });
});

it("times are read as people write them, and a bare number is not a time", () => {
  expect(readTime("10am")).toEqual({ hours: 10, minutes: 0 });
  expect(readTime("2.30pm")).toEqual({ hours: 14, minutes: 30 });
  expect(readTime("12am")).toEqual({ hours: 0, minutes: 0 });
  expect(readTime("14:05")).toEqual({ hours: 14, minutes: 5 });
  expect([readTime("10"), readTime("25:00"), readTime("10:75"), readTime("13pm"), readTime("soon")]).toEqual([undefined, undefined, undefined, undefined, undefined]);
});

it("a search for a person asks the server only when it can find somebody", () => {
  expect(questionOf("943 476 5919")).toBe("Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9434765919&_count=10");
  expect(questionOf("Dwyer, Jerry")).toBe("Patient?name=Dwyer&name=Jerry&_count=10");
  expect([questionOf("d"), questionOf("94347"), questionOf("  ")]).toEqual([undefined, undefined, undefined]);
});
