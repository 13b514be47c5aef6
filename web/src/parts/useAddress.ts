// How a list is filtered and sorted stands in its address: going back, sharing and reloading lose nothing. Never what was typed.
//
//   const address = useAddress();
//   const typing = useTyped("name");                 // typing.value, typing.set
//   <Select value={address.get("sort")} onChange={(value) => address.choose("sort", value)} />
import { useRef, useState } from "react";
import { useLocation, useSearchParams } from "react-router";

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

// What was typed, by page and field, in the memory of this tab alone.
const kept = new Map<string, string>();

/**
 * A field that filters as it is typed in. Names and NHS numbers are typed here: they stand in no address, so in no history and no
 * log; going back within the workspace finds them again, a reload does not.
 */
export function useTyped(field: string): Typing {
  const key = `${useLocation().pathname} ${field}`;
  const [value, setValue] = useState(() => kept.get(key) ?? "");
  const set = (next: string) => {
    kept.set(key, next);
    setValue(next);
  };
  return { value, set };
}
