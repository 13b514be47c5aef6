import type { Questionnaire } from "fhir/r4";
import { expect, test } from "vitest";
import { answersOf, counted, isRealDate, pagesOf, problemsOf, responseOf, scoresOf, trendSentence, visible, visiblePages } from "./questionnaire.ts";

const ordinal = (code: string, value: number) => ({ valueCoding: { system: "s", code, display: code, extension: [{ url: "http://hl7.org/fhir/StructureDefinition/ordinalValue", valueDecimal: value }] } });
const form: Questionnaire = {
  resourceType: "Questionnaire", id: "q", url: "urn:q", version: "1", title: "A form", status: "active",
  extension: [
    { url: "urn:joinedup:score", extension: [{ url: "code", valueCode: "walk" }, { url: "title", valueString: "Walking" }, { url: "item", valueString: "1.1" }, { url: "item", valueString: "1.2" }, { url: "method", valueCode: "sum" }] },
    { url: "urn:joinedup:score", extension: [{ url: "code", valueCode: "walk-percent" }, { url: "title", valueString: "Walking, of the most" }, { url: "item", valueString: "1.1" }, { url: "item", valueString: "1.2" }, { url: "method", valueCode: "percent-of-max" }] },
  ],
  item: [
    { linkId: "1", text: "Moving", type: "group", item: [
      { linkId: "1.1", text: "Do you fall?", type: "choice", required: true, answerOption: [ordinal("never", 0), ordinal("often", 3)] },
      { linkId: "1.2", text: "How bad are falls?", type: "choice", required: true, enableWhen: [{ question: "1.1", operator: "=", answerCoding: { system: "s", code: "often" } }], answerOption: [ordinal("mild", 1), ordinal("bad", 2)] },
      { linkId: "1.3", text: "Where?", type: "string", enableWhen: [{ question: "1.2", operator: "exists", answerBoolean: true }], maxLength: 5 },
    ] },
    { linkId: "2", text: "Age", type: "group", enableWhen: [{ question: "1.1", operator: "exists", answerBoolean: true }], item: [
      { linkId: "2.1", text: "How old?", type: "integer", extension: [{ url: "http://hl7.org/fhir/StructureDefinition/maxValue", valueInteger: 120 }] },
      { linkId: "2.2", text: "Since when?", type: "date" },
      { linkId: "2.3", text: "Lives alone?", type: "boolean" },
    ] },
  ],
};
const often = { system: "s", code: "often", display: "often" };
const bad = { system: "s", code: "bad", display: "bad" };
const never = { system: "s", code: "never", display: "never" };

test("one page a group; a page whose condition does not hold is skipped", () => {
  const pages = pagesOf(form);
  expect(pages.map((page) => page.title)).toEqual(["Moving", "Age"]);
  expect(visiblePages(pages, {}).map((page) => page.title)).toEqual(["Moving"]);
  expect(visiblePages(pages, { "1.1": [often] }).map((page) => page.title)).toEqual(["Moving", "Age"]);
});

test("skip logic follows the answers, and a hidden answer counts for nothing", () => {
  const page = pagesOf(form)[0]!;
  expect(visible(page.items, { "1.1": [never] }).map((item) => item.linkId)).toEqual(["1.1"]);
  expect(visible(page.items, { "1.1": [often], "1.2": [bad] }).map((item) => item.linkId)).toEqual(["1.1", "1.2", "1.3"]);
  // "1.3" hangs on "1.2", which hangs on "1.1": taking back the first takes all three.
  expect(counted(form, { "1.1": [never], "1.2": [bad], "1.3": ["here"] })).toEqual({ "1.1": [never] });
});

test("what is wrong is said of the question, and only of questions shown", () => {
  const [moving, age] = pagesOf(form);
  expect(problemsOf(moving!, {}).map((one) => one.sentence)).toEqual(["Select an answer to “Do you fall”"]);
  expect(problemsOf(moving!, { "1.1": [often], "1.2": [bad], "1.3": ["too long"] }).map((one) => one.sentence)).toEqual(["“Where” must be 5 characters or fewer"]);
  expect(problemsOf(age!, { "2.1": ["12.5"], "2.2": ["2026-02-30"] }).map((one) => one.linkId)).toEqual(["2.1", "2.2"]);
  expect(problemsOf(age!, { "2.1": ["121"] })[0]?.sentence).toBe("“How old” must be 120 or less");
  expect(problemsOf(age!, { "2.1": ["0"] })).toEqual([]);
});

test("the response holds the shown answers, typed, and gives them back", () => {
  const answers = { "1.1": [often], "1.2": [bad], "2.1": ["82"], "2.3": [false] };
  const response = responseOf(form, answers, "p", undefined, new Date("2026-11-22T10:00:00Z"));
  expect(response.questionnaire).toBe("urn:q|1");
  expect(response.item?.[1]?.item?.map((item) => item.answer?.[0])).toEqual([{ valueInteger: 82 }, { valueBoolean: false }]);
  expect(answersOf(response)).toEqual({ "1.1": [often], "1.2": [bad], "2.1": [82], "2.3": [false] });
});

test("scores: sum and share of the most there could be; half a score is no score", () => {
  expect(scoresOf(form, { "1.1": [often], "1.2": [bad] }).map((score) => score.value)).toEqual([5, 100]);
  expect(scoresOf(form, { "1.1": [often] }).map((score) => score.value)).toEqual([undefined, undefined]);
  // The skipped question is not asked, so the rest is whole.
  expect(scoresOf(form, { "1.1": [never] }).map((score) => score.value)).toEqual([0, 0]);
});

test("real dates and no others", () => {
  expect(isRealDate("2024-02-29")).toBe(true);
  for (const wrong of ["2026-02-29", "2026-13-01", "29-02-2024", ""]) expect(isRealDate(wrong)).toBe(false);
});

test("a trend in words", () => {
  const words = (date: string) => date;
  expect(trendSentence("Falls", [], words)).toBe("Falls: no score yet.");
  expect(trendSentence("Falls", [{ date: "2026-03-01", value: 4 }, { date: "2026-01-01", value: 7 }], words)).toBe("Falls was 4 on 2026-03-01, 3 lower than the first of 2 scores on 2026-01-01.");
  expect(trendSentence("Falls", [{ date: "2026-03-01", value: 4 }], words)).toContain("no earlier score");
});
