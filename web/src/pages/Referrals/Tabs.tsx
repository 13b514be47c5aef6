import { NavLink } from "react-router";

/** The three parts of this page; a link each, so that each has its address. */
export function Tabs() {
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
