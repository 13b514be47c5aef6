// Who is signed in. A session that ends while a page is open is answered by signing in again in place: the page stays as it is.
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { SignInDialog } from "../parts/SignInDialog.tsx";
import { onSignedOut, setCsrf } from "./client.ts";

export interface Session {
  user: string; // the account's id, as the log names it
  sign_in_name: string; // what they type to sign in
  kind: "worker" | "person" | "proxy";
  roles: string[];
  practitioner: string; // id of the Practitioner, or ""
  patient: string;
  related_person: string;
  organisation: string;
  csrf: string;
  assurance: string;
  expires_in: number;
}

const Context = createContext<Session | null>(null);

/** The session of the page. Pages are only shown where somebody is signed in. */
export function useSession(): Session {
  const session = use(Context);
  if (!session) throw new Error("useSession outside SessionProvider");
  return session;
}

export const hasRole = (session: Session, ...roles: string[]) => roles.some((role) => session.roles.includes(role));

declare global {
  interface Window {
    joinedupBegun?: Promise<Response>; // of public/begin.js: asked before this code was read
  }
}

export async function readSession(): Promise<Session | null | "unreachable"> {
  const begun = window.joinedupBegun;
  delete window.joinedupBegun; // it answers once
  try {
    const response = await (begun ?? fetch("/session", { headers: { Accept: "application/json" }, cache: "no-store" }));
    if (!response.ok) return response.status === 401 ? null : "unreachable";
    const session = (await response.json()) as Session & { signed_in: boolean };
    return session.signed_in ? session : null;
  } catch {
    return "unreachable";
  }
}

export type SignInStep = { done: true } | { done: false; needsCode: boolean; sentence: string; field: "password" | "code" | "" };

async function post(path: string, body: object): Promise<{ status: number; error: string; sentence: string }> {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      cache: "no-store",
    });
    const answer = (await response.json().catch(() => ({}))) as { error?: string; sentence?: string };
    return { status: response.status, error: answer.error ?? "", sentence: answer.sentence ?? "Sign-in does not work now. Try again in a minute." };
  } catch {
    return { status: 0, error: "unreachable", sentence: "There is no connection to the server. Try again when it is back." };
  }
}

export async function signIn(user: string, password: string): Promise<SignInStep> {
  const answer = await post("/login", { user, password });
  if (answer.status === 200) return { done: true };
  if (answer.error === "code_needed") return { done: false, needsCode: true, sentence: "", field: "" };
  return { done: false, needsCode: false, sentence: answer.sentence, field: answer.status === 401 ? "password" : "" };
}

export async function signInCode(code: string): Promise<SignInStep> {
  const answer = await post("/login/totp", { code });
  if (answer.status === 200) return { done: true };
  return { done: false, needsCode: answer.error !== "start_again", sentence: answer.sentence, field: "code" };
}

export async function signOut(): Promise<void> {
  const session = await readSession();
  if (session && session !== "unreachable")
    await fetch("/logout", { method: "POST", headers: { "X-CSRF-Token": session.csrf, Accept: "application/json" } }).catch(() => undefined);
  location.assign("/login");
}

export function SessionProvider({ children, waiting }: { children: ReactNode; waiting: ReactNode }) {
  const [session, setSession] = useState<Session | null>(null);
  const [asking, setAsking] = useState(false);
  const answers = useRef<((isIn: boolean) => void)[]>([]);
  const known = useRef<Session | null>(null);

  const keep = useCallback((next: Session) => {
    setCsrf(next.csrf);
    // Another person than before must never go on in somebody's half-written page.
    if (known.current && known.current.user !== next.user) location.assign("/");
    known.current = next;
    setSession(next);
  }, []);

  useEffect(() => {
    void (async () => {
      const found = await readSession();
      if (found === "unreachable") setTimeout(() => location.reload(), 5000);
      else if (found) keep(found);
      else location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    })();
    onSignedOut(async () => {
      const found = await readSession(); // another tab may have signed in already
      if (found && found !== "unreachable") {
        keep(found);
        return true;
      }
      setAsking(true);
      return new Promise<boolean>((resolve) => answers.current.push(resolve));
    });
  }, [keep]);

  const done = useCallback(async () => {
    const found = await readSession();
    if (!found || found === "unreachable") return;
    keep(found);
    setAsking(false);
    answers.current.splice(0).forEach((answer) => answer(true));
  }, [keep]);

  const value = useMemo(() => session, [session]);
  if (!value) return <>{waiting}</>;
  return (
    <Context value={value}>
      {children}
      {asking && <SignInDialog user={value.sign_in_name} onSignedIn={done} />}
    </Context>
  );
}
