import { Link } from "react-router";
import { born, name, nhsNumberOf } from "../fhir/format.ts";
import { idOf } from "../fhir/record.ts";

/** Who a row is about: name, born, NHS number, so that nobody is taken for somebody of the same name. */
export function PersonCell({ patient, reference }: { patient: fhir4.Patient | undefined; reference: string }) {
  return (
    <div className="ju-person">
      {patient ? (
        <Link to={`/person/${patient.id ?? idOf(reference)}`}>
          <strong>{name(patient)}</strong>
        </Link>
      ) : (
        "Name not shown: their record is not open to you"
      )}
      {patient && (
        <>
          <div className="ju-quiet">{born(patient)}</div>
          <div className="ju-quiet ju-number">{nhsNumberOf(patient) || "NHS number not known"}</div>
        </>
      )}
      {patient && (patient.deceasedBoolean || patient.deceasedDateTime) && <strong className="nhsuk-tag nhsuk-tag--grey">Has died</strong>}
    </div>
  );
}
