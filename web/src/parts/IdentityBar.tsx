import { type ReactNode } from "react";
import { Link } from "react-router";
import { born, date, name, nhsNumberOf } from "../fhir/format.ts";

/** Who this page is about, at the top of every page about a person: name, born, NHS number, and what must not be missed. */
export function IdentityBar({ patient, flags, children }: { patient: fhir4.Patient; flags?: ReactNode; children?: ReactNode }) {
  return (
    <section className="ju-identity" aria-label="Person">
      <div className="nhsuk-width-container ju-identity__row">
        <Link className="ju-identity__name" to={`/person/${patient.id}`}>
          {name(patient)}
        </Link>
        <span>{born(patient)}</span>
        {patient.gender && <span>{patient.gender[0]?.toUpperCase() + patient.gender.slice(1)}</span>}
        <span>
          NHS number <strong className="ju-number">{nhsNumberOf(patient) || "not known"}</strong>
        </span>
        {(patient.deceasedDateTime || patient.deceasedBoolean) && (
          <strong className="nhsuk-tag nhsuk-tag--grey">Died{patient.deceasedDateTime ? ` ${date(patient.deceasedDateTime)}` : ""}</strong>
        )}
        {flags}
      </div>
      {children}
    </section>
  );
}
