// A partner's system, as it would be written elsewhere: it proves who it is by a signed JWT, asks to be told, and has a receiver of its own.
// usage: node subscription_test.mjs PROGRAM PLACE CERTIFICATE KEY RECEIVER_PORT        (the place is made by subscription_test.sh)
import {spawn, spawnSync} from 'node:child_process';
import {generateKeyPairSync, randomUUID, sign} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:https';
import {createServer as createPlain} from 'node:http';
import {connect} from 'node:net';

const [program, place, certificate, key, receiver_port] = process.argv.slice(2);
let failures = 0;
const check = (what, good, found) => {
  if (good) return;
  failures++;
  console.log(`FAILED: ${what}: ${typeof found === 'string' ? found.slice(0, 600) : JSON.stringify(found)}`);
};
const until = async (good, seconds = 20) => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((go) => setTimeout(go, 20))) if (await good()) return true;
  return false;
};
const run = (...words) => {
  const done = spawnSync(program, [...words, '--place', place], {encoding: 'utf8'});
  if (done.status !== 0) check(words.join(' '), false, done.stderr + done.stdout);
  return done.stdout;
};

// The partner's receiver of notifications: HTTPS, and it can refuse for a while.
const told = [];
let refuses = 0;
const receiver = createServer({cert: readFileSync(certificate), key: readFileSync(key)}, (request, response) => {
  let body = '';
  request.on('data', (piece) => (body += piece));
  request.on('end', () => {
    if (refuses > 0) {
      refuses--;
      response.writeHead(503).end();
      return;
    }
    told.push({path: request.url, authorization: request.headers.authorization, body});
    response.writeHead(200).end();
  });
});
await new Promise((go) => receiver.listen(Number(receiver_port), '127.0.0.1', go));

// Its keys, and the registration that an administrator types in.
const pair = generateKeyPairSync('ec', {namedCurve: 'P-384'});
const jwk = {...pair.publicKey.export({format: 'jwk'}), kid: 'k1', alg: 'ES384', use: 'sig', key_ops: ['verify']};
const base64 = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');
const assertion = (token_url, change = {}, with_key = pair.privateKey) => {
  const now = Math.floor(Date.now() / 1000);
  const text = `${base64({alg: 'ES384', kid: 'k1', typ: 'JWT'})}.${base64({iss: 'rxx-alerts', sub: 'rxx-alerts', aud: token_url, iat: now, exp: now + 240, jti: randomUUID(), ...change})}`;
  return `${text}.${sign('sha384', Buffer.from(text), {key: with_key, dsaEncoding: 'ieee-p1363'}).toString('base64url')}`;
};
writeFileSync(`${place}/client.json`, JSON.stringify({client_id: 'rxx-alerts', name: 'Alerts of the hospital', kind: 'backend', jwks: {keys: [jwk]}, organisation: 'RXX',
  scope: 'system/Encounter.rs system/Subscription.cruds', roles: ['backend'], purpose: 'direct_care'}));
run('govern', 'clients', 'add', `${place}/client.json`);

const serve = () => new Promise((go, no) => {
  const server = spawn(program, ['serve', '--place', place, '--port', '0', '--tls-cert', certificate, '--tls-key', key, '--mllp-port', '0', '--access-log', 'none'], {stdio: ['ignore', 'pipe', 'inherit']});
  let said = '';
  server.stdout.on('data', (piece) => {
    said += piece;
    const base = /Listening (https:\S+)/.exec(said), mllp = /Listening mllp:\/\/127.0.0.1:(\d+)/.exec(said);
    if (base && mllp) go({base: base[1], mllp: Number(mllp[1]), stop: () => new Promise((over) => { server.on('exit', over); server.kill('SIGTERM'); })});
  });
  server.on('exit', (status) => no(new Error(`serve ended with ${status}: ${said}`)));
});
let served = await serve();

// SMART backend services: found by discovery, proved by a signed assertion.
const form = (fields) => ({method: 'POST', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body: new URLSearchParams(fields)});
const token_of = async (change, with_key) => {
  const smart = await (await fetch(`${served.base}/.well-known/smart-configuration`)).json();
  const answer = await fetch(smart.token_endpoint, form({grant_type: 'client_credentials', scope: 'system/Encounter.rs system/Subscription.cruds', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion(smart.token_endpoint, change, with_key)}));
  return {status: answer.status, ...(await answer.json())};
};
const forged = await token_of({}, generateKeyPairSync('ec', {namedCurve: 'P-384'}).privateKey);
check('another\'s key proves nothing', forged.status >= 400 && !forged.access_token, forged);
let token = (await token_of()).access_token;
check('the partner has a token', !!token, token);
const ask = async (path, options = {}) => {
  const answer = await fetch(served.base + path, {...options, headers: {Authorization: `Bearer ${token}`, 'Content-Type': 'application/fhir+json', ...options.headers}});
  return {status: answer.status, body: await answer.json().catch(() => ({}))};
};
const subscription = (endpoint, criteria = 'Encounter?status=in-progress') => JSON.stringify({resourceType: 'Subscription', status: 'requested', reason: 'Tell the ward', criteria,
  channel: {type: 'rest-hook', endpoint, payload: 'application/fhir+json', header: ['Authorization: Bearer of-the-receiver']}});
