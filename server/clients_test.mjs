// Two FHIR clients that others wrote, from npm, drive the server end to end. usage: node clients_test.mjs BASE
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../packages/test/package.json', import.meta.url));
const [, , base] = process.argv;
let passed = 0;
const failed = [];
const test = async (name, work) => {
  try { await work(); passed += 1; } catch (error) { failed.push(`${name}: ${error.stack ?? error} ${JSON.stringify(error?.response?.data ?? "").slice(0, 400)}`); }
};
const patient = (family, more = {}) => ({ resourceType: 'Patient', name: [{ family, given: ['Ada'] }], birthDate: '1970-01-02', ...more });
const status_of = (error) => error?.response?.status ?? error?.status ?? error?.statusCode;
const mark = `c${process.pid}x${Date.now()}`;

// fhir-kit-client
const { Client } = await import(new URL('../packages/test/node_modules/fhir-kit-client/dist/index.js', import.meta.url));
const kit = new Client({ baseUrl: base });

await test('kit: capability statement', async () => {
  const statement = await kit.capabilityStatement();
  assert.equal(statement.resourceType, 'CapabilityStatement');
  assert.equal(statement.fhirVersion, '4.0.1');
  const types = statement.rest[0].resource.map((r) => r.type);
  assert.ok(types.includes('Patient') && types.includes('CarePlan') && types.length > 140);
});
let made;
await test('kit: create, read, version read', async () => {
  made = await kit.create({ resourceType: 'Patient', body: patient(`${mark}Smith`) });
  assert.ok(made.id);
  assert.equal(made.meta.versionId, '1');
  const read = await kit.read({ resourceType: 'Patient', id: made.id });
  assert.deepEqual(read, made);
  const version = await kit.vread({ resourceType: 'Patient', id: made.id, version: '1' });
  assert.deepEqual(version, made);
});
await test('kit: update with If-Match; a lost update is refused', async () => {
  const headers = { 'If-Match': 'W/"1"' };
  const changed = await kit.update({ resourceType: 'Patient', id: made.id, body: { ...made, gender: 'female' }, options: { headers } });
  assert.equal(changed.meta.versionId, '2');
  await assert.rejects(kit.update({ resourceType: 'Patient', id: made.id, body: { ...made, gender: 'male' }, options: { headers } }), (e) => status_of(e) === 412);
  assert.equal((await kit.read({ resourceType: 'Patient', id: made.id })).gender, 'female');
});
await test('kit: JSON Patch', async () => {
  const jsonPatch = [{ op: 'replace', path: '/gender', value: 'other' }, { op: 'add', path: '/active', value: true }];
  await kit.patch({ resourceType: 'Patient', id: made.id, jsonPatch });
  const read = await kit.read({ resourceType: 'Patient', id: made.id });
  assert.equal(read.gender, 'other');
  assert.equal(read.active, true);
});
await test('kit: history of an instance, a type and the system', async () => {
  const instance = await kit.history({ resourceType: 'Patient', id: made.id });
  assert.deepEqual(instance.entry.map((e) => e.resource.meta.versionId), ['3', '2', '1']);
  assert.ok((await kit.history({ resourceType: 'Patient' })).entry.length >= 3);
  assert.ok((await kit.history()).entry.length >= 3);
});
await test('kit: search, search by POST, pages forward', async () => {
  for (let i = 0; i < 7; ++i) await kit.create({ resourceType: 'Patient', body: patient(`${mark}Page`, { gender: i % 2 ? 'male' : 'female' }) });
  const searchParams = { family: `${mark}Page`, _count: 3 };
  const ids = new Set();
  let page = await kit.search({ resourceType: 'Patient', searchParams });
  let pages = 0;
  for (; page; page = await kit.nextPage({ bundle: page })) {
    pages += 1;
    for (const e of page.entry ?? []) ids.add(e.resource.id);
    if (!page.link.some((l) => l.relation === 'next')) break;
  }
  assert.equal(ids.size, 7);
  assert.ok(pages >= 3);
  const posted = await kit.search({ resourceType: 'Patient', searchParams: { family: `${mark}Page`, gender: 'female' }, options: { postSearch: true } });
  assert.equal(posted.entry.length, 4);
  assert.equal(posted.type, 'searchset');
});
await test('kit: an unknown parameter is refused where strictness is asked for, and said where it is not', async () => {
  await assert.rejects(kit.search({ resourceType: 'Patient', searchParams: { frob: '1' }, options: { headers: { Prefer: 'handling=strict' } } }), (e) => status_of(e) === 400);
  const lenient = await kit.search({ resourceType: 'Patient', searchParams: { frob: '1', _count: 1 } });
  assert.ok(lenient.entry.some((e) => e.resource.resourceType === 'OperationOutcome'));
  assert.ok(!lenient.link.find((l) => l.relation === 'self').url.includes('frob'));
});
await test('kit: a transaction joins its resources; another that fails leaves nothing', async () => {
  const bundle = (family, method = 'POST') => ({
    resourceType: 'Bundle', type: 'transaction', entry: [
      { fullUrl: 'urn:uuid:4b8e1b5e-0001-4000-8000-000000000001', resource: patient(family), request: { method, url: method === 'POST' ? 'Patient' : 'Frob/1' } },
      { resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'urn:uuid:4b8e1b5e-0001-4000-8000-000000000001' } }, request: { method: 'POST', url: 'Observation' } }],
  });
  const done = await kit.transaction({ body: bundle(`${mark}Joined`) });
  assert.equal(done.type, 'transaction-response');
  assert.ok(done.entry.every((e) => e.response.status.startsWith('201')));
  const found = await kit.search({ resourceType: 'Observation', searchParams: { 'patient.family': `${mark}Joined`, _include: 'Observation:patient' } });
  assert.deepEqual(found.entry.map((e) => e.search.mode).sort(), ['include', 'match']);
  await assert.rejects(kit.transaction({ body: bundle(`${mark}Undone`, 'PUT') }), (e) => status_of(e) >= 400 && status_of(e) < 500);
  assert.equal((await kit.search({ resourceType: 'Patient', searchParams: { family: `${mark}Undone` } })).entry?.length ?? 0, 0);
});
await test('kit: batch', async () => {
  const done = await kit.batch({ body: { resourceType: 'Bundle', type: 'batch', entry: [
    { request: { method: 'GET', url: `Patient/${made.id}` } }, { request: { method: 'GET', url: 'Patient/nobody' } }] } });
  assert.deepEqual(done.entry.map((e) => e.response.status.slice(0, 3)), ['200', '404']);
});
await test('kit: compartment search', async () => {
  const found = await kit.search({ resourceType: 'Observation', searchParams: { 'patient.family': `${mark}Joined` } });
  const id = found.entry[0].resource.subject.reference.split('/').pop();
  const inside = await kit.search({ resourceType: 'Observation', compartment: { resourceType: 'Patient', id } });
  assert.equal(inside.entry.length, 1);
});
await test('kit: delete, and what is gone is said to be gone', async () => {
  await kit.delete({ resourceType: 'Patient', id: made.id });
  await assert.rejects(kit.read({ resourceType: 'Patient', id: made.id }), (e) => [404, 410].includes(status_of(e)));
  assert.equal((await kit.history({ resourceType: 'Patient', id: made.id })).entry[0].request.method, 'DELETE');
});

