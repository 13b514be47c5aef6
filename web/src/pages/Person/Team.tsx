import { conceptText, extensionOf } from "../../fhir/extensions.ts";
import { name } from "../../fhir/format.ts";
import { episodeOf } from "../../fhir/person.ts";
import { carersWithout, proxiesOf, relatedName } from "../../fhir/sharing.ts";
import { Page } from "../../parts/Frame.tsx";
import { Table } from "../../parts/Table.tsx";
import { usePerson } from "./usePerson.ts";

interface Member {
  key: string;
  name: string;
  role: string;
  organisation: string;
  part: string;
}

/** Everybody who helps: the team of the case, teams of this person alone, the practice, family and carers. */
export default function Team() {
  const page = usePerson();
  const { record, directory, patient, today } = page;
  const episode = episodeOf(record.all("EpisodeOfCare"));
  const accountable = extensionOf(episode, "urn:joinedup:accountable")?.valueReference?.reference;
  const own = record.all("CareTeam").filter((one) => one.subject && one.status !== "inactive" && one.status !== "entered-in-error");
  const members = (directory?.rolesOf(episode?.team?.[0]?.reference) ?? []).map(
    (one): Member => ({
      key: one.reference,
      name: one.name,
      role: one.role,
      organisation: directory?.name(one.organisation) ?? "",
      part: [one.reference === episode?.careManager?.reference ? "Co-ordinator" : "", one.reference === accountable ? "Accountable professional" : ""].filter(Boolean).join(", "),
    }),
  );
  const rank = (one: Member) => (one.part.includes("Co-ordinator") ? 0 : one.part ? 1 : 2);
  const proxies = proxiesOf(record.all("Consent"), record.all("RelatedPerson"), today);
  const carers = carersWithout(record.all("RelatedPerson"), proxies);
  return (
    <Page title={`Team of ${name(patient)}`} heading="Team">
      <dl className="ju-facts">
        <dt>Co-ordinator</dt>
        <dd>{page.name(episode?.careManager?.reference) || "Nobody is named yet"}</dd>
        <dt>Accountable professional</dt>
        <dd>{page.name(accountable) || "Nobody is named yet"}</dd>
        <dt>Practice</dt>
        <dd>{page.name(patient.generalPractitioner?.[0]?.reference) || "Not known"}</dd>
      </dl>
      {episode?.team?.[0] ? (
        <Table
          caption={page.name(episode.team[0].reference) || "The team"}
          columns={[
            { key: "name", head: "Name", cell: (one) => one.name },
            { key: "role", head: "Role", cell: (one) => one.role },
            { key: "organisation", head: "Works for", cell: (one) => one.organisation },
            { key: "part", head: "For this person", cell: (one) => one.part || "Member of the team" },
          ]}
          rows={members.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, "en-GB"))}
          rowKey={(one) => one.key}
          empty={<p>The members of the team are not shown to you.</p>}
        />
      ) : (
        <p>This person is on no team’s caseload.</p>
      )}
      {own.map((team) => (
        <section key={team.id} aria-label={team.name ?? "Care team"}>
          <h2 className="nhsuk-heading-m">{team.name ?? "Others who help this person"}</h2>
          <ul className="nhsuk-list nhsuk-list--bullet">
            {(team.participant ?? []).map((one, i) => (
              <li key={i}>
                {one.member?.display ?? (page.name(one.member?.reference) || "Somebody who is not named here")}
                {conceptText(one.role?.[0]) && `, ${conceptText(one.role?.[0]).toLowerCase()}`}
              </li>
            ))}
          </ul>
        </section>
      ))}
      <section aria-labelledby="family">
        <h2 id="family" className="nhsuk-heading-m nhsuk-u-margin-top-5">
          Family and carers
        </h2>
        {proxies.length === 0 && carers.length === 0 && <p>Nobody is recorded.</p>}
        <ul className="nhsuk-list nhsuk-list--bullet">
          {proxies
            .filter((one) => one.inForce)
            .map((one) => (
              <li key={one.consent.id}>
                {one.name}
                {one.relation && `, ${one.relation.toLowerCase()}`}: {one.authority?.title.toLowerCase() ?? "authority not known"}
              </li>
            ))}
          {carers.map((one) => (
            <li key={one.id}>
              {relatedName(one) || "Name not recorded"}
              {conceptText(one.relationship?.[0]) && `, ${conceptText(one.relationship?.[0]).toLowerCase()}`}
              {one.telecom?.[0]?.value && `, ${one.telecom[0].value}`} (no authority to see the record)
            </li>
          ))}
        </ul>
      </section>
    </Page>
  );
}

