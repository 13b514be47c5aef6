// The one plan (and the contingency plan): shown, edited, agreed, reviewed, compared, printed.
import type { CarePlan } from "fhir/r4";
import { useState } from "react";
import { Link, Route, Routes, useNavigate } from "react-router";
import { hasRole, useSession } from "../../api/session.tsx";
import { date, dateTime, name, relative } from "../../fhir/format.ts";
import { agreementsOf, driftCount, driftOf, headingsOf, newPlan, planFields, planOf, planTree, reviewOf, withAgreement, withPlanFields, type Drift, type PlanKind } from "../../fhir/plan.ts";
import { announce } from "../../parts/announce.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { Button, DateInput, dateParts, isoDate, Radios, Select, TextArea, type DateParts } from "../../parts/form.tsx";
import { Page } from "../../parts/Frame.tsx";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { EditForm } from "./EditForm.tsx";
import { PlanBody, useWorkers } from "./PlanBody.tsx";
import { PlanItem } from "./PlanItem.tsx";
import { PlanPrint } from "./PlanPrint.tsx";
import { PlanVersions } from "./PlanVersions.tsx";
import { saveTogether } from "./save.ts";
import { usePerson } from "./usePerson.ts";

export const planWords: Readonly<Record<PlanKind, { title: string; lower: string; path: string }>> = {
  "care-and-support": { title: "Care and support plan", lower: "the care and support plan", path: "plan" },
  contingency: { title: "If things change: contingency plan", lower: "the contingency plan", path: "contingency" },
  pathway: { title: "Pathway", lower: "the pathway", path: "plan" },
};

export default function Plan({ kind }: { kind: PlanKind }) {
  return (
    <Routes>
      <Route index element={<PlanPage kind={kind} />} />
      <Route path="edit" element={<PlanEdit kind={kind} />} />
      <Route path="versions" element={<PlanVersions kind={kind} />} />
      <Route path="print" element={<PlanPrint />} />
      <Route path="need/:item" element={<PlanItem type="Condition" />} />
      <Route path="goal/:item" element={<PlanItem type="Goal" />} />
      <Route path="action/:item" element={<PlanItem type="Task" />} />
    </Routes>
  );
}

function DriftReport({ drift }: { drift: Drift }) {
  const { id } = usePerson();
  if (driftCount(drift) === 0) return <p>Nothing needs attention: every need has a goal, every goal an action, nothing is overdue and the review is ahead.</p>;
  return (
    <ul className="nhsuk-list nhsuk-list--bullet">
      {drift.review === "passed" && (
        <li>
          The review date has passed: it was {date(drift.reviewDate)} ({relative(drift.reviewDate)}).
        </li>
      )}
      {drift.review === "none" && <li>No review date is set.</li>}
      {!drift.agreed && <li>The plan is not recorded as agreed with the person or a representative.</li>}
      {drift.overdue.map((one) => (
        <li key={one.id}>
          Overdue: <Link to={`/person/${id}/plan/action/${one.id}`}>{one.description}</Link>, due {date(one.restriction?.period?.end)}
        </li>
      ))}
      {drift.undated.map((one) => (
        <li key={one.id}>
          No date set: <Link to={`/person/${id}/plan/action/${one.id}`}>{one.description}</Link>
        </li>
      ))}
      {drift.goalsWithoutAction.map((one) => (
        <li key={one.id}>
          Goal without an open action: <Link to={`/person/${id}/plan/goal/${one.id}`}>{one.description.text}</Link>
        </li>
      ))}
      {drift.needsWithoutGoal.map((one) => (
        <li key={one.id}>
          Need without a goal: <Link to={`/person/${id}/plan/need/${one.id}`}>{one.code?.text}</Link>
        </li>
      ))}
    </ul>
  );
}

