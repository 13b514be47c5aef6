import { useEffect, useId, useRef, type ReactNode } from "react";

/** A modal dialog: focus goes in and comes back; Escape closes it where `onClose` is given. */
export function Dialog({ title, children, onClose, wide }: { title: string; children: ReactNode; onClose?: () => void; wide?: boolean }) {
  const box = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialog = box.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      before?.focus?.();
    };
  }, []);
  return (
    <dialog
      ref={box}
      className={wide ? "ju-dialog ju-dialog--wide" : "ju-dialog"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <h2 id={titleId} className="nhsuk-heading-m">
        {title}
      </h2>
      {children}
    </dialog>
  );
}
