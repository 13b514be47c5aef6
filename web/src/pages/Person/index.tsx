import { useMemo } from "react";
import { Link, Navigate, Route, Routes, useLocation, useParams } from "react-router";
import { useDirectory } from "../../api/directory.tsx";
import { useSession } from "../../api/session.tsx";
import { date, name, today } from "../../fhir/format.ts";
import { alertsOf } from "../../fhir/person.ts";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { IdentityBar } from "../../parts/IdentityBar.tsx";
import { soon } from "../../parts/soon.tsx";
import { Emergency } from "./Emergency.tsx";
import { Summary } from "./Summary.tsx";
import { namer, PersonContext, usePersonLoading, type PersonPage } from "./usePerson.ts";
import "./person.css";

// The summary comes with the page; each other part when it is first opened.
const Timeline = soon("the timeline", () => import("./Timeline.tsx"));
const Plan = soon("the plan", () => import("./Plan.tsx"));
const Assessments = soon("the assessments", () => import("./Assessments.tsx"));
const Team = soon("the team", () => import("./Team.tsx"));
const Referrals = soon("the referrals", () => import("./Referrals.tsx"));
const Sharing = soon("sharing and access", () => import("./Sharing.tsx"));
const Contact = soon("the form", () => import("./Contact.tsx"));
const Messages = soon("the messages", () => import("./Messages.tsx"));

const tabs = [
  ["", "Summary"],
  ["timeline", "Timeline"],
  ["plan", "Plan"],
  ["contingency", "If things change"],
  ["assessments", "Assessments"],
  ["team", "Team"],
  ["referrals", "Referrals"],
  ["messages", "Messages"],
  ["sharing", "Sharing and access"],
] as const;

export default function Person() {
  const { id = "" } = useParams();
  const session = useSession();
  const { loading, reload, refresh } = usePersonLoading(id);
  const { known } = useDirectory();
  const location = useLocation();
  const turn = loading.state === "ready" ? loading.turn : 0;
  const page = useMemo<PersonPage | null>(
    () =>
      loading.state === "ready"
        ? { id, patient: loading.patient, record: loading.record, turn, directory: known?.directory, self: known?.self, today: today(), reload, refresh, name: namer(loading.record, known?.directory) }
        : null,
    [id, loading, turn, known, reload, refresh],
  );
  if (session.kind !== "worker") return <Navigate to="/me" replace />;
  if (loading.state === "absent") return <Emergency id={id} name={(reference) => known?.directory.worker(reference) ?? ""} onOpened={reload} />;
  if (loading.state === "problem")
    return (
      <Page title="The record cannot be shown">
        <p role="alert">{loading.problem.sentence}</p>
        <button type="button" className="nhsuk-button" onClick={() => void reload()}>
          Try again
        </button>
      </Page>
    );
  if (!page)
    return (
      <main className="nhsuk-width-container nhsuk-main-wrapper" id="main">
        <Waiting what="the record" />
      </main>
    );
  const part = location.pathname.split("/")[3] ?? "";
  const alerts = alertsOf(page.record, page.patient);
  const address = page.patient.address?.find((one) => one.use !== "old");
  const telephone = page.patient.telecom?.filter((one) => one.system === "phone" && one.use !== "old").map((one) => one.value).filter(Boolean);
  return (
    <PersonContext value={page}>
      <IdentityBar patient={page.patient}>
        <div className="nhsuk-width-container ju-person__more">
          <span>{[...(address?.line ?? []), address?.city, address?.postalCode].filter(Boolean).join(", ") || "No address known"}</span>
          {telephone && telephone.length > 0 && <span>Telephone {telephone.join(", ")}</span>}
          <span>{page.name(page.patient.generalPractitioner?.[0]?.reference) || "No practice known"}</span>
        </div>
        <div className="ju-person__alerts">
          <div className="nhsuk-width-container">
            {alerts.length === 0 ? (
              <span>No allergies or alerts are recorded here. That does not mean there are none.</span>
            ) : (
              <ul aria-label="Allergies and alerts">
                {alerts.map((alert) => (
                  <li key={alert.key} className={`ju-person__alert ju-person__alert--${alert.kind}`}>
                    {alert.text}
                  </li>
                ))}
              </ul>
            )}
          </div>
        </div>
        {page.patient.deceasedDateTime && (
          <div className="ju-person__died">
            <div className="nhsuk-width-container">Died {date(page.patient.deceasedDateTime)}. Do not contact as if they were alive.</div>
          </div>
        )}
      </IdentityBar>
      <nav className="nhsuk-width-container ju-tabs ju-no-print" aria-label="Parts of the record">
        <ul>
          {tabs.map(([path, label]) => (
            <li key={path}>
              <Link to={path ? `/person/${id}/${path}` : `/person/${id}`} aria-current={part === path ? "page" : undefined}>
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {loading.state === "ready" && loading.partial.length > 0 && (
        <div className="nhsuk-width-container" role="alert">
          <p className="ju-banner">Part of the record could not be read ({loading.partial.join(", ")}). What is missing here may exist.</p>
        </div>
      )}
      <Routes>
        <Route index element={<Summary />} />
        <Route path="timeline" element={<Timeline />} />
        <Route path="plan/*" element={<Plan kind="care-and-support" />} />
        <Route path="contingency/*" element={<Plan kind="contingency" />} />
        <Route path="assessments/*" element={<Assessments />} />
        <Route path="team" element={<Team />} />
        <Route path="referrals" element={<Referrals />} />
        <Route path="contact" element={<Contact />} />
        <Route path="messages" element={<Messages />} />
        <Route path="sharing/*" element={<Sharing />} />
        <Route
          path="*"
          element={
            <Page title="Page not found">
              <p>There is no such part of the record of {name(page.patient)}.</p>
            </Page>
          }
        />
      </Routes>
    </PersonContext>
  );
}
