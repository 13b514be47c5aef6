import { useEffect, useId, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { search, resourcesOf } from "../api/client.ts";
import { born, name, nhsNumberOf } from "../fhir/format.ts";
import { Dialog } from "./Dialog.tsx";

// Whether Ctrl+K is on: a choice about the keyboard, no personal data, so it may stay in the browser.
const setting = "joinedup-palette";
export function usePaletteSetting(): [boolean, (isOn: boolean) => void] {
  const [isOn, setOn] = useState(() => {
    try {
      return localStorage.getItem(setting) !== "off";
    } catch {
      return true;
    }
  });
  return [
    isOn,
    (next) => {
      setOn(next);
      try {
        localStorage.setItem(setting, next ? "on" : "off");
      } catch {
        /* asked again next time */
      }
    },
  ];
}

interface Entry {
  id: string;
  label: string;
  detail: string;
  to: string;
}

/** Ctrl+K: pages by name, people by name or NHS number. A button for those who use a mouse. */
export function Palette({ items }: { items: { to: string; label: string }[] }) {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setOpen(true);
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return (
    <>
      <button type="button" className="ju-header__button" onClick={() => setOpen(true)} aria-keyshortcuts="Control+K">
        Go to <kbd>Ctrl+K</kbd>
      </button>
      {isOpen && <Finder items={items} onClose={() => setOpen(false)} />}
    </>
  );
}

function Finder({ items, onClose }: { items: { to: string; label: string }[]; onClose: () => void }) {
  const [text, setText] = useState("");
  const [people, setPeople] = useState<Entry[]>([]);
  const [at, setAt] = useState(0);
  const list = useId();
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  const digits = text.replace(/\s/g, "");
  useEffect(() => {
    setAt(0);
    if (digits.length < 2) return setPeople([]);
    const stop = new AbortController();
    const timer = setTimeout(() => {
      const query = /^\d{10}$/.test(digits)
        ? `Patient?identifier=${encodeURIComponent(`https://fhir.nhs.uk/Id/nhs-number|${digits}`)}&_count=10`
        : `Patient?${text.trim().split(/[\s,]+/).map((word) => `name=${encodeURIComponent(word)}`).join("&")}&_count=10`;
      void search<fhir4.Patient>(query, stop.signal)
        .then((answer) => {
          if (!answer.ok) return setPeople([]);
          setPeople(resourcesOf<fhir4.Patient>(answer.value, "Patient").map((one) => ({ id: `p${one.id}`, label: name(one), detail: `${born(one)} · ${nhsNumberOf(one)}`, to: `/person/${one.id}` })));
        })
        .catch(() => undefined);
    }, 200);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, digits]);

  // On a person's page also what is most often written about them.
  const here = /^\/person\/[^/]+/.exec(useLocation().pathname)?.[0];
  const all = here ? [...items, { to: `${here}/contact`, label: "Record a contact" }] : items;
  const pages: Entry[] = all.filter((one) => one.label.toLowerCase().includes(text.trim().toLowerCase())).map((one) => ({ id: one.to, label: one.label, detail: "page", to: one.to }));
  const entries = [...pages, ...people];
  const go = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    void navigate(entry.to);
  };
  return (
    <Dialog title="Go to" onClose={onClose}>
      <label className="nhsuk-label" htmlFor={`${list}-input`}>
        A page, or a person by name or NHS number
      </label>
      <input
        ref={input}
        id={`${list}-input`}
        className="nhsuk-input"
        role="combobox"
        aria-expanded={entries.length > 0}
        aria-controls={list}
        aria-activedescendant={entries[at] ? `${list}-${at}` : undefined}
        autoComplete="off"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") event.preventDefault(), setAt((now) => Math.min(now + 1, entries.length - 1));
          else if (event.key === "ArrowUp") event.preventDefault(), setAt((now) => Math.max(now - 1, 0));
          else if (event.key === "Enter") event.preventDefault(), go(entries[at]);
        }}
      />
      <ul id={list} role="listbox" aria-label="Found" className="ju-palette">
        {entries.map((one, index) => (
          <li key={one.id} id={`${list}-${index}`} role="option" aria-selected={index === at} onClick={() => go(one)} onMouseEnter={() => setAt(index)}>
            <strong>{one.label}</strong> <span>{one.detail}</span>
          </li>
        ))}
      </ul>
      {digits.length >= 2 && entries.length === 0 && <p role="status">Nothing found among what you can see.</p>}
      <button type="button" className="ju-link-button" onClick={onClose}>
        Close
      </button>
    </Dialog>
  );
}
