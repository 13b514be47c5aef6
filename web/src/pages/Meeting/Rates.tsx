// How many decisions were carried out: by team, from the decisions that the reader may see; by deprivation, from the team's figures.
import type { Known } from "../../api/directory.tsx";
import type { Resource } from "../../api/client.ts";
import { carriedOut, carriedWords, teamOf, type Decision } from "../../fhir/meeting.ts";
import { today } from "../../fhir/format.ts";

export function Rates({ known, decisions, meetings }: { known: Known; decisions: Decision[]; meetings: Resource[] }) {
  const teamOfMeeting = new Map(meetings.flatMap((one) => (one.resourceType === "Appointment" ? [[one.id ?? "", teamOf(one)] as const] : [])));
  const now = today();
  const rows = known.self.teams.map((team) => ({ team, carried: carriedOut(decisions.filter((one) => teamOfMeeting.get(one.task.groupIdentifier?.value ?? "") === team.reference), now) }));
  if (rows.every((one) => one.carried.total === 0)) return null;
  return (
    <>
      <h2>Decisions carried out</h2>
      <ul>
        {rows.map(({ team, carried }) => (
          <li key={team.reference}>
            {team.name}: {carriedWords(carried)}
          </li>
        ))}
      </ul>
    </>
  );
}
