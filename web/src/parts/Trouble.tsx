import type { Problem } from "../api/client.ts";
import { Button } from "./form.tsx";

/** What could not be read, where it would have stood, and a way to try again. An empty list is never shown for a failed one. */
export function Trouble({ problem, what, again }: { problem: Problem; what?: string; again?: (() => unknown) | undefined }) {
  return (
    <div className="nhsuk-inset-text" role="alert">
      <p>
        {what ? `${what} could not be read. ` : ""}
        {problem.sentence}
      </p>
      {again && (
        <Button kind="secondary" small onClick={() => void again()}>
          Try again
        </Button>
      )}
    </div>
  );
}
