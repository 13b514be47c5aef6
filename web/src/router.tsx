// The addresses of the workspace. Each page is its own piece of code, fetched when it is first opened.
import { lazy, Suspense, type ReactNode } from "react";
import { createBrowserRouter, Navigate, Outlet } from "react-router";
import { useSession } from "./api/session.tsx";
import { Absent, Frame, Waiting } from "./parts/Frame.tsx";
import { Fallen } from "./parts/Fallen.tsx";

const MyDay = lazy(() => import("./pages/MyDay/index.tsx"));
const Cases = lazy(() => import("./pages/Cases/index.tsx"));
const Find = lazy(() => import("./pages/Find/index.tsx"));
const Person = lazy(() => import("./pages/Person/index.tsx"));
const Meeting = lazy(() => import("./pages/Meeting/index.tsx"));
const Referrals = lazy(() => import("./pages/Referrals/index.tsx"));
const Team = lazy(() => import("./pages/Team/index.tsx"));
const Me = lazy(() => import("./pages/Me/index.tsx"));

function Framed() {
  return (
    <Frame>
      <Suspense
        fallback={
          <main className="nhsuk-width-container nhsuk-main-wrapper" id="main">
            <Waiting />
          </main>
        }
      >
        <Outlet />
      </Suspense>
    </Frame>
  );
}

function Start() {
  const session = useSession();
  return <Navigate replace to={session.kind === "worker" ? "/my-day" : "/me"} />;
}

const page = (path: string, element: ReactNode) => ({ path, element, errorElement: <Fallen /> });

export const router = createBrowserRouter([
  {
    element: <Framed />,
    errorElement: <Fallen />,
    children: [
      page("/", <Start />),
      page("/my-day", <MyDay />),
      page("/cases", <Cases />),
      page("/cases/find", <Find />),
      page("/person/:id/*", <Person />), // the person's own tabs below
      page("/meeting/:id?/*", <Meeting />),
      page("/referrals/*", <Referrals />),
      page("/team/*", <Team />),
      page("/me/*", <Me />),
      page("*", <Absent />),
    ],
  },
]);
