// A part of a page whose code is fetched when it is first shown. What React does for this (lazy, Suspense) keeps the sentence that stands
// in its place for 300 ms, however soon the code is there.
//
//   const Timeline = soon("the timeline", () => import("./Timeline.tsx"));
import { useEffect, useState, type ComponentType } from "react";
import { Waiting } from "./Frame.tsx";

export function soon<P extends object>(what: string, load: () => Promise<{ default: ComponentType<P> }>): ComponentType<P> {
  let Loaded: ComponentType<P> | undefined;
  return function Soon(props: P) {
    const [, setState] = useState<"there" | undefined>();
    useEffect(() => {
      if (Loaded) return;
      let isHere = true;
      load().then(
        (part) => {
          Loaded = part.default;
          if (isHere) setState("there");
        },
        (fault: unknown) => {
          if (isHere)
            setState(() => {
              throw fault; // to the page's own words for it
            });
        },
      );
      return () => {
        isHere = false;
      };
    }, []);
    if (Loaded) return <Loaded {...props} />;
    return (
      <main className="nhsuk-width-container nhsuk-main-wrapper" id="main">
        <Waiting what={what} />
      </main>
    );
  };
}
