import type { Communication } from "fhir/r4";
import { useState } from "react";
import { create, operation } from "../../api/client.ts";
import { useSession } from "../../api/session.tsx";
import { codeOf, extensionOf } from "../../fhir/extensions.ts";
import { dateTime, name, readable } from "../../fhir/format.ts";
import { episodeOf } from "../../fhir/person.ts";
import { labels, labelsFor, labelSystem } from "../../fhir/sharing.ts";
import { announce } from "../../parts/announce.tsx";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { Button, Select, TextArea } from "../../parts/form.tsx";
import { Page } from "../../parts/Frame.tsx";
import { Tag, type TagColour } from "../../parts/Tag.tsx";
import { usePerson } from "./usePerson.ts";

const messageSystem = "urn:joinedup:message";
const kinds: Readonly<Record<string, readonly [string, TagColour]>> = { team: ["Message to the team", "blue"], person: ["From the person", "purple"], correction: ["Something is wrong", "orange"], note: ["Restricted note", "pink"] };

export function kindOf(one: Communication): readonly [string, TagColour] {
  const code = codeOf(one.category, messageSystem);
  if (code && kinds[code]) return kinds[code];
  return (one.category ?? []).some((category) => category.coding?.some((coding) => coding.code === "alert")) ? ["Alert", "red"] : ["Message", "grey"];
}
export const labelOf = (one: Communication): string => {
  const code = one.meta?.security?.find((each) => each.system === labelSystem)?.code;
  return code ? (labels.find((label) => label.code === code)?.title ?? code) : "";
};

export function MessageForm({ restricted, onDone }: { restricted?: boolean; onDone?: () => void }) {
  const page = usePerson();
  const session = useSession();
  const offered = labelsFor(session.roles);
  const episode = episodeOf(page.record.all("EpisodeOfCare"));
  const team = episode?.team?.[0]?.reference;
  const id = restricted ? "note-text" : "message-text";
  return (
    <ActionForm
      form={`${restricted ? "note" : "message"}:${page.id}`}
      about={`Patient/${page.id}`}
      empty={{ text: "", label: "" }}
      submit={restricted ? "Save the restricted note" : "Send to the team"}
      fields={[]}
      check={(typed) => ({
        [id]: typed.text.trim() ? (typed.text.length > 5000 ? "The message must be 5,000 characters or fewer" : undefined) : restricted ? "Enter the note" : "Enter the message",
        "note-label": restricted && !typed.label ? "Select who may see it" : undefined,
      })}
      send={(typed) =>
        create<Communication>({
          resourceType: "Communication",
          status: "completed",
          category: [{ coding: [{ system: messageSystem, code: restricted ? "note" : "team" }] }],
          subject: { reference: `Patient/${page.id}` },
          sender: { reference: `Practitioner/${session.practitioner}` },
          ...(team && !restricted ? { recipient: [{ reference: team }] } : {}),
          sent: new Date().toISOString(),
          payload: [{ contentString: typed.text.trim() }],
          ...(restricted && typed.label ? { meta: { security: [{ system: labelSystem, code: typed.label }] } } : {}),
        })
      }
      onDone={(written) => {
        announce(restricted ? "The note is saved" : "The message is sent");
        if (written?.id) void page.refresh([`Communication/${written.id}`]);
        else void page.reload();
        onDone?.();
      }}
    >
      {(typed, set, faults) => (
        <>
          {restricted && <Select id="note-label" label="Who may see it" empty="Select a kind" choices={offered.map((one) => ({ value: one.code, label: `${one.title}: ${one.sentence.charAt(0).toLowerCase()}${one.sentence.slice(1)}` }))} value={typed.label} onChange={(label) => set({ label })} error={faults["note-label"]} />}
          <TextArea id={id} label={restricted ? "Note" : `Message about ${name(page.patient)}`} hint={restricted ? undefined : team ? `Goes to ${page.name(team) || "the team"}. The person can read it` : "Everybody who looks after the person sees it. The person can read it"} value={typed.text} onChange={(text) => set({ text })} error={faults[id]} rows={4} />
        </>
      )}
    </ActionForm>
  );
}

export default function Messages() {
  const page = usePerson();
  const { record, patient } = page;
  const session = useSession();
  const [fault, setFault] = useState("");
  const [isAlerts, setAlerts] = useState("all");
  const all = record
    .all("Communication")
    .filter((one) => one.status !== "entered-in-error")
    .sort((a, b) => (b.sent ?? "").localeCompare(a.sent ?? ""));
  const shown = all.filter((one) => isAlerts === "all" || (isAlerts === "alerts") === (kindOf(one)[0] === "Alert"));
  const readBy = (one: Communication) => page.name(extensionOf(one, "urn:joinedup:opened-by")?.valueReference?.reference);
  const read = async (one: Communication) => {
    const answer = await operation<Communication>(`Communication/${one.id}/$opened`);
    // Read by two at once: it is read, which is all that was wanted.
    setFault(answer.ok || answer.problem.kind === "conflict" ? "" : answer.problem.sentence);
    void page.refresh([`Communication/${one.id}`]);
  };
  return (
    <Page title={`Messages about ${name(patient)}`} heading="Messages">
      <MessageForm />
      {fault && <p role="alert">{fault}</p>}
      <h2 className="nhsuk-heading-m">All messages and alerts</h2>
      <Select label="Show" choices={[{ value: "all", label: "All" }, { value: "messages", label: "Messages" }, { value: "alerts", label: "Alerts" }]} value={isAlerts} onChange={setAlerts} />
      {shown.length === 0 && <p>None that you can see.</p>}
      <ol className="nhsuk-list" aria-label="Messages">
        {shown.map((one) => {
          const [words, colour] = kindOf(one);
          const mine = one.sender?.reference === `Practitioner/${session.practitioner}`;
          return (
            <li key={one.id} className="ju-card nhsuk-u-margin-bottom-3">
              <p>
                <Tag colour={colour}>{words}</Tag> {labelOf(one) && <Tag colour="orange">{`Restricted: ${labelOf(one).toLowerCase()}`}</Tag>} <span className="ju-quiet">{[dateTime(one.sent), mine ? "you" : page.name(one.sender?.reference)].filter(Boolean).join(", ")}</span>
              </p>
              {(one.payload ?? []).map((part, i) => (
                <p key={i} className="ju-text">
                  {readable(part.contentString ?? "")}
                </p>
              ))}
              {one.received ? (
                <p className="ju-quiet">
                  Read {dateTime(one.received)}
                  {readBy(one) && ` by ${readBy(one)}`}
                </p>
              ) : (
                !mine && (
                  <Button kind="secondary" small onClick={() => void read(one)}>
                    Mark as read <span className="nhsuk-u-visually-hidden">the message of {dateTime(one.sent)}</span>
                  </Button>
                )
              )}
            </li>
          );
        })}
      </ol>
    </Page>
  );
}
