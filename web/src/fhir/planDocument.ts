// The plan as one page of HTML that any other system can keep and show: no script, no style from elsewhere, everything escaped.
//
//   planDocument({ patient, plan, contingency, needs, goals, tasks, worker, system, at, today })
import type { CarePlan, Condition, Goal, Patient, Task } from "fhir/r4";
import { born, date, dateTime, name, nhsNumberOf } from "./format.ts";
import { actionState, actionStateWords, agreementsOf, contingencyHeadings, dueOf, isLiveGoal, planHeadings, planTree, reviewOf, sectionText, type GoalBranch } from "./plan.ts";

export interface PlanDocumentParts {
  patient: Patient;
  plan: CarePlan | undefined;
  contingency: CarePlan | undefined;
  needs: Condition[];
  goals: Goal[];
  tasks: Task[];
  worker: (reference: string | undefined) => string | undefined;
  at: string; // instant
  today: string;
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const paragraphs = (text: string) =>
  text
    .split(/\n+/)
    .filter((one) => one.trim())
    .map((one) => `<p>${escaped(one)}</p>`)
    .join("");

export function planDocument(parts: PlanDocumentParts): string {
  const { patient, plan, contingency, worker, today } = parts;
  const out: string[] = [];
  const headings = (of: CarePlan | undefined, list: typeof planHeadings) => {
    for (const one of list) {
      const text = sectionText(of, one.code);
      if (text.trim()) out.push(`<h3>${escaped(one.title)}</h3>${paragraphs(text)}`);
    }
  };
  const action = (task: Task) => {
    const due = dueOf(task);
    const who = worker(task.owner?.reference) ?? task.owner?.display;
    return `<li>${escaped(task.description ?? "Action")} (${escaped([who ?? "nobody named", due ? `by ${date(due)}` : "no date set", actionStateWords[actionState(task, today)].toLowerCase()].join(", "))})</li>`;
  };
  const goal = (one: GoalBranch) => `<li><strong>${escaped(one.goal.description.text ?? "")}</strong>${one.actions.length ? `<ul>${one.actions.map(action).join("")}</ul>` : " No action yet."}</li>`;
  const tree = planTree(parts.needs, parts.goals.filter(isLiveGoal), parts.tasks, today);
  out.push(`<h1>Personalised care and support plan</h1><p><strong>${escaped(name(patient))}</strong><br>${escaped(born(patient))}<br>NHS number ${escaped(nhsNumberOf(patient) || "not known")}</p>`);
  out.push(`<p>As it stood on ${escaped(dateTime(parts.at))}${plan?.meta?.versionId ? `, version ${escaped(plan.meta.versionId)}` : ""}. The plan in Joinedup may have changed since.</p>`);
  out.push("<h2>The plan</h2>");
  if (!plan) out.push("<p>There is no plan yet.</p>");
  headings(plan, planHeadings);
  out.push("<h2>Needs, goals and actions</h2>");
  for (const need of tree.needs) out.push(`<h3>${escaped(need.need.code?.text ?? need.need.code?.coding?.[0]?.display ?? "Need")}</h3>${need.goals.length ? `<ul>${need.goals.map(goal).join("")}</ul>` : "<p>No goal yet.</p>"}`);
  if (tree.goalsWithoutNeed.length) out.push(`<h3>Other goals</h3><ul>${tree.goalsWithoutNeed.map(goal).join("")}</ul>`);
  if (tree.actionsWithoutGoal.length) out.push(`<h3>Other actions</h3><ul>${tree.actionsWithoutGoal.map(action).join("")}</ul>`);
  if (!tree.needs.length && !tree.goalsWithoutNeed.length && !tree.actionsWithoutGoal.length) out.push("<p>None yet.</p>");
  if (contingency) {
    out.push("<h2>Contingency plan</h2>");
    headings(contingency, contingencyHeadings);
  }
  out.push("<h2>Agreement and review</h2>");
  const agreed = agreementsOf(plan);
  out.push(agreed.length ? `<ul>${agreed.map((one) => `<li>Agreed with the ${escaped(one.with)} on ${escaped(date(one.on))}</li>`).join("")}</ul>` : "<p>Not agreed with the person yet.</p>");
  const review = reviewOf(plan);
  out.push(`<p>Review: ${review?.date ? escaped(date(review.date)) : "no date set"}</p>`);
  return `<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>Personalised care and support plan</title></head><body>${out.join("")}</body></html>`;
}
