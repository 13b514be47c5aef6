// Writes search_parameters.txt and letters.txt.
//   node modules/fhir/data/make_search_parameters.mjs [packages/node_modules]
// search_parameters.txt: one line a type and parameter, fields parted by tabs:
//   parameter TYPE CODE KIND EXPRESSION TARGETS COMPONENTS
// EXPRESSION holds the branches that begin with TYPE only, seen from the resource: without that first step; COMPONENTS are "code=expression" parted by ";".
//   resource TYPE
//   compartment Patient TYPE CODE…   a resource of TYPE is in the compartment by these parameters.
// letters.txt: code point and what a string search reads it as (NFKD without marks, lower case).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { read, readWhole, source } from '../../fhirpath/data/r4_package.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

// The parts of "a | (b | c) | d" between the outer bars.
function branches(expression) {
  const out = [''];
  let depth = 0;
  for (const c of expression) {
    if (c === '(') depth++;
    if (c === ')') depth--;
    if (c === '|' && depth === 0) out.push('');
    else out[out.length - 1] += c;
  }
  return out.map((b) => b.trim()).filter(Boolean);
}
// R4 writes as(DateTime) where the element's type is dateTime.
const repair = (text) => text.replaceAll('as(DateTime)', 'as(dateTime)');

const parameters = read('search-parameters.json');
const byUrl = new Map(parameters.map((p) => [p.url, p]));
const lines = [];
for (const p of parameters) {
  for (const type of p.base) {
    if (type === 'DomainResource') continue;  // _text: full text, not offered
    const all = branches(repair(p.expression ?? ''));
    const mine = all.filter((b) => new RegExp(`^\\(?${type}\\b`).test(b));
    const chosen = mine.length ? mine : p.base.length === 1 ? all : [];
    if (!chosen.length) continue;
    const components = (p.component ?? []).map((c) => `${byUrl.get(c.definition).code}=${repair(c.expression)}`);
    lines.push(['parameter', type, p.code, p.type, chosen.map((b) => (b.startsWith(`${type}.`) ? b.slice(type.length + 1) : b)).join(' | '), (p.target ?? []).join(' '), components.join(';')].join('\t'));
  }
}
lines.sort();
const types = read('profiles-resources.json')
  .filter((d) => d.resourceType === 'StructureDefinition' && d.kind === 'resource' && !d.abstract && d.derivation === 'specialization');
for (const d of types) lines.push(`resource\t${d.id}`);
const compartment = readWhole('compartmentdefinition-patient.json');
for (const r of compartment.resource) if (r.param) lines.push(['compartment', 'Patient', r.code, r.param.join(' ')].join('\t'));
fs.writeFileSync(path.join(here, 'search_parameters.txt'),
  `# Source: FHIR 4.0.1 search-parameters and compartmentdefinition-patient (HL7, CC0) ${source}; written by make_search_parameters.mjs\n`
  + lines.join('\n') + '\n');

const letters = [];
for (let code = 0x41; code < 0x10000; code++) {
  if (code >= 0xd800 && code < 0xe000) continue;
  const letter = String.fromCodePoint(code);
  const plain = letter.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');
  if (plain !== letter && code < 0xac00) letters.push(`${code.toString(16)} ${plain}`);
}
for (const [letter, plain] of [['ß', 'ss'], ['æ', 'ae'], ['Æ', 'ae'], ['ø', 'o'], ['Ø', 'o'], ['œ', 'oe'], ['Œ', 'oe'], ['đ', 'd'], ['Đ', 'd'],
  ['ł', 'l'], ['Ł', 'l'], ['ı', 'i'], ['þ', 'th'], ['Þ', 'th'], ['ð', 'd'], ['Ð', 'd']]) {
  const at = letter.codePointAt(0).toString(16);
  const old = letters.findIndex((l) => l.startsWith(`${at} `));
  if (old >= 0) letters[old] = `${at} ${plain}`;
  else letters.push(`${at} ${plain}`);
}
fs.writeFileSync(path.join(here, 'letters.txt'),
  '# Source: Unicode normalisation NFKD and lower case as computed by Node 22 (Unicode, Inc.), with sixteen customary spellings of Latin letters; written by make_search_parameters.mjs\n'
  + letters.join('\n') + '\n');
