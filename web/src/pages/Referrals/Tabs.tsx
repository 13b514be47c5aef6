import { NavLink } from "react-router";
import { useSession } from "../../api/session.tsx";
import { isInCare } from "../../fhir/offices.ts";

/** The three parts of this page; a link each, so that each has its address. Who has no part in care has the directory alone. */
export function Tabs() {
  const session = useSession();
  if (!isInCare(session)) return null;
  return (
    <nav aria-label="Referrals" className="ju-no-print">
      <ul className="ju-tabs">
        <li>
          <NavLink to="/referrals" end>
            Referrals and advice
          </NavLink>
        </li>
        <li>
          <NavLink to="/referrals/pathways">Pathways</NavLink>
        </li>
        <li>
          <NavLink to="/referrals/services">Directory of services</NavLink>
        </li>
      </ul>
    </nav>
  );
}
