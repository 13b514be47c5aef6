import type { ServiceRequest, Task } from "fhir/r4";
import { Link } from "react-router";
import { conceptText, idOf } from "../../fhir/extensions.ts";
import { date, name } from "../../fhir/format.ts";
import { actionState, dueOf, taskCode } from "../../fhir/plan.ts";
import { Page } from "../../parts/Frame.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag, type TagColour } from "../../parts/Tag.tsx";
import { usePerson } from "./usePerson.ts";

const states: Readonly<Record<string, readonly [string, TagColour]>> = {
  draft: ["Draft", "grey"],
  requested: ["Waiting for an answer", "yellow"],
  received: ["Waiting for an answer", "yellow"],
  accepted: ["Accepted", "blue"],
  rejected: ["Not accepted", "red"],
  "in-progress": ["In progress", "blue"],
  "on-hold": ["On hold", "orange"],
  completed: ["Finished", "green"],
  cancelled: ["Withdrawn", "grey"],
  failed: ["Failed", "red"],
};

interface Row {
  request: ServiceRequest;
  task: Task | undefined;
}

export default function Referrals() {
  const page = usePerson();
  const { record, patient, id, today } = page;
  const isPackage = (one: ServiceRequest) => (one.meta?.source ?? "").startsWith("urn:joinedup:partner") || (one.category ?? []).some((category) => /social care/i.test(conceptText(category)));
  const tasks = record.all("Task").filter((task) => taskCode(task) === "referral");
  const rows: Row[] = record
    .all("ServiceRequest")
    .filter((one) => !isPackage(one) && one.status !== "entered-in-error")
    .map((request) => ({ request, task: tasks.find((task) => idOf(task.focus) === request.id) }))
    .sort((a, b) => (b.request.authoredOn ?? "").localeCompare(a.request.authoredOn ?? ""));
  const packages = record
    .all("ServiceRequest")
    .filter(isPackage)
    .sort((a, b) => (b.occurrencePeriod?.start ?? "").localeCompare(a.occurrencePeriod?.start ?? ""));
  return (
    <Page title={`Referrals of ${name(patient)}`} heading="Referrals and services" actions={<Link className="nhsuk-button nhsuk-button--small ju-button--small" to={`/referrals/new?patient=${id}`}>Refer {name(patient)}</Link>}>
      <Table<Row>
        caption="Referrals"
        columns={[
          { key: "when", head: "Asked", cell: ({ request }) => date(request.authoredOn) },
          { key: "what", head: "What for", cell: ({ request }) => conceptText(request.reasonCode?.[0]) || conceptText(request.code) || "Not said" },
          { key: "to", head: "To", cell: ({ request, task }) => page.name(request.performer?.[0]?.reference) || page.name(task?.owner?.reference) || request.performer?.[0]?.display || "Not named" },
          { key: "from", head: "From", cell: ({ request }) => page.name(request.requester?.reference) },
          {
            key: "state",
            head: "Where it stands",
            cell: ({ request, task }) => {
              const [words, colour] = states[task?.status ?? (request.status === "completed" ? "completed" : request.status === "revoked" ? "cancelled" : "requested")] ?? [task?.status ?? request.status, "grey" as const];
              return (
                <>
                  <Tag colour={colour}>{words}</Tag>
                  {task?.statusReason?.text && <div>{task.statusReason.text}</div>}
                  {task && (task.status === "requested" || task.status === "received") && actionState(task, today) === "overdue" && (
                    <div>
                      <strong>Stuck: an answer was due {date(dueOf(task))}</strong>
                    </div>
                  )}
                </>
              );
            },
          },
          { key: "outcome", head: "Outcome", cell: ({ task }) => task?.output?.map((one) => one.valueString).filter(Boolean).join(". ") || (task?.status === "completed" ? "None was written" : "") },
        ]}
        rows={rows}
        rowKey={({ request }) => request.id ?? ""}
        empty={<p>No referrals that you can see.</p>}
      />
      <section aria-labelledby="packages">
        <h2 id="packages" className="nhsuk-heading-m nhsuk-u-margin-top-5">
          Care and support from partners
        </h2>
        {packages.length === 0 ? (
          <p>None that you can see.</p>
        ) : (
          <ul className="nhsuk-list nhsuk-list--bullet">
            {packages.map((one) => (
              <li key={one.id}>
                {conceptText(one.code)}, {page.name(one.performer?.[0]?.reference) || "provider not named"}: {date(one.occurrencePeriod?.start)} {one.occurrencePeriod?.end ? `to ${date(one.occurrencePeriod.end)}` : one.status === "active" ? "and going on" : ""}
              </li>
            ))}
          </ul>
        )}
      </section>
    </Page>
  );
}
