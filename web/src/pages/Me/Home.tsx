import { Link } from "react-router";
import { useLoaded } from "../../api/useLoaded.ts";
import { dateTime, date, plainName, today } from "../../fhir/format.ts";
import { codeOf, localReference } from "../../fhir/record.ts";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { useNames, useWhose } from "./person.tsx";

export const startOfTime = (appointment: fhir4.Appointment): string => appointment.start ?? appointment.requestedPeriod?.[0]?.start ?? "";
export const isToCome = (appointment: fhir4.Appointment, now = today()): boolean =>
  startOfTime(appointment).slice(0, 10) >= now && ["proposed", "pending", "booked", "arrived", "waitlist"].includes(appointment.status);

/** The stay with a team that a person would know of: not before they were asked. */
export const ownEpisode = (episodes: fhir4.EpisodeOfCare[]): fhir4.EpisodeOfCare | undefined =>
  ["active", "onhold", "waitlist"].flatMap((status) => episodes.filter((one) => one.status === status))[0];

export function Home() {
  const whose = useWhose();
  const id = whose.id;
  const { parts, problem } = useLoaded(
    [`EpisodeOfCare?patient=${id}&_count=20`, `Appointment?patient=${id}&date=ge${today()}&_sort=date&_count=20`, `Communication?subject=Patient/${id}&category=urn:joinedup:message|person&_sort=-sent&_count=20`],
    ["EpisodeOfCare", "Appointment", "Communication"],
  );
  const episodes = (parts?.[0]?.resources ?? []) as fhir4.EpisodeOfCare[];
  const appointments = ((parts?.[1]?.resources ?? []) as fhir4.Appointment[]).filter((one) => one.resourceType === "Appointment" && isToCome(one));
  const messages = ((parts?.[2]?.resources ?? []) as fhir4.Communication[]).filter((one) => one.category?.some((each) => codeOf(each, "message") === "person"));
  const episode = ownEpisode(episodes);
  const contact = localReference(episode?.careManager);
  const team = localReference(episode?.team?.[0]);
  const names = useNames([contact, team]);
  const who = names.get(contact);
  const unread = messages.filter((one) => localReference(one.sender).startsWith("Practitioner") && !one.received).length;
  const next = appointments[0];
  const first = whose.patient.name?.[0]?.given?.[0] ?? plainName(whose.patient);
  return (
    <Page title={whose.isProxy ? `The care of ${plainName(whose.patient)}` : `Hello, ${first}`}>
      <div className="ju-me">
        {whose.isProxy && <p>You help {plainName(whose.patient)}. You can see what you have been allowed to see.</p>}
        {problem && <p role="alert">{problem.sentence}</p>}
        {!parts && !problem && <Waiting />}
        {parts && (
          <>
            <section className="ju-me-card" aria-labelledby="contact">
              <h2 className="nhsuk-heading-m" id="contact">
                {whose.isProxy ? "The person to ask" : "Your person to ask"}
              </h2>
              {episode ? (
                <>
                  <p>
                    {who ? (
                      <>
                        <strong>{who.name}</strong>
                        {who.role && `, ${who.role.toLowerCase()}`}
                      </>
                    ) : (
                      "Nobody is named yet."
                    )}
                    {names.get(team) && <> {who ? "of" : "Your team is"} {names.get(team)?.name}.</>}
                  </p>
                  {who?.phone && (
                    <p>
                      Call <a href={`tel:${who.phone.replace(/\s/g, "")}`}>{who.phone}</a>
                    </p>
                  )}
                  {episode.status === "waitlist" && <p>You have been accepted. Your care with the team has not started yet.</p>}
                  {episode.status === "onhold" && <p>Your care with the team is paused for now.</p>}
                </>
              ) : (
                <p>No team looks after {whose.isProxy ? "them" : "you"} here at the moment. Your GP practice can help.</p>
              )}
              <p>If you need help now, call 111. If a life is in danger, call 999.</p>
            </section>
            <section className="ju-me-card" aria-labelledby="coming">
              <h2 className="nhsuk-heading-m" id="coming">
                Next
              </h2>
              {next ? (
                <p>
                  <strong>{next.start ? dateTime(next.start) : date(startOfTime(next))}</strong>
                  {`: ${next.description ?? next.serviceType?.[0]?.text ?? next.appointmentType?.text ?? "an appointment"}`}
                </p>
              ) : (
                <p>No appointment is booked.</p>
              )}
            </section>
          </>
        )}
        <nav aria-label="My care">
          <ul className="ju-me-doors">
            <li>
              <Link to="/me/plan">
                {whose.isProxy ? "Their plan" : "My plan"} <span>What matters, goals and who does what</span>
              </Link>
            </li>
            <li>
              <Link to="/me/next">
                What happens next <span>Appointments and things to do</span>
              </Link>
            </li>
            <li>
              <Link to="/me/messages">
                Messages <span>{unread > 0 ? `${unread} new from the team` : "Read and write to the team"}</span>
              </Link>
            </li>
            <li>
              <Link to="/me/team">
                {whose.isProxy ? "Their team" : "My team"} <span>Who is who</span>
              </Link>
            </li>
            <li>
              <Link to="/me/wrong">
                Something is wrong here <span>Tell us what to put right</span>
              </Link>
            </li>
            {!whose.isProxy && (
              <li>
                <Link to="/me/looked">
                  Who looked at my record <span>Everybody who opened it, and when</span>
                </Link>
              </li>
            )}
          </ul>
        </nav>
      </div>
    </Page>
  );
}
