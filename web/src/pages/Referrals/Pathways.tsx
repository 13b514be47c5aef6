// Pathways in use: steps with their limits, what was late or left out and why. A pathway is data: another is another file.
import { useMemo, useState } from "react";
import { Link } from "react-router";
import { operation, update, type Answer, type Resource } from "../../api/client.ts";
import { useLoaded } from "../../api/useLoaded.ts";
import { matchesPerson, pageOf } from "../../fhir/cases.ts";
import { date, name, today } from "../../fhir/format.ts";
import { lateSteps, pathwaysOf, stepWords, type Pathway, type PathwayStep } from "../../fhir/referrals.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { Button, Radios, Select, TextArea, TextField } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { PersonCell } from "../../parts/PersonCell.tsx";
import { PersonPicker } from "../../parts/PersonPicker.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { useAddress, useTyped } from "../../parts/useAddress.ts";
import { Tabs } from "./Tabs.tsx";

const size = 10;
const other = "Another reason";

export function Pathways() {
  const address = useAddress();
  const typing = useTyped("name");
  const { choose, to } = address;
  const now = today();
  const { parts, resources, problem, reload } = useLoaded(
    ["PlanDefinition?status=active&_count=100", "CarePlan?category=urn:joinedup:plan|pathway&_include=CarePlan:patient&_count=200", "Task?code=urn:joinedup:task|pathway-step&_count=500"],
    ["CarePlan", "Task"],
  );
  const definitions = useMemo(() => resources.filter((one): one is fhir4.PlanDefinition => one.resourceType === "PlanDefinition"), [resources]);
  const all = useMemo(() => pathwaysOf(resources, definitions, now), [resources, definitions, now]);
  const show = address.get("show") || "active";
  const listed = all.filter((one) => (show === "late" ? one.active && lateSteps(one) > 0 : show === "over" ? !one.active : one.active) && matchesPerson(one.patient, typing.value));
  const page = pageOf(listed, address.page, size);
  const [doing, setDoing] = useState<{ pathway: Pathway; step: PathwayStep; isLeftOut: boolean }>();
  const failed = parts?.find((one) => one.problem)?.problem;
  return (
    <Page title="Pathways" wide>
      <Tabs />
      {(problem ?? failed) && <Trouble problem={(problem ?? failed)!} what="Pathways" again={reload} />}
      {!parts && !problem ? (
        <Waiting what="pathways" />
      ) : (
        <>
          <StartPathway definitions={definitions} reload={reload} preset={address.get("patient")} />
          <form className="ju-filters ju-no-print" role="search" aria-label="Filter pathways" onSubmit={(event) => event.preventDefault()}>
            <Select
              id="pathways-show"
              label="Show"
              value={show}
              onChange={(value) => choose("show", value === "active" ? "" : value)}
              choices={[
                { value: "active", label: "In use" },
                { value: "late", label: "With a step overdue" },
                { value: "over", label: "Over" },
              ]}
            />
            <TextField id="pathways-name" label="Name or NHS number" type="search" value={typing.value} onChange={typing.set} width={20} />
          </form>
          <p role="status">{page.total === 0 ? "Nobody is on a pathway here." : `${page.from} to ${page.to} of ${page.total}`}</p>
          {page.items.map((one) => (
            <section key={one.id} className="ju-agenda__item ju-keep" aria-label={`${one.title}: ${name(one.patient)}`}>
              <h2 className="nhsuk-heading-s">{one.title}</h2>
              <PersonCell patient={one.patient} reference={one.patientReference} />
              <p className="ju-quiet">Since {date(one.started)}</p>
              <Table
                caption={`Steps of ${one.title}`}
                hideCaption
                rows={one.steps}
                rowKey={(step) => step.id}
                empty={<p>No steps that you may see.</p>}
                columns={[
                  {
                    key: "step",
                    head: "Step",
                    cell: (step) => (
                      <>
                        {step.name}
                        {step.notes.map((note) => (
                          <div className="ju-quiet" key={note}>
                            {note}
                          </div>
                        ))}
                      </>
                    ),
                  },
                  { key: "due", head: "Limit", cell: (step) => (step.due ? date(step.due) : "No date set") },
                  { key: "state", head: "How it stands", cell: (step) => (step.state === "open" && step.late > 0 ? <Tag colour="red">{stepWords(step)}</Tag> : stepWords(step)) },
                  {
                    key: "do",
                    head: <span className="nhsuk-u-visually-hidden">Change</span>,
                    cell: (step) =>
                      step.state === "open" && one.active ? (
                        <div className="ju-actions ju-no-print">
                          <Button small kind="secondary" onClick={() => setDoing({ pathway: one, step, isLeftOut: false })} aria-label={`Done: ${step.name}`}>
                            Done
                          </Button>
                          <Button kind="link" onClick={() => setDoing({ pathway: one, step, isLeftOut: true })} aria-label={`Leave out: ${step.name}`}>
                            Leave out
                          </Button>
                        </div>
                      ) : null,
                  },
                ]}
              />
            </section>
          ))}
          <Pages page={page.page} pages={page.pages} to={to} />
        </>
      )}
      {doing && (
        <StepDialog
          {...doing}
          definition={definitions.find((one) => one.url === doing.pathway.plan.instantiatesCanonical?.[0]?.split("|")[0])}
          onClose={() => setDoing(undefined)}
          onDone={() => {
            setDoing(undefined);
            void reload();
          }}
        />
      )}
    </Page>
  );
}

