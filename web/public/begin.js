// Asks who is signed in while the pages' own code is still being read; api/session.tsx takes the answer.
window.joinedupBegun = fetch("/session", { headers: { Accept: "application/json" }, cache: "no-store" });
window.joinedupBegun.catch(() => undefined);
