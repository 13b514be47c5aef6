import type { ReactNode } from "react";
import { dateTime } from "../fhir/format.ts";
import { Button } from "./form.tsx";

/** What is to be printed: alone on paper, with who and when at its head; a button on the screen. */
export function PrintFrame({ title, children, note }: { title: string; children: ReactNode; note?: ReactNode }) {
  return (
    <div className="ju-print">
      <Button kind="secondary" className="ju-no-print" onClick={() => window.print()}>
        Print {title.toLowerCase()}
      </Button>
      <div className="ju-print__head" aria-hidden="true">
        <p>
          <strong>{title}</strong> · printed {dateTime(new Date().toISOString())} · confidential: personal information
        </p>
        {note}
      </div>
      {children}
    </div>
  );
}
