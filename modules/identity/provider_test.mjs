// An OpenID provider of other people's making (npm oidc-provider, certified by the OpenID Foundation), set up for the tests.
// Below /fhir it is a GP system that opens others in the context of its Patient gp-7 (SMART App Launch 2).
//   node provider_test.mjs FOLDER_OF_PACKAGES PORT(0: any)      prints its port; ends when its input does
// Its people need no password: /interaction/…?as=NAME&acr=LEVEL signs in whoever it is told. /sign?claims=… signs anything, as a
// provider gone wrong would. Every start makes a new key, so that a second start at the same port is a rotation.
import { createRequire } from 'node:module';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import http from 'node:http';

const require = createRequire(process.argv[2] + '/package.json');
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kid = randomUUID();
const base = 'http://127.0.0.1:8999';
let patientInContext = 'gp-7';

const client = (name, method, more) => ({
  client_id: name, redirect_uris: [`${base}/login/callback/${name}`], grant_types: ['authorization_code'], response_types: ['code'], token_endpoint_auth_method: method, ...more,
});

const server = http.createServer();
server.listen(Number(process.argv[3] ?? 0), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [client('basic', 'client_secret_basic', { client_secret: 'a secret of two/parties+here' }), client('levels', 'client_secret_basic', { client_secret: 'another secret of theirs' }), client('public', 'none', {}),
      client('keyed', 'private_key_jwt', { jwks: process.argv[4] ? JSON.parse(process.argv[4]) : { keys: [] }, token_endpoint_auth_signing_alg: 'ES256' })].filter((one) => one.client_id !== 'keyed' || process.argv[4]),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] },
    acrValues: ['AAL1', 'AAL2', 'AAL3'],
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['of the test'] },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ttl: { Session: 3600, Grant: 3600, Interaction: 600, AccessToken: 600, IdToken: 600 },
  });
  const callback = provider.callback();
  server.on('request', async (request, response) => {
    const url = new URL(request.url, issuer);
    try {
      if (url.pathname === '/sign') {
        const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const text = `${part({ alg: 'RS256', kid, typ: 'JWT' })}.${part(JSON.parse(url.searchParams.get('claims')))}`;
        response.end(`${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`);
      } else if (url.pathname === '/away') {
        response.writeHead(302, { Location: `${issuer}/.well-known/openid-configuration` }).end();
      } else if (url.pathname === '/endless') {
        response.writeHead(200);
        const more = () => { while (response.write('x'.repeat(65536)) && !response.destroyed); };
        response.on('drain', more);
        more();
      } else if (url.pathname === '/never') {
        // holds the line
      } else if (url.pathname.startsWith('/interaction/')) {
        const details = await provider.interactionDetails(request, response);
        const grant = new provider.Grant({ accountId: url.searchParams.get('as'), clientId: details.params.client_id });
        grant.addOIDCScope('openid');
        const grantId = await grant.save();
        await provider.interactionFinished(request, response, { login: { accountId: url.searchParams.get('as'), acr: url.searchParams.get('acr') ?? undefined }, consent: { grantId } }, { mergeWithLastSubmission: false });
      } else if (url.pathname === '/fhir/.well-known/smart-configuration') {
        response.end(JSON.stringify({ authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/fhir-token`, code_challenge_methods_supported: ['S256'], capabilities: ['launch-ehr'] }));
      } else if (url.pathname === '/fhir-token') {
        // The token endpoint of the record: what the provider gives, and whose record was open.
        request.url = '/token';
        const end = response.end.bind(response);
        response.end = (body, ...rest) => {
          const answer = JSON.parse(String(body));
          if (answer.access_token) answer.patient = patientInContext;
          const text = JSON.stringify(answer);
          if (!response.headersSent) response.setHeader('Content-Length', Buffer.byteLength(text));
          return end(text, ...rest);
        };
        callback(request, response);
      } else if (url.pathname.startsWith('/fhir/Patient/')) {
        const known = request.headers.authorization?.startsWith('Bearer ') && url.pathname === '/fhir/Patient/gp-7';
        response.writeHead(known ? 200 : 401);
        response.end(known ? JSON.stringify({ resourceType: 'Patient', id: 'gp-7', birthDate: '1944-02-03', identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9434765919' }] }) : '');
      } else if (url.pathname === '/context') {
        patientInContext = url.searchParams.get('patient');
        response.end();
      } else callback(request, response);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  console.log(server.address().port);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
