// Several cases to one worker. Each is an operation of its own: what could not be handed over is named and stays chosen.
import { useState } from "react";
import { operation, type Answer, type Resource } from "../../api/client.ts";
import type { Known } from "../../api/directory.tsx";
import { plural, type Case } from "../../fhir/cases.ts";
import { name } from "../../fhir/format.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { useCapacity } from "../../parts/CaseAction.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { Button, Select, TextArea } from "../../parts/form.tsx";

interface Typed {
  to: string;
  note: string;
}
interface Left {
  one: Case;
  sentence: string;
}
const empty: Typed = { to: "", note: "" };

export function HandOverSeveral({ cases, known, onDone, onClose }: { cases: Case[]; known: Known; onDone: (left: string[]) => void; onClose: () => void }) {
  const [left, setLeft] = useState<Left[]>();
  const [at, setAt] = useState(0);
  const [all] = useState(cases); // the list behind is read again meanwhile: what was chosen stays
  const teams = [...new Set(all.map((one) => one.team))];
  const workers = teams.length === 1 && known.directory.rolesOf(teams[0]).length > 0 ? known.directory.rolesOf(teams[0]) : known.directory.roles;
  const capacity = useCapacity(teams.length === 1 ? teams[0] : undefined);
  const title = `Hand over ${plural(all.length, "case")}`;
  if (left)
    return (
      <Dialog title={title} onClose={() => onDone(left.map((one) => one.one.id))}>
        <p>
          {all.length - left.length} of {all.length} handed over.
        </p>
        <ul>
          {left.map(({ one, sentence }) => (
            <li key={one.id}>
              {name(one.patient)}: {sentence}
            </li>
          ))}
        </ul>
        <Button onClick={() => onDone(left.map((one) => one.one.id))}>Close</Button>
      </Dialog>
    );
  return (
    <Dialog title={title} onClose={onClose}>
      <ul>
        {all.map((one) => (
          <li key={one.id}>
            {name(one.patient)}, now with {known.directory.name(one.coordinator) ?? "nobody"}
          </li>
        ))}
      </ul>
      {at > 0 && (
        <p role="status">
          {at} of {all.length}
        </p>
      )}
      <ActionForm<Typed, Left[]>
        form="cases-hand-over"
        empty={empty}
        submit="Hand over"
        fields={["to", "note"]}
        idOf={(field) => `several-${field}`}
        check={(typed) => ({
          "several-to": typed.to ? undefined : "Choose who takes over",
          "several-note": typed.note.trim() ? undefined : "Write what the next worker needs to know",
        })}
        send={async (typed): Promise<Answer<Left[]>> => {
          const failed: Left[] = [];
          for (const [index, one] of all.entries()) {
            setAt(index + 1);
            if (one.coordinator === typed.to) continue; // theirs already
            const answer = await operation<Resource>(`EpisodeOfCare/${one.id}/$hand-over`, { to: { reference: typed.to }, note: typed.note.trim() }, { version: one.episode.meta?.versionId });
            if (!answer.ok) failed.push({ one, sentence: answer.problem.sentence });
          }
          return { ok: true, value: failed, status: 200 };
        }}
        onDone={(failed) => (failed.length === 0 ? onDone([]) : setLeft(failed))}
        onCancel={onClose}
      >
        {(typed, set, faults) => (
          <>
            <Select
              id="several-to"
              label="Who takes over?"
              value={typed.to}
              onChange={(to) => set({ to })}
              empty="Choose a worker"
              error={faults["several-to"]}
              choices={workers.map((one) => {
                const load = capacity?.workers.find((each) => each.role === one.reference);
                return { value: one.reference, label: `${known.directory.worker(one.reference) ?? one.name}${load ? ` (${plural(load.cases, "case")})` : ""}` };
              })}
            />
            <TextArea id="several-note" label="What do they need to know?" hint="It stands with each of these cases" value={typed.note} onChange={(note) => set({ note })} error={faults["several-note"]} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}
