import { useLoaded } from "../../api/useLoaded.ts";
import { date, dateTime, today } from "../../fhir/format.ts";
import { codeOf, dueOf, localReference, openTask } from "../../fhir/record.ts";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { isToCome, startOfTime } from "./Home.tsx";
import { Back, useNames, useWhose } from "./person.tsx";

const referralState: Record<string, string> = { requested: "Sent. They have not answered yet.", received: "They have seen it.", accepted: "They said yes.", "in-progress": "It has started.", completed: "It is done.", rejected: "They said no. Your team looks for another way." };

export function Next() {
  const whose = useWhose();
  const { parts, problem } = useLoaded([`Appointment?patient=${whose.id}&date=ge${today()}&_sort=date&_count=50`, `Task?patient=${whose.id}&_count=200`, `ServiceRequest?patient=${whose.id}&status=active&_count=50`], ["Appointment", "Task", "ServiceRequest"]);
  const appointments = ((parts?.[0]?.resources ?? []) as fhir4.Appointment[]).filter((one) => one.resourceType === "Appointment" && isToCome(one));
  const tasks = ((parts?.[1]?.resources ?? []) as fhir4.Task[]).filter((one) => one.resourceType === "Task");
  const requests = new Map(((parts?.[2]?.resources ?? []) as fhir4.ServiceRequest[]).map((one) => [`ServiceRequest/${one.id}`, one]));
  const dueOrder = (task: fhir4.Task) => dueOf(task) ?? "9999";
  const actions = tasks.filter((one) => openTask(one) && ["action", "decision", "pathway-step"].includes(codeOf(one.code, "task") ?? "")).sort((a, b) => dueOrder(a).localeCompare(dueOrder(b)));
  const referrals = tasks.filter((one) => codeOf(one.code, "task") === "referral" && !["cancelled", "entered-in-error"].includes(one.status) && requests.has(localReference(one.focus)));
  const names = useNames([...actions.map((one) => localReference(one.owner)), ...referrals.map((one) => localReference(one.owner))]);
  const ownerOf = (task: fhir4.Task) => (localReference(task.owner).startsWith("Patient/") ? "You" : (names.get(localReference(task.owner))?.name ?? task.owner?.display ?? "Nobody is named yet"));
  return (
    <Page title="What happens next">
      <div className="ju-me">
        <Back />
        {problem && <p role="alert">{problem.sentence}</p>}
        {!parts && !problem && <Waiting />}
        {parts && (
          <>
            <h2 className="nhsuk-heading-m">Appointments</h2>
            {appointments.length === 0 && <p>No appointment is booked.</p>}
            <ul className="ju-me-list">
              {appointments.map((one) => (
                <li key={one.id}>
                  <strong>{one.start ? dateTime(one.start) : date(startOfTime(one))}</strong>
                  <br />
                  {one.description ?? one.serviceType?.[0]?.text ?? "An appointment"}
                  {one.patientInstruction && (
                    <>
                      <br />
                      {one.patientInstruction}
                    </>
                  )}
                </li>
              ))}
            </ul>
            <h2 className="nhsuk-heading-m">Things to do</h2>
            {actions.length === 0 && <p>There is nothing to do at the moment.</p>}
            <ul className="ju-me-list">
              {actions.map((one) => (
                <li key={one.id}>
                  <strong>{one.description ?? "Something to do"}</strong>
                  <br />
                  {ownerOf(one)} · {dueOf(one) ? `by ${date(dueOf(one), { long: true })}` : "no date set"}
                  {(dueOf(one) ?? "9999") < today() && " · this is late, ask your team"}
                </li>
              ))}
            </ul>
            {referrals.length > 0 && (
              <>
                <h2 className="nhsuk-heading-m">Other services that were asked to help</h2>
                <ul className="ju-me-list">
                  {referrals.map((one) => (
                    <li key={one.id}>
                      <strong>{names.get(localReference(one.owner))?.name ?? one.owner?.display ?? "Another service"}</strong>
                      <br />
                      {referralState[one.status] ?? "It is being looked at."}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
      </div>
    </Page>
  );
}
