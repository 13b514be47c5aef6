import { Link } from "react-router";
import { date, name } from "../../fhir/format.ts";
import { agreementsOf, planOf, planTree, reviewOf } from "../../fhir/plan.ts";
import { Page } from "../../parts/Frame.tsx";
import { PrintFrame } from "../../parts/PrintFrame.tsx";
import { PlanBody } from "./PlanBody.tsx";
import { usePerson } from "./usePerson.ts";

/** The plan and the contingency plan on paper: everything, nothing folded away. */
export function PlanPrint() {
  const page = usePerson();
  const { record, patient, id, today } = page;
  const plan = planOf(record.all("CarePlan"), "care-and-support");
  const contingency = planOf(record.all("CarePlan"), "contingency");
  const tree = planTree(record.all("Condition"), record.all("Goal"), record.all("Task"), today);
  const agreement = agreementsOf(plan)[0];
  const review = reviewOf(plan);
  return (
    <Page title={`Plan of ${name(patient)}, to print`} heading="Care and support plan, to print">
      <p className="ju-no-print">
        <Link to={`/person/${id}/plan`}>Back to the plan</Link>
      </p>
      <PrintFrame title="Care and support plan">
        <dl className="ju-facts">
          <dt>Version</dt>
          <dd>{plan ? `${plan.meta?.versionId}, saved ${date(plan.meta?.lastUpdated)}` : "No plan is recorded"}</dd>
          <dt>Agreed</dt>
          <dd>{agreement ? `With ${agreement.with === "person" ? "the person" : "a representative"} on ${date(agreement.on)}` : "Not yet agreed"}</dd>
          <dt>Review</dt>
          <dd>
            {review?.date ? date(review.date) : "No date set"}
            {page.name(review?.responsible?.reference) && `, ${page.name(review?.responsible?.reference)}`}
          </dd>
        </dl>
        <PlanBody kind="care-and-support" plan={plan} tree={tree} />
        <h2 className="nhsuk-heading-l nhsuk-u-margin-top-6">If things change</h2>
        {contingency ? <PlanBody kind="contingency" plan={contingency} tree={tree} /> : <p>No contingency plan is recorded.</p>}
      </PrintFrame>
    </Page>
  );
}