interface Typed {
  reason: string;
  detail: string;
  outcome: string;
}
const nothing: Typed = { reason: "", detail: "", outcome: "" };
const why = (typed: Typed): string => (typed.reason && typed.reason !== other ? (typed.detail.trim() ? `${typed.reason}: ${typed.detail.trim()}` : typed.reason) : typed.detail.trim());

/** A step done late, or left out, says why: that is the variance of the pathway. */
function StepDialog({ pathway, step, isLeftOut, definition, onDone, onClose }: { pathway: Pathway; step: PathwayStep; isLeftOut: boolean; definition: fhir4.PlanDefinition | undefined; onDone: () => void; onClose: () => void }) {
  const reasons = (definition?.extension ?? []).filter((one) => one.url === "urn:joinedup:variance-reason").flatMap((one) => (one.valueString ? [one.valueString] : []));
  const needsReason = isLeftOut || step.late > 0;
  const send = async (typed: Typed): Promise<Answer<Resource>> => {
    const task = step.task;
    if (isLeftOut) return operation(`Task/${step.id}/$leave-out`, { reason: why(typed) }, { version: task.meta?.versionId });
    if (!needsReason) return operation(`Task/${step.id}/$done`, { outcome: typed.outcome.trim() }, { version: task.meta?.versionId });
    const noted = await update<fhir4.Task>({ ...task, statusReason: { text: why(typed) } });
    if (!noted.ok) return noted;
    return operation(`Task/${step.id}/$done`, { outcome: typed.outcome.trim() }, { version: noted.value.meta?.versionId });
  };
  return (
    <Dialog title={`${isLeftOut ? "Leave out" : "Done"}: ${step.name}`} onClose={onClose}>
      <ActionForm<Typed, Resource>
        form={`step:${step.id}:${isLeftOut ? "out" : "done"}`}
        about={pathway.patientReference}
        empty={nothing}
        submit={isLeftOut ? "Leave it out" : "Save as done"}
        fields={["outcome"]}
        idOf={(field) => `step-${field}`}
        check={(typed) => ({
          "step-reason": needsReason && reasons.length > 0 && !typed.reason ? (isLeftOut ? "Choose why it is left out" : "Choose why it was late") : undefined,
          "step-detail": needsReason && (reasons.length === 0 || typed.reason === other) && !typed.detail.trim() ? "Say what the reason is" : undefined,
        })}
        send={send}
        onDone={() => {
          announce(isLeftOut ? "The step is left out" : "The step is done");
          onDone();
        }}
        onCancel={onClose}
      >
        {(typed, set, faults) => (
          <>
            {needsReason && reasons.length > 0 && <Radios id="step-reason" label={isLeftOut ? "Why is it left out?" : "Why was it late?"} value={typed.reason} onChange={(reason) => set({ reason })} error={faults["step-reason"]} small choices={[...reasons, other].map((one) => ({ value: one, label: one }))} />}
            {needsReason && <TextArea id="step-detail" label={reasons.length === 0 || typed.reason === other ? "What is the reason?" : "More about it (optional)"} value={typed.detail} onChange={(detail) => set({ detail })} error={faults["step-detail"]} rows={2} />}
            {!isLeftOut && <TextArea id="step-outcome" label="What came of it? (optional)" value={typed.outcome} onChange={(outcome) => set({ outcome })} error={faults["step-outcome"]} rows={2} />}
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

function StartPathway({ definitions, reload, preset }: { definitions: fhir4.PlanDefinition[]; reload: () => Promise<void>; preset: string }) {
  const [isOpen, setOpen] = useState(preset !== "");
  const usable = definitions.filter((one) => one.id);
  if (usable.length === 0) return <p>No pathway is published here.</p>;
  return (
    <details className="nhsuk-details nhsuk-expander" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="nhsuk-details__summary">
        <span className="nhsuk-details__summary-text">Start a pathway for somebody</span>
      </summary>
      <div className="nhsuk-details__text">
        {isOpen && (
          <ActionForm<{ pathway: string; subject: string }, Resource>
            form="pathway-start"
            empty={{ pathway: "", subject: preset ? `Patient/${preset.replace(/^Patient\//, "")}` : "" }}
            submit="Start the pathway"
            fields={["subject"]}
            idOf={(field) => `pathway-${field}`}
            check={(typed) => ({ "pathway-pathway": typed.pathway ? undefined : "Choose a pathway", "pathway-subject": typed.subject ? undefined : "Choose whom it is for" })}
            send={(typed) => operation(`PlanDefinition/${typed.pathway}/$apply`, { subject: { reference: typed.subject } })}
            onDone={() => {
              announce("The pathway is started");
              setOpen(false);
              void reload();
            }}
            conflict={(sentence) => (
              <p className="nhsuk-inset-text" role="alert">
                {sentence.replace(/\b\d{4}-\d\d-\d\d\b/g, (iso) => date(iso))}
              </p>
            )}
          >
            {(typed, set, faults) => {
              const chosen = usable.find((one) => one.id === typed.pathway);
              return (
                <>
                  <Select id="pathway-pathway" label="Pathway" value={typed.pathway} onChange={(pathway) => set({ pathway })} empty="Choose a pathway" choices={usable.map((one) => ({ value: one.id!, label: one.title ?? one.name ?? one.id! }))} error={faults["pathway-pathway"]} />
                  {chosen && (
                    <div className="nhsuk-inset-text">
                      {chosen.description && <p>{chosen.description}</p>}
                      {chosen.experimental && <p>An example: use it only where a clinician of your place has approved it.</p>}
                      {(chosen.relatedArtifact ?? []).map((one) => (
                        <p key={one.display ?? one.url} className="ju-quiet">
                          Source: {one.url ? <Link to={one.url}>{one.display ?? one.url}</Link> : one.display}
                        </p>
                      ))}
                    </div>
                  )}
                  <PersonPicker id="pathway-subject" label="Whom is it for?" value={typed.subject} onChange={(subject) => set({ subject })} error={faults["pathway-subject"]} />
                </>
              );
            }}
          </ActionForm>
        )}
      </div>
    </details>
  );
}
