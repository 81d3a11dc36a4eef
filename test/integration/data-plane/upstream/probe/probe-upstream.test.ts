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

/** A registry that answers every request so. */
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

describe('OK', () => {
  test('a registry that asks for nothing; credentials are then not sent, and nothing is claimed of them', async () => {
    const registry = await start();
    const { host } = registry;
    expect(await probe({ host })).toEqual({
      outcome: 'OK',
      anonymous: true,
      latencyMs: expect.any(Number) as number,
      message: `${host} is a registry, and answers without credentials.`,
    });
    expect(await probe({ host, credentials: WRONG, namespace: 'team' })).toMatchObject({
      outcome: 'OK',
      anonymous: true,
      message: `${host} is a registry, and answers without asking for credentials: they were not sent, so nothing is known of them. Whether it has team was not asked.`,
    });
    expect(registry.requests.map(({ line, authorization }) => [line, authorization])).toEqual([
      ['GET /v2/', 'none'],
      ['GET /v2/', 'none'],
    ]);
  });

  test('Basic credentials that are right', async () => {
    const { host } = await start({ auth: { kind: 'basic', users } });
    expect(await probe({ host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'OK',
      anonymous: false,
      message: `${host} is a registry, and took the credentials. What they may pull shows with the first pull.`,
    });
  });

  test('a token for credentials, asked for without a scope', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    expect(await probe({ host: registry.host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'OK',
      anonymous: false,
      message: `${registry.host} is a registry: its token server gave a token for the credentials, and it took that token. What they may pull shows with the first pull.`,
    });
    expect(registry.requests.map(({ line, authorization }) => [line, authorization])).toEqual([
      ['GET /v2/', 'none'],
      ['GET /token', 'basic'],
      ['GET /v2/', 'bearer'],
    ]);
    expect(registry.requests[1]!.query).toEqual({ service: 'fake-registry' });
  });

  test('an anonymous token, also where the registry does not take it for /v2/', async () => {
    const registry = await start({ auth: { kind: 'bearer', anonymous: 'all' } });
    const message = `${registry.host} is a registry, and gives tokens without credentials. What they may pull shows with the first pull.`;
    expect(await probe({ host: registry.host })).toMatchObject({ outcome: 'OK', anonymous: true, message });
    registry.quirk({ path: '/v2/', when: ({ authorization }) => authorization === 'bearer', respond: { status: 401 } });
    expect(await probe({ host: registry.host })).toMatchObject({ outcome: 'OK', anonymous: true, message });
  });

  test.each(['', '{}', 'true', '{"errors":[]}'.replace('[]', '[{"code":"OK"}]')])(
    'a registry that does not name itself and says %j',
    async (body) => {
      const { host } = await answering(200, {}, body);
      expect(await probe({ host })).toMatchObject({ outcome: 'OK' });
    },
  );

  test('is remembered by nobody: the next look asks again, over a connection of its own', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    await probe({ host: registry.host, credentials: CREDENTIALS });
    await registry.waitFor(() => registry.openConnections === 0);
    await probe({ host: registry.host, credentials: CREDENTIALS });
    expect(registry.requests.filter(({ path }) => path === '/token')).toHaveLength(2);
    await registry.waitFor(() => registry.openConnections === 0);
  });
});

describe('BAD_CREDENTIALS', () => {
  test('Basic ones that are wrong, or missing', async () => {
    const { host } = await start({ auth: { kind: 'basic', users } });
    expect(await probe({ host, credentials: WRONG })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: false,
      message: `${host} refused the credentials (401): check upstreamUsername and upstreamPassword.`,
    });
    expect(await probe({ host })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: true,
      message: `${host} lets nobody in without credentials (401): give upstreamUsername and upstreamPassword.`,
    });
  });

  test('ones that the token server refuses', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    const { host } = registry;
    expect(await probe({ host, credentials: WRONG })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: false,
      message: `the token server of ${host} refused our credentials (401); check the organization's upstream username and password.`,
    });
    registry.quirk({ path: '/token', respond: { status: 403 } });
    expect(await probe({ host })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: true,
      message: `the token server of ${host} gives no anonymous token (403); the organization needs credentials for this upstream: give upstreamUsername and upstreamPassword.`,
    });
  });

  test('a token server that gives tokens to everybody: what the registry then says counts', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    registry.quirk({ path: '/token', respond: { status: 200, body: '{"token":"for-everybody"}' } });
    expect(await probe({ host: registry.host, credentials: WRONG })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: false,
      message: `the token server of ${registry.host} gave a token for the credentials, and ${registry.host} refused that token (401): check upstreamUsername and upstreamPassword, and that this user may use the registry.`,
    });
  });

  test('a registry that denies without asking', async () => {
    const { host } = await answering(403, {}, '{"errors":[{"code":"DENIED"}]}', true);
    expect(await probe({ host })).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      message: `${host} denies access (403): check upstreamUsername and upstreamPassword, and that its owner lets this machine in.`,
    });
  });
});

