import type { Observation } from "fhir/r4";
import { date, readable } from "../../fhir/format.ts";
import { whyFound } from "../../fhir/person.ts";
import { usePerson } from "./usePerson.ts";

function Reasons({ title, none, list, explain }: { title: string; none: string; list: Observation[]; explain: string }) {
  return (
    <section className="ju-card">
      <h3 className="nhsuk-heading-s">
        {title} {list.length > 0 && <span className="ju-quiet">({list.length})</span>}
      </h3>
      <p className="ju-quiet">{explain}</p>
      {list.length === 0 ? (
        <p>{none}</p>
      ) : (
        <ul className="nhsuk-list nhsuk-list--bullet">
          {list.map((one) => (
            <li key={one.id}>
              {readable(one.valueString ?? "")}
              {one.note?.[0]?.text && (
                <>
                  <br />
                  <span className="ju-quiet nhsuk-body-s">{one.note[0].text}</span>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Why case finding named this person: three things kept apart, in words, with their limits. */
export function WhyFound() {
  const { record } = usePerson();
  const why = whyFound(record);
  if (!why) return null;
  const likelihood = why.likelihood === undefined ? undefined : Math.round(why.likelihood * 100);
  return (
    <section aria-labelledby="why" className="nhsuk-u-margin-top-6">
      <h2 id="why" className="nhsuk-heading-m">
        Why this person was found
      </h2>
      <p>
        {likelihood === undefined
          ? "No likelihood was worked out."
          : `Of 100 people whom the model scores like this, about ${likelihood < 1 ? "fewer than 1" : likelihood} ${likelihood === 1 ? "has" : "have"} an emergency admission within 12 months.`}{" "}
        Worked out {date(why.date)} ({why.model}). Risk, what care may change and gaps in care are three different things and are never added up.
      </p>
      <div className="ju-columns">
        <Reasons title="Risk" none="No reasons are shown to you." list={why.risk} explain="What makes an emergency admission likelier." />
        <Reasons title="What care may change" none="No rule holds." list={why.impactability} explain="Where help from a team has made a difference for people alike." />
        <Reasons title="Gaps in care" none="No gap was seen." list={why.gaps} explain="Good care that the record does not show. It may have been given and not recorded." />
      </div>
      {why.hidden > 0 && <p>{why.hidden === 1 ? "One reason is" : `${why.hidden} reasons are`} not shown to you.</p>}
      {why.limits.length > 0 && (
        <div className="nhsuk-inset-text">
          <span className="nhsuk-u-visually-hidden">Information: </span>
          {why.limits.map((text) => (
            <p key={text}>{text}</p>
          ))}
        </div>
      )}
    </section>
  );
}
