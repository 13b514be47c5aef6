import { useEffect, useState } from "react";
import { nextPage, request, resourcesOf, type Bundle, type Problem } from "../../api/client.ts";
import { date, time } from "../../fhir/format.ts";
import { announce } from "../../parts/announce.tsx";
import { Button } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Back, useNames, useWhose } from "./person.tsx";
import { list, looks, roleInWords } from "./words.ts";

const most = 200;

/** Who looked at this record: for the person alone. */
export function Looked() {
  const whose = useWhose();
  const [events, setEvents] = useState<fhir4.AuditEvent[]>();
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const read = async (path: string, before: fhir4.AuditEvent[]) => {
    const answer = await request<Bundle>(path);
    if (!answer.ok) return setProblem(answer.problem);
    const found = resourcesOf<fhir4.AuditEvent>(answer.value, "AuditEvent");
    setEvents([...before, ...found]);
    setNext(nextPage(answer.value as fhir4.Bundle<fhir4.AuditEvent>));
    if (before.length) announce("Earlier days are shown.");
  };
  useEffect(() => {
    void read(`AuditEvent?patient=${whose.id}&_count=${most}`, []);
  }, [whose.id]);
  const all = looks(events ?? []);
  const names = useNames(all.map((one) => one.practitioner));
  // The person's own visits are folded away: what they want to know is who else.
  const others = all.filter((one) => one.role !== "person");
  const own = all.length - others.length;
  return (
    <Page title="Who looked at my record">
      <div className="ju-me">
        <Back />
        <p>Everybody who opens your record is written down here. Only you see this list. If you do not know why somebody looked, ask your team.</p>
        {problem && <p role="alert">{problem.sentence}</p>}
        {!events && !problem && <Waiting what="the list" />}
        {events && others.length === 0 && <p>Nobody but you has looked {next ? "lately" : "yet"}.</p>}
        <ul className="ju-me-list" aria-label="Who looked, newest first">
          {others.map((one) => {
            const who = names.get(one.practitioner)?.name;
            const role = roleInWords(one.role);
            return (
              <li key={[one.day, one.practitioner, one.role, one.emergency, one.last].join()}>
                <strong>{who ? `${who}${role ? `, ${role}` : ""}` : role ? role.charAt(0).toUpperCase() + role.slice(1) : "A computer system"}</strong>
                <br />
                {date(one.day, { long: true })}
                {`, ${time(one.first)}`}
                {time(one.first) !== time(one.last) && ` to ${time(one.last)}`}
                <br />
                {list(one.did)} {one.things.size ? list(one.things) : "your record"}
                {one.emergency && (
                  <p className="ju-me-card">
                    <strong>Opened in an emergency.</strong> {one.reason && `They said: “${one.reason}”. `}Somebody else checks that this was right.
                  </p>
                )}
              </li>
            );
          })}
        </ul>
        {own > 0 && <p className="ju-small">You yourself looked on {own === 1 ? "1 day" : `${own} days`} of these.</p>}
        {next && (
          <Button kind="secondary" onClick={() => void read(next, events ?? [])}>
            Show earlier days
          </Button>
        )}
      </div>
    </Page>
  );
}
