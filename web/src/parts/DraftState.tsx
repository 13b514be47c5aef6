import type { Draft } from "../api/drafts.ts";
import { time } from "../fhir/format.ts";
import { Button } from "./form.tsx";

/** Beside a form: what became of what was typed. "Saved 12:03pm". */
export function DraftState<T>({ draft }: { draft: Draft<T> }) {
  const said = {
    none: "",
    loading: "",
    restored: `What you typed before is here again${draft.savedAt ? `, saved ${time(draft.savedAt)}` : ""}`,
    typing: "Not saved yet",
    saving: "Saving",
    saved: draft.savedAt ? `Saved ${time(draft.savedAt)}` : "Saved",
    refused: "Not saved: it stays on this page only. Do not close the page before you have sent the form",
    waiting: "Not saved: it stays on this page and is saved when the connection is back",
  }[draft.status];
  return (
    <p className="ju-draft nhsuk-body-s" role="status">
      {said}{" "}
      {(draft.status === "restored" || draft.status === "saved") && (
        <Button kind="link" onClick={() => void draft.discard()}>
          Discard draft
        </Button>
      )}
    </p>
  );
}
