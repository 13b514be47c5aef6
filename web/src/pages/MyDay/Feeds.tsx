import { useEffect, useState } from "react";
import { request, type Parameters } from "../../api/client.ts";
import { useHearing } from "../../api/events.ts";
import { feedsOf, type Feed } from "../../fhir/day.ts";
import { ago } from "../../fhir/format.ts";

type Known = { state: "reading" } | { state: "unknown" } | { state: "known"; feeds: Feed[] };

/**
 * When each feed last spoke. Silence never reads as safety: a silent feed raises an alarm, and so does not knowing. The live
 * stream of this page is one of them.
 */
export function Feeds() {
  const [known, setKnown] = useState<Known>({ state: "reading" });
  const hearing = useHearing();
  useEffect(() => {
    let isHere = true;
    const read = async () => {
      const answer = await request<Parameters>("$feeds");
      if (isHere) setKnown(answer.ok ? { state: "known", feeds: feedsOf(answer.value) } : { state: "unknown" });
    };
    void read();
    const timer = setInterval(() => void read(), 60_000);
    return () => {
      isHere = false;
      clearInterval(timer);
    };
  }, []);
  const silent = known.state === "known" ? known.feeds.filter((one) => one.silent) : [];
  return (
    <section aria-labelledby="feeds" className="ju-feeds">
      <h2 id="feeds" className="nhsuk-heading-s">
        When each source last spoke
      </h2>
      <div role="alert">
        {silent.map((one) => (
          <p key={one.name} className="ju-alarm">
            <strong>{one.partner || one.name} is silent.</strong> {one.sentence || `Nothing has come from ${one.name}${one.last ? ` since ${ago(one.last)}` : " yet"}.`} No news from there is not good news.
          </p>
        ))}
        {known.state === "unknown" && (
          <p className="ju-alarm">
            <strong>We cannot tell when the sources last spoke.</strong> Do not take an empty list of alerts to mean that nothing happened.
          </p>
        )}
        {hearing === "silent" && (
          <p className="ju-alarm">
            <strong>Live updates have stopped.</strong> This page asks again every minute until they are back.
          </p>
        )}
      </div>
      {known.state === "known" && (
        <ul className="ju-feeds__list">
          {known.feeds.map((one) => (
            <li key={one.name}>
              <strong>{one.partner ? `${one.partner}, ${one.name}` : one.name}</strong> {one.last ? ago(one.last) : "never"}
              {one.silent && " (silent)"}
            </li>
          ))}
          <li>
            <strong>This page</strong> {hearing === "live" ? "hears changes as they happen" : hearing === "starting" ? "is connecting" : "asks every minute"}
          </li>
        </ul>
      )}
    </section>
  );
}
