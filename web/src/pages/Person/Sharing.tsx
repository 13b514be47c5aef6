// Who may see this record, what the person refused, who acts for them, restricted notes, and who looked.
import type { Consent, RelatedPerson } from "fhir/r4";
import { lazy, Suspense, useState } from "react";
import { hasRole, useSession } from "../../api/session.tsx";
import { conceptText } from "../../fhir/extensions.ts";
import { date, dateTime, name } from "../../fhir/format.ts";
import { authorities, carersWithout, labelsFor, objectionConsent, objectionKinds, objectionsOf, proxiesOf, proxyConsent, relatedName } from "../../fhir/sharing.ts";
import { announce } from "../../parts/announce.tsx";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { Button, DateInput, emptyDate, isoDate, Radios, Select, TextArea, TextField, type DateParts } from "../../parts/form.tsx";
import { Page } from "../../parts/Frame.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { labelOf, MessageForm } from "./Messages.tsx";
import { newId, saveTogether } from "./save.ts";
import { usePerson } from "./usePerson.ts";
import { WhoLooked } from "./WhoLooked.tsx";

const Withholding = lazy(() => import("./Withholding.tsx"));

const relations = [
  ["DAUC", "Daughter"], ["SONC", "Son"], ["SPS", "Husband, wife or partner"], ["PRN", "Parent"], ["SIB", "Brother or sister"], ["FRND", "Friend"], ["NBOR", "Neighbour"], ["EXT", "Other relative"],
] as const;
const roleCodes = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
const optionalDate = (parts: DateParts, what: string): { iso: string; fault?: string } => {
  if (!parts.day && !parts.month && !parts.year) return { iso: "" };
  const read = isoDate(parts, what);
  return "iso" in read ? read : { iso: "", fault: read.error };
};

function EndConsent({ consent, title, sentence, onClose }: { consent: Consent; title: string; sentence: string; onClose: () => void }) {
  const page = usePerson();
  const session = useSession();
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{sentence}</p>
      <ActionForm
        form={`end-consent:${consent.id}`}
        about={`Patient/${page.id}`}
        empty={{ reason: "" }}
        submit={title}
        kind="warning"
        fields={[]}
        check={(typed) => ({ "end-reason": typed.reason.trim() ? undefined : "Enter the reason" })}
        send={(typed) => saveTogether([{ resource: { ...consent, status: "inactive" }, version: consent.meta?.versionId }], { patient: page.id, practitioner: session.practitioner, activity: `${title}: ${typed.reason.trim()}` })}
        conflict={(text) => <p role="alert">{text} Close this window and look at it as it is now.</p>}
        onDone={() => {
          announce("Done");
          void page.refresh([`Consent/${consent.id}`]);
          onClose();
        }}
        onCancel={onClose}
      >
        {(typed, set, faults) => <TextArea id="end-reason" label="Reason" hint="Who asked for it, and why" value={typed.reason} onChange={(reason) => set({ reason })} error={faults["end-reason"]} rows={2} />}
      </ActionForm>
    </Dialog>
  );
}

