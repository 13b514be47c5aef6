import { useState, type ReactNode } from "react";
import { useDraft } from "../api/drafts.ts";
import { Button, Radios, TextArea } from "./form.tsx";
import { Dialog } from "./Dialog.tsx";
import { Diff } from "./Diff.tsx";
import { DraftState } from "./DraftState.tsx";

/** One thing that two people changed: where it began, what they made of it and what you made of it. */
export interface ConflictField {
  key: string;
  label: string;
  base: string;
  theirs: string;
  mine: string;
}

interface Choosing {
  choice: Record<string, string>;
  written: Record<string, string>;
}

/**
 * Somebody saved first (412). Both see what the other changed and choose, field by field; nothing is lost and nothing is
 * overwritten silently. What only one of the two changed is taken as it is and shown too. `onChoose` gets the text of each field.
 */
export function ConflictDialog({ form, about, who, when, fields, onChoose, onCancel }: {
  /** Under what the choice is kept on the server until it is made. */
  form: string;
  about: string;
  who: ReactNode;
  when: ReactNode;
  fields: ConflictField[];
  /** True once it is saved: until then the choice is kept. */
  onChoose: (chosen: Record<string, string>) => Promise<boolean>;
  onCancel: () => void;
}) {
  const both = fields.filter((one) => one.theirs !== one.base && one.mine !== one.base && one.theirs !== one.mine);
  const onlyTheirs = fields.filter((one) => one.theirs !== one.base && one.mine === one.base);
  const [empty] = useState<Choosing>(() => ({ choice: {}, written: Object.fromEntries(both.map((one) => [one.key, `${one.theirs}\n${one.mine}`])) }));
  const draft = useDraft<Choosing>(form, { about, empty });
  const { choice, written } = draft.value;
  const [fault, setFault] = useState("");
  const save = () => {
    const open = both.find((one) => !choice[one.key]);
    if (open) return setFault(`Choose what to keep for “${open.label}”`);
    const chosen: Record<string, string> = {};
    for (const one of fields) {
      const picked = choice[one.key];
      chosen[one.key] = picked === "theirs" ? one.theirs : picked === "both" ? (written[one.key] ?? "") : picked === "mine" ? one.mine : one.mine === one.base ? one.theirs : one.mine;
    }
    void onChoose(chosen).then((isSaved) => (isSaved ? draft.discard() : undefined));
  };
  return (
    <Dialog title="Somebody else changed this while you were writing" wide onClose={onCancel}>
      <p>
        {who} saved a change {when}. Nothing of yours is lost. Look at both, and choose what stands.
      </p>
      {onlyTheirs.length > 0 && (
        <section>
          <h3 className="nhsuk-heading-s">They changed; you did not</h3>
          {onlyTheirs.map((one) => (
            <div key={one.key}>
              <h4 className="nhsuk-heading-xs">{one.label}</h4>
              <Diff before={one.base} after={one.theirs} />
            </div>
          ))}
        </section>
      )}
      {both.map((one) => (
        <section key={one.key} className="ju-conflict">
          <h3 className="nhsuk-heading-s">{one.label}: both of you changed it</h3>
          <div className="ju-side-by-side">
            <div>
              <h4 className="nhsuk-heading-xs">Theirs</h4>
              <Diff before={one.base} after={one.theirs} />
            </div>
            <div>
              <h4 className="nhsuk-heading-xs">Yours</h4>
              <Diff before={one.base} after={one.mine} />
            </div>
          </div>
          <Radios
            label={`Keep for “${one.label}”`}
            value={choice[one.key] ?? ""}
            onChange={(value) => draft.set({ choice: { ...choice, [one.key]: value }, written })}
            error={fault && !choice[one.key] ? fault : undefined}
            inline
            choices={[
              { value: "theirs", label: "Theirs" },
              { value: "mine", label: "Mine" },
              { value: "both", label: "Write it together" },
            ]}
          />
          {choice[one.key] === "both" && (
            <TextArea label={`New text for “${one.label}”`} value={written[one.key] ?? ""} onChange={(value) => draft.set({ choice, written: { ...written, [one.key]: value } })} />
          )}
        </section>
      ))}
      <DraftState draft={draft} />
      <Button onClick={save}>Save what I chose</Button>{" "}
      <Button kind="secondary" onClick={onCancel}>
        Go back to my text
      </Button>
    </Dialog>
  );
}
