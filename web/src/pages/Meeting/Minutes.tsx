import { useMemo } from "react";
import { Link } from "react-router";
import { useDirectory } from "../../api/directory.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import { born, dateTime, date, name, nhsNumberOf, time } from "../../fhir/format.ts";
import { hiddenItems, meetingOf, whyName } from "../../fhir/meeting.ts";
import { Absent, Page, Waiting } from "../../parts/Frame.tsx";
import { PrintFrame } from "../../parts/PrintFrame.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { meetingTypes, questionsOf } from "./read.ts";

/** The minutes: who was there, what was decided, by whom and by when. Only what the reader may see is on the paper. */
export function Minutes({ id }: { id: string }) {
  const { known } = useDirectory();
  const { parts, resources, problem, reload } = useLoaded(questionsOf(id), meetingTypes);
  const meeting = useMemo(() => meetingOf(resources, id), [resources, id]);
  const crumbs = [
    { to: "/meeting", label: "Meetings" },
    { to: `/meeting/${id}`, label: meeting?.title ?? "Meeting" },
  ];
  if (problem) return <Page title="Minutes" crumbs={crumbs}><Trouble problem={problem} again={reload} /></Page>;
  if (!parts) return <Page title="Minutes" crumbs={crumbs}><Waiting what="the minutes" /></Page>;
  if (!meeting) return <Absent />;
  const label = (reference: string, given?: string) => known?.directory.worker(reference) ?? given ?? "Name not known";
  const there = meeting.attendees.filter((one) => one.attended);
  const away = meeting.attendees.filter((one) => one.attended === false);
  const hidden = hiddenItems(meeting);
  return (
    <Page title="Minutes" heading={`Minutes: ${meeting.title}`} crumbs={crumbs}>
      <PrintFrame title="Minutes">
        <p>
          {dateTime(meeting.start)}
          {meeting.appointment.end && ` to ${time(meeting.appointment.end)}`}
          {!meeting.isOver && ". The meeting is not closed yet."}
        </p>
        <p>
          <strong>There:</strong> {there.length > 0 ? there.map((one) => label(one.reference, one.name)).join("; ") : "not recorded"}
        </p>
        {away.length > 0 && (
          <p>
            <strong>Not there:</strong> {away.map((one) => label(one.reference, one.name)).join("; ")}
          </p>
        )}
        {hidden > 0 && <p>{hidden} more {hidden === 1 ? "item is" : "items are"} not in these minutes: you may not see whom {hidden === 1 ? "it is" : "they are"} about.</p>}
        {meeting.items.map((item, index) => (
          <section key={item.id} className="ju-keep ju-minutes">
            <h2 className="nhsuk-heading-s">
              {index + 1}. {name(item.patient)}
            </h2>
            <p>
              {item.patient && `${born(item.patient)}, NHS number ${nhsNumberOf(item.patient) || "not known"}. `}
              {whyName(item.why)}.
            </p>
            {item.decisions.map((one) => (
              <p key={one.id}>
                <strong>Decided:</strong> {one.text.replace(/\.\s*$/, "")}. <strong>Who:</strong> {one.owner ? label(one.owner) : "nobody named"}. <strong>By:</strong> {one.due ? date(one.due) : "no date set"}.
              </p>
            ))}
            {item.decisions.length === 0 && <p>{item.carriedOver ? "Not discussed: carried over to the next meeting." : item.discussed ? "Discussed, nothing decided." : "Not discussed yet."}</p>}
          </section>
        ))}
      </PrintFrame>
      <p className="ju-no-print">
        <Link to={`/meeting/${id}`}>Back to the meeting</Link>
      </p>
    </Page>
  );
}
