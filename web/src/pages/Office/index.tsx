// /guardian: what waits for the Caldicott guardian; /guardian/record/:id: who looked at one record, which stays closed.
import { useCallback, useEffect, useState } from "react";
import { Link, Route, Routes, useParams } from "react-router";
import { operation, request, type Answer, type Parameters, type Problem } from "../../api/client.ts";
import { useDirectory, type Known } from "../../api/directory.tsx";
import { hasRole, useSession } from "../../api/session.tsx";
import { dateTime } from "../../fhir/format.ts";
import { dueWords, emergenciesOf, sorted, type Emergency } from "../../fhir/guardian.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { Button, Radios, TextArea } from "../../parts/form.tsx";
import { Absent, Page, Waiting } from "../../parts/Frame.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { WhoLooked } from "../Person/WhoLooked.tsx";
import { Agreements, Notices } from "./Parts.tsx";
import "./office.scss";

const odsCode = "https://fhir.nhs.uk/Id/ods-organization-code";

/** Who opened it, as the directory knows them. */
function whoOf(one: Emergency, known: Known | undefined): { who: string; where: string } {
  const place = known?.directory.resources.find((each): each is fhir4.Organization => each.resourceType === "Organization" && (each.identifier ?? []).some((id) => id.system === odsCode && id.value === one.organisation));
  return { who: known?.directory.worker(one.practitioner) ?? `Account ${one.user}`, where: place?.name ?? one.organisation };
}

function useEmergencies() {
  const [read, setRead] = useState<{ all?: Emergency[]; problem?: Problem }>({});
  const reload = useCallback(async () => {
    const answer = await request<Parameters>("$emergencies");
    setRead((before) => (answer.ok ? { all: emergenciesOf(answer.value) } : { ...before, problem: answer.problem }));
  }, []);
  // Nothing in the record changes when a record is opened in an emergency: it is asked for.
  useEffect(() => {
    void reload();
    const timer = setInterval(() => void reload(), 60_000);
    return () => clearInterval(timer);
  }, [reload]);
  return { ...read, reload };
}

interface Typed {
  outcome: string;
  comment: string;
}

