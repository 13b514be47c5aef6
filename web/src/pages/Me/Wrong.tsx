import { create } from "../../api/client.ts";
import { date, nhsNumberOf, plainName } from "../../fhir/format.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { Radios, TextArea } from "../../parts/form.tsx";
import { Page } from "../../parts/Frame.tsx";
import { longest, MessageList, useOwnMessages, written } from "./Messages.tsx";
import { Back, useWhose } from "./person.tsx";

const parts = [
  { value: "details", label: "My name, address or phone" },
  { value: "plan", label: "My plan" },
  { value: "medicines", label: "My medicines or conditions" },
  { value: "sharing", label: "Who can see my record" },
  { value: "another-person", label: "This is about somebody else, not me" },
  { value: "other", label: "Something else" },
];

export function Wrong() {
  const whose = useWhose();
  const { messages, to, reload } = useOwnMessages(whose, "correction");
  const patient = whose.patient;
  const address = patient.address?.find((one) => one.use !== "old");
  return (
    <Page title="Something is wrong here">
      <div className="ju-me">
        <Back />
        <p>Tell us what is not right. Your team looks at it and writes back. What was written before is kept, with a note of what you said.</p>
        <h2 className="nhsuk-heading-m">What we hold about you</h2>
        <dl>
          <dt>
            <strong>Name</strong>
          </dt>
          <dd>{plainName(patient)}</dd>
          <dt>
            <strong>Born</strong>
          </dt>
          <dd>{date(patient.birthDate, { long: true }) || "Not known"}</dd>
          <dt>
            <strong>NHS number</strong>
          </dt>
          <dd>{nhsNumberOf(patient) || "Not known"}</dd>
          <dt>
            <strong>Address</strong>
          </dt>
          <dd>{[...(address?.line ?? []), address?.city, address?.postalCode].filter(Boolean).join(", ") || "Not known"}</dd>
          <dt>
            <strong>Phone</strong>
          </dt>
          <dd>{patient.telecom?.find((one) => one.system === "phone")?.value ?? "Not known"}</dd>
        </dl>
        <ActionForm
          form={`me-wrong:${whose.id}`}
          about={`Patient/${whose.id}`}
          empty={{ part: "", wrong: "" }}
          submit="Send to the team"
          fields={["part", "wrong"]}
          check={(typed) => ({ part: typed.part ? undefined : "Choose what it is about", wrong: typed.wrong.trim() ? (typed.wrong.length > longest ? `Write ${longest} letters or fewer` : undefined) : "Write what is wrong, and what is right" })}
          send={(typed) => create(written(whose, "correction", typed.wrong, to, parts.find((one) => one.value === typed.part)?.label))}
          onDone={() => {
            announce("Thank you. Your team has been told.");
            void reload();
          }}
        >
          {(typed, set, faults) => (
            <>
              <Radios id="part" label="What is it about?" value={typed.part} onChange={(part) => set({ part })} choices={parts} error={faults.part} />
              <TextArea id="wrong" label="What is wrong, and what is right?" value={typed.wrong} onChange={(wrong) => set({ wrong })} error={faults.wrong} rows={5} />
            </>
          )}
        </ActionForm>
        {messages.length > 0 && (
          <>
            <h2 className="nhsuk-heading-m">What you told us before</h2>
            <MessageList messages={messages} whose={whose} />
          </>
        )}
      </div>
    </Page>
  );
}
