// How many decisions were carried out: by team, from the decisions that the reader may see; by deprivation, from the team's figures.
import { useEffect, useState } from "react";
import { request, type Parameters, type Resource } from "../../api/client.ts";
import type { Known } from "../../api/directory.tsx";
import { today } from "../../fhir/format.ts";
import { carriedOut, carriedWords, fifthName, ratesByFifth, teamOf, type Decision, type FifthRate } from "../../fhir/meeting.ts";
import { Table } from "../../parts/Table.tsx";

export function Rates({ known, decisions, meetings }: { known: Known; decisions: Decision[]; meetings: Resource[] }) {
  const teamOfMeeting = new Map(meetings.flatMap((one) => (one.resourceType === "Appointment" ? [[one.id ?? "", teamOf(one)] as const] : [])));
  const now = today();
  const [fifths, setFifths] = useState<Record<string, FifthRate[]>>({});
  useEffect(() => {
    let isHere = true;
    for (const team of known.self.teams)
      void request<Parameters>(`${team.reference}/$figures?months=12`).then((answer) => {
        if (isHere && answer.ok) setFifths((before) => ({ ...before, [team.reference]: ratesByFifth(answer.value) }));
      });
    return () => {
      isHere = false;
    };
  }, [known]);
  const rows = known.self.teams.map((team) => ({ team, carried: carriedOut(decisions.filter((one) => teamOfMeeting.get(one.task.groupIdentifier?.value ?? "") === team.reference), now) }));
  if (rows.every((one) => one.carried.total === 0)) return null;
  return (
    <>
      <h2 className="nhsuk-heading-m">Decisions carried out</h2>
      {rows.map(({ team, carried }) => (
        <section key={team.reference}>
          <p>
            {team.name}: {carriedWords(carried)}
          </p>
          {(fifths[team.reference]?.length ?? 0) > 0 && (
            <Table
              caption={`${team.name}: carried out in the last 12 months, by how deprived the area is`}
              rows={fifths[team.reference]!}
              rowKey={(one) => String(one.fifth)}
              columns={[
                { key: "fifth", head: "Where the person lives", cell: (one) => fifthName(one.fifth) },
                { key: "rate", head: "Carried out", cell: (one) => one.words },
              ]}
            />
          )}
        </section>
      ))}
      <p className="ju-quiet">Published work found that decisions about people in deprived areas are carried out less often. Look for a difference here, and ask why.</p>
    </>
  );
}
