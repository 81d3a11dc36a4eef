import { pino } from 'pino';
import { systemClock } from '../../../../../common/runtime/clock';
import {
  type Probe,
  probeUpstream,
  type ProbeTarget,
} from '../../../../../data-plane/src/upstream/probe/probe-upstream';
import { createUpstreamProber } from '../../../../../data-plane/src/upstream/probe/create-upstream-prober';
import type { UpstreamOptions } from '../../../../../data-plane/src/upstream/options';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  makeCertificates,
  startFakeRegistry,
} from '../../../../support/fake-registry';
import { Closers, startSocketServer } from '../support';

const CREDENTIALS = { username: 'alice', password: 'right-p@ss' };
const WRONG = { username: 'alice', password: 'wr0ng-p@ss' };
const users = { alice: { password: CREDENTIALS.password, repositories: 'all' as const } };

const closers = new Closers();
afterEach(() => closers.close());

const start = async (options: FakeRegistryOptions = {}): Promise<FakeRegistry> =>
  closers.add(await startFakeRegistry(options));

function probe(
  target: Partial<ProbeTarget> & { readonly host: string },
  options: Partial<UpstreamOptions> = {},
): Promise<Probe> {
  const prober = createUpstreamProber({
    allowedNetworks: ['127.0.0.0/8'],
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    ...options,
  });
  return probeUpstream(prober, {
    namespace: '',
    credentials: undefined,
    insecure: true,
    caCertificate: undefined,
    ...target,
  });
}

/** Starts a registry that answers every request in the given way. */
async function answering(
  status: number,
  headers: Readonly<Record<string, string>>,
  body = '',
  named = false,
): Promise<FakeRegistry> {
  const registry = await start();
  registry.quirk({
    respond: { status, headers, body },
    ...(named ? {} : { headers: { 'docker-distribution-api-version': 'something' } }),
  });
  return registry;
}

describe('UpstreamProber returns OK for', () => {
  test('a registry without authentication, which gets no credentials; the message claims nothing about them', async () => {
    const registry = await start();
    const { host } = registry;
    expect(await probe({ host })).toEqual({
      outcome: 'OK',
      anonymous: true,
      latencyMs: expect.any(Number) as number,
      message: `${host} is a registry and answers without credentials.`,
    });
    expect(await probe({ host, credentials: WRONG, namespace: 'team' })).toMatchObject({
      outcome: 'OK',
      anonymous: true,
      message: `${host} is a registry and answers without credentials: they were not sent, so they could not be checked. The namespace team was not checked.`,
    });
    expect(registry.requests.map(({ line, authorization }) => [line, authorization])).toEqual([
      ['GET /v2/', 'none'],
      ['GET /v2/', 'none'],
    ]);
  });

  test('correct Basic credentials', async () => {
    const { host } = await start({ auth: { kind: 'basic', users } });
    expect(await probe({ host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'OK',
      anonymous: false,
      message: `${host} is a registry and accepted the credentials. Only a pull shows which repositories they may pull.`,
    });
  });

  test('a token for credentials, requested without a scope', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    expect(await probe({ host: registry.host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'OK',
      anonymous: false,
      message: `${registry.host} is a registry: its token server issued a token for the credentials, and the registry accepted it. Only a pull shows which repositories they may pull.`,
    });
    expect(registry.requests.map(({ line, authorization }) => [line, authorization])).toEqual([
      ['GET /v2/', 'none'],
      ['GET /token', 'basic'],
      ['GET /v2/', 'bearer'],
    ]);
    expect(registry.requests[1]!.query).toEqual({ service: 'fake-registry' });
  });

  test('an anonymous token, even if the registry does not accept it for /v2/', async () => {
    const registry = await start({ auth: { kind: 'bearer', anonymous: 'all' } });
    const message = `${registry.host} is a registry and issues tokens without credentials. Only a pull shows which repositories may be pulled.`;
    expect(await probe({ host: registry.host })).toMatchObject({ outcome: 'OK', anonymous: true, message });
    registry.quirk({ path: '/v2/', when: ({ authorization }) => authorization === 'bearer', respond: { status: 401 } });
    expect(await probe({ host: registry.host })).toMatchObject({ outcome: 'OK', anonymous: true, message });
  });

  test.each(['', '{}', 'true', '{"errors":[]}'.replace('[]', '[{"code":"OK"}]')])(
    'a registry that does not identify itself and answers %j',
    async (body) => {
      const { host } = await answering(200, {}, body);
      expect(await probe({ host })).toMatchObject({ outcome: 'OK' });
    },
  );

  test('a second probe, which asks again over its own connection', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    await probe({ host: registry.host, credentials: CREDENTIALS });
    await registry.waitFor(() => registry.openConnections === 0);
    await probe({ host: registry.host, credentials: CREDENTIALS });
    expect(registry.requests.filter(({ path }) => path === '/token')).toHaveLength(2);
    await registry.waitFor(() => registry.openConnections === 0);
  });
});

