import { useLoaded } from "../../api/useLoaded.ts";
import { date, plainName } from "../../fhir/format.ts";
import { dueOf, extension, localReference } from "../../fhir/record.ts";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { PrintFrame } from "../../parts/PrintFrame.tsx";
import { Back, useNames, useWhose } from "./person.tsx";
import { chosenPlan, planHeadings, sections, taskState, troubleHeadings } from "./words.ts";

export function Plan() {
  const whose = useWhose();
  const { parts, problem } = useLoaded(
    [`CarePlan?patient=${whose.id}&_count=50`, `Goal?patient=${whose.id}&_count=50`, `Task?patient=${whose.id}&code=urn:joinedup:task|action&_count=100`],
    ["CarePlan", "Goal", "Task"],
  );
  const plans = ((parts?.[0]?.resources ?? []) as fhir4.CarePlan[]).filter((one) => one.resourceType === "CarePlan");
  const plan = chosenPlan(plans, "care-and-support");
  const trouble = chosenPlan(plans, "contingency");
  const own = plan ? `CarePlan/${plan.id}` : "";
  const goals = ((parts?.[1]?.resources ?? []) as fhir4.Goal[]).filter((one) => one.resourceType === "Goal" && !["entered-in-error", "rejected", "cancelled"].includes(one.lifecycleStatus));
  const actions = ((parts?.[2]?.resources ?? []) as fhir4.Task[]).filter((one) => one.resourceType === "Task" && one.status !== "entered-in-error" && (one.basedOn ?? []).some((each) => localReference(each) === own));
  const review = extension(plan, "review");
  const responsible = localReference(extension(review, "responsible")?.valueReference);
  const names = useNames([...actions.map((one) => localReference(one.owner)), responsible]);
  const ownerOf = (task: fhir4.Task) => {
    const owner = localReference(task.owner);
    if (owner.startsWith("Patient/")) return whose.isProxy ? plainName(whose.patient) : "Me";
    return names.get(owner)?.name ?? task.owner?.display ?? "Nobody is named yet";
  };
  const actionList = (tasks: fhir4.Task[]) => (
    <ul className="ju-me-list">
      {tasks.map((task) => (
        <li key={task.id}>
          <strong>{task.description ?? "Something to do"}</strong>
          <br />
          {ownerOf(task)} · {dueOf(task) ? `by ${date(dueOf(task), { long: true })}` : "no date set"} · {taskState(task)}
        </li>
      ))}
    </ul>
  );
  const forGoal = (goal: fhir4.Goal) => actions.filter((one) => localReference(one.focus) === `Goal/${goal.id}`);
  const loose = actions.filter((one) => !goals.some((goal) => localReference(one.focus) === `Goal/${goal.id}`));
  const title = whose.isProxy ? `The plan of ${plainName(whose.patient)}` : "My plan";
  return (
    <Page title={title}>
      <div className="ju-me">
        <Back />
        {problem && <p role="alert">{problem.sentence}</p>}
        {!parts && !problem && <Waiting what="the plan" />}
        {parts && !plan && !trouble && <p>There is no plan yet. Your team makes one with you.</p>}
        {(plan || trouble) && (
          <PrintFrame title={title} note={<p>{plainName(whose.patient)}</p>}>
            {plan && (
              <>
                {sections(plan, planHeadings).map((one) => (
                  <section key={one.code}>
                    <h2 className="nhsuk-heading-m">{one.heading}</h2>
                    <p className="ju-me-said">{one.text}</p>
                  </section>
                ))}
                <h2 className="nhsuk-heading-m">{whose.isProxy ? "Goals and hopes" : "My goals and hopes"}</h2>
                {goals.length === 0 && <p>No goals are written down yet.</p>}
                {goals.map((goal) => (
                  <section key={goal.id} className="ju-keep">
                    <h3 className="nhsuk-heading-s">“{goal.description?.text ?? "A goal"}”</h3>
                    {forGoal(goal).length > 0 ? actionList(forGoal(goal)) : <p>Nobody has said yet what will be done.</p>}
                  </section>
                ))}
                {loose.length > 0 && (
                  <>
                    <h3 className="nhsuk-heading-s">Other things to do</h3>
                    {actionList(loose)}
                  </>
                )}
              </>
            )}
            {trouble && sections(trouble, troubleHeadings).length > 0 && (
              <section>
                <h2 className="nhsuk-heading-m">If things go wrong</h2>
                {sections(trouble, troubleHeadings).map((one) => (
                  <div key={one.code}>
                    <h3 className="nhsuk-heading-s">{one.heading}</h3>
                    <p className="ju-me-said">{one.text}</p>
                  </div>
                ))}
              </section>
            )}
            {plan && (
              <section className="ju-me-card">
                <h2 className="nhsuk-heading-m">When we look at it again</h2>
                <p>
                  {extension(review, "date")?.valueDate ? `On ${date(extension(review, "date")?.valueDate, { long: true })}` : "No day is set yet"}
                  {names.get(responsible) && `, with ${names.get(responsible)?.name}`}.
                </p>
              </section>
            )}
          </PrintFrame>
        )}
      </div>
    </Page>
  );
}
