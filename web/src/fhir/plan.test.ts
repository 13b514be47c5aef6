import type { CarePlan, Condition, Goal, Task } from "fhir/r4";
import { expect, test } from "vitest";
import { actionState, agreementsOf, driftOf, newPlan, planFields, planOf, planTree, reviewOf, sectionText, withAgreement, withPlanFields, withReview, withSections } from "./plan.ts";

const today = "2026-11-22";
const need = (id: string, extra: Partial<Condition> = {}): Condition => ({ resourceType: "Condition", id, subject: {}, category: [{ coding: [{ code: "health-concern" }] }], ...extra });
const goal = (id: string, addresses: string[], extra: Partial<Goal> = {}): Goal => ({
  resourceType: "Goal", id, lifecycleStatus: "active", description: { text: id }, subject: {}, addresses: addresses.map((one) => ({ reference: `Condition/${one}` })), ...extra,
});
const action = (id: string, focus: string | undefined, end: string | undefined, status: Task["status"] = "requested"): Task => ({
  resourceType: "Task", id, status, basedOn: [{ reference: "CarePlan/p" }], intent: "order", code: { coding: [{ system: "urn:joinedup:task", code: "action" }] },
  ...(focus ? { focus: { reference: `Goal/${focus}` } } : {}), ...(end ? { restriction: { period: { end } } } : {}),
});

test("sections are written, changed and emptied; what is not named stays", () => {
  const first = withSections(newPlan("care-and-support", "p", "My plan"), { "most-important": "My garden", strengths: " Cooking " });
  expect(sectionText(first, "most-important")).toBe("My garden");
  expect(sectionText(first, "strengths")).toBe("Cooking");
  const second = withSections(first, { "most-important": "" });
  expect(sectionText(second, "most-important")).toBe("");
  expect(sectionText(second, "strengths")).toBe("Cooking");
  expect(sectionText(first, "most-important")).toBe("My garden"); // the version that was read is not touched
});

test("a section that this page does not know is kept", () => {
  const plan = withSections(newPlan("care-and-support", "p", "My plan"), { "a-place-of-ours": "Kept" });
  expect(sectionText(withSections(plan, { strengths: "x" }), "a-place-of-ours")).toBe("Kept");
});

test("review and agreement go in and come out", () => {
  const plan = withAgreement(withReview(newPlan("care-and-support", "p", "My plan"), { date: "2027-01-05", responsible: { reference: "PractitionerRole/r" } }), { with: "person", on: "2026-11-20", note: "At home" });
  expect(reviewOf(plan)).toEqual({ date: "2027-01-05", responsible: { reference: "PractitionerRole/r" } });
  const later = withAgreement(plan, { with: "representative", on: "2026-11-21", note: "" });
  expect(agreementsOf(later).map((one) => one.with)).toEqual(["representative", "person"]);
  expect(agreementsOf(later)[1]?.note).toBe("At home");
});

test("the fields of a plan make the plan again", () => {
  const plan = withReview(withSections(newPlan("care-and-support", "p", "My plan"), { "please-do": "Knock" }), { date: "2027-01-05" });
  const values = Object.fromEntries(planFields(plan).map((field) => [field.key, field.value]));
  expect(planFields(withPlanFields(newPlan("care-and-support", "p", "My plan"), values))).toEqual(planFields(plan));
});

test("a task without a date is neither on time nor overdue", () => {
  expect(actionState(action("a", undefined, undefined), today)).toBe("no-date");
  expect(actionState(action("a", undefined, today), today)).toBe("due");
  expect(actionState(action("a", undefined, "2026-11-21"), today)).toBe("overdue");
  expect(actionState(action("a", undefined, "2026-11-21", "completed"), today)).toBe("done");
  expect(actionState(action("a", undefined, "2026-11-21", "cancelled"), today)).toBe("stopped");
});

test("the tree holds everything once: needs with goals with actions, and what hangs nowhere", () => {
  const tree = planTree([need("n1"), need("n2"), { ...need("old"), category: [] }], [goal("g1", ["n1"]), goal("g2", [])], [action("t1", "g1", undefined), action("t2", undefined, undefined), action("t3", "gone", undefined)], today);
  expect(tree.needs.map((one) => [one.need.id, one.goals.map((branch) => [branch.goal.id, branch.actions.map((task) => task.id)])])).toEqual([["n1", [["g1", ["t1"]]]], ["n2", []]]);
  expect(tree.goalsWithoutNeed.map((one) => one.goal.id)).toEqual(["g2"]);
  expect(tree.actionsWithoutGoal.map((one) => one.id)).toEqual(["t2", "t3"]);
});

test("work that is no part of the plan stands apart: it is not printed with it and is no drift of it", () => {
  const { basedOn: _plan, ...apart } = action("t4", undefined, "2026-01-01");
  const tree = planTree([], [goal("g1", [])], [apart, { ...apart, id: "t5", focus: { reference: "Goal/g1" } }], today);
  expect(tree.actionsWithoutGoal).toEqual([]);
  expect(tree.otherActions.map((one) => one.id)).toEqual(["t4"]);
  expect(tree.goalsWithoutNeed[0]?.actions.map((one) => one.id)).toEqual(["t5"]);
  expect(driftOf(undefined, tree, today).overdue.map((one) => one.id)).toEqual(["t5"]);
});

test("drift: overdue, undated, goals without action, needs without goal, review passed", () => {
  const tree = planTree([need("n1"), need("n2"), need("n3", { clinicalStatus: { coding: [{ code: "resolved" }] } })], [goal("g1", ["n1"]), goal("g2", ["n1"]), goal("g3", ["n1"], { lifecycleStatus: "completed" })],
    [action("t1", "g1", "2026-11-01"), action("t2", "g2", "2026-11-01", "completed"), action("t3", "g1", undefined)], today);
  const plan = withReview(newPlan("care-and-support", "p", "My plan"), { date: "2026-11-21" });
  const drift = driftOf(plan, tree, today);
  expect(drift.overdue.map((one) => one.id)).toEqual(["t1"]);
  expect(drift.undated.map((one) => one.id)).toEqual(["t3"]);
  expect(drift.goalsWithoutAction.map((one) => one.id)).toEqual(["g2"]);
  expect(drift.needsWithoutGoal.map((one) => one.id)).toEqual(["n2"]);
  expect(drift.review).toBe("passed");
  expect(drift.agreed).toBe(false);
  expect(driftOf(undefined, tree, today).review).toBe("none");
});

test("an action under a goal that answers two needs is overdue once", () => {
  const tree = planTree([need("n1"), need("n2")], [goal("g", ["n1", "n2"])], [action("t", "g", "2026-01-01")], today);
  expect(driftOf(undefined, tree, today).overdue).toHaveLength(1);
});

test("the plan in force: active before draft, never a revoked one", () => {
  const plan = (id: string, status: CarePlan["status"], kind = "care-and-support"): CarePlan => ({ resourceType: "CarePlan", id, status, intent: "plan", subject: {}, category: [{ coding: [{ system: "urn:joinedup:plan", code: kind }] }] });
  expect(planOf([plan("d", "draft"), plan("a", "active"), plan("r", "revoked"), plan("c", "active", "contingency")], "care-and-support")?.id).toBe("a");
  expect(planOf([plan("r", "revoked")], "care-and-support")).toBeUndefined();
});
