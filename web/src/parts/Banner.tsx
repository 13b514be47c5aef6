import { useEffect, useState } from "react";
import { currentConnection, onConnection } from "../api/client.ts";

/** Says clearly that the connection is lost, and that what was typed is still there. */
export function ConnectionBanner() {
  const [connection, setConnection] = useState(currentConnection());
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => onConnection(setConnection), []);
  useEffect(() => {
    const changed = () => setOnline(navigator.onLine);
    addEventListener("online", changed);
    addEventListener("offline", changed);
    return () => {
      removeEventListener("online", changed);
      removeEventListener("offline", changed);
    };
  }, []);
  return (
    <div role="alert" className="ju-banner-place">
      {(connection === "lost" || !isOnline) && (
        <p className="ju-banner">
          <strong>No connection.</strong> What you typed stays on this page and is saved when the connection is back. Do not close the page. What you see may be out of date.
        </p>
      )}
    </div>
  );
}
