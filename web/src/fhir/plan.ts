// The one plan of a person: headings, needs → goals → actions, and where it drifts.
//
//   const tree = planTree(conditions, goals, tasks, today);
//   driftOf(plan, tree, today)  →  what is overdue, what has no action, whether the review passed
//   withSections(plan, { "most-important": "My garden" })  →  the CarePlan to write
import type { CarePlan, Condition, Goal, Reference, Task } from "fhir/r4";
import { codeOf, extensionOf, extensionsOf, hasCode, idOf, partReference, partText, withExtensions } from "./extensions.ts";
import type { FieldValue } from "./versions.ts";

export const planSystem = "urn:joinedup:plan";
export const taskSystem = "urn:joinedup:task";
export type PlanKind = "care-and-support" | "contingency" | "pathway";

export interface Heading {
  code: string;
  title: string;
  hint: string;
  group: "About me" | "My support" | "When things change";
}

/** The headings of the Professional Record Standards Body"s personalised care and support plan, in its order. */
export const planHeadings: readonly Heading[] = [
  { code: "most-important", title: "What is most important to me", hint: "What matters in my life, in my own words", group: "About me" },
  { code: "people-important", title: "People who are important to me", hint: "Who they are, how they help and how to reach them", group: "About me" },
  { code: "how-i-communicate", title: "How I communicate and how to communicate with me", hint: "Language, hearing, sight, interpreter, easy read, who to ring first", group: "About me" },
  { code: "my-wellness", title: "My wellness", hint: "What a good day and a bad day look like", group: "About me" },
  { code: "please-do", title: "Please do", hint: "What helps me", group: "About me" },
  { code: "please-dont", title: "Please don’t", hint: "What upsets me or makes things worse", group: "About me" },
  { code: "how-and-when-to-support", title: "How and when to support me", hint: "Routines, equipment, the best times", group: "About me" },
  { code: "also-worth-knowing", title: "Also worth knowing about me", hint: "Work, faith, pets, hobbies, anything else", group: "About me" },
  { code: "strengths", title: "My strengths", hint: "What I am good at and what I can do for myself", group: "My support" },
  { code: "funding", title: "Funding", hint: "Personal budgets, benefits and who pays for what", group: "My support" },
  { code: "additional-plans", title: "Additional support plans", hint: "Other plans and where they are kept", group: "My support" },
];

export const contingencyHeadings: readonly Heading[] = [
  { code: "triggers", title: "What might happen", hint: "The events that set this plan going", group: "When things change" },
  { code: "early-warning", title: "Early warning signs", hint: "What is seen or felt first", group: "When things change" },
  { code: "what-should-happen", title: "What should happen", hint: "What to do, in order", group: "When things change" },
  { code: "who-to-contact", title: "Who to contact", hint: "Name, telephone number, and when", group: "When things change" },
  { code: "coping", title: "What helps me cope", hint: "What the person can do and what others can do", group: "When things change" },
  { code: "advance-statement", title: "Advance statement", hint: "Wishes about future care. Say where a decision to refuse treatment is kept", group: "When things change" },
  { code: "anticipatory-medicines", title: "Anticipatory medicines and equipment", hint: "What is in the home and who may use it", group: "When things change" },
];

export const headingsOf = (kind: PlanKind): readonly Heading[] => (kind === "contingency" ? contingencyHeadings : planHeadings);

export const planKind = (plan: CarePlan): PlanKind | undefined => codeOf(plan.category, planSystem) as PlanKind | undefined;

/** The plan in force of this kind: active first, else the draft, the newest of several. */
export function planOf(plans: CarePlan[], kind: PlanKind): CarePlan | undefined {
  const rank = (plan: CarePlan) => ["active", "draft", "on-hold"].indexOf(plan.status);
  return plans
    .filter((plan) => planKind(plan) === kind && rank(plan) >= 0)
    .sort((a, b) => rank(a) - rank(b) || (b.meta?.lastUpdated ?? "").localeCompare(a.meta?.lastUpdated ?? ""))[0];
}

const sectionUrl = "urn:joinedup:plan-section";

export function sectionText(plan: CarePlan | undefined, code: string): string {
  const section = extensionsOf(plan, sectionUrl).find((one) => partText(one, "code") === code);
  return partText(section, "text");
}

/** The plan with these sections; a section that is not named stays, one that is empty goes. */
export function withSections(plan: CarePlan, sections: Readonly<Record<string, string>>): CarePlan {
  const known = headingsOf(planKind(plan) ?? "care-and-support").map((heading) => heading.code);
  const present = extensionsOf(plan, sectionUrl).map((one) => partText(one, "code"));
  const codes = [...new Set([...known, ...present, ...Object.keys(sections)])];
  const texts = codes.map((code) => [code, (sections[code] ?? sectionText(plan, code)).trim()] as const);
  return withExtensions(
    plan,
    sectionUrl,
    texts
      .filter(([, text]) => text !== "")
      .map(([code, text]) => ({ url: sectionUrl, extension: [{ url: "code", valueCode: code }, { url: "text", valueString: text }] })),
  );
}

