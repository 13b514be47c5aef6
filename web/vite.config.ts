/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` shows the pages as they are being written and asks a served place for everything else:
//   JOINEDUP_SERVER=http://127.0.0.1:8080 npm run dev
const served = process.env["JOINEDUP_SERVER"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // nothing inline: the content policy forbids it
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(
      ["/fhir", "/session", "/login", "/logout", "/events", "/.well-known"].map((path) => [
        path,
        { target: served, changeOrigin: true, headers: { origin: served } },
      ]),
    ),
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
