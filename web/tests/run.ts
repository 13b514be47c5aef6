// Runs the journeys: node tests/run.ts [words of a name or file…]. Exit status 1 where one failed, 77 where there is no Chromium.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { journeys, launch, Served, Tools } from "./harness.ts";

const words = process.argv.slice(2).map((word) => word.toLowerCase());
const folder = dirname(fileURLToPath(import.meta.url));
const wanted: { file: string; index: number }[] = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith(".spec.ts")).sort()) {
  const before = journeys.length;
  await import(join(folder, file));
  for (let index = before; index < journeys.length; ++index) {
    const title = `${file} ${journeys[index]?.name ?? ""}`.toLowerCase();
    if (words.length === 0 || words.some((word) => title.includes(word))) wanted.push({ file, index });
  }
}
if (wanted.length === 0) {
  console.error("No journey has such a name.");
  process.exit(2);
}

const browser = await launch().catch((fault: Error) => {
  console.error(fault.message);
  process.exit(77);
});
const served = new Served();
let failures = 0;
try {
  await served.start();
  for (const { file, index } of wanted) {
    const one = journeys[index];
    if (!one) continue;
    const tools = new Tools(served, browser);
    const began = Date.now();
    let fault: unknown;
    try {
      await one.steps(tools);
    } catch (caught) {
      fault = caught;
    }
    const seen = fault ? await tools.describe().catch(() => "") : "";
    try {
      await tools.end();
    } catch (caught) {
      fault ??= caught;
    }
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    console.log(`${fault ? "FAILED" : "ok    "} ${file.replace(".spec.ts", "")}: ${one.name} (${seconds} s)`);
    if (fault) {
      ++failures;
      console.log(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault));
      console.log(seen);
    }
  }
} finally {
  await browser.close();
  await served.stop();
  served.remove();
}
console.log(`${wanted.length - failures} of ${wanted.length} journeys succeeded`);
process.exit(failures ? 1 : 0);