describe('NOT_A_REGISTRY', () => {
  test('a web page', async () => {
    const registry = await start();
    registry.quirk({ html: true });
    expect(await probe({ host: registry.host })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: `${registry.host} answered with a web page (status 200), not as a registry: check the upstream's host and port; a login page in between looks like this too.`,
    });
  });

  test.each([
    [404, 'not found', 'answered 404 at /v2/, where a registry answers 200 or 401'],
    [200, '{"status":"up"}', 'answered at /v2/ with something that no registry sends'],
    [200, 'x'.repeat(70_000), 'answered at /v2/ with something that no registry sends'],
    [401, 'who are you', "wants a login (401) that is not a registry's"],
  ])('status %d with %.15j', async (status, body, words) => {
    const { host } = await answering(status, { 'content-type': 'text/plain' }, body);
    expect(await probe({ host })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: `${host} ${words}: check the upstream's host and port.`,
    });
  });

  test('something that does not speak HTTP', async () => {
    const { port } = closers.add(await startSocketServer((socket) => socket.end('220 mail.example ESMTP\r\n')));
    const host = `127.0.0.1:${port}`;
    expect(await probe({ host })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: `${host} does not speak HTTP as Layover expects: Layover does not pull from an upstream that does this.`,
    });
  });

  test('one that wants the credentials sent to a stranger, who does not get them', async () => {
    const stranger = await start({ auth: { kind: 'bearer', users } });
    const realm = `http://stranger.example:${stranger.port}/token`;
    const registry = await start({ auth: { kind: 'bearer', users, realm } });
    const resolver = (): Promise<{ address: string; family: number }[]> =>
      Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    expect(await probe({ host: registry.host, credentials: CREDENTIALS }, { resolver })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      anonymous: true,
      message: expect.stringContaining('which does not belong to it; they were not sent') as string,
    });
    expect(stranger.requests).toEqual([]);
    expect(registry.requests.every(({ authorization }) => authorization === 'none')).toBe(true);
  });

  test('one that sends us elsewhere, where the credentials do not go', async () => {
    const other = await start({ auth: { kind: 'basic', users } });
    const registry = await start();
    registry.quirk({ redirect: `${other.url}/v2/` });
    expect(await probe({ host: registry.host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: `${registry.host} sends us to ${other.url}, which asks for credentials; Layover gives them to ${registry.host} alone: use that as the upstream.`,
    });
    expect(other.requests.map(({ authorization }) => authorization)).toEqual(['none']);
  });
});

