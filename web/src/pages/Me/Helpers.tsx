import { Link } from "react-router";
import { useLoaded } from "../../api/useLoaded.ts";
import { localReference } from "../../fhir/record.ts";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { ownEpisode } from "./Home.tsx";
import { Back, useNames, useWhose } from "./person.tsx";

/** The team of the person: the named contact first, then who else is in it. */
export function Helpers() {
  const whose = useWhose();
  const { parts, problem } = useLoaded([`EpisodeOfCare?patient=${whose.id}&_count=20&_include=EpisodeOfCare:team`, `Patient/${whose.id}`], ["EpisodeOfCare"]);
  const all = parts?.[0]?.resources ?? [];
  const episode = ownEpisode(all.filter((one): one is fhir4.EpisodeOfCare => one.resourceType === "EpisodeOfCare"));
  const teams = all.filter((one): one is fhir4.CareTeam => one.resourceType === "CareTeam");
  const team = teams.find((one) => `CareTeam/${one.id}` === localReference(episode?.team?.[0])) ?? teams[0];
  const contact = localReference(episode?.careManager);
  const members = (episode && team?.participant ? team.participant : []).map((one) => ({ reference: localReference(one.member), role: one.role?.[0]?.text ?? one.role?.[0]?.coding?.[0]?.display ?? one.role?.[0]?.coding?.[0]?.code?.replaceAll("_", " ") ?? "" }));
  const practices = (whose.patient.generalPractitioner ?? []).map((one) => localReference(one));
  const names = useNames([contact, ...members.map((one) => one.reference), ...practices]);
  const who = names.get(contact);
  return (
    <Page title={whose.isProxy ? "Their team" : "My team"}>
      <div className="ju-me">
        <Back />
        {problem && <p role="alert">{problem.sentence}</p>}
        {!parts && !problem && <Waiting what="the team" />}
        {parts && !episode && <p>No team looks after you here at the moment.</p>}
        {episode && (
          <>
            <section className="ju-me-card">
              <h2 className="nhsuk-heading-m">Ask first</h2>
              <p>
                {who ? (
                  <>
                    <strong>{who.name}</strong>
                    {who.role && `, ${who.role.toLowerCase()}`}
                  </>
                ) : (
                  "Nobody is named yet."
                )}
              </p>
              {who?.phone && (
                <p>
                  Call <a href={`tel:${who.phone.replace(/\s/g, "")}`}>{who.phone}</a>
                </p>
              )}
              <p>
                <Link to="/me/messages">Write a message</Link>
              </p>
            </section>
            {members.length > 0 && (
              <>
                <h2 className="nhsuk-heading-m">{team?.name ?? "The team"}</h2>
                <ul className="ju-me-list">
                  {members.map((one) => (
                    <li key={one.reference + one.role}>
                      <strong>{names.get(one.reference)?.name ?? "A worker"}</strong>
                      {(one.role || names.get(one.reference)?.role) && (
                        <>
                          <br />
                          {one.role || names.get(one.reference)?.role}
                        </>
                      )}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
        {practices.some((one) => names.has(one)) && (
          <>
            <h2 className="nhsuk-heading-m">GP practice</h2>
            {practices.map((one) => (
              <p key={one}>{names.get(one)?.name}</p>
            ))}
          </>
        )}
      </div>
    </Page>
  );
}
