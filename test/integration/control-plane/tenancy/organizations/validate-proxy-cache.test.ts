import { temporaryFolder } from '../../../../support/real/temporary-folder';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type handleUnaryCall, Server, ServerCredentials, status as Grpc } from '@grpc/grpc-js';
import { loadStorage } from '../../../../../common/grpc/load-proto';
import type { ProbeUpstreamReply } from '../../../../../proto/gen/layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest__Output } from '../../../../../proto/gen/layover/v1/ProbeUpstreamRequest';
import { readControlPlaneConfig } from '../../../../../control-plane/src/config';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const VALIDATE = `mutation ($input: ProxyCacheInput!) {
  validateProxyCache(input: $input) { outcome message anonymous latencyMilliseconds }
}`;
const OK: ProbeUpstreamReply = { outcome: 'OK', message: 'a.io is one.', anonymous: true, latencyMilliseconds: 12 };

/**
 * A data plane that answers probes with a fixed reply (undefined: an error) and records the
 * requests.
 */
interface FakeStorage {
  readonly address: string;
  readonly asked: ProbeUpstreamRequest__Output[];
  stop(): void;
}

async function startStorage(
  reply: ProbeUpstreamReply | undefined | 'silence',
  address = '127.0.0.1:0',
): Promise<FakeStorage> {
  const asked: ProbeUpstreamRequest__Output[] = [];
  const server = new Server();
  server.addService(loadStorage().service, {
    ProbeUpstream: ((call, callback) => {
      asked.push(call.request);
      if (reply === 'silence') return;
      if (reply === undefined) callback({ code: Grpc.INTERNAL, details: 'broken' });
      else callback(null, reply);
    }) satisfies handleUnaryCall<ProbeUpstreamRequest__Output, ProbeUpstreamReply>,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: address.startsWith('unix:') ? address : `127.0.0.1:${port}`,
    asked,
    stop: () => server.forceShutdown(),
  };
}

let plane: TestControlPlane;
const storages: FakeStorage[] = [];
const storage = async (...args: Parameters<typeof startStorage>): Promise<FakeStorage> => {
  const started = await startStorage(...args);
  storages.push(started);
  return started;
};
const start = async (...dataPlanes: readonly string[]): Promise<void> => {
  plane = await startControlPlane({ LAYOVER_DATA_PLANES: dataPlanes.join(',') });
};
const create = (name: string, proxyCache?: object): Promise<unknown> =>
  plane.ask('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { id } }', {
    input: { name, proxyCache },
  });
afterEach(async () => {
  await plane?.remove();
  plane = undefined!;
  for (const one of storages.splice(0)) one.stop();
});

test('validateProxyCache sends the whole input to a data plane and returns its result', async () => {
  const data = await storage({ ...OK, anonymous: false, outcome: 'TLS_ERROR', message: 'No.' });
  await start(data.address);
  const input = {
    upstream: 'registry.example:5000/team/a',
    upstreamUsername: 'bob',
    upstreamPassword: 'pa:ss wörd',
    insecure: true,
    trustedRealms: ['login.example:8443', 'auth.example'],
  };
  expect(await plane.ask(VALIDATE, { input })).toEqual({
    validateProxyCache: { outcome: 'TLS_ERROR', message: 'No.', anonymous: false, latencyMilliseconds: 12 },
  });
  expect(data.asked).toEqual([
    {
      upstreamHost: 'registry.example:5000',
      upstreamNamespace: 'team/a',
      username: 'bob',
      password: 'pa:ss wörd',
      insecure: true,
      caCertificate: '',
      trustedRealms: ['auth.example', 'login.example:8443'],
    },
  ]);
});

test('validateProxyCache probes anonymously without a password and never uses a stored one', async () => {
  const data = await storage({ ...OK, latencyMilliseconds: -1 });
  await start(data.address);
  await create('acme', { upstream: 'a.io', upstreamUsername: 'bob', upstreamPassword: 'stored' });
  for (const more of [{}, { upstreamPassword: null }, { upstreamPassword: '' }]) {
    const input = { upstream: 'a.io', upstreamUsername: 'bob', ...more };
    expect(await plane.ask(VALIDATE, { input })).toEqual({
      validateProxyCache: {
        outcome: 'OK',
        message: 'a.io is one. It was checked anonymously because upstreamPassword was not given.',
        anonymous: true,
        latencyMilliseconds: null,
      },
    });
  }
  expect(data.asked.map(({ username, password }) => [username, password])).toEqual([
    ['', ''],
    ['', ''],
    ['', ''],
  ]);
});

test('validateProxyCache stores nothing and writes no audit event', async () => {
  await start((await storage(OK)).address);
  const input = { upstream: 'a.io', upstreamUsername: 'bob', upstreamPassword: 'tried-once', mirrorHost: 'b.io' };
  const before = (await plane.catalog.watch().snapshot()).revision;
  await plane.ask(VALIDATE, { input });
  expect(await plane.ask('{ auditEvents { edges { cursor } } organizations { totalCount } }')).toEqual({
    auditEvents: { edges: [] },
    organizations: { totalCount: 0 },
  });
  expect((await plane.catalog.watch().snapshot()).revision).toBe(before);
  expect(plane.log).not.toContain('tried-once');
});

test.each([
  ['input.upstream', { upstream: 'https://a.io' }],
  ['input.upstreamUsername', { upstream: 'a.io', upstreamUsername: 'a:b' }],
  ['input.upstreamPassword', { upstream: 'a.io', upstreamPassword: 'x' }],
  ['input.caCertificate', { upstream: 'a.io', caCertificate: 'no PEM' }],
  ['input.expirationSeconds', { upstream: 'a.io', expirationSeconds: 0 }],
])('validateProxyCache validates the input like other mutations: %s', async (field, input) => {
  const data = await storage(OK);
  await start(data.address);
  const answer = await plane.graphql(VALIDATE, { input });
  expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field });
  expect(data.asked).toEqual([]);
});