function PlanPage({ kind }: { kind: PlanKind }) {
  const page = usePerson();
  const { record, id, today } = page;
  const [isAgreeing, setAgreeing] = useState(false);
  const plan = planOf(record.all("CarePlan"), kind);
  const words = planWords[kind];
  const tree = planTree(record.all("Condition"), record.all("Goal"), record.all("Task"), today);
  const drift = driftOf(plan, tree, today);
  const review = reviewOf(plan);
  const agreements = agreementsOf(plan);
  return (
    <Page
      title={`${words.title} of ${name(page.patient)}`}
      heading={words.title}
      actions={
        <>
          <Link className="nhsuk-button nhsuk-button--small ju-button--small" to="edit">
            {plan ? "Change the plan" : kind === "contingency" ? "Write a contingency plan" : "Begin the plan"}
          </Link>
          {plan && (
            <Button kind="secondary" small onClick={() => setAgreeing(true)}>
              Record agreement
            </Button>
          )}
          {plan && <Link to="versions">Earlier versions</Link>}
          <Link to={`/person/${id}/plan/print`}>Print view</Link>
          {plan?.id && kind === "care-and-support" && (
            <a href={`/fhir/CarePlan/${plan.id}/$document`} download="care-and-support-plan.json">
              Plan as a document for another system
            </a>
          )}
        </>
      }
    >
      {plan ? (
        <p className="ju-quiet">
          Version {plan.meta?.versionId}, saved {dateTime(plan.meta?.lastUpdated)}.
        </p>
      ) : (
        <p>No {kind === "contingency" ? "contingency plan" : "plan"} is recorded yet.</p>
      )}
      {plan && (
        <dl className="ju-facts">
          <dt>Agreed</dt>
          <dd>
            {agreements.length === 0
              ? "Not yet"
              : agreements.slice(0, 3).map((one, i) => (
                  <div key={i}>
                    With {one.with === "person" ? "the person" : "a representative"} on {date(one.on)}
                    {page.name(one.by?.reference) && `, recorded by ${page.name(one.by?.reference)}`}
                    {one.note && `. ${one.note}`}
                  </div>
                ))}
          </dd>
          <dt>Review</dt>
          <dd>
            {review?.date ? `${date(review.date)} (${relative(review.date)})` : "No date set"}
            {review?.responsible && `, ${page.name(review.responsible.reference) || "somebody who is not named here"} is responsible`}
          </dd>
        </dl>
      )}
      {kind === "care-and-support" && (plan || tree.needs.length > 0 || tree.goalsWithoutNeed.length > 0 || tree.actionsWithoutGoal.length > 0) && (
        <section className="ju-card" aria-labelledby="drift">
          <h2 id="drift" className="nhsuk-heading-m">
            What needs attention ({driftCount(drift)})
          </h2>
          <DriftReport drift={drift} />
        </section>
      )}
      <PlanBody kind={kind} plan={plan} tree={tree} editable />
      {isAgreeing && plan && <AgreeDialog plan={plan} onClose={() => setAgreeing(false)} />}
    </Page>
  );
}

