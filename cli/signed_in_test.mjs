// Drives a demonstration place that people sign in to. usage: node signed_in_test.mjs BASE demo-users.json
import {createHmac} from 'node:crypto';
import {readFileSync} from 'node:fs';

const [base, file] = process.argv.slice(2);
const origin = new URL(base).origin;
const users = Object.fromEntries(JSON.parse(readFileSync(file)).map((one) => [one.user, one]));
let failures = 0;
const check = (what, good, found) => {
  if (good) return;
  failures++;
  console.log(`FAILED: ${what}: ${typeof found === 'string' ? found.slice(0, 500) : JSON.stringify(found)}`);
};

// RFC 6238, by the book.
const totp = (secret) => {
  const bits = [...secret.replace(/=+$/, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const sum = createHmac('sha1', key).update(counter).digest();
  return String((sum.readUInt32BE(sum[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
};

const signIn = async (user, change = {}) => {
  const {password, totp_secret} = users[user];
  const answer = await fetch(`${origin}/login`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json', Accept: 'application/json', Origin: origin},
    body: JSON.stringify({user, password, code: totp(totp_secret), ...change})
  });
  const cookie = answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
  return {status: answer.status, cookie, session: await answer.json(), flags: answer.headers.getSetCookie()};
};
const ask = async (who, path, options = {}) => {
  const answer = await fetch(base + path, {...options, headers: {Cookie: who?.cookie ?? '', 'X-CSRF-Token': who?.session?.csrf ?? '', Origin: origin, 'Content-Type': 'application/fhir+json', ...options.headers}});
  const text = await answer.text();
  let body = {};
  try { body = JSON.parse(text); } catch { /* not JSON */ }
  return {status: answer.status, body, text};
};
const count = (page) => page.body.total;

check('nobody is signed in', (await ask(null, '/Patient?_count=1')).status === 401);
check('what the server can do is told', (await ask(null, '/metadata')).status === 200);
check('a wrong password', (await signIn('demo.gp', {password: 'wrong'})).status === 401);
check('a wrong code', (await signIn('demo.gp', {code: '000000'})).status === 401);

const gp = await signIn('demo.gp');
check('the doctor signs in', gp.status === 200, gp);
check('the cookie is the browser\'s alone, over TLS', gp.flags.some((one) => /^__Host-/.test(one) && /HttpOnly/.test(one) && /Secure/.test(one) && /SameSite/.test(one)), gp.flags);
const person = (await signIn('demo.patient'));
check('the person signs in', person.status === 200, person);
const patient = person.session.patient;

const own = await ask(gp, `/Patient/${patient}`);
check('a doctor reads a person of their practice', own.status === 200 && own.body.id === patient, own);
const practice = await ask(gp, '/Patient?_total=accurate&_count=5');
check('and sees their practice', practice.status === 200 && count(practice) > 10, practice.text);
const coordinator = await signIn('demo.coordinator');
const team = await ask(coordinator, '/Patient?_total=accurate&_count=5');
check('a co-ordinator sees whom the team looks after', team.status === 200 && count(team) >= 1 && count(team) < 200, team.text);
check('nobody sees everybody', count(practice) < 1500 && count(team) < 1500, [count(practice), count(team)]);

const analyst = await signIn('demo.analyst');
check('the analyst signs in', analyst.status === 200, analyst);
const none = await ask(analyst, '/Patient?_total=accurate');
check('an analyst sees nobody', none.status === 200 && count(none) === 0 && !none.body.entry, none.text);
const refused = await ask(analyst, `/Patient/${patient}`), absent = await ask(analyst, '/Patient/no-such-person');
check('denied and absent are the same', refused.status === 404 && refused.status === absent.status && refused.text === absent.text, [refused.text, absent.text]);

const page = await ask(person, '/Patient?_total=accurate');
check('a person sees themselves', count(page) === 1 && page.body.entry[0].resource.id === patient, page.text);
const looked = await ask(person, `/AuditEvent?patient=${patient}`);
check('a person sees who looked', looked.status === 200 && looked.body.entry?.some((one) => JSON.stringify(one.resource.agent).includes('demo.gp') || JSON.stringify(one.resource.agent).includes(gp.session.practitioner)), looked.text);
const carer = await signIn('demo.carer');
const cared = await ask(carer, '/Patient?_total=accurate');
check('a carer sees whom they care for', count(cared) === 1 && cared.body.entry[0].resource.id === patient, cared.text);
const hidden = await ask(carer, `/AuditEvent?patient=${patient}`);
check('who looked is not the carer\'s to know', !hidden.body.entry, hidden.text);
const guardian = await signIn('demo.guardian');
const reviewed = await ask(guardian, `/AuditEvent?patient=${patient}`);
check('the guardian sees who looked', reviewed.body.entry?.length >= 2, reviewed.text);
check('and no record', (await ask(guardian, `/Patient/${patient}`)).status === 404);
check('a log entry is nobody\'s to write', (await ask(guardian, '/AuditEvent', {method: 'POST', body: '{"resourceType":"AuditEvent"}'})).status >= 400);

const note = JSON.stringify({resourceType: 'Communication', status: 'completed', subject: {reference: `Patient/${patient}`}, payload: [{contentString: 'Telephoned; well.'}]});
check('a change without the token of the page is refused', (await ask({cookie: gp.cookie}, '/Communication', {method: 'POST', body: note})).status === 403);
check('so is one that another site makes', (await ask(gp, '/Communication', {method: 'POST', body: note, headers: {Origin: 'https://elsewhere.example'}})).status === 403);
const written = await ask(gp, '/Communication', {method: 'POST', body: note});
check('a doctor writes', written.status === 201, written);
check('an analyst does not', (await ask(analyst, '/Communication', {method: 'POST', body: note})).status >= 400);

// The nurse's time in the team ends: an administrator writes it into the directory.
const nurse = await signIn('demo.nurse'), administrator = await signIn('demo.administrator');
const teams = await ask(administrator, `/CareTeam?participant=Practitioner/${nurse.session.practitioner}`);
const place_team = teams.body.entry?.map((one) => one.resource).find((one) => !one.subject);
check('the nurse is in a team', !!place_team, teams.text);
const parted = {...place_team, participant: place_team?.participant.map((one) => (one.member.reference === `Practitioner/${nurse.session.practitioner}` ? {...one, period: {end: '2026-01-31'}} : one))};
check('a worker does not change who is in a team', (await ask(nurse, `/CareTeam/${parted.id}`, {method: 'PUT', body: JSON.stringify(parted)})).status >= 400);
const ended = await ask(administrator, `/CareTeam/${parted.id}`, {method: 'PUT', body: JSON.stringify(parted)});
check('an administrator does', ended.status === 200, ended.text);

await fetch(`${origin}/logout`, {method: 'POST', headers: {Cookie: gp.cookie, 'X-CSRF-Token': gp.session.csrf, Origin: origin, Accept: 'application/json'}});
check('a session that was ended opens nothing', (await ask(gp, `/Patient/${patient}`)).status === 401);
process.exit(failures ? 1 : 0);
