// /team: a team's figures. Who looks after people sees their team's as they stand now; who answers for the place sees what all teams published.
import { useParams } from "react-router";
import { useSession } from "../../api/session.tsx";
import { isInCare } from "../../fhir/offices.ts";
import { Live } from "./Live.tsx";
import { Published } from "./Published.tsx";
import "./team.scss";

export default function Team() {
  const session = useSession();
  const part = useParams()["*"] ?? "";
  const looksAfterPeople = isInCare(session);
  return part === "published" || !looksAfterPeople ? <Published isOwn={looksAfterPeople} /> : <Live />;
}
