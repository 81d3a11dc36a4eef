import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { hostname } from 'node:os';
import {
  buildImage,
  type FakeRegistry,
  type FakeRegistryOptions,
  makeCertificates,
  startFakeRegistry,
} from '../support/fake-registry';
import { send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { waitUntil } from '../support/real/wait-until';
import { managerOf, type OrganizationManager } from './support/organization-manager';

const image = buildImage();
const users = { alice: { password: 'right-p@ss', repositories: 'all' as const } };
const CREATE = 'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { version } }';

const open: { close(): Promise<void> }[] = [];
let layover: InProcessLayover;
let manager: OrganizationManager;

beforeAll(async () => {
  layover = await startLayoverInProcess();
});
afterAll(() => layover.stop());
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function start(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const registry = await startFakeRegistry(options);
  registry.content.addImage('app', 'v1', image);
  open.push(registry);
  return registry;
}

/** Sets the organization as an administrator does. */
async function administer(proxyCache: object): Promise<void> {
  await layover.graphql.run(CREATE, { input: { name: 'acme', proxyCache } });
  manager = await managerOf(layover, 'acme');
}

const pull = async (): Promise<{ status: number; text: string }> => {
  const { status, body } = await send({ url: `${layover.url}/v2/acme/app/manifests/v1` });
  return { status, text: body.toString() };
};

const login = (registry: FakeRegistry): object => ({
  upstream: registry.host,
  insecure: true,
  upstreamUsername: 'alice',
  upstreamPassword: 'right-p@ss',
});

/** Pulls until the server was asked, and expects that no request had credentials. */
async function expectAskedAnonymously(server: FakeRegistry): Promise<void> {
  await waitUntil('the other server to be asked', async () => {
    await pull();
    return server.requests.length > 0;
  });
  await pull();
  expect(server.requests.filter(({ authorization }) => authorization !== 'none')).toEqual([]);
}

describe('the password of an upstream', () => {
  let port: number;
  let settings: object;
  /** Starts an HTTPS registry, pulls from it with a password, and stops it to free its port. */
  beforeEach(async () => {
    const tls = await makeCertificates();
    const registry = await startFakeRegistry({ tls, auth: { kind: 'basic', users } });
    registry.content.addImage('app', 'v1', image);
    settings = { upstream: registry.host, upstreamUsername: 'alice', caCertificate: tls.ca };
    await administer({ ...settings, upstreamPassword: 'right-p@ss' });
    await waitUntil('a pull with the password', async () => (await pull()).status === 200);
    expect(registry.requests.some(({ authorization }) => authorization === 'basic')).toBe(true);
    port = registry.port;
    await registry.close();
  });

  test('is not sent in clear text after insecure is set to true', async () => {
    const plain = await start({ port, auth: { kind: 'basic', users } });
    expect(await manager.update({ proxyCache: { ...settings, insecure: true } })).toMatchObject({
      hasCredentials: false,
    });
    await expectAskedAnonymously(plain);
  });

  test('is not sent to a server with a certificate of another authority after caCertificate is changed', async () => {
    const tls = await makeCertificates();
    const other = await start({ port, tls, auth: { kind: 'basic', users } });
    const answer = await manager.update({ proxyCache: { ...settings, caCertificate: tls.ca } });
    expect(answer).toMatchObject({ hasCredentials: false });
    await expectAskedAnonymously(other);
  });

  test('is not sent to another port', async () => {
    const other = await start({ auth: { kind: 'basic', users } });
    const proxyCache = { ...settings, upstream: other.host, insecure: true };
    expect(await manager.update({ proxyCache })).toMatchObject({ hasCredentials: false });
    await expectAskedAnonymously(other);
  });
});

describe('a token server on another port of the upstream', () => {
  test('gets credentials only after an administrator has added it to trustedRealms', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } });
    const tokens = await start({ auth: registry.auth });
    registry.auth.options.realm = `${tokens.url}/token`;
    await administer(login(registry));
    await waitUntil(
      'the registry to be asked',
      async () => (await pull()).status !== 404 && registry.requests.length > 0,
    );
    const { status, text } = await pull();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain(`an administrator can add \\"${tokens.host}\\" to trustedRealms`);
    expect(await manager.validate(login(registry))).toContain(`add "${tokens.host}" to trustedRealms`);
    expect(tokens.requests).toEqual([]);
    await administer({ ...login(registry), trustedRealms: [tokens.host] });
    await waitUntil('a pull with the token', async () => (await pull()).status === 200);
    expect(tokens.requests.map(({ authorization }) => authorization)).toContain('basic');
  });

  test('still issues anonymous tokens, without credentials', async () => {
    const registry = await start({ auth: { kind: 'bearer', anonymous: 'all' } });
    const tokens = await start({ auth: registry.auth });
    registry.auth.options.realm = `${tokens.url}/token`;
    await administer({ upstream: registry.host, insecure: true });
    await waitUntil('a pull with the token', async () => (await pull()).status === 200);
    expect(tokens.requests.map(({ authorization }) => authorization)).toEqual(['none']);
  });
});

test('a proxy for upstreams does not lead to an internal address', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url!);
    response.end();
  });
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(request.url!);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const behindProxy = await startLayoverInProcess({
    env: {
      HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '',
    },
  });
  try {
    const name = hostname().toLowerCase();
    await behindProxy.graphql.createOrganization('named', { upstream: `${name}:5000` });
    await behindProxy.graphql.createOrganization('literal', { upstream: '10.1.2.3:5000' });
    for (const organization of ['named', 'literal']) {
      await waitUntil('a refusal', async () => {
        const { status } = await send({ url: `${behindProxy.url}/v2/${organization}/app/manifests/v1` });
        return status >= 500;
      });
    }
    expect(asked).toEqual([]);
  } finally {
    await behindProxy.stop();
    await new Promise((resolve) => proxy.close(resolve));
  }
});