function AgreeDialog({ plan, onClose }: { plan: CarePlan; onClose: () => void }) {
  const page = usePerson();
  const session = useSession();
  const send = async (typed: { with: string; on: DateParts; note: string }) => {
    const on = isoDate(typed.on, "Date");
    const agreement = { with: typed.with as "person" | "representative", on: "iso" in on ? on.iso : "", by: { reference: `Practitioner/${session.practitioner}` }, note: typed.note };
    return saveTogether([{ resource: withAgreement(plan, agreement), version: plan.meta?.versionId }], { patient: page.id, practitioner: session.practitioner, activity: "Plan agreed" });
  };
  return (
    <Dialog title="Record that the plan is agreed" onClose={onClose}>
      <p>You record agreement to version {plan.meta?.versionId}, as it is shown on this page.</p>
      <ActionForm
        form={`agree:${plan.id}`}
        about={`Patient/${page.id}`}
        empty={{ with: "", on: dateParts(page.today), note: "" }}
        submit="Record agreement"
        fields={[]}
        check={(typed) => {
          const on = isoDate(typed.on, "Date of agreement");
          return { "agree-with": typed.with ? undefined : "Select who agreed", "agree-on": "error" in on ? on.error : on.iso > page.today ? "Date of agreement must be today or in the past" : undefined };
        }}
        send={send}
        conflict={(sentence) => <p role="alert">{sentence} Close this window, read the plan as it is now, and record agreement to that.</p>}
        onDone={() => {
          announce("Agreement recorded");
          void page.refresh([`CarePlan/${plan.id}`]);
          onClose();
        }}
        onCancel={onClose}
      >
        {(typed, set, faults) => (
          <>
            <Radios
              id="agree-with"
              label="Who agreed?"
              choices={[
                { value: "person", label: "The person" },
                { value: "representative", label: "A representative" },
              ]}
              value={typed.with}
              onChange={(value) => set({ with: value })}
              error={faults["agree-with"]}
            />
            <DateInput id="agree-on" label="When?" hint="For example, 19 11 2026" value={typed.on} onChange={(on) => set({ on })} error={faults["agree-on"]} />
            <TextArea id="agree-note" label="Note (optional)" hint="Who the representative is, what was said" value={typed.note} onChange={(note) => set({ note })} rows={2} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

/** The date boxes keep what was typed; the field of the plan holds a date or nothing. */
const typedDate = (text: string): DateParts => {
  if (text.startsWith("{")) return JSON.parse(text) as DateParts;
  return dateParts(text || undefined);
};
const dateValue = (parts: DateParts): string => {
  if (!parts.day && !parts.month && !parts.year) return "";
  const read = isoDate(parts, "Review date");
  return "iso" in read ? read.iso : JSON.stringify(parts);
};

function PlanEdit({ kind }: { kind: PlanKind }) {
  const page = usePerson();
  const session = useSession();
  const navigate = useNavigate();
  const words = planWords[kind];
  const [fresh] = useState(() => newPlan(kind, page.id, words.title, { reference: `Practitioner/${session.practitioner}` }));
  const plan = planOf(page.record.all("CarePlan"), kind);
  const workers = useWorkers();
  const back = `/person/${page.id}/${words.path}`;
  const headings = headingsOf(kind);
  const groups = [...new Set(headings.map((heading) => heading.group))];
  return (
    <Page title={`Change ${words.lower} of ${name(page.patient)}`} heading={plan ? `Change ${words.lower}` : `Begin ${words.lower}`}>
      <p>Write in the person’s own words where you can. Empty headings are left out. Several people can write at the same time: nobody’s words are lost.</p>
      {!hasRole(session, "gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead") && <p>Your role may not be allowed to save this.</p>}
      <EditForm<CarePlan>
        form={`plan-${kind}:${page.id}`}
        resource={plan ?? fresh}
        fields={planFields}
        apply={withPlanFields}
        show={(field) => (field.key === "review-date" ? date(field.value) : field.key === "review-responsible" ? page.name(field.value) : field.value)}
        check={(values) => {
          const parts = typedDate(values["review-date"] ?? "");
          const wrong = values["review-date"]?.startsWith("{") ? isoDate(parts, "Review date") : undefined;
          const nothing = headings.every((heading) => !(values[heading.code] ?? "").trim());
          return { "review-date": wrong && "error" in wrong ? wrong.error : undefined, [headings[0]!.code]: nothing ? "Write something under at least one heading" : undefined };
        }}
        save={(resource, version) => saveTogether([{ resource, version }], { patient: page.id, practitioner: session.practitioner, activity: plan ? "Plan changed" : "Plan begun" })}
        submit="Save the plan"
        onDone={() => {
          void page.reload();
          void navigate(back);
        }}
        onCancel={() => void navigate(back)}
      >
        {(values, set, faults) => (
          <>
            {groups.map((group) => (
              <section key={group} aria-labelledby={`group-${group.replace(/ /g, "-")}`}>
                <h2 id={`group-${group.replace(/ /g, "-")}`} className="nhsuk-heading-m">
                  {group}
                </h2>
                {headings
                  .filter((heading) => heading.group === group)
                  .map((heading) => (
                    <TextArea key={heading.code} id={heading.code} label={heading.title} hint={heading.hint} value={values[heading.code] ?? ""} onChange={(value) => set({ [heading.code]: value })} rows={3} error={faults[heading.code]} />
                  ))}
              </section>
            ))}
            <section aria-labelledby="review">
              <h2 id="review" className="nhsuk-heading-m">
                Review
              </h2>
              <DateInput id="review-date" label="Review date" hint="For example, 19 2 2027" value={typedDate(values["review-date"] ?? "")} onChange={(parts) => set({ "review-date": dateValue(parts) })} error={faults["review-date"]} />
              <Select id="review-responsible" label="Who is responsible for the review" empty="Nobody yet" choices={workers(values["review-responsible"])} value={values["review-responsible"] ?? ""} onChange={(value) => set({ "review-responsible": value })} />
            </section>
          </>
        )}
      </EditForm>
    </Page>
  );
}
