// A referral, or a question for advice: to whom, about whom, why and how soon. A possible duplicate is pointed out, not refused.
import { useMemo } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { operation, type Bundle } from "../../api/client.ts";
import { useDirectory } from "../../api/directory.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import { date, today } from "../../fhir/format.ts";
import { checkedWords, servicesOf, urgencies, urgencyName, type Service } from "../../fhir/referrals.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { Button, Radios, Select, TextArea } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { PersonPicker } from "../../parts/PersonPicker.tsx";

interface Typed {
  patient: string;
  service: string;
  kind: string;
  reason: string;
  urgency: string;
  pathway: string;
}

const send = (typed: Typed, isSure: boolean) =>
  operation<Bundle>("ServiceRequest/$refer", {
    patient: { reference: typed.patient },
    service: { reference: typed.service },
    kind: { code: typed.kind },
    reason: typed.reason.trim(),
    urgency: { code: typed.urgency },
    ...(typed.pathway && { pathway: { canonical: typed.pathway } }),
    ...(isSure && { confirm: true }),
  });

export function NewReferral() {
  const [asked] = useSearchParams();
  const go = useNavigate();
  const { known } = useDirectory();
  const { parts, resources } = useLoaded(["PlanDefinition?status=active&_count=100"], []);
  const services = useMemo(() => (known ? servicesOf(known.directory.resources, known.directory.name) : []), [known]);
  const pathways = resources.filter((one): one is fhir4.PlanDefinition => one.resourceType === "PlanDefinition" && Boolean(one.url));
  const crumbs = [{ to: "/referrals", label: "Referrals" }];
  if (!known || !parts) return <Page title="Refer or ask for advice" crumbs={crumbs}><Waiting what="the form" /></Page>;
  const patient = asked.get("patient");
  const empty: Typed = { patient: patient ? `Patient/${patient.replace(/^Patient\//, "")}` : "", service: asked.get("service") ?? "", kind: asked.get("kind") ?? "", reason: "", urgency: "", pathway: "" };
  return (
    <Page title="Refer or ask for advice" crumbs={crumbs}>
      <ActionForm<Typed, Bundle>
        form={`refer:${patient ?? "new"}`}
        {...(patient && { about: `Patient/${patient.replace(/^Patient\//, "")}` })}
        empty={empty}
        submit="Send"
        fields={["patient", "service", "kind", "reason", "urgency", "pathway"]}
        idOf={(field) => `refer-${field}`}
        check={(typed) => ({
          "refer-kind": typed.kind ? undefined : "Choose what you ask for",
          "refer-patient": typed.patient ? undefined : "Choose whom it is about",
          "refer-service": typed.service ? undefined : "Choose a service",
          "refer-reason": typed.reason.trim() ? undefined : typed.kind === "advice" ? "Write your question" : "Write what is asked for and why",
          "refer-urgency": typed.urgency ? undefined : "Choose how soon an answer is needed",
        })}
        send={(typed) => send(typed, false)}
        sendAnyway={(typed) => send(typed, true)}
        conflict={(sentence, again) => (
          <div className="nhsuk-warning-callout" role="alert">
            <h2 className="nhsuk-warning-callout__label">Possible duplicate</h2>
            <p>{sentence.replace(/\b\d{4}-\d\d-\d\d\b/g, (iso) => date(iso))}</p>
            <Button kind="secondary" onClick={again}>
              Send it all the same
            </Button>
          </div>
        )}
        onDone={(made, typed) => {
          announce(typed.kind === "advice" ? "Your question is sent" : "The referral is sent");
          const task = made.entry?.map((one) => one.resource).find((one) => one?.resourceType === "Task");
          void go(task?.id ? `/referrals/task/${task.id}` : "/referrals?group=sent-by-me");
        }}
        onCancel={() => void go(-1)}
      >
        {(typed, set, faults) => {
          const service = services.find((one) => one.reference === typed.service);
          return (
            <>
              <Radios
                id="refer-kind"
                label="What do you ask for?"
                value={typed.kind}
                onChange={(kind) => set({ kind })}
                error={faults["refer-kind"]}
                choices={[
                  { value: "referral", label: "A referral", hint: "The service takes something on for this person." },
                  { value: "advice", label: "Advice", hint: "A question. The person stays with you." },
                ]}
              />
              <PersonPicker id="refer-patient" label="Whom is it about?" value={typed.patient} onChange={(reference) => set({ patient: reference })} error={faults["refer-patient"]} />
              <Select id="refer-service" label="Service" value={typed.service} onChange={(value) => set({ service: value })} empty="Choose a service" choices={services.map((one) => ({ value: one.reference, label: `${one.name}${one.kind ? ` (${one.kind.toLowerCase()})` : ""}${one.isOutside ? ", outside the network" : ""}` }))} error={faults["refer-service"]} />
              {service && <ServiceWords of={service} />}
              {pathways.length > 0 && <Select id="refer-pathway" label="Pathway (optional)" value={typed.pathway} onChange={(pathway) => set({ pathway })} empty="None" choices={pathways.map((one) => ({ value: one.url!, label: one.title ?? one.name ?? one.url! }))} error={faults["refer-pathway"]} />}
              <TextArea id="refer-reason" label={typed.kind === "advice" ? "Your question" : "What is asked for, and why?"} value={typed.reason} onChange={(reason) => set({ reason })} error={faults["refer-reason"]} rows={5} />
              <Radios id="refer-urgency" label="How soon is an answer needed?" value={typed.urgency} onChange={(urgency) => set({ urgency })} error={faults["refer-urgency"]} inline choices={urgencies.map((one) => ({ value: one, label: urgencyName(one) }))} />
            </>
          );
        }}
      </ActionForm>
    </Page>
  );
}

function ServiceWords({ of: one }: { of: Service }) {
  return (
    <div className="nhsuk-inset-text" role="status">
      <p>
        <strong>For whom:</strong> {one.eligibility ?? "not recorded: ring before you send"}
      </p>
      <p>
        <strong>Room:</strong> {one.capacity ?? "not known"}. <strong>Last checked:</strong> {checkedWords(one, today(), date)}.
      </p>
      {one.isOutside && <p>This service is outside the network. It does not sign in here: send it by post or telephone, and record its answer yourself.</p>}
    </div>
  );
}
