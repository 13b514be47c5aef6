// What a list shows stands in its address: going back, sharing and reloading lose nothing.
//
//   const address = useAddress();
//   const typed = address.useTyped("name");          // typed.value at once, in the address when typing pauses
//   <Select value={address.get("sort")} onChange={(value) => address.choose("sort", value)} />
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";

const pause = 300;

export interface Typing {
  value: string;
  set: (value: string) => void;
}

export function useAddress() {
  const [asked, setAsked] = useSearchParams();
  const latest = useRef(asked);
  latest.current = asked;

  /** A choice begins at the first page again. */
  const choose = (key: string, value: string, { replace = false } = {}) => {
    const next = new URLSearchParams(latest.current);
    if (value) next.set(key, value);
    else next.delete(key);
    next.delete("page");
    latest.current = next;
    setAsked(next, { replace });
  };
  const to = (page: number): string => {
    const next = new URLSearchParams(asked);
    next.set("page", String(page));
    return `?${next}`;
  };
  return { get: (key: string) => asked.get(key) ?? "", page: Number(asked.get("page") ?? 1), choose, to };
}

/** A field that filters as it is typed in: never slower than the fingers, in the address when they rest. */
export function useTyped(address: ReturnType<typeof useAddress>, key: string): Typing {
  const there = address.get(key);
  const [value, setValue] = useState(there);
  const own = useRef(there); // what this field last put into the address
  const choose = useRef(address.choose);
  choose.current = address.choose;
  useEffect(() => {
    if (there !== own.current) {
      own.current = there; // somebody went back
      setValue(there);
    }
  }, [there]);
  useEffect(() => {
    if (value === own.current) return;
    const timer = setTimeout(() => {
      own.current = value;
      choose.current(key, value, { replace: true });
    }, pause);
    return () => clearTimeout(timer);
  }, [value, key]);
  return { value, set: setValue };
}