// fhirclient, SMART's own
const smart = require('fhirclient')({ url: '/', headers: {}, on() {} }, { setHeader() {}, end() {} });
const client = smart.client({ serverUrl: base });
await test('smart: create, read, update, patch, delete', async () => {
  const created = await client.create(patient(`${mark}Jones`));
  assert.ok(created.id);
  const read = await client.request(`Patient/${created.id}`);
  assert.equal(read.name[0].family, `${mark}Jones`);
  const updated = await client.update({ ...read, gender: 'male' });
  assert.equal(updated.meta.versionId, '2');
  const patched = await client.patch(`Patient/${created.id}`, [{ op: 'replace', path: '/gender', value: 'unknown' }]);
  assert.equal(patched.gender, 'unknown');
  await client.delete(`Patient/${created.id}`);
  await assert.rejects(client.request(`Patient/${created.id}`));
});
await test('smart: all pages, flat', async () => {
  const all = await client.request(`Patient?family=${mark}Page&_count=2`, { pageLimit: 0, flat: true });
  assert.equal(new Set(all.map((p) => p.id)).size, 7);
});
await test('smart: references are resolved', async () => {
  const found = await client.request(`Observation?patient.family=${mark}Joined`, { resolveReferences: 'subject', flat: true, pageLimit: 1 });
  assert.equal(found.length, 1);
});
await test('smart: capability and version', async () => {
  assert.equal(await client.getFhirVersion(), '4.0.1');
  assert.equal(await client.getFhirRelease(), 4);
});

for (const one of failed) console.error(`FAILED ${one}`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exit(failed.length ? 1 : 0);
