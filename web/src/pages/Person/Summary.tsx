import { useMemo } from "react";
import { Link } from "react-router";
import { extensionOf } from "../../fhir/extensions.ts";
import { date, relative } from "../../fhir/format.ts";
import { conceptText } from "../../fhir/extensions.ts";
import { episodeOf, isProblem, questionnaireTitle } from "../../fhir/person.ts";
import { contingencyHeadings, driftCount, driftOf, planOf, planTree, reviewOf, sectionText } from "../../fhir/plan.ts";
import { caseStateWords, settingWords, timelineOf } from "../../fhir/timeline.ts";
import { Page } from "../../parts/Frame.tsx";
import { name } from "../../fhir/format.ts";
import { CasePanel } from "./CasePanel.tsx";
import { usePerson } from "./usePerson.ts";
import { WhyFound } from "./WhyFound.tsx";

/** The first page: what somebody with ninety seconds needs. */
export function Summary() {
  const page = usePerson();
  const { record, id, today, turn } = page;
  const plan = planOf(record.all("CarePlan"), "care-and-support");
  const contingency = planOf(record.all("CarePlan"), "contingency");
  const contacts = useMemo(
    () => timelineOf(record.all("Encounter"), { name: page.name, questionnaire: (canonical) => questionnaireTitle(record, canonical) }).filter((one) => !one.planned),
    [record, turn, page.name], // eslint-disable-line react-hooks/exhaustive-deps
  );
  const conditions = record.all("Condition").filter(isProblem).sort((a, b) => (b.onsetDateTime ?? b.recordedDate ?? "").localeCompare(a.onsetDateTime ?? a.recordedDate ?? ""));
  const medicines = record.all("MedicationStatement").filter((one) => one.status === "active").sort((a, b) => conceptText(a.medicationCodeableConcept).localeCompare(conceptText(b.medicationCodeableConcept)));
  const tree = planTree(record.all("Condition"), record.all("Goal"), record.all("Task"), today);
  const drift = driftOf(plan, tree, today);
  const episode = episodeOf(record.all("EpisodeOfCare"));
  const accountable = extensionOf(episode, "urn:joinedup:accountable")?.valueReference?.reference;
  const matters = sectionText(plan, "most-important");
  const inHospital = contacts.find((one) => one.ongoing && one.setting === "hospital");
  return (
    <Page title={`Summary of ${name(page.patient)}`} heading="Summary">
      {inHospital && (
        <div className="nhsuk-inset-text">
          <span className="nhsuk-u-visually-hidden">Information: </span>
          <p>
            In hospital since {date(inHospital.from)} ({relative(inHospital.from)}): {inHospital.what}, {inHospital.where}. This is what the last message or extract said.
          </p>
        </div>
      )}
      <div className="ju-columns">
        <section className="ju-card" aria-labelledby="matters">
          <h2 id="matters" className="nhsuk-heading-m">
            What matters to me
          </h2>
          {matters ? <p className="ju-text">{matters}</p> : <p>Not recorded yet.</p>}
          {sectionText(plan, "how-i-communicate") && (
            <p className="ju-text">
              <strong>How I communicate: </strong>
              {sectionText(plan, "how-i-communicate")}
            </p>
          )}
          <p>
            <Link to={`/person/${id}/plan`}>{plan ? "See the whole plan" : "Begin the plan"}</Link>
          </p>
          {plan && (
            <p className="ju-quiet">
              {drift.agreed ? "Agreed. " : "Not yet agreed with the person. "}
              {reviewOf(plan)?.date ? `Review ${drift.review === "passed" ? "was due" : "due"} ${date(reviewOf(plan)?.date)} (${relative(reviewOf(plan)!.date)}). ` : "No review date set. "}
              {driftCount(drift) > 0 && `${driftCount(drift)} ${driftCount(drift) === 1 ? "thing needs" : "things need"} attention.`}
            </p>
          )}
        </section>
        <section className="ju-card" aria-labelledby="contingency">
          <h2 id="contingency" className="nhsuk-heading-m">
            If things change
          </h2>
          {contingency ? (
            contingencyHeadings
              .filter((heading) => ["triggers", "what-should-happen", "who-to-contact"].includes(heading.code) && sectionText(contingency, heading.code))
              .map((heading) => (
                <p key={heading.code} className="ju-text">
                  <strong>{heading.title}: </strong>
                  {sectionText(contingency, heading.code)}
                </p>
              ))
          ) : (
            <p>No contingency plan is recorded.</p>
          )}
          <p>
            <Link to={`/person/${id}/contingency`}>{contingency ? "See the contingency plan" : "Write a contingency plan"}</Link>
          </p>
        </section>
      </div>
      <CasePanel />
      <div className="ju-columns">
        <section className="ju-card" aria-labelledby="conditions">
          <h2 id="conditions" className="nhsuk-heading-m">
            Conditions ({conditions.length})
          </h2>
          {conditions.length === 0 ? (
            <p>None that you can see.</p>
          ) : (
            <ul className="nhsuk-list nhsuk-list--bullet">
              {conditions.map((one) => (
                <li key={one.id}>
                  {conceptText(one.code)} <span className="ju-quiet">{one.onsetDateTime || one.recordedDate ? `since ${(one.onsetDateTime ?? one.recordedDate ?? "").slice(0, 4)}` : ""}</span>
                </li>
              ))}
            </ul>
          )}
        </section>
        <section className="ju-card" aria-labelledby="medicines">
          <h2 id="medicines" className="nhsuk-heading-m">
            Medicines ({medicines.length})
          </h2>
          {medicines.length === 0 ? (
            <p>None that you can see.</p>
          ) : (
            <>
              <ul className="nhsuk-list nhsuk-list--bullet">
                {medicines.map((one) => (
                  <li key={one.id}>
                    {conceptText(one.medicationCodeableConcept) || one.medicationReference?.display}{" "}
                    <span className="ju-quiet">
                      {one.dosage?.[0]?.text}
                      {one.effectivePeriod?.end ? ` last issued ${date(one.effectivePeriod.end)}` : ""}
                    </span>
                  </li>
                ))}
              </ul>
              <p className="ju-quiet">As the practice issued them. Check with the person what they take.</p>
            </>
          )}
        </section>
        <section className="ju-card" aria-labelledby="contacts">
          <h2 id="contacts" className="nhsuk-heading-m">
            Last contacts
          </h2>
          {contacts.length === 0 ? (
            <p>None that you can see.</p>
          ) : (
            <ul className="nhsuk-list">
              {contacts.slice(0, 6).map((one) => (
                <li key={one.reference}>
                  <strong>{date(one.from)}</strong>
                  {one.until && one.until !== one.from ? ` to ${date(one.until)}` : one.ongoing ? " and going on" : ""}: {one.what}
                  <br />
                  <span className="ju-quiet">
                    {settingWords[one.setting]}
                    {one.where ? `, ${one.where}` : ""}
                    {one.detail ? `. ${one.detail}` : ""}
                  </span>
                </li>
              ))}
            </ul>
          )}
          <p>
            <Link to={`/person/${id}/timeline`}>See the whole timeline</Link>
          </p>
          <p className="ju-no-print">
            {episode && ["planned", "waitlist", "active", "onhold"].includes(episode.status) && <Link to={`/person/${id}/contact`}>Record a contact</Link>}
          </p>
        </section>
        <section className="ju-card" aria-labelledby="team">
          <h2 id="team" className="nhsuk-heading-m">
            Team
          </h2>
          <dl className="ju-facts">
            <dt>Co-ordinator</dt>
            <dd>{page.name(episode?.careManager?.reference) || "Nobody is named yet"}</dd>
            <dt>Accountable</dt>
            <dd>{page.name(accountable) || "Nobody is named yet"}</dd>
            <dt>Team</dt>
            <dd>{page.name(episode?.team?.[0]?.reference) || "On no team’s caseload"}</dd>
            <dt>Caseload</dt>
            <dd>{episode ? caseStateWords[episode.status] : "Not on a caseload"}</dd>
            <dt>Practice</dt>
            <dd>{page.name(page.patient.generalPractitioner?.[0]?.reference) || "Not known"}</dd>
          </dl>
          <p>
            <Link to={`/person/${id}/team`}>See everybody who helps</Link>
          </p>
        </section>
      </div>
      <WhyFound />
    </Page>
  );
}
