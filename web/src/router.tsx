// The addresses of the workspace. Each page is its own piece of code, fetched when it is first opened: the first one while it is still
// being asked who is signed in. The page before stays until the next one is there, so nothing flickers.
import type { ComponentType, ReactNode } from "react";
import { createBrowserRouter, Navigate, Outlet, type RouteObject } from "react-router";
import { useSession } from "./api/session.tsx";
import { navigation } from "./fhir/offices.ts";
import { Absent, Frame, Waiting } from "./parts/Frame.tsx";
import { Fallen } from "./parts/Fallen.tsx";

function Framed() {
  return (
    <Frame>
      <Outlet />
    </Frame>
  );
}

function FramedWaiting() {
  return (
    <Frame>
      <main className="nhsuk-width-container nhsuk-main-wrapper" id="main">
        <Waiting />
      </main>
    </Frame>
  );
}

function Start() {
  const session = useSession();
  return <Navigate replace to={navigation(session)[0]?.to ?? "/my-day"} />;
}

const page = (path: string, element: ReactNode): RouteObject => ({ path, element, errorElement: <Fallen /> });
// React.lazy would do, but React keeps what stands in its place for 300 ms, however soon the code is there.
const fetched = (path: string, load: () => Promise<{ default: ComponentType }>): RouteObject => ({ path, lazy: async () => ({ Component: (await load()).default }), errorElement: <Fallen /> });

export const router = createBrowserRouter([
  {
    element: <Framed />,
    errorElement: <Fallen />,
    hydrateFallbackElement: <FramedWaiting />,
    children: [
      page("/", <Start />),
      fetched("/my-day", () => import("./pages/MyDay/index.tsx")),
      fetched("/cases", () => import("./pages/Cases/index.tsx")),
      fetched("/cases/find", () => import("./pages/Find/index.tsx")),
      fetched("/person/:id/*", () => import("./pages/Person/index.tsx")), // the person's own tabs below
      fetched("/meeting/:id?/*", () => import("./pages/Meeting/index.tsx")),
      fetched("/referrals/*", () => import("./pages/Referrals/index.tsx")),
      fetched("/team/*", () => import("./pages/Team/index.tsx")),
      fetched("/guardian/*", () => import("./pages/Office/index.tsx")),
      fetched("/office/*", () => import("./pages/Office/Administration.tsx")),
      fetched("/me/*", () => import("./pages/Me/index.tsx")),
      page("*", <Absent />),
    ],
  },
]);
