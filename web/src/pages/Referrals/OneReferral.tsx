// One referral or question, and the next thing that may be done with it by who has it or by who sent it.
import { useMemo } from "react";
import { Link, useParams } from "react-router";
import { operation, transaction, update, type Answer as Reply, type Resource } from "../../api/client.ts";
import { useDirectory } from "../../api/directory.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import { date, dateTime, name, today } from "../../fhir/format.ts";
import { answersOf, freeSlots, isNews, referralsOf, sentByMe, servicesOf, urgencyName, waitsForMe, type Answer, type FreeSlot, type Referral } from "../../fhir/referrals.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { Radios, TextArea } from "../../parts/form.tsx";
import { Absent, Page, Waiting } from "../../parts/Frame.tsx";
import { IdentityBar } from "../../parts/IdentityBar.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { Standing } from "./ReferralList.tsx";

const answerWords: Record<Answer, { label: string; hint?: string }> = {
  accepted: { label: "Accept", hint: "Your service takes this on. You may then see the person’s record." },
  rejected: { label: "Do not accept", hint: "Say why and what would help instead. Whoever sent it is told." },
  "in-progress": { label: "It has begun" },
  completed: { label: "It is completed", hint: "Say what came of it. Whoever sent it is told." },
};

interface Typed {
  answer: string;
  reason: string;
  outcome: string;
}
const nothing: Typed = { answer: "", reason: "", outcome: "" };

/** A question is answered at once: it is taken and answered in one go, and nobody is transferred. */
async function sendAnswer(one: Referral, typed: Typed): Promise<Reply<fhir4.Task>> {
  const at = `Task/${one.id}/$answer`;
  let version = one.task.meta?.versionId;
  if (one.isAdvice && one.stand === "waiting" && typed.answer === "completed") {
    const taken = await operation<fhir4.Task>(at, { answer: { code: "accepted" } }, { version });
    if (!taken.ok) return taken;
    version = taken.value.meta?.versionId;
  }
  return operation<fhir4.Task>(at, { answer: { code: typed.answer }, reason: typed.answer === "rejected" ? typed.reason.trim() : "", outcome: typed.answer === "completed" ? typed.outcome.trim() : "" }, { version });
}

/** The referrer has seen what came of it: the loop is closed, and both sides can see that it is. */
export function withSeen(task: fhir4.Task, by: string, on: string): fhir4.Task {
  const seen: fhir4.Extension = { url: "urn:joinedup:seen", extension: [{ url: "by", valueReference: { reference: by } }, { url: "on", valueDateTime: on }] };
  return { ...task, extension: [...(task.extension ?? []).filter((one) => one.url !== "urn:joinedup:seen"), seen] };
}

/** Whoever sent it takes it back before it was answered: task and request together, each from the version that was read. */
function withdraw(one: Referral, why: string) {
  const part = (resource: fhir4.Task | fhir4.ServiceRequest): fhir4.BundleEntry => ({
    resource,
    request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ifMatch: `W/"${resource.meta?.versionId}"` },
  });
  const entries = [part({ ...one.task, status: "cancelled", statusReason: { text: why } })];
  if (one.request) entries.push(part({ ...one.request, status: "revoked" }));
  return transaction(entries);
}