function ObjectionDialog({ onClose }: { onClose: () => void }) {
  const page = usePerson();
  const session = useSession();
  const organisations = (page.directory?.resources ?? []).flatMap((one) => (one.resourceType === "Organization" && one.name ? [{ value: `Organization/${one.id}`, label: one.name }] : [])).sort((a, b) => a.label.localeCompare(b.label, "en-GB"));
  return (
    <Dialog title="Record an objection" onClose={onClose}>
      <ActionForm
        form={`objection:${page.id}`}
        about={`Patient/${page.id}`}
        empty={{ kind: "", organisation: "", note: "" }}
        submit="Record the objection"
        fields={[]}
        check={(typed) => ({ "objection-kind": typed.kind ? undefined : "Select what the person does not agree to", "objection-organisation": typed.kind === "partner" && !typed.organisation ? "Select the organisation" : undefined, "objection-note": typed.note.trim() ? undefined : "Enter what the person said and what they were told" })}
        send={(typed) =>
          saveTogether([{ resource: objectionConsent({ kind: typed.kind, patient: page.id, ...(typed.organisation ? { organisation: { reference: typed.organisation } } : {}), from: page.today, note: typed.note }) }], { patient: page.id, practitioner: session.practitioner, activity: "Objection recorded" })
        }
        onDone={() => {
          announce("The objection is recorded and acts at once");
          void page.reload();
          onClose();
        }}
        onCancel={onClose}
      >
        {(typed, set, faults) => (
          <>
            <Radios id="objection-kind" label="What does the person not agree to?" choices={objectionKinds.map((one) => ({ value: one.key, label: one.title, hint: one.sentence }))} value={typed.kind} onChange={(kind) => set({ kind })} error={faults["objection-kind"]} />
            {typed.kind === "partner" && <Select id="objection-organisation" label="Organisation" empty="Select an organisation" choices={organisations} value={typed.organisation} onChange={(organisation) => set({ organisation })} error={faults["objection-organisation"]} />}
            <TextArea id="objection-note" label="What was said" hint="What the person said, and that they were told what follows from it" value={typed.note} onChange={(note) => set({ note })} error={faults["objection-note"]} rows={3} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

function ProxyDialog({ onClose }: { onClose: () => void }) {
  const page = usePerson();
  const session = useSession();
  const known = carersWithout(page.record.all("RelatedPerson"), proxiesOf(page.record.all("Consent"), page.record.all("RelatedPerson"), page.today));
  return (
    <Dialog title="Add somebody who acts for the person" onClose={onClose}>
      <ActionForm
        form={`proxy:${page.id}`}
        about={`Patient/${page.id}`}
        empty={{ who: "", first: "", last: "", relation: "", authority: "", until: emptyDate, evidence: "" }}
        submit="Add"
        fields={[]}
        check={(typed) => ({
          "proxy-last": !typed.who && !typed.last.trim() ? "Enter their last name" : undefined,
          "proxy-first": !typed.who && !typed.first.trim() ? "Enter their first name" : undefined,
          "proxy-relation": !typed.who && !typed.relation ? "Select who they are to the person" : undefined,
          "proxy-authority": typed.authority ? undefined : "Select their authority",
          "proxy-until": optionalDate(typed.until, "End date").fault,
          "proxy-evidence": typed.evidence.trim() ? undefined : "Enter what you saw or heard that shows the authority",
        })}
        send={(typed) => {
          const url = newId();
          const consent = proxyConsent(page.id, typed.who || url, typed.authority, page.today, optionalDate(typed.until, "End date").iso);
          const relation = relations.find(([code]) => code === typed.relation);
          const related: RelatedPerson = { resourceType: "RelatedPerson", active: true, patient: { reference: `Patient/${page.id}` }, name: [{ family: typed.last.trim(), given: [typed.first.trim()] }], ...(relation ? { relationship: [{ coding: [{ system: roleCodes, code: relation[0] }], text: relation[1] }] } : {}) };
          const about = { patient: page.id, practitioner: session.practitioner, activity: `Authority recorded: ${typed.evidence.trim()}` };
          return typed.who ? saveTogether([{ resource: consent }], about) : saveTogether([{ resource: related }, { resource: consent }], about, { 0: url });
        }}
        onDone={() => {
          announce("Added");
          void page.reload();
          onClose();
        }}
        onCancel={onClose}
      >
        {(typed, set, faults) => (
          <>
            {known.length > 0 && <Select id="proxy-who" label="Who" empty="Somebody new" choices={known.map((one) => ({ value: `RelatedPerson/${one.id}`, label: relatedName(one) }))} value={typed.who} onChange={(who) => set({ who })} />}
            {!typed.who && (
              <>
                <TextField id="proxy-first" label="First name" width={20} value={typed.first} onChange={(first) => set({ first })} error={faults["proxy-first"]} />
                <TextField id="proxy-last" label="Last name" width={20} value={typed.last} onChange={(last) => set({ last })} error={faults["proxy-last"]} />
                <Select id="proxy-relation" label="Who they are to the person" empty="Select" choices={relations.map(([value, label]) => ({ value, label }))} value={typed.relation} onChange={(relation) => set({ relation })} error={faults["proxy-relation"]} />
              </>
            )}
            <Radios id="proxy-authority" label="Authority" choices={authorities.map((one) => ({ value: one.code, label: one.title, hint: one.reach }))} value={typed.authority} onChange={(authority) => set({ authority })} error={faults["proxy-authority"]} />
            <DateInput id="proxy-until" label="Ends on (optional)" hint="For example, 31 12 2027" value={typed.until} onChange={(until) => set({ until })} error={faults["proxy-until"]} />
            <TextArea id="proxy-evidence" label="How you know" hint="The person told you, or the document that you saw" value={typed.evidence} onChange={(evidence) => set({ evidence })} error={faults["proxy-evidence"]} rows={2} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

export default function Sharing() {
  const page = usePerson();
  const session = useSession();
  const { record, patient, today } = page;
  const [open, setOpen] = useState<"objection" | "proxy">();
  const [ending, setEnding] = useState<{ consent: Consent; title: string; sentence: string }>();
  const proxies = proxiesOf(record.all("Consent"), record.all("RelatedPerson"), today);
  const objections = objectionsOf(record.all("Consent"), today, page.name);
  const notes = record.all("Communication").filter((one) => labelOf(one) !== "");
  const mayChange = hasRole(session, "gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead");
  return (
    <Page title={`Sharing and access: ${name(patient)}`} heading="Sharing and access">
      <section aria-labelledby="objections">
        <h2 id="objections" className="nhsuk-heading-m">
          What the person does not agree to
        </h2>
        {objections.length === 0 && <p>No objection is recorded. Those who look after the person share what they need for care.</p>}
        <ul className="nhsuk-list">
          {objections.map((one, i) => (
            <li key={`${one.consent.id}-${i}`}>
              <Tag colour={one.inForce ? "red" : "grey"}>{one.inForce ? "In force" : "Ended"}</Tag> {one.title}, since {date(one.from)}
              {one.detail && <span className="ju-quiet ju-text">. {one.detail}</span>}{" "}
              {one.inForce && mayChange && (
                <Button kind="link" onClick={() => setEnding({ consent: one.consent, title: "End the objection", sentence: `Only when the person asks for it. From then on: no longer “${one.title}”.` })}>
                  End <span className="nhsuk-u-visually-hidden">{one.title}</span>
                </Button>
              )}
            </li>
          ))}
        </ul>
        {mayChange && (
          <Button kind="secondary" small onClick={() => setOpen("objection")}>
            Record an objection
          </Button>
        )}
      </section>
      <section aria-labelledby="proxies">
        <h2 id="proxies" className="nhsuk-heading-m nhsuk-u-margin-top-6">
          Who acts for the person
        </h2>
        <Table
          caption="Carers and representatives"
          hideCaption
          columns={[
            { key: "name", head: "Name", cell: (one) => `${one.name}${one.relation ? `, ${one.relation.toLowerCase()}` : ""}` },
            { key: "authority", head: "Authority", cell: (one) => one.authority?.title ?? (conceptText(one.consent.policyRule) || "Not known: it opens nothing") },
            { key: "reach", head: "May see", cell: (one) => (one.inForce ? (one.authority?.reach ?? "Nothing") : "Nothing") },
            { key: "until", head: "Until", cell: (one) => (one.until ? date(one.until) : "No end date") },
            { key: "state", head: "State", cell: (one) => <Tag colour={one.inForce ? "green" : "grey"}>{one.inForce ? "In force" : "Ended"}</Tag> },
            {
              key: "end",
              head: "Change",
              cell: (one) =>
                one.inForce && mayChange ? (
                  <Button kind="link" onClick={() => setEnding({ consent: one.consent, title: "End the authority", sentence: `${one.name} loses sight of the record at once.` })}>
                    End <span className="nhsuk-u-visually-hidden">the authority of {one.name}</span>
                  </Button>
                ) : (
                  "Nothing to change"
                ),
            },
          ]}
          rows={proxies}
          rowKey={(one) => one.consent.id ?? ""}
          empty={<p>Nobody is recorded as acting for the person.</p>}
        />
        {mayChange && (
          <Button kind="secondary" small onClick={() => setOpen("proxy")}>
            Add somebody who acts for the person
          </Button>
        )}
      </section>
      <section aria-labelledby="notes">
        <h2 id="notes" className="nhsuk-heading-m nhsuk-u-margin-top-6">
          Restricted notes
        </h2>
        <p>Only those whom the kind of note names can see it. That there is one is not shown to others.</p>
        {notes.length === 0 && <p>None that you can see.</p>}
        <ul className="nhsuk-list">
          {notes.map((one) => (
            <li key={one.id} className="ju-card nhsuk-u-margin-bottom-3">
              <p>
                <Tag colour="orange">{labelOf(one)}</Tag> <span className="ju-quiet">{[dateTime(one.sent), page.name(one.sender?.reference)].filter(Boolean).join(", ")}</span>
              </p>
              <p className="ju-text">{one.payload?.[0]?.contentString}</p>
            </li>
          ))}
        </ul>
        {labelsFor(session.roles).length > 0 && (
          <details className="nhsuk-details">
            <summary className="nhsuk-details__summary">
              <span className="nhsuk-details__summary-text">Write a restricted note</span>
            </summary>
            <div className="nhsuk-details__text">
              <MessageForm restricted />
            </div>
          </details>
        )}
      </section>
      {hasRole(session, "safeguarding_lead") && (
        <Suspense fallback={null}>
          <Withholding />
        </Suspense>
      )}
      <WhoLooked id={page.id} name={page.name} />
      {open === "objection" && <ObjectionDialog onClose={() => setOpen(undefined)} />}
      {open === "proxy" && <ProxyDialog onClose={() => setOpen(undefined)} />}
      {ending && <EndConsent {...ending} onClose={() => setEnding(undefined)} />}
    </Page>
  );
}

