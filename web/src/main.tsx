import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { SessionProvider } from "./api/session.tsx";
import { router } from "./router.tsx";
import "./styles/app.scss";

const place = document.getElementById("page");
if (place)
  createRoot(place).render(
    <StrictMode>
      <SessionProvider waiting={<p className="nhsuk-width-container nhsuk-main-wrapper" role="status"></p>}>
        <RouterProvider router={router} />
      </SessionProvider>
    </StrictMode>,
  );