export function OneReferral() {
  const { id = "" } = useParams();
  const now = today();
  const { known } = useDirectory();
  const { parts, resources, problem, reload } = useLoaded(
    [`Task?_id=${id}&_include=Task:focus&_include=Task:patient`, "Slot?status=free&_include=Slot:schedule&_count=200", `Appointment?based-on:ServiceRequest._has:Task:focus:_id=${id}&_count=20`],
    ["Task", "ServiceRequest", "Appointment", "Slot"],
  );
  const one = useMemo(() => referralsOf(resources)[0], [resources]);
  const crumbs = [{ to: "/referrals", label: "Referrals" }];
  if (problem) return <Page title="Referral" crumbs={crumbs}><Trouble problem={problem} again={reload} /></Page>;
  if (!parts || !known) return <Page title="Referral" crumbs={crumbs}><Waiting what="the referral" /></Page>;
  if (!one) return <Absent />;

  const service = servicesOf(known.directory.resources).find((each) => each.reference === one.owner);
  const isMine = waitsForMe(one, known.self);
  const isFromMe = sentByMe(one, known.self);
  // A service outside the network has nobody who signs in: whoever referred writes down what it answered.
  const mayAnswer = isMine || (isFromMe && service?.isOutside === true);
  const answers = mayAnswer ? answersOf(one) : [];
  const slots = isMine || isFromMe ? freeSlots(resources, one.owner, new Date().toISOString()) : [];
  const booked = resources.filter((each): each is fhir4.Appointment => each.resourceType === "Appointment" && (each.basedOn ?? []).some((of) => of.reference === one.task.focus?.reference));
  const title = one.isAdvice ? "Question for advice" : "Referral";
  const isOpen = one.stand !== "completed" && one.stand !== "rejected" && one.stand !== "cancelled";

  return (
    <Page title={title} crumbs={crumbs} above={one.patient ? <IdentityBar patient={one.patient} /> : undefined}>
      <dl className="nhsuk-summary-list">
        <Row label="Asked">
          {one.what && <strong>{one.what}. </strong>}
          {one.reason}
        </Row>
        <Row label="About">{one.patient ? <Link to={`/person/${one.patient.id}`}>{name(one.patient)}</Link> : "Name shown once it is accepted"}</Row>
        <Row label="From">
          {known.directory.worker(one.requester) ?? "Not known"}, {dateTime(one.task.authoredOn)}
        </Row>
        <Row label="To">
          {known.directory.worker(one.owner) ?? "Nobody"}
          {service?.isOutside && ". Outside the network: it does not sign in here. Send it by post or telephone, and record the answer here yourself."}
          {service?.telephone && ` Telephone ${service.telephone}.`}
        </Row>
        <Row label="Urgency">{urgencyName(one.urgency)}</Row>
        <Row label="Where it stands">
          <Standing of={one} now={now} />
        </Row>
        {isOpen && <Row label="Limit">{one.limit ? date(one.limit) : "No date set"}</Row>}
        {booked.length > 0 && <Row label="Booked">{booked.map((each) => dateTime(each.start)).join("; ")}</Row>}
      </dl>
      {answers.length > 0 && (
        <section>
          <h2 className="nhsuk-heading-m">{isMine ? "Your answer" : "What they answered"}</h2>
          <ActionForm<Typed, fhir4.Task>
            key={one.task.meta?.versionId ?? one.stand}
            form={`answer:${one.id}:${one.stand}`}
            about={one.patient ? one.patientReference : undefined}
            empty={nothing}
            submit="Send the answer"
            fields={["answer", "reason", "outcome"]}
            idOf={(field) => `answer-${field}`}
            check={(typed) => ({
              "answer-answer": typed.answer ? undefined : "Choose an answer",
              "answer-reason": typed.answer === "rejected" && !typed.reason.trim() ? "Say why it is not accepted" : undefined,
              "answer-outcome": typed.answer === "completed" && !typed.outcome.trim() ? (one.isAdvice ? "Write your advice" : "Say what came of it") : undefined,
            })}
            send={(typed) => sendAnswer(one, typed)}
            onDone={() => {
              announce("Your answer is sent");
              void reload();
            }}
            conflict={(sentence) => (
              <p className="nhsuk-inset-text" role="alert">
                {sentence}
              </p>
            )}
          >
            {(typed, set, faults) => (
              <>
                <Radios
                  id="answer-answer"
                  label="What do you answer?"
                  value={typed.answer}
                  onChange={(answer) => set({ answer })}
                  error={faults["answer-answer"]}
                  choices={answers.map((each) => (one.isAdvice && each === "completed" ? { value: each, label: "Give advice", hint: "The person stays with whoever asked." } : { value: each, ...answerWords[each] }))}
                />
                {typed.answer === "rejected" && <TextArea id="answer-reason" label="Why is it not accepted, and what would help instead?" value={typed.reason} onChange={(reason) => set({ reason })} error={faults["answer-reason"]} />}
                {typed.answer === "completed" && <TextArea id="answer-outcome" label={one.isAdvice ? "Your advice" : "What came of it?"} value={typed.outcome} onChange={(outcome) => set({ outcome })} error={faults["answer-outcome"]} />}
              </>
            )}
          </ActionForm>
        </section>
      )}
      {isFromMe && isNews(one) && (
        <ActionForm<object, Resource>
          form={`seen:${one.id}`}
          empty={{}}
          submit="I have seen this answer"
          fields={[]}
          check={() => ({})}
          send={() => update(withSeen(one.task, known.self.practitioner, new Date().toISOString()))}
          onDone={() => {
            announce("Marked as seen");
            void reload();
          }}
        >
          {() => null}
        </ActionForm>
      )}
      {isFromMe && one.stand === "waiting" && (
        <details className="nhsuk-details">
          <summary className="nhsuk-details__summary">
            <span className="nhsuk-details__summary-text">Take it back</span>
          </summary>
          <div className="nhsuk-details__text">
            <ActionForm<{ why: string }, Resource>
              form={`withdraw:${one.id}`}
              about={one.patient ? one.patientReference : undefined}
              empty={{ why: "" }}
              submit={one.isAdvice ? "Take the question back" : "Take the referral back"}
              kind="warning"
              fields={[]}
              check={(typed) => ({ "withdraw-why": typed.why.trim() ? undefined : "Say why you take it back" })}
              send={(typed) => withdraw(one, typed.why.trim())}
              onDone={() => {
                announce("Taken back");
                void reload();
              }}
              conflict={(sentence) => (
                <p className="nhsuk-inset-text" role="alert">
                  {sentence}
                </p>
              )}
            >
              {(typed, set, faults) => <TextArea id="withdraw-why" label="Why?" value={typed.why} onChange={(why) => set({ why })} error={faults["withdraw-why"]} rows={2} />}
            </ActionForm>
          </div>
        </details>
      )}
      {isFromMe && one.stand === "rejected" && one.patient && (
        <p>
          <Link to={`/referrals/new?patient=${one.patient.id}${one.isAdvice ? "&kind=advice" : ""}`}>Ask another service</Link>
        </p>
      )}
      {one.seen && <p className="ju-quiet">Whoever sent it has seen the answer.</p>}
      {isOpen && one.request && booked.length === 0 && slots.length > 0 && <Slots slots={slots} one={one} reload={reload} />}
    </Page>
  );
}

