// What each office has: its part of the navigation, and where its work begins (the server's own start says the same: "/" leads there).
//
//   navigation({ kind: "worker", roles: ["guardian"] })    // [{ to: "/guardian", label: "Guardian" }, …]
export interface NavItem {
  to: string;
  label: string;
}
export interface Signed {
  kind: "worker" | "person" | "proxy";
  roles: readonly string[];
}

const carers = ["gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead"];
const offices = ["guardian", "administrator", "analyst", "board"];

/** Whether somebody looks after people: who has an office and nothing else has no day, no caseload and no meetings. */
export const isInCare = (session: Signed): boolean => session.kind === "worker" && (session.roles.some((role) => carers.includes(role)) || !session.roles.some((role) => offices.includes(role)));

/** What is in the navigation of whoever is signed in; the first is where they begin. */
export function navigation(session: Signed): NavItem[] {
  if (session.kind !== "worker") return [{ to: "/me", label: "My care" }];
  const is = (role: string) => session.roles.includes(role);
  const inCare = isInCare(session);
  return [
    ...(inCare
      ? [
          { to: "/my-day", label: "My day" },
          { to: "/cases/find", label: "Find cases" },
          { to: "/cases", label: "Caseload" },
          { to: "/meeting", label: "Meetings" },
          { to: "/referrals", label: "Referrals" },
        ]
      : []),
    ...(is("guardian") ? [{ to: "/guardian", label: "Guardian" }] : []),
    ...(is("administrator") ? [{ to: "/office", label: "Administration" }] : []),
    { to: "/team", label: "Team" }, // a team's own figures, or for an office what the teams published
    ...(!inCare && (is("guardian") || is("administrator")) ? [{ to: "/referrals/services", label: "Services" }] : []),
  ];
}
