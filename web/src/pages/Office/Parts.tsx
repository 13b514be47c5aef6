// What stands on the page of more than one office: notices, agreements.
import { useMemo } from "react";
import type { Known } from "../../api/directory.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import { date, dateTime, readable } from "../../fhir/format.ts";
import { agreementsOf, type Agreement } from "../../fhir/guardian.ts";
import { Waiting } from "../../parts/Frame.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";

/** What those who answer for the place are told. A notice names nobody; one that is seen to says so. */
export function Notices() {
  const { parts, resources, problem, reload } = useLoaded(["Communication?category=urn:joinedup:message|escalation&_sort=-sent&_count=100"], ["Communication"]);
  const fault = problem ?? parts?.[0]?.problem;
  // Whoever has a part in care too may read messages about people: these are not the office's.
  const all = resources.filter((one): one is fhir4.Communication => one.resourceType === "Communication" && !one.subject && !one.recipient?.length);
  const open = all.filter((one) => one.status === "in-progress");
  const done = all.filter((one) => one.status !== "in-progress");
  const text = (one: fhir4.Communication) => readable(one.payload?.map((each) => each.contentString).filter(Boolean).join(" ") || "No text");
  return (
    <section aria-labelledby="notices">
      <h2 id="notices" className="nhsuk-heading-m">
        Notices {parts && !fault && <span className="ju-count">({open.length} open)</span>}
      </h2>
      {fault && <Trouble problem={fault} what="The notices" again={reload} />}
      {!parts && !fault && <Waiting what="the notices" />}
      {parts && !fault && open.length === 0 && <p>Nothing waits for you here. You are told when an emergency access was not reviewed in time.</p>}
      <ul className="ju-office-list" aria-label="Open notices">
        {open.map((one) => (
          <li key={one.id} className="ju-office-late">
            <p>
              <Tag colour="red">Open</Tag> {text(one)}
            </p>
            {one.sent && <p className="ju-office-quiet">Since {dateTime(one.sent)}</p>}
          </li>
        ))}
      </ul>
      {done.length > 0 && (
        <details className="nhsuk-details">
          <summary className="nhsuk-details__summary">
            <span className="nhsuk-details__summary-text">Notices that were seen to ({done.length})</span>
          </summary>
          <div className="nhsuk-details__text">
            <ul>
              {done.map((one) => (
                <li key={one.id}>{text(one)}</li>
              ))}
            </ul>
          </div>
        </details>
      )}
    </section>
  );
}

/** The register of agreements: who shares what, for what, from when to when. */
export function Agreements({ known }: { known: Known | undefined }) {
  const { parts, resources, problem, reload } = useLoaded(["Contract?_count=200"], ["Contract"]);
  const fault = problem ?? parts?.[0]?.problem;
  const agreements = useMemo(
    () => agreementsOf(resources.filter((one): one is fhir4.Contract => one.resourceType === "Contract"), (reference) => known?.directory.name(reference)),
    [resources, known],
  );
  return (
    <section aria-labelledby="agreements">
      <h2 id="agreements" className="nhsuk-heading-m nhsuk-u-margin-top-6">
        Sharing agreements
      </h2>
      {fault && <Trouble problem={fault} what="The agreements" again={reload} />}
      {!parts && !fault && <Waiting what="the agreements" />}
      {parts && !fault && (
        <Table<Agreement>
          caption="Which partner shares what"
          hideCaption
          rows={agreements}
          rowKey={(one) => one.id}
          empty={<p>No agreement is registered here. Nothing is shared between partners without one.</p>}
          columns={[
            { key: "partner", head: "Partner", cell: (one) => <strong>{one.partner}</strong> },
            { key: "for", head: "For", cell: (one) => one.purpose },
            { key: "terms", head: "What", cell: (one) => one.terms || one.title },
            { key: "state", head: "State", cell: (one) => <Tag colour={one.state === "in force" ? "green" : one.state === "not yet" ? "blue" : "grey"}>{one.state === "in force" ? "In force" : one.state === "not yet" ? "Not yet" : "Ended"}</Tag> },
            { key: "time", head: "From and until", cell: (one) => `${date(one.from) || "Not recorded"} to ${one.until ? date(one.until) : "no end date"}` },
            { key: "basis", head: "Legal basis", cell: (one) => one.basis },
            { key: "dpia", head: "Impact assessment", cell: (one) => one.assessment },
          ]}
        />
      )}
    </section>
  );
}
