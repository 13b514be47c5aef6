import { useEffect, useState } from "react";

let say: (sentence: string) => void = () => undefined;

/** Says a sentence to screen readers, politely: what was done, how many are shown. */
export function announce(sentence: string): void {
  say(sentence);
}

export function StatusAnnouncer() {
  const [sentence, setSentence] = useState("");
  useEffect(() => {
    say = (next) => {
      setSentence("");
      requestAnimationFrame(() => setSentence(next));
    };
    return () => {
      say = () => undefined;
    };
  }, []);
  return (
    <div role="status" aria-live="polite" className="nhsuk-u-visually-hidden">
      {sentence}
    </div>
  );
}
