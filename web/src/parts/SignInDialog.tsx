import { useState, type FormEvent } from "react";
import { signIn, signInCode } from "../api/session.tsx";
import { Button, TextField } from "./form.tsx";
import { Dialog } from "./Dialog.tsx";

/** The session has ended: signing in again in place. The page behind stays as it is, with what was typed. */
export function SignInDialog({ user, onSignedIn }: { user: string; onSignedIn: () => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const [fault, setFault] = useState<{ field: string; sentence: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (!needsCode && !password) return setFault({ field: "password", sentence: "Enter your password" });
    if (needsCode && !code) return setFault({ field: "code", sentence: "Enter your security code" });
    setBusy(true);
    const step = needsCode ? await signInCode(code) : await signIn(user, password);
    setBusy(false);
    if (step.done) return onSignedIn();
    setNeedsCode(step.needsCode);
    setFault(step.sentence ? { field: step.needsCode ? "code" : "password", sentence: step.sentence } : null);
  };
  return (
    <Dialog title="Sign in again">
      <p>Your session ended. What you typed is still on this page: sign in to go on from where you were.</p>
      <form onSubmit={(event) => void send(event)} noValidate>
        <input type="text" name="user" autoComplete="username" value={user} readOnly hidden />
        <p>
          Signed in as <strong>{user}</strong>
        </p>
        {needsCode ? (
          <TextField
            key="code"
            label="Security code"
            hint="The 6 digits that your authenticator app shows now"
            value={code}
            onChange={setCode}
            error={fault?.field === "code" ? fault.sentence : undefined}
            autoComplete="one-time-code"
            inputMode="numeric"
            width={10}
            autoFocus
          />
        ) : (
          <TextField
            key="password"
            label="Password"
            type="password"
            value={password}
            onChange={setPassword}
            error={fault?.field === "password" ? fault.sentence : undefined}
            autoComplete="current-password"
            autoFocus
          />
        )}
        <Button type="submit" busy={busy}>
          {needsCode ? "Continue" : "Sign in"}
        </Button>
      </form>
      <p>
        Not you? <a href="/logout">Sign out</a>. What is unsaved is then lost.
      </p>
    </Dialog>
  );
}
