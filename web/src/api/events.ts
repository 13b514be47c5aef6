// What changes in the record, as it changes. All tabs of one browser share one stream: the tab that holds the lock listens and
// tells the others; when it closes, the next one takes over. An event names a resource, never its content: read it to see it.
import { useEffect, useRef, useState } from "react";

export interface Change {
  type: string;
  id: string;
  version: string | number;
  method: string;
}

export type Hearing = "starting" | "live" | "silent";

type Message = { kind: "change"; change: Change } | { kind: "hearing"; hearing: Hearing } | { kind: "who" };

const listeners = new Set<(change: Change) => void>();
const hearingListeners = new Set<(hearing: Hearing) => void>();
let hearing: Hearing = "starting";
let begun = false;

function setHearing(next: Hearing): void {
  if (next === hearing) return;
  hearing = next;
  hearingListeners.forEach((listener) => listener(next));
}

function tell(message: Message): void {
  if (message.kind === "change") listeners.forEach((listener) => listener(message.change));
  else if (message.kind === "hearing") setHearing(message.hearing);
}

function listen(channel: BroadcastChannel): void {
  const spread = (message: Message) => {
    tell(message);
    channel.postMessage(message);
  };
  let delay = 1000;
  const open = () => {
    const source = new EventSource("/events");
    source.onopen = () => {
      delay = 1000;
      spread({ kind: "hearing", hearing: "live" });
    };
    const take = (event: MessageEvent<string>) => {
      try {
        spread({ kind: "change", change: JSON.parse(event.data) as Change });
      } catch {
        /* a comment or something newer than this page */
      }
    };
    source.onmessage = take;
    source.addEventListener("change", take as EventListener);
    source.onerror = () => {
      spread({ kind: "hearing", hearing: "silent" });
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      setTimeout(open, delay);
      delay = Math.min(delay * 2, 30_000);
    };
  };
  channel.addEventListener("message", (event: MessageEvent<Message>) => {
    if (event.data.kind === "who") channel.postMessage({ kind: "hearing", hearing } satisfies Message);
  });
  open();
}

function begin(): void {
  if (begun || typeof BroadcastChannel === "undefined") return;
  begun = true;
  const channel = new BroadcastChannel("joinedup-events");
  channel.onmessage = (event: MessageEvent<Message>) => tell(event.data);
  channel.postMessage({ kind: "who" } satisfies Message);
  if (!navigator.locks) return listen(channel);
  void navigator.locks.request("joinedup-events", () => {
    listen(channel);
    return new Promise<never>(() => undefined); // held as long as the tab lives
  });
}

export function onChange(listener: (change: Change) => void): () => void {
  begin();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls `then` within 300 ms of a change of one of these types: many changes at once are one call. */
export function useChanges(types: string[], then: (changes: Change[]) => void): void {
  const latest = useRef(then);
  latest.current = then;
  const key = types.join(",");
  useEffect(() => {
    const wanted = new Set(key.split(","));
    let gathered: Change[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onChange((change) => {
      if (!wanted.has(change.type)) return;
      gathered.push(change);
      timer ??= setTimeout(() => {
        const all = gathered;
        gathered = [];
        timer = undefined;
        latest.current(all);
      }, 300);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [key]);
}

export function useHearing(): Hearing {
  const [now, setNow] = useState(hearing);
  useEffect(() => {
    begin();
    setNow(hearing);
    hearingListeners.add(setNow);
    return () => void hearingListeners.delete(setNow);
  }, []);
  return now;
}