test('validateProxyCache is allowed for ADMIN and MANAGER, but not for READER', async () => {
  await start((await storage(OK)).address);
  await create('acme');
  const makeToken =
    'mutation ($role: Role!) { createApiToken(name: "t", role: $role, organization: "acme") { token } }';
  const codes: Record<string, string | undefined> = {};
  for (const role of ['MANAGER', 'READER']) {
    const { createApiToken } = await plane.ask<{ createApiToken: { token: string } }>(makeToken, { role });
    const answer = await plane.graphql(VALIDATE, { input: { upstream: 'a.io' } }, createApiToken.token);
    codes[role] = answer.errors?.[0]?.extensions.code;
  }
  expect(codes).toEqual({ MANAGER: undefined, READER: 'FORBIDDEN' });
});

describe('validateProxyCache with several data planes', () => {
  test('uses the first that answers and skips unreachable, broken and outdated ones', async () => {
    const gone = await startStorage(OK);
    gone.stop();
    const broken = await storage(undefined);
    const third = await storage(OK);
    const fourth = await storage(OK);
    await start(gone.address, 'unix:/nonexistent/data.sock', broken.address, third.address, fourth.address);
    const { validateProxyCache } = await plane.ask(VALIDATE, { input: { upstream: 'a.io' } });
    expect(validateProxyCache).toMatchObject({ outcome: 'OK' });
    expect([broken, third, fourth].map(({ asked }) => asked.length)).toEqual([1, 1, 0]);
  });

  test('limits the time for a data plane that accepts connections but does not answer', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    const second = await storage(OK);
    await start(`127.0.0.1:${port}`, second.address);
    try {
      const asking = plane.ask(VALIDATE, { input: { upstream: 'a.io' } });
      await new Promise((resolve) => mute.once('connection', resolve));
      plane.clock.advance(2000);
      expect(await asking).toMatchObject({ validateProxyCache: { outcome: 'OK' } });
    } finally {
      mute.close();
      for (const socket of sockets) socket.destroy();
    }
  });

  test('returns UNAVAILABLE without an address if none answers', async () => {
    const folder = await temporaryFolder('nobody');
    const socket = join(folder.path, 'nobody-here.sock');
    await start(`unix:${socket}`);
    const answer = await plane.graphql(VALIDATE, { input: { upstream: 'a.io' } });
    expect(answer.errors).toMatchObject([
      {
        message:
          'The upstream was not checked: no data plane answered (1 tried). Start a data plane or correct LAYOVER_DATA_PLANES, then try again.',
        extensions: { code: 'UNAVAILABLE' },
      },
    ]);
    expect(plane.log).toContain(socket);
    await folder.remove();
  });

  test('uses the socket in the home by default', async () => {
    plane = await startControlPlane();
    const own = await storage(OK, `unix:${join(plane.home, 'run', 'data.sock')}`);
    expect(await plane.ask(VALIDATE, { input: { upstream: 'a.io' } })).toMatchObject({
      validateProxyCache: { outcome: 'OK' },
    });
    expect(own.asked).toHaveLength(1);
  });

  test.each(['nonsense', 'host:0', 'unix:/a,'])('rejects LAYOVER_DATA_PLANES=%s', (value) => {
    expect(() => readControlPlaneConfig({ LAYOVER_DATA_PLANES: value })).toThrow(
      /LAYOVER_DATA_PLANES must be a comma-separated list/,
    );
  });
});