export interface Review {
  date: string;
  responsible?: Reference;
}
const reviewUrl = "urn:joinedup:review";
export function reviewOf(plan: CarePlan | undefined): Review | undefined {
  const review = extensionOf(plan, reviewUrl);
  if (!review) return undefined;
  const responsible = partReference(review, "responsible");
  return { date: partText(review, "date"), ...(responsible ? { responsible } : {}) };
}
export function withReview(plan: CarePlan, review: Review | undefined): CarePlan {
  if (!review || (!review.date && !review.responsible)) return withExtensions(plan, reviewUrl, []);
  return withExtensions(plan, reviewUrl, [
    {
      url: reviewUrl,
      extension: [
        ...(review.date ? [{ url: "date", valueDate: review.date }] : []),
        ...(review.responsible ? [{ url: "responsible", valueReference: review.responsible }] : []),
      ],
    },
  ]);
}

export interface Agreement {
  with: "person" | "representative";
  on: string;
  by?: Reference;
  note: string;
}
const agreedUrl = "urn:joinedup:agreed";
export function agreementsOf(plan: CarePlan | undefined): Agreement[] {
  return extensionsOf(plan, agreedUrl)
    .map((one) => {
      const by = partReference(one, "by");
      return { with: (partText(one, "with") || "person") as Agreement["with"], on: partText(one, "on"), note: partText(one, "note"), ...(by ? { by } : {}) };
    })
    .sort((a, b) => b.on.localeCompare(a.on));
}
export function withAgreement(plan: CarePlan, agreement: Agreement): CarePlan {
  const added = {
    url: agreedUrl,
    extension: [
      { url: "with", valueCode: agreement.with },
      { url: "on", valueDate: agreement.on },
      ...(agreement.by ? [{ url: "by", valueReference: agreement.by }] : []),
      ...(agreement.note.trim() ? [{ url: "note", valueString: agreement.note.trim() }] : []),
    ],
  };
  return withExtensions(plan, agreedUrl, [...extensionsOf(plan, agreedUrl), added]);
}

export const newPlan = (kind: PlanKind, patient: string, title: string, author?: Reference): CarePlan => ({
  resourceType: "CarePlan",
  status: "active",
  intent: "plan",
  category: [{ coding: [{ system: planSystem, code: kind }] }],
  title,
  subject: { reference: `Patient/${patient}` },
  created: new Date().toISOString(),
  ...(author ? { author } : {}),
});

/** What of a plan two people may change at once, field by field. */
export function planFields(plan: CarePlan): FieldValue[] {
  const kind = planKind(plan) ?? "care-and-support";
  const review = reviewOf(plan);
  return [
    ...headingsOf(kind).map((heading) => ({ key: heading.code, label: heading.title, value: sectionText(plan, heading.code) })),
    { key: "review-date", label: "Review date", value: review?.date ?? "" },
    { key: "review-responsible", label: "Who is responsible for the review", value: review?.responsible?.reference ?? "" },
  ];
}
export function withPlanFields(plan: CarePlan, values: Readonly<Record<string, string>>): CarePlan {
  const { "review-date": date, "review-responsible": responsible, ...sections } = values;
  const before = reviewOf(plan);
  const reference = responsible === undefined ? before?.responsible : responsible ? { reference: responsible } : undefined;
  return withReview(withSections(plan, sections), { date: date ?? before?.date ?? "", ...(reference ? { responsible: reference } : {}) });
}

// Needs, goals and actions.

export const isNeed = (condition: Condition): boolean =>
  hasCode(condition.category, "http://hl7.org/fhir/us/core/CodeSystem/condition-category", "health-concern") ||
  (condition.category ?? []).some((one) => one.coding?.some((coding) => coding.code === "health-concern"));

export const importanceOf = (goal: Goal): number | undefined => extensionOf(goal, "urn:joinedup:importance")?.valueInteger;
export const confidenceOf = (task: Task): number | undefined => extensionOf(task, "urn:joinedup:confidence")?.valueInteger;
export const dueOf = (task: Task): string | undefined => task.restriction?.period?.end?.slice(0, 10);
export const taskCode = (task: Task): string | undefined => codeOf(task.code, taskSystem);

export type ActionState = "done" | "stopped" | "overdue" | "due" | "no-date";
export const isOver = (task: Task): boolean => ["completed", "cancelled", "rejected", "failed", "entered-in-error"].includes(task.status);