describe('UNREACHABLE', () => {
  test('nobody listens', async () => {
    const registry = await startFakeRegistry();
    await registry.close();
    expect(await probe({ host: registry.host })).toEqual({
      outcome: 'UNREACHABLE',
      anonymous: true,
      latencyMs: undefined,
      message: `${registry.host} cannot be reached: it refused the connection: check the upstream's host and port, and that this machine may reach it.`,
    });
  });

  test('a name that nobody knows', async () => {
    const resolver = (): Promise<never> => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    expect(await probe({ host: 'nowhere.example' }, { resolver })).toMatchObject({
      outcome: 'UNREACHABLE',
      message:
        "nowhere.example cannot be reached: its name cannot be resolved (ENOTFOUND): check the upstream's host and port, and that this machine may reach it.",
    });
  });

  test('one that accepts and does not answer', async () => {
    const registry = await start();
    registry.quirk({ stallHeaders: true });
    const timeouts = { operationMs: 300 };
    expect(await probe({ host: registry.host }, { timeouts })).toMatchObject({
      outcome: 'UNREACHABLE',
      latencyMs: undefined,
      message: expect.stringMatching(
        /did not answer within .* seconds: try again; if it stays so, check the/,
      ) as string,
    });
  });

  test.each([
    [500, 'failed (500): try again later; if it stays so, ask its owner.'],
    [503, 'failed (503): try again later; if it stays so, ask its owner.'],
    [429, 'limits our requests (429), so nothing is known of the credentials: try again later.'],
  ])('status %d', async (status, words) => {
    const { host } = await answering(status, { 'content-type': 'text/html', 'retry-after': '7' }, '<html>', true);
    expect(await probe({ host })).toMatchObject({ outcome: 'UNREACHABLE', message: `${host} ${words}` });
  });

  test('a token server that fails or limits', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    const { host } = registry;
    registry.quirk({ path: '/token', respond: { status: 500 }, times: 1 });
    registry.quirk({ path: '/token', respond: { status: 429, headers: { 'retry-after': '7' } }, skip: 1 });
    expect(await probe({ host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'UNREACHABLE',
      anonymous: false,
      latencyMs: expect.any(Number) as number,
      message: `the token server of ${host} failed (500): try again later; if it stays so, ask its owner.`,
    });
    expect(await probe({ host, credentials: CREDENTIALS })).toMatchObject({
      outcome: 'UNREACHABLE',
      message: `the token server of ${host} limits our requests: nothing is known of the credentials; try again in 7 s.`,
    });
  });
});

describe('ADDRESS_REFUSED', () => {
  const refused = (host: string): string =>
    `${host} is at a loopback, private or otherwise internal address, which Layover does not connect to; if that is intended, add its network to LAYOVER_UPSTREAM_ALLOWED_NETWORKS.`;

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

  test('the token server of an upstream that may be reached', async () => {
    const registry = await start({ auth: { kind: 'bearer', users, realm: 'http://10.1.2.3/token' } });
    expect(await probe({ host: registry.host })).toMatchObject({
      outcome: 'ADDRESS_REFUSED',
      message: refused('10.1.2.3'),
    });
  });
});

describe('TLS_ERROR', () => {
  test('a certificate of an unknown authority, until caCertificate names it', async () => {
    const { ca, key, cert } = await makeCertificates();
    const { host } = await start({ tls: { key, cert } });
    expect(await probe({ host, insecure: false })).toMatchObject({
      outcome: 'TLS_ERROR',
      message: `no trusted TLS connection to ${host} is possible (UNABLE_TO_VERIFY_LEAF_SIGNATURE): set caCertificate to its authority's certificates in PEM; where it speaks plain HTTP, set insecure to true.`,
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

  test('plain HTTP to a server of HTTPS, which says so, or cuts', async () => {
    const { host } = await answering(400, {}, 'Client sent an HTTP request to an HTTPS server.\n');
    expect(await probe({ host })).toMatchObject({
      outcome: 'TLS_ERROR',
      message: `${host} speaks HTTPS, and was asked in plain HTTP: leave insecure out, or set it to false.`,
    });
    const tls = await start({ tls: await makeCertificates() });
    expect(await probe({ host: tls.host })).toMatchObject({
      outcome: 'UNREACHABLE',
      message: expect.stringContaining('if it speaks HTTPS, leave insecure out') as string,
    });
  });
});

test('no message holds the password, whatever the upstream echoes', async () => {
  const words = (await probe({ host: 'nowhere.invalid', credentials: WRONG })).message;
  const registry = await start({ auth: { kind: 'basic', users } });
  const echo = JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: `not ${WRONG.password}` }] });
  for (const status of [200, 400, 401, 403, 404, 429, 500]) {
    registry.quirk({ respond: { status, body: echo, headers: { 'www-authenticate': 'Basic realm="x"' } } });
    const { message } = await probe({ host: registry.host, credentials: WRONG });
    expect(message + words).not.toContain(WRONG.password);
  }
});

test('a caller that leaves ends the look', async () => {
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
