import { useRouteError } from "react-router";

/** A page that broke: says so, keeps nothing personal in the console, offers the way back. */
export function Fallen() {
  const fault = useRouteError();
  // A new version was installed while this tab was open: its pieces have other names now.
  const isOld = fault instanceof Error && /dynamically imported module|Importing a module|Failed to fetch/i.test(fault.message);
  return (
    <main className="nhsuk-width-container nhsuk-main-wrapper" id="main">
      <h1 className="nhsuk-heading-l">{isOld ? "This page could not be fetched" : "Sorry, there is a problem with this page"}</h1>
      <p>{isOld ? "There may be no connection, or Joinedup was updated while this page was open." : "What you typed in forms is kept as a draft."}</p>
      <p>
        <button type="button" className="nhsuk-button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </p>
      <p>
        <a href="/">Go to the start page</a>
      </p>
    </main>
  );
}