describe('UpstreamProber returns BAD_CREDENTIALS for', () => {
  test('wrong or missing Basic credentials', async () => {
    const { host } = await start({ auth: { kind: 'basic', users } });
    expect(await probe({ host, credentials: WRONG })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: false,
      message: `${host} refused the credentials (401): check upstreamUsername and upstreamPassword.`,
    });
    expect(await probe({ host })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: true,
      message: `${host} requires credentials (401): set upstreamUsername and upstreamPassword.`,
    });
  });

  test('credentials that the token server refuses', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    const { host } = registry;
    expect(await probe({ host, credentials: WRONG })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: false,
      message: `the token server of ${host} refused the credentials (401); check the organization's upstream username and password.`,
    });
    registry.quirk({ path: '/token', respond: { status: 403 } });
    expect(await probe({ host })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: true,
      message: `the token server of ${host} issues no anonymous token (403); the organization needs credentials for this upstream: set upstreamUsername and upstreamPassword.`,
    });
  });

  test('a token server that issues tokens to everybody, because the answer of the registry counts', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    registry.quirk({ path: '/token', respond: { status: 200, body: '{"token":"for-everybody"}' } });
    expect(await probe({ host: registry.host, credentials: WRONG })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: false,
      message: `the token server of ${registry.host} issued a token for the credentials, but ${registry.host} refused that token (401): check upstreamUsername and upstreamPassword, and that this user may use the registry.`,
    });
  });

  test('a registry that denies access without a challenge', async () => {
    const { host } = await answering(403, {}, '{"errors":[{"code":"DENIED"}]}', true);
    expect(await probe({ host })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      message: `${host} denies access (403): check upstreamUsername and upstreamPassword, and that its owner allows access from this machine.`,
    });
  });
});

describe('UpstreamProber returns NOT_A_REGISTRY for', () => {
  test('a web page', async () => {
    const registry = await start();
    registry.quirk({ html: true });
    expect(await probe({ host: registry.host })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: `${registry.host} answered with a web page (status 200) and not as a registry: check the upstream's host and port; a login page of a proxy looks like this too.`,
    });
  });

  test.each([
    [404, 'not found', 'answered 404 at /v2/, where a registry answers 200 or 401'],
    [200, '{"status":"up"}', 'answered at /v2/ with something that no registry sends'],
    [200, 'x'.repeat(70_000), 'answered at /v2/ with something that no registry sends'],
    [401, 'who are you', 'requires a login (401), but not in the way of a registry'],
  ])('a host that answers %d with %.15j', async (status, body, words) => {
    const { host } = await answering(status, { 'content-type': 'text/plain' }, body);
    expect(await probe({ host })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: `${host} ${words}: check the upstream's host and port.`,
    });
  });

  test('a server that does not speak HTTP', async () => {
    const { port } = closers.add(await startSocketServer((socket) => socket.end('220 mail.example ESMTP\r\n')));
    const host = `127.0.0.1:${port}`;
    expect(await probe({ host })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: `${host} does not speak valid HTTP: Layover does not pull from such an upstream.`,
    });
  });

  test('an upstream that names a foreign token server, which does not get the credentials', async () => {
    const stranger = await start({ auth: { kind: 'bearer', users } });
    const realm = `http://stranger.example:${stranger.port}/token`;
    const registry = await start({ auth: { kind: 'bearer', users, realm } });
    const resolver = (): Promise<{ address: string; family: number }[]> =>
      Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    const target = { host: registry.host, credentials: CREDENTIALS };
    expect(await probe(target, { resolver })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      anonymous: true,
      message:
        `${registry.host} names the token server stranger.example:${stranger.port}, which is not trusted with its ` +
        'credentials; they were not sent. If this is its token server, an administrator can add ' +
        `"stranger.example:${stranger.port}" to trustedRealms.`,
    });
    expect(stranger.requests).toEqual([]);
    expect(registry.requests.every(({ authorization }) => authorization === 'none')).toBe(true);
    registry.auth.options.realm = `http://stranger.example:${registry.port}/token`;
    const trustedRealms = [`stranger.example:${registry.port}`];
    expect(await probe({ ...target, trustedRealms }, { resolver })).toMatchObject({ outcome: 'OK', anonymous: false });
  });

  test('an upstream that redirects to another host, which does not get the credentials', async () => {
    const other = await start({ auth: { kind: 'basic', users } });
    const registry = await start();
    registry.quirk({ redirect: `${other.url}/v2/` });
    expect(await probe({ host: registry.host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: `${registry.host} redirects to ${other.url}, which requires credentials; Layover sends them only to ${registry.host}: use that as the upstream.`,
    });
    expect(other.requests.map(({ authorization }) => authorization)).toEqual(['none']);
  });
});

