import { create } from "../../api/client.ts";
import { useLoaded } from "../../api/useLoaded.ts";
import { dateTime, plainName } from "../../fhir/format.ts";
import { codeOf, localReference } from "../../fhir/record.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { TextArea } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { ownEpisode } from "./Home.tsx";
import { Back, useNames, useWhose, type Whose } from "./person.tsx";

export const longest = 4000;

export function written(whose: Whose, kind: "person" | "correction", text: string, to: (string | undefined)[], about?: string): fhir4.Communication {
  const recipient = [...new Set(to.map((one) => localReference(one)).filter(Boolean))].map((reference) => ({ reference }));
  return {
    resourceType: "Communication",
    status: "completed",
    category: [{ coding: [{ system: "urn:joinedup:message", code: kind }] }],
    subject: { reference: `Patient/${whose.id}` },
    ...(about ? { topic: { text: about } } : {}),
    ...(recipient.length ? { recipient } : {}),
    sender: { reference: whose.author },
    sent: new Date().toISOString(),
    payload: [{ contentString: text.trim() }],
  };
}

/** Messages of one kind, the newest first, with who wrote them and whether they were read. */
export function MessageList({ messages, whose }: { messages: fhir4.Communication[]; whose: Whose }) {
  const names = useNames(messages.map((one) => localReference(one.sender)));
  const writer = (one: fhir4.Communication) => {
    const sender = localReference(one.sender);
    if (sender === whose.author) return "You";
    if (sender === `Patient/${whose.id}`) return plainName(whose.patient);
    return names.get(sender)?.name ?? one.sender?.display ?? (sender.startsWith("RelatedPerson") ? "Somebody who helps you" : "The team");
  };
  return (
    <ul className="ju-me-list" aria-label="Messages, newest first">
      {messages.map((one) => (
        <li key={one.id}>
          <strong>{writer(one)}</strong> · {dateTime(one.sent)}
          {one.topic?.text && (
            <>
              <br />
              About: {one.topic.text}
            </>
          )}
          {one.payload?.map((each, i) => (
            <p className="ju-me-said" key={i}>
              {each.contentString}
            </p>
          ))}
          {!localReference(one.sender).startsWith("Practitioner") && <p className="ju-small">{one.received ? `Read by the team on ${dateTime(one.received)}` : "Not read yet"}</p>}
        </li>
      ))}
    </ul>
  );
}

export function useOwnMessages(whose: Whose, kind: "person" | "correction") {
  const loaded = useLoaded([`Communication?subject=Patient/${whose.id}&category=urn:joinedup:message|${kind}&_sort=-sent&_count=50`, `EpisodeOfCare?patient=${whose.id}&_count=20`], ["Communication"], 200);
  const messages = ((loaded.parts?.[0]?.resources ?? []) as fhir4.Communication[]).filter((one) => one.category?.some((each) => codeOf(each, "message") === kind));
  const episode = ownEpisode(((loaded.parts?.[1]?.resources ?? []) as fhir4.EpisodeOfCare[]).filter((one) => one.resourceType === "EpisodeOfCare"));
  return { ...loaded, messages, to: [localReference(episode?.careManager), localReference(episode?.team?.[0])] };
}

export function Messages() {
  const whose = useWhose();
  const { parts, problem, messages, to, reload } = useOwnMessages(whose, "person");
  return (
    <Page title="Messages">
      <div className="ju-me">
        <Back />
        <div className="ju-me-card">
          <p>Do not write here if you need help now. Call 111. If a life is in danger, call 999.</p>
        </div>
        <ActionForm
          form={`me-message:${whose.id}`}
          about={`Patient/${whose.id}`}
          empty={{ message: "" }}
          submit="Send message"
          fields={["message"]}
          check={(typed) => ({ message: typed.message.trim() ? (typed.message.length > longest ? `Write ${longest} letters or fewer` : undefined) : "Write your message before you send it" })}
          send={(typed) => create(written(whose, "person", typed.message, to))}
          onDone={() => {
            announce("Your message was sent.");
            void reload();
          }}
        >
          {(typed, set, faults) => <TextArea id="message" label="Write to the team" hint="They read messages on working days." value={typed.message} onChange={(message) => set({ message })} error={faults.message} rows={5} />}
        </ActionForm>
        <h2 className="nhsuk-heading-m">Messages so far</h2>
        {problem && <p role="alert">{problem.sentence}</p>}
        {!parts && !problem && <Waiting what="messages" />}
        {parts && messages.length === 0 && <p>There are no messages yet.</p>}
        <MessageList messages={messages} whose={whose} />
      </div>
    </Page>
  );
}