function Review({ one, known, onDone, onClose }: { one: Emergency; known: Known | undefined; onDone: () => void; onClose: () => void }) {
  const { who, where } = whoOf(one, known);
  return (
    <Dialog title={`Review: emergency access ${one.number}`} onClose={onClose}>
      <p>
        {who}, {where}, opened a record {dateTime(one.from)}.
      </p>
      <p className="ju-office-words">They said: “{one.reason}”</p>
      <ActionForm<Typed, unknown>
        form={`review-emergency:${one.number}`}
        empty={{ outcome: "", comment: "" }}
        submit="Save the review"
        fields={["outcome", "comment"]}
        idOf={(field) => `review-${field}`}
        check={(typed) => ({
          "review-outcome": typed.outcome ? undefined : "Select whether it was justified",
          "review-comment":
            typed.comment.length > 1000
              ? "The comment must be 1,000 characters or fewer"
              : typed.outcome === "not_justified" && typed.comment.trim().length < 10
                ? "Enter why it was not justified and what follows, in 10 characters or more"
                : undefined,
        })}
        send={async (typed): Promise<Answer<unknown>> => {
          const answer = await operation("$review-emergency", { emergency: one.number, outcome: { code: typed.outcome }, comment: typed.comment.trim() });
          if (answer.ok || answer.problem.kind !== "absent") return answer;
          return { ok: false, problem: { ...answer.problem, kind: "refused", issues: [], sentence: "It does not wait for your review any more: somebody else has reviewed it. Close this window to see what they found." } };
        }}
        onDone={() => {
          announce("The review is saved");
          onDone();
        }}
        onCancel={onClose}
      >
        {(typed, set, faults) => (
          <>
            <Radios
              id="review-outcome"
              label="Was it justified?"
              choices={[
                { value: "justified", label: "Yes, it was justified" },
                { value: "not_justified", label: "No, it was not justified", hint: "The access ends at once if it is still open." },
              ]}
              value={typed.outcome}
              onChange={(outcome) => set({ outcome })}
              error={faults["review-outcome"]}
            />
            <TextArea id="review-comment" label={typed.outcome === "not_justified" ? "Comment" : "Comment (optional)"} hint="What you asked and were told, and what follows. Those who answer for the place read it; the person does not." value={typed.comment} onChange={(comment) => set({ comment })} error={faults["review-comment"]} rows={4} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

const linkToLog = (one: Emergency) => (
  <Link to={`/guardian/record/${one.patient.split("/")[1] ?? ""}`}>
    Who looked at this record<span className="nhsuk-u-visually-hidden">, emergency access {one.number}</span>
  </Link>
);

function Waits({ one, known, own, now, onReview }: { one: Emergency; known: Known | undefined; own: boolean; now: number; onReview: () => void }) {
  const { who, where } = whoOf(one, known);
  const due = dueWords(one.reviewDue, now);
  return (
    <li className={due.isOverdue ? "ju-office-late" : undefined}>
      <h3 className="nhsuk-heading-s">{who}</h3>
      <p>
        <Tag colour={due.isOverdue ? "red" : "orange"}>{due.words}</Tag> <span className="ju-office-quiet">review by {dateTime(one.reviewDue)}</span>
      </p>
      <p>
        {where}. Opened {dateTime(one.from)}, {Date.parse(one.until) > now ? <strong>open until {dateTime(one.until)}</strong> : `closed ${dateTime(one.until)}`}.
      </p>
      <p className="ju-office-words">They said: “{one.reason}”</p>
      <p>{linkToLog(one)}</p>
      {own ? (
        <p>This is your own access. Another guardian reviews it.</p>
      ) : (
        <Button small onClick={onReview}>
          Review<span className="nhsuk-u-visually-hidden"> emergency access {one.number}: {who}</span>
        </Button>
      )}
    </li>
  );
}

const shownFirst = 20;

function Emergencies({ known }: { known: Known | undefined }) {
  const session = useSession();
  const { all, problem, reload } = useEmergencies();
  const [reviewing, setReviewing] = useState<Emergency>();
  const [isAll, setAll] = useState(false);
  const now = Date.now();
  const { waiting, reviewed } = sorted(all ?? []);
  const rows = isAll ? reviewed : reviewed.slice(0, shownFirst);
  return (
    <>
      <section aria-labelledby="waiting">
        <h2 id="waiting" className="nhsuk-heading-m">
          Emergency access to review {all && <span className="ju-count">({waiting.length})</span>}
        </h2>
        {problem && <Trouble problem={problem} what="Emergency access" again={reload} />}
        {!all && !problem && <Waiting what="emergency access" />}
        {all && waiting.length === 0 && <p>Nothing waits for review.</p>}
        <ul className="ju-office-list" aria-label="Emergency access to review">
          {waiting.map((one) => (
            <Waits key={one.number} one={one} known={known} own={one.user === session.user} now={now} onReview={() => setReviewing(one)} />
          ))}
        </ul>
      </section>
      <Notices />
      <section aria-labelledby="reviewed">
        <h2 id="reviewed" className="nhsuk-heading-m nhsuk-u-margin-top-6">
          Reviewed {all && <span className="ju-count">({reviewed.length})</span>}
        </h2>
        {all && (
          <Table<Emergency>
            caption="Emergency access that was reviewed, newest first"
            hideCaption
            rows={rows}
            rowKey={(one) => String(one.number)}
            empty={<p>None was reviewed yet.</p>}
            columns={[
              { key: "who", head: "Who opened it", cell: (one) => `${whoOf(one, known).who}, ${whoOf(one, known).where}` },
              { key: "when", head: "When", cell: (one) => dateTime(one.from) },
              { key: "why", head: "Why", cell: (one) => <span className="ju-office-words">{one.reason}</span> },
              {
                key: "found",
                head: "Review",
                cell: (one) => (
                  <>
                    <Tag colour={one.outcome === "justified" ? "green" : "red"}>{one.outcome === "justified" ? "Justified" : "Not justified"}</Tag>
                    {one.comment && <div className="ju-office-words">{one.comment}</div>}
                    <div className="ju-office-quiet">
                      {one.reviewer === session.user ? "You" : (known?.directory.worker(one.reviewerPractitioner) ?? "A guardian")}, {dateTime(one.reviewed)}
                    </div>
                  </>
                ),
              },
              { key: "log", head: "Log", cell: linkToLog },
            ]}
          />
        )}
        {reviewed.length > shownFirst && (
          <Button kind="link" onClick={() => setAll(!isAll)} aria-expanded={isAll}>
            {isAll ? "Show fewer" : `Show all ${reviewed.length}`}
          </Button>
        )}
      </section>
      {reviewing && (
        <Review
          one={reviewing}
          known={known}
          onClose={() => {
            setReviewing(undefined);
            void reload();
          }}
          onDone={() => {
            setReviewing(undefined);
            void reload();
          }}
        />
      )}
    </>
  );
}

function OneRecord({ known }: { known: Known | undefined }) {
  const { id = "" } = useParams();
  return (
    <Page title="Who looked at a record" crumbs={[{ to: "/guardian", label: "Guardian" }]}>
      <p>The record itself stays closed, and so does whose it is.</p>
      <WhoLooked id={id} name={(reference) => known?.directory.worker(reference) ?? ""} />
    </Page>
  );
}

export default function Guardian() {
  const session = useSession();
  const { known } = useDirectory();
  if (!hasRole(session, "guardian")) return <Absent />;
  return (
    <Routes>
      <Route
        index
        element={
          <Page title="What waits for the guardian">
            <Emergencies known={known} />
            <Agreements known={known} />
          </Page>
        }
      />
      <Route path="record/:id" element={<OneRecord known={known} />} />
      <Route path="*" element={<Absent />} />
    </Routes>
  );
}
