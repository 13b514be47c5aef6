// For a safeguarding lead alone: what is withheld and must soon be looked at again. A name stands here only where my day has read it
// anyway: every look at a record is told to the person, and this list must not make one.
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { request, type Parameters, type Problem } from "../../api/client.ts";
import { addDays, date, name, relative, today } from "../../fhir/format.ts";
import { reviewsUntil, type ReviewDue } from "../../fhir/withhold.ts";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";

const ahead = 14;

export default function WithheldReviews({ people }: { people: Map<string, fhir4.Patient> }) {
  const [read, setRead] = useState<{ due?: ReviewDue[]; problem?: Problem }>({});
  useEffect(() => {
    let isHere = true;
    void request<Parameters>("$withheld").then((answer) => {
      if (isHere) setRead(answer.ok ? { due: reviewsUntil(answer.value, addDays(today(), ahead)) } : { problem: answer.problem });
    });
    return () => {
      isHere = false;
    };
  }, []);
  if (read.problem) return <Trouble problem={read.problem} what="What is withheld" />;
  if (!read.due || read.due.length === 0) return null;
  return (
    <section aria-labelledby="withheld-reviews">
      <h2 id="withheld-reviews" className="nhsuk-heading-m">
        Withheld entries to look at again <span className="ju-count">({read.due.length})</span>
      </h2>
      <ul className="nhsuk-list nhsuk-list--bullet">
        {read.due.map((one, index) => (
          <li key={one.patient}>
            <Link to={`/person/${one.patient.split("/")[1] ?? ""}/sharing`}>{people.has(one.patient) ? name(people.get(one.patient)) : `A record that you look after${read.due && read.due.length > 1 ? ` (${index + 1})` : ""}`}</Link>: {one.count === 1 ? "1 entry" : `${one.count} entries`}{" "}
            <Tag colour={one.review <= today() ? "red" : "blue"}>{one.review <= today() ? "Review due" : "Review"}</Tag> {date(one.review)} ({relative(one.review)})
          </li>
        ))}
      </ul>
    </section>
  );
}