describe('UpstreamProber returns UNREACHABLE for', () => {
  test('a closed port', async () => {
    const registry = await startFakeRegistry();
    await registry.close();
    expect(await probe({ host: registry.host })).toEqual({
      outcome: 'UNREACHABLE',
      anonymous: true,
      latencyMs: undefined,
      message: `${registry.host} cannot be reached: it refused the connection: check the upstream's host and port, and that this machine may connect to it.`,
    });
  });

  test('a name that does not resolve', async () => {
    const resolver = (): Promise<never> => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    expect(await probe({ host: 'nowhere.example' }, { resolver })).toMatchObject({
      outcome: 'UNREACHABLE',
      message:
        "nowhere.example cannot be reached: its name cannot be resolved (ENOTFOUND): check the upstream's host and port, and that this machine may connect to it.",
    });
  });

  test('a server that accepts the connection but does not answer', async () => {
    const registry = await start();
    registry.quirk({ stallHeaders: true });
    const timeouts = { operationMs: 300 };
    expect(await probe({ host: registry.host }, { timeouts })).toMatchObject({
      outcome: 'UNREACHABLE',
      latencyMs: undefined,
      message: expect.stringMatching(
        /did not answer within .* seconds: try again; if the error persists, check the/,
      ) as string,
    });
  });

  test.each([
    [500, 'failed (500): try again later; if the error persists, ask its owner.'],
    [503, 'failed (503): try again later; if the error persists, ask its owner.'],
    [429, 'limits the requests of Layover (429), so the credentials could not be checked: try again later.'],
  ])('a registry that answers %d', async (status, words) => {
    const { host } = await answering(status, { 'content-type': 'text/html', 'retry-after': '7' }, '<html>', true);
    expect(await probe({ host })).toMatchObject({ outcome: 'UNREACHABLE', message: `${host} ${words}` });
  });

  test('a token server that fails or limits requests', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    const { host } = registry;
    registry.quirk({ path: '/token', respond: { status: 500 }, times: 1 });
    registry.quirk({ path: '/token', respond: { status: 429, headers: { 'retry-after': '7' } }, skip: 1 });
    expect(await probe({ host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'UNREACHABLE',
      anonymous: false,
      latencyMs: expect.any(Number) as number,
      message: `the token server of ${host} failed (500): try again later; if the error persists, ask its owner.`,
    });
    expect(await probe({ host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'UNREACHABLE',
      message: `the token server of ${host} limits the requests of Layover: the credentials could not be checked; try again in 7 s.`,
    });
  });
});

describe('UpstreamProber returns ADDRESS_REFUSED for', () => {
  const refused = (host: string): string =>
    `${host} resolves to a loopback, private or other internal address, which Layover does not connect to; if this is intended, add its network to LAYOVER_UPSTREAM_ALLOWED_NETWORKS.`;

  test('a private address, also behind a name', async () => {
    const registry = await start();
    expect(await probe({ host: registry.host }, { allowedNetworks: [] })).toMatchObject({
      outcome: 'ADDRESS_REFUSED',
      message: refused('127.0.0.1'),
    });
    const resolver = (): Promise<{ address: string; family: number }[]> =>
      Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    const host = `inside.example:${registry.port}`;
    expect(await probe({ host }, { allowedNetworks: [], resolver })).toMatchObject({
      outcome: 'ADDRESS_REFUSED',
      message: refused('inside.example'),
    });
    expect(registry.requests).toEqual([]);
  });

  test('a private token server of an upstream with an allowed address', async () => {
    const registry = await start({ auth: { kind: 'bearer', users, realm: 'http://10.1.2.3/token' } });
    expect(await probe({ host: registry.host })).toMatchObject({
      outcome: 'ADDRESS_REFUSED',
      message: refused('10.1.2.3'),
    });
  });
});

describe('UpstreamProber returns TLS_ERROR for', () => {
  test('a certificate of an unknown authority, until caCertificate contains it', async () => {
    const { ca, key, cert } = await makeCertificates();
    const { host } = await start({ tls: { key, cert } });
    expect(await probe({ host, insecure: false })).toMatchObject({
      outcome: 'TLS_ERROR',
      message: `no trusted TLS connection to ${host} is possible (UNABLE_TO_VERIFY_LEAF_SIGNATURE): set caCertificate to the certificates of its authority in PEM; if it speaks plain HTTP, set insecure to true.`,
    });
    expect(await probe({ host, insecure: false, caCertificate: ca })).toMatchObject({ outcome: 'OK' });
  });

  test('a certificate for other names', async () => {
    const { ca, key, cert } = await makeCertificates(['DNS:other.example']);
    const { host } = await start({ tls: { key, cert } });
    expect(await probe({ host, insecure: false, caCertificate: ca })).toMatchObject({
      outcome: 'TLS_ERROR',
      message: `no trusted TLS connection to ${host} is possible (ERR_TLS_CERT_ALTNAME_INVALID): its certificate is for other names; check the upstream's host, which caCertificate does not change.`,
    });
  });

  test('a plain HTTP server', async () => {
    const { host } = await start();
    expect(await probe({ host, insecure: false })).toMatchObject({
      outcome: 'TLS_ERROR',
      message: expect.stringContaining(
        'it does not speak TLS; if it speaks plain HTTP, set insecure to true.',
      ) as string,
    });
  });

  test('plain HTTP to an HTTPS port that answers so, or closes the connection', async () => {
    const { host } = await answering(400, {}, 'Client sent an HTTP request to an HTTPS server.\n');
    expect(await probe({ host })).toMatchObject({
      outcome: 'TLS_ERROR',
      message: `${host} speaks HTTPS, but was asked in plain HTTP: leave insecure out, or set it to false.`,
    });
    const tls = await start({ tls: await makeCertificates() });
    expect(await probe({ host: tls.host })).toMatchObject({
      outcome: 'UNREACHABLE',
      message: expect.stringContaining('if it speaks HTTPS, leave insecure out') as string,
    });
  });
});

test('no message contains the password, even if the upstream echoes it', async () => {
  const words = (await probe({ host: 'nowhere.invalid', credentials: WRONG })).message;
  const registry = await start({ auth: { kind: 'basic', users } });
  const echo = JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: `not ${WRONG.password}` }] });
  for (const status of [200, 400, 401, 403, 404, 429, 500]) {
    registry.quirk({ respond: { status, body: echo, headers: { 'www-authenticate': 'Basic realm="x"' } } });
    const { message } = await probe({ host: registry.host, credentials: WRONG });
    expect(message + words).not.toContain(WRONG.password);
  }
});

test('the probe ends when its caller aborts', async () => {
  const registry = await start();
  registry.quirk({ stallHeaders: true });
  const prober = createUpstreamProber({
    allowedNetworks: ['127.0.0.0/8'],
    logger: pino({ level: 'silent' }),
    clock: systemClock,
  });
  const controller = new AbortController();
  const target = {
    host: registry.host,
    namespace: '',
    credentials: undefined,
    insecure: true,
    caCertificate: undefined,
  };
  const looking = probeUpstream(prober, target, controller.signal);
  await registry.waitFor((requests) => requests.length === 1);
  controller.abort();
  await expect(looking).rejects.toMatchObject({ key: 'CANCELLED' });
  await registry.waitFor(() => registry.openConnections === 0);
});
