// app.scss takes only a part of the design system: every class of it that a page names must be in what it takes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "sass";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("..", import.meta.url));

// Without a rule of its own: hooks of the design system's scripts and parts whose look is inherited.
const bare = new Set(["nhsuk-frontend", "nhsuk-react-components"]);

test("every class of the design system that a page names has its style", () => {
  const { css } = compile(join(src, "styles/app.scss"), { loadPaths: [join(src, "../node_modules")], logger: { warn: () => undefined, debug: () => undefined } });
  const missing = new Set<string>();
  let seen = 0;
  for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".tsx")) continue;
    for (const [name] of readFileSync(join(entry.parentPath, entry.name), "utf8").matchAll(/(?<![\w-/])nhsuk-[a-z0-9_-]+/g)) {
      if (bare.has(name) || name.endsWith("-")) continue; // "nhsuk-tag--" is put together with a colour
      ++seen;
      if (!new RegExp(`\\.${name}(?![\\w-])`).test(css)) missing.add(`${name} in ${entry.name}`);
    }
  }
  expect(seen).toBeGreaterThan(200);
  expect([...missing]).toEqual([]);
});