/** A task without a date is neither on time nor overdue. */
export function actionState(task: Task, today: string): ActionState {
  if (task.status === "completed") return "done";
  if (isOver(task)) return "stopped";
  const due = dueOf(task);
  if (!due) return "no-date";
  return due < today ? "overdue" : "due";
}
export const actionStateWords: Readonly<Record<ActionState, string>> = { done: "Done", stopped: "Stopped", overdue: "Overdue", due: "Due", "no-date": "No date set" };

export interface GoalBranch {
  goal: Goal;
  actions: Task[];
}
export interface NeedBranch {
  need: Condition;
  goals: GoalBranch[];
}
export interface PlanTree {
  needs: NeedBranch[];
  goalsWithoutNeed: GoalBranch[];
  actionsWithoutGoal: Task[];
  /** Work about the person that is no part of the plan they agreed to: never printed with it. */
  otherActions: Task[];
}

const isOfPlan = (task: Task): boolean => (task.basedOn ?? []).some((one) => /(^|\/)CarePlan\//.test(one.reference ?? ""));
const order: Readonly<Record<ActionState, number>> = { overdue: 0, due: 1, "no-date": 2, done: 3, stopped: 4 };

export function planTree(conditions: Condition[], goals: Goal[], tasks: Task[], today: string): PlanTree {
  const needs = conditions.filter((one) => isNeed(one) && !hasCode(one.verificationStatus, "http://terminology.hl7.org/CodeSystem/condition-ver-status", "entered-in-error"));
  const actions = tasks
    .filter((task) => taskCode(task) === "action" && task.status !== "entered-in-error")
    .sort((a, b) => order[actionState(a, today)] - order[actionState(b, today)] || (dueOf(a) ?? "9").localeCompare(dueOf(b) ?? "9"));
  const live = goals.filter((goal) => goal.lifecycleStatus !== "entered-in-error");
  const branch = (goal: Goal): GoalBranch => ({ goal, actions: actions.filter((task) => idOf(task.focus) === goal.id) });
  const byImportance = (a: GoalBranch, b: GoalBranch) => (importanceOf(b.goal) ?? 0) - (importanceOf(a.goal) ?? 0);
  const ofNeed = (goal: Goal, id: string | undefined) => (goal.addresses ?? []).some((one) => idOf(one) === id);
  const goalIds = new Set(live.map((goal) => goal.id));
  return {
    needs: needs.map((need) => ({ need, goals: live.filter((goal) => ofNeed(goal, need.id)).map(branch).sort(byImportance) })),
    goalsWithoutNeed: live.filter((goal) => !needs.some((need) => ofNeed(goal, need.id))).map(branch).sort(byImportance),
    actionsWithoutGoal: actions.filter((task) => !goalIds.has(idOf(task.focus)) && isOfPlan(task)),
    otherActions: actions.filter((task) => !goalIds.has(idOf(task.focus)) && !isOfPlan(task)),
  };
}

export const isLiveGoal = (goal: Goal): boolean => !["completed", "cancelled", "rejected"].includes(goal.lifecycleStatus);
export const isLiveNeed = (need: Condition): boolean => !["resolved", "inactive", "remission"].includes(need.clinicalStatus?.coding?.[0]?.code ?? "active");

export interface Drift {
  overdue: Task[];
  undated: Task[];
  goalsWithoutAction: Goal[];
  needsWithoutGoal: Condition[];
  review: "passed" | "none" | "ahead";
  reviewDate: string;
  agreed: boolean;
}

/** Where the plan and what happens have come apart. */
export function driftOf(plan: CarePlan | undefined, tree: PlanTree, today: string): Drift {
  const branches = [...tree.needs.flatMap((one) => one.goals), ...tree.goalsWithoutNeed];
  const once = [...new Map(branches.map((one) => [one.goal.id ?? one.goal.description.text ?? "", one])).values()];
  const actions = [...once.flatMap((one) => one.actions), ...tree.actionsWithoutGoal];
  const date = reviewOf(plan)?.date ?? "";
  return {
    overdue: actions.filter((task) => actionState(task, today) === "overdue"),
    undated: actions.filter((task) => actionState(task, today) === "no-date"),
    goalsWithoutAction: once.filter((one) => isLiveGoal(one.goal) && !one.actions.some((task) => !isOver(task))).map((one) => one.goal),
    needsWithoutGoal: tree.needs.filter((one) => isLiveNeed(one.need) && !one.goals.some((branch) => branch.goal.lifecycleStatus !== "cancelled" && branch.goal.lifecycleStatus !== "rejected")).map((one) => one.need),
    review: !date ? "none" : date < today ? "passed" : "ahead",
    reviewDate: date,
    agreed: agreementsOf(plan).length > 0,
  };
}

export const driftCount = (drift: Drift): number =>
  drift.overdue.length + drift.undated.length + drift.goalsWithoutAction.length + drift.needsWithoutGoal.length + (drift.review === "ahead" ? 0 : 1) + (drift.agreed ? 0 : 1);
