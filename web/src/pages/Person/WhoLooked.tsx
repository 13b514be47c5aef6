import type { AuditEvent } from "fhir/r4";
import { useEffect, useState } from "react";
import { search } from "../../api/client.ts";
import { hasRole, useSession } from "../../api/session.tsx";
import { date, time } from "../../fhir/format.ts";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { list, looks, roleInWords, type Look } from "../Me/words.ts";

/** For the guardian, who need not open the record for it; others read that it is logged. */
export function WhoLooked({ id, name }: { id: string; name: (reference: string | undefined) => string }) {
  const session = useSession();
  const mayRead = hasRole(session, "guardian");
  const [found, setFound] = useState<Look[]>();
  const [fault, setFault] = useState("");
  useEffect(() => {
    if (!mayRead) return;
    let isHere = true;
    void search<AuditEvent>(`AuditEvent?patient=${encodeURIComponent(id)}&_count=200`).then((answer) => {
      if (!isHere) return;
      if (!answer.ok) return setFault(answer.problem.sentence);
      setFound(looks((answer.value.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource] : []))));
    });
    return () => {
      isHere = false;
    };
  }, [mayRead, id]);
  return (
    <section aria-labelledby="looked">
      <h2 id="looked" className="nhsuk-heading-m nhsuk-u-margin-top-6">
        Who looked at this record
      </h2>
      <p>Every look and every change is logged, yours too. The person sees the list on their own page; the Caldicott guardian reviews it.</p>
      {fault && <p role="alert">{fault}</p>}
      {found && (
        <Table<Look>
          caption="Who looked, newest first"
          columns={[
            { key: "day", head: "Day", cell: (one) => `${date(one.day)}, ${time(one.first)}${time(one.first) === time(one.last) ? "" : ` to ${time(one.last)}`}` },
            { key: "who", head: "Who", cell: (one) => [name(one.practitioner) || roleInWords(one.role) || "A computer system", one.organisation].filter(Boolean).join(", ") },
            { key: "what", head: "What they did", cell: (one) => `${list(one.did)} ${one.things.size > 0 ? list(one.things).replace("your record", "the record") : "the record"} (${one.times} ${one.times === 1 ? "time" : "times"})` },
            {
              key: "why",
              head: "Why",
              cell: (one) =>
                one.emergency ? (
                  <>
                    <Tag colour="red">Emergency</Tag> {one.reason}
                  </>
                ) : (
                  "Care"
                ),
            },
          ]}
          rows={found}
          rowKey={(one) => [one.day, one.practitioner, one.role, one.emergency, one.last].join()}
          empty={<p>Nobody that the log knows of.</p>}
        />
      )}
    </section>
  );
}
