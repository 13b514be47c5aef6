import { useState } from "react";
import { Link } from "react-router";
import { operation } from "../../api/client.ts";
import type { Alert } from "../../fhir/day.ts";
import { ago, born, dateTime, nhsNumberOf } from "../../fhir/format.ts";
import { idOf } from "../../fhir/record.ts";
import { announce } from "../../parts/announce.tsx";
import { Button } from "../../parts/form.tsx";
import { Tag } from "../../parts/Tag.tsx";

const recently = 24 * 3_600_000;

/**
 * Alerts or messages, those that nobody opened first. Marking one as opened says so, and by whom, to everybody whom it was sent to:
 * what was opened in the last day stays in sight.
 */
export function Alerts({ title, id, alerts, empty, most, people, worker, onChange }: { title: string; id: string; alerts: Alert[]; empty: string; most: number; people: Map<string, fhir4.Patient>; worker: (reference: string) => string | undefined; onChange: () => unknown }) {
  const [busy, setBusy] = useState<string>();
  const [fault, setFault] = useState<{ key: string; sentence: string }>();
  const [all, setAll] = useState(false);
  const closed = alerts.filter((one) => one.isOpened);
  const open = alerts.filter((one) => !one.isOpened);
  const fresh = closed.filter((one) => Date.now() - Date.parse(one.openedAt) < recently).slice(0, most);
  const few = [...open.slice(0, most), ...fresh];
  const list = all ? alerts : few;
  const rest = alerts.length - few.length;
  const mark = async (alert: Alert) => {
    if (!alert.communication || busy) return;
    setBusy(alert.key);
    setFault(undefined);
    const answer = await operation(`Communication/${alert.communication.id}/$opened`);
    setBusy(undefined);
    if (answer.ok || answer.problem.kind === "conflict") {
      // Somebody else marked it in the same moment: that is what was wanted.
      announce("Marked as opened");
      onChange();
    } else setFault({ key: alert.key, sentence: answer.problem.sentence });
  };
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="nhsuk-heading-m">
        {title} <span className="ju-count">({open.length} not opened)</span>
      </h2>
      {open.length === 0 && <p>{empty}</p>}
      <ul className="ju-alerts">
        {list.map((one) => (
          <li key={one.key} className={one.isOpened ? "ju-alert" : "ju-alert ju-alert--new"}>
            <div className="ju-alert__text">
              {!one.isOpened && <Tag colour={one.isMessage ? "blue" : "red"}>{one.isMessage ? "New" : "Not opened"}</Tag>}{" "}
              {one.patient ? (
                <Link to={`/person/${idOf(one.patient)}`}>
                  <strong>{one.person}</strong>
                </Link>
              ) : null}{" "}
              {one.text}
              {people.has(one.patient) && (
                <div className="ju-quiet">
                  {born(people.get(one.patient)!)}, NHS number {nhsNumberOf(people.get(one.patient)!) || "not known"}
                </div>
              )}
              <div className="ju-quiet">{one.sent ? `${dateTime(one.sent)}${one.sent.includes("T") ? ` (${ago(one.sent)})` : ""}` : "Time not known"}</div>
              {one.isOpened && (
                <div>
                  Opened{one.openedBy ? ` by ${worker(one.openedBy) ?? "somebody outside the directory"}` : ""}
                  {one.openedAt && `, ${dateTime(one.openedAt)} (${ago(one.openedAt)})`}
                </div>
              )}
              {fault?.key === one.key && (
                <span className="nhsuk-error-message" role="alert">
                  <span className="nhsuk-u-visually-hidden">Error:</span> {fault.sentence}
                </span>
              )}
            </div>
            {!one.isOpened && one.communication && (
              <Button kind="secondary" small busy={busy === one.key} onClick={() => void mark(one)}>
                {busy === one.key ? "Marking" : "Mark as opened"}
                <span className="nhsuk-u-visually-hidden">
                  : {one.person} {one.text}
                </span>
              </Button>
            )}
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <Button kind="link" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? "Show fewer" : open.length > most ? `Show all ${alerts.length}, ${closed.length} of them opened` : `Show ${rest} that ${rest === 1 ? "was" : "were"} opened`}
        </Button>
      )}
    </section>
  );
}