function Row({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="nhsuk-summary-list__row">
      <dt className="nhsuk-summary-list__key">{label}</dt>
      <dd className="nhsuk-summary-list__value">{children}</dd>
    </div>
  );
}

function Slots({ slots, one, reload }: { slots: FreeSlot[]; one: Referral; reload: () => Promise<void> }) {
  return (
    <section>
      <h2 className="nhsuk-heading-m">Book an appointment</h2>
      <ActionForm<{ slot: string }, Resource>
        form={`book:${one.id}`}
        empty={{ slot: "" }}
        submit="Book"
        fields={["slot"]}
        idOf={() => "book-slot"}
        check={(typed) => ({ "book-slot": slots.some((each) => each.id === typed.slot) ? undefined : typed.slot ? "This time has been taken. Choose another" : "Choose a time" })}
        send={(typed) => operation(`Slot/${typed.slot}/$book`, { request: { reference: `ServiceRequest/${one.request!.id}` } })}
        onDone={() => {
          announce("Booked");
          void reload();
        }}
        conflict={(sentence) => (
          <p className="nhsuk-inset-text" role="alert">
            {sentence}
          </p>
        )}
      >
        {(typed, set, faults) => <Radios id="book-slot" label="Free times" value={typed.slot} onChange={(slot) => set({ slot })} error={faults["book-slot"]} small choices={slots.slice(0, 10).map((each) => ({ value: each.id, label: dateTime(each.start) }))} />}
      </ActionForm>
    </section>
  );
}
