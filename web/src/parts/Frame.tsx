import { Breadcrumb } from "nhsuk-react-components";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Link, NavLink, useLocation } from "react-router";
import { signOut, useSession } from "../api/session.tsx";
import { navigation } from "../fhir/offices.ts";
import { StatusAnnouncer } from "./announce.tsx";
import { ConnectionBanner } from "./Banner.tsx";
import { Palette, usePaletteSetting } from "./Palette.tsx";

/** Around every page: skip link, header, navigation, what is said to screen readers, Ctrl+K. */
export function Frame({ children }: { children: ReactNode }) {
  const session = useSession();
  const items = navigation(session);
  const [isOpen, setOpen] = useState(false);
  const [isOn, setPalette] = usePaletteSetting();
  const location = useLocation();
  useEffect(() => setOpen(false), [location.pathname]);
  return (
    <>
      <a className="nhsuk-skip-link" href="#main">
        Skip to main content
      </a>
      <header className="ju-header" role="banner">
        <div className="nhsuk-width-container ju-header__row">
          <Link className="ju-header__name" to={items[0]?.to ?? "/me"}>
            Joinedup
          </Link>
          <span className="ju-header__who">{session.sign_in_name}</span>
          {session.kind === "worker" && isOn && <Palette items={items} />}
          <button type="button" className="ju-header__button" onClick={() => void signOut()}>
            Sign out
          </button>
          <button type="button" className="ju-header__button ju-header__menu" aria-expanded={isOpen} aria-controls="navigation" onClick={() => setOpen(!isOpen)}>
            Menu
          </button>
        </div>
        <nav id="navigation" className={`ju-navigation${isOpen ? " ju-navigation--open" : ""}`} aria-label="Main">
          <ul className="nhsuk-width-container">
            {items.map((one) => (
              <li key={one.to}>
                <NavLink to={one.to} end={one.to === "/cases"}>
                  {one.label}
                </NavLink>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      <ConnectionBanner />
      <StatusAnnouncer />
      {children}
      <footer className="ju-footer" role="contentinfo">
        <div className="nhsuk-width-container">
          <p className="nhsuk-body-s">
            For direct care only. Who opens a record is logged and can be seen by the person.
            {session.kind === "worker" && (
              <>
                {" "}
                <label className="ju-footer__setting">
                  <input type="checkbox" checked={isOn} onChange={(event) => setPalette(event.target.checked)} /> Go to anything with Ctrl+K
                </label>
              </>
            )}
          </p>
        </div>
      </footer>
    </>
  );
}

export interface Crumb {
  to: string;
  label: string;
}

/**
 * The body of a page: breadcrumb, one h1, the document's title. Focus goes to the heading when the page is entered from another
 * page, so that keyboard and screen reader begin at its start. `above` stands over the heading: the identity bar of a person.
 */
export function Page({ title, heading, crumbs, above, actions, children, wide }: {
  title: string;
  heading?: ReactNode;
  crumbs?: Crumb[];
  above?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}) {
  const head = useRef<HTMLHeadingElement>(null);
  const location = useLocation();
  const last = crumbs?.at(-1); // a narrow screen shows this one alone, as the way back
  useEffect(() => {
    document.title = `${title} – Joinedup`;
  }, [title]);
  useEffect(() => {
    // Not when a filter changed its part of the address: whoever types or chooses stays where they are.
    if (location.key !== "default") head.current?.focus({ preventScroll: false });
    // once for each address entered
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [location.pathname, (location.state as { heading?: string } | null)?.heading]);
  return (
    <>
      {above}
      <div className={wide ? "nhsuk-width-container ju-wide" : "nhsuk-width-container"}>
        {crumbs && crumbs.length > 0 && (
          <Breadcrumb className="ju-no-print">
            {crumbs.map((one) => (
              <Breadcrumb.Item asElement={Link} to={one.to} key={one.to}>
                {one.label}
              </Breadcrumb.Item>
            ))}
            {last && (
              <Breadcrumb.Back asElement={Link} to={last.to}>
                {last.label}
              </Breadcrumb.Back>
            )}
          </Breadcrumb>
        )}
        <main className="nhsuk-main-wrapper ju-main" id="main">
          <div className="ju-heading">
            <h1 className="nhsuk-heading-l" ref={head} tabIndex={-1}>
              {heading ?? title}
            </h1>
            {actions && <div className="ju-heading__actions ju-no-print">{actions}</div>}
          </div>
          {children}
        </main>
      </div>
    </>
  );
}

/** While something is being read: said after a moment, so that what is quick does not flicker. */
export function Waiting({ what = "the page" }: { what?: string }) {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return <p role="status">{isSlow ? `Loading ${what}` : ""}</p>;
}

/** What is not there, or not for this reader: the same words for both. */
export function Absent({ sentence }: { sentence?: string }) {
  return (
    <Page title="Page not found">
      <p>{sentence ?? "There is nothing here that you can see. It may not exist, or you may not have a reason to see it."}</p>
      <p>If you typed the address, check that it is right. If somebody gave it to you, ask them whether you share the care of this person.</p>
      <p>
        <Link to="/">Go to the start page</Link>
      </p>
    </Page>
  );
}