const endpoint = `https://127.0.0.1:${receiver_port}/joinedup`;
const made = await ask('/Subscription', {method: 'POST', body: subscription(endpoint)});
check('the Subscription is made', made.status === 201, made);
check('and is served', await until(async () => (await ask(`/Subscription/${made.body.id}`)).body.status === 'active'), await ask(`/Subscription/${made.body.id}`));
// Not to where nobody may be told: this machine's other ports are not this partner's receiver.
let led_inside = 0;
const inside = createPlain(() => {});
inside.on('connection', (socket) => { led_inside++; socket.destroy(); });
await new Promise((go) => inside.listen(0, '127.0.0.1', go));
const led = await ask('/Subscription', {method: 'POST', body: subscription(`https://127.0.0.1:${inside.address().port}/`)});
check('another Subscription is made', led.status === 201, led);

// The hospital's messages, by MLLP.
const admit = (n, facility = 'RXX') => new Promise((go, no) => {
  const text = [`MSH|^~\\&|PAS|${facility}|JU||20260101120000||ADT^A01|${facility}-${n}|P|2.4`, 'EVN|A01|20260101120000', `PID|1||M${n}^^^${facility}^MR||PERSON^Number||19500101|F`,
    `PV1|1|I|Ward 1||||||||||||||||V${n}|||||||||||||||||||||||||20260101113000`, ''].join('\r');
  const socket = connect(served.mllp, '127.0.0.1', () => socket.write(`\x0b${text}\x1c\r`));
  let answer = '';
  socket.on('data', (piece) => {
    answer += piece;
    if (answer.includes('\x1c')) { socket.end(); go(/MSA\|(\w\w)/.exec(answer)?.[1]); }
  });
  socket.on('error', no);
});
const started = Date.now();
check('the message is taken', (await admit(1)) === 'AA');
check('the partner is told', await until(() => told.length === 1), told);
const took = Date.now() - started;
const first = told[0] ? JSON.parse(told[0].body) : {};
check('of the admission', first.resourceType === 'Encounter' && first.status === 'in-progress' && first.identifier?.some((one) => one.value === 'V1'), first);
check('at its own address, with its own header', told[0]?.path === '/joinedup' && told[0]?.authorization === 'Bearer of-the-receiver', told[0]);
check('and reads the same', (await ask(`/Encounter/${first.id}`)).body.id === first.id);
check('what is another\'s is not theirs to be told', (await admit(1, 'RYY')) === 'AA');
refuses = 1;
check('another message', (await admit(2)) === 'AA');
check('a receiver that refuses is asked again', await until(() => told.length === 2, 60), told);
check('in order, and of nobody else', told[1] && JSON.parse(told[1].body).identifier.some((one) => one.value === 'V2'), told[1]);
check('the council\'s messages were taken', !told.some((one) => one.body.includes('RYY')), told);

// A program that ends and begins again tells what came, and nothing twice.
await served.stop();
served = await serve();
token = (await token_of()).access_token;
check('after a new start', (await admit(3)) === 'AA' && (await until(() => told.length === 3)), told.length);

// The agreement has ended: nothing more is sent, and nothing more is given. The messages' door has read the register when it began, and
// still writes; so it is the policy that stands here.
const register = readFileSync(`${place}/place.toml`, 'utf8');
writeFileSync(`${place}/place.toml`, register.replace(/(partner = "RXX"[\s\S]*?from = )2020-01-01/, '$12020-01-01\nuntil = 2026-01-31'));
await until(async () => (await ask(`/Encounter/${first.id}`)).status === 404);
check('what was the partner\'s is not given any more', (await ask(`/Encounter/${first.id}`)).status === 404);
check('a message after the end is kept', (await admit(4)) === 'AA');
await new Promise((go) => setTimeout(go, 2000));
check('and nobody is told', told.length === 3, told.length);
await served.stop();
served = await serve();
token = (await token_of()).access_token;
check('nor after a new start', (await admit(5)) === 'AA');
await new Promise((go) => setTimeout(go, 2000));
check('is anything sent', told.length === 3, told.length);
const renewed = token ? await ask('/Subscription', {method: 'POST', body: subscription(endpoint)}) : {status: 401};
await served.stop();
check('held until there is an agreement', JSON.parse(run('messages', 'review', '--json')).some((one) => one.state === 'held'), run('messages', 'review', '--json'));
const verified = JSON.parse(run('govern', 'audit', 'verify', '--json'));
check('an address that is not public is never connected to', led_inside === 0, led_inside);
check('the log is whole', verified.ok === true, verified);
if (!failures) console.log(`told ${told.length} times, the first ${took} ms after the message was sent; a Subscription after the end: ${renewed.status}`);
receiver.close();
inside.close();
process.exit(failures ? 1 : 0);
