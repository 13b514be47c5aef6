// Packs what Vite built, once, as small as it gets: x.js beside x.js.gz and x.js.br. The server gives out what the browser takes.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = new URL("dist/", import.meta.url).pathname;
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(html|js|css|svg|json)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const text = readFileSync(path);
  const packed = {
    gz: gzipSync(text, { level: 9 }),
    br: brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length } }),
  };
  for (const [ending, bytes] of Object.entries(packed)) {
    if (bytes.length < text.length) writeFileSync(`${path}.${ending}`, bytes);
    else rmSync(`${path}.${ending}`, { force: true });
  }
}
