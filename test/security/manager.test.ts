import { buildImage, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { waitUntil } from '../support/real/wait-until';
import { managerOf, type OrganizationManager } from './support/organization-manager';

const image = buildImage();
const CREATE = 'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { version } }';
const STORED = `{ organization(name: "acme") {
  version proxyCache { upstream mirrorHost insecure trustedRealms } quota { limitBytes onOversize }
} }`;

let layover: InProcessLayover;
let trusted: FakeRegistry;
let hostile: FakeRegistry;
let manager: OrganizationManager;

beforeAll(async () => {
  layover = await startLayoverInProcess();
  trusted = await startFakeRegistry();
  hostile = await startFakeRegistry();
  for (const registry of [trusted, hostile]) registry.content.addImage('project/app', 'v1', image);
  hostile.content.addImage('evil/project/app', 'v1', image);
});
afterAll(async () => {
  await layover.stop();
  await trusted.close();
  await hostile.close();
});

/** Sets the organization as an administrator does. */
async function administer(input: object): Promise<void> {
  await layover.graphql.run(CREATE, { input: { name: 'acme', ...input } });
  manager = await managerOf(layover, 'acme');
  hostile.takeRequests();
}

/** Tries a change that must be refused, and checks that it names the field and changes nothing. */
async function expectForbidden(change: () => Promise<unknown>, field: string, message: RegExp): Promise<void> {
  const before = await layover.graphql.run(STORED);
  expect(await change()).toEqual(
    expect.objectContaining({
      message: expect.stringMatching(message) as string,
      extensions: { code: 'FORBIDDEN', field },
    }),
  );
  expect(await layover.graphql.run(STORED)).toEqual(before);
}

const pullFromMirror = async (host: string): Promise<number> =>
  (await send({ url: `${layover.url}/v2/project/app/manifests/v1?ns=${host}` })).status;

describe('a manager of an organization', () => {
  test('cannot answer the requests of all nodes for a foreign registry', async () => {
    await administer({ proxyCache: { upstream: hostile.host, insecure: true } });
    const proxyCache = { upstream: hostile.host, insecure: true, mirrorHost: 'gcr.io' };
    const refusal = /^input\.proxyCache\.mirrorHost 'gcr\.io' is not the host of the upstream .* role ADMIN\.$/;
    await expectForbidden(() => manager.update({ proxyCache }), 'input.proxyCache.mirrorHost', refusal);
    await expectForbidden(() => manager.apply({ proxyCache }), 'input.proxyCache.mirrorHost', refusal);
    expect(await pullFromMirror('gcr.io')).toBe(401);
    expect(hostile.requests).toEqual([]);
  });

  test('cannot put a namespace of their own behind the host of a registry', async () => {
    await administer({ proxyCache: { upstream: hostile.host, insecure: true } });
    await expectForbidden(
      () =>
        manager.update({ proxyCache: { upstream: `${hostile.host}/evil`, insecure: true, mirrorHost: hostile.host } }),
      'input.proxyCache.mirrorHost',
      /has a namespace/,
    );
    // The organization mirrors its own upstream, and only as it is.
    expect(await pullFromMirror(hostile.host)).toBe(200);
    expect(hostile.requests.filter(({ path }) => path.includes('evil'))).toEqual([]);
  });

  test('cannot answer below the host of another organization through the name of their own', async () => {
    const proxyCache = { upstream: trusted.host, insecure: true, mirrorHost: 'registry.test' };
    await layover.graphql.run(CREATE, { input: { name: 'mirror', proxyCache } });
    await administer({ proxyCache: { upstream: trusted.host, insecure: true } });
    await manager.update({ proxyCache: { upstream: hostile.host, insecure: true } });
    await waitUntil('both organizations to be known', async () => {
      const own = await send({ url: `${layover.url}/v2/acme/evil/project/app/manifests/v1` });
      return own.status === 200 && (await pullFromMirror('registry.test')) === 200;
    });
    hostile.takeRequests();
    const url = `${layover.url}/v2/acme/project/app/manifests/v1?ns=registry.test`;
    expect((await send({ url })).status).toBe(404);
    expect(hostile.requests).toEqual([]);
    await layover.graphql.run('mutation { deleteOrganization(name: "mirror") }');
  });

  test('cannot move the upstream below a mirror host that an administrator set', async () => {
    const proxyCache = { upstream: trusted.host, insecure: true, mirrorHost: 'gcr.io' };
    await administer({ proxyCache });
    await waitUntil('the mirror host to be known', async () => (await pullFromMirror('gcr.io')) === 200);
    await expectForbidden(
      () => manager.update({ proxyCache: { ...proxyCache, upstream: hostile.host } }),
      'input.proxyCache.upstream',
      /cannot be changed while mirrorHost is 'gcr\.io'.* role ADMIN\.$/,
    );
    await expectForbidden(
      () => manager.update({ proxyCache: { ...proxyCache, upstream: `${trusted.host}/evil` } }),
      'input.proxyCache.upstream',
      /cannot be changed while mirrorHost/,
    );
    await expectForbidden(
      () => manager.update({ proxyCache: { ...proxyCache, insecure: false } }),
      'input.proxyCache.insecure',
      /cannot be changed while mirrorHost/,
    );
    await expectForbidden(
      () => manager.update({ proxyCache: { upstream: 'gcr.io', mirrorHost: 'gcr.io' } }),
      'input.proxyCache.upstream',
      /cannot be changed while mirrorHost/,
    );
    await expectForbidden(
      () => manager.update({ proxyCache: { ...proxyCache, mirrorHost: 'quay.io' } }),
      'input.proxyCache.mirrorHost',
      /'quay\.io' is not the host of the upstream/,
    );
    // The manager can still change everything else, and give the mirror host back.
    expect(await manager.update({ proxyCache: { ...proxyCache, expirationSeconds: 60 } })).toMatchObject({
      mirrorHost: 'gcr.io',
    });
    expect(await manager.update({ proxyCache: { ...proxyCache, mirrorHost: null } })).toMatchObject({
      mirrorHost: null,
    });
    await expectForbidden(
      () => manager.update({ proxyCache }),
      'input.proxyCache.mirrorHost',
      /is not the host of the upstream/,
    );
    expect(hostile.requests).toEqual([]);
  });

  test("can claim the upstream's own host, and any name of Docker Hub for Docker Hub", async () => {
    await administer({ proxyCache: { upstream: trusted.host, insecure: true } });
    const own = { upstream: trusted.host, insecure: true, mirrorHost: trusted.host };
    expect(await manager.update({ proxyCache: own })).toMatchObject({ mirrorHost: trusted.host });
    const names = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];
    for (const [index, mirrorHost] of names.entries()) {
      const upstream = names[(index + 1) % names.length]!;
      expect(await manager.update({ proxyCache: { upstream, mirrorHost } })).toMatchObject({ upstream, mirrorHost });
    }
    await expectForbidden(
      () => manager.update({ proxyCache: { upstream: 'docker.io:5000', mirrorHost: 'docker.io' } }),
      'input.proxyCache.mirrorHost',
      /is not the host of the upstream/,
    );
  });

  test('cannot trust a token server with credentials', async () => {
    const proxyCache = { upstream: trusted.host, insecure: true };
    await administer({ proxyCache: { ...proxyCache, trustedRealms: ['login.example'] } });
    for (const trustedRealms of [[], ['login.example', hostile.host], [hostile.host]]) {
      await expectForbidden(
        () => manager.update({ proxyCache: { ...proxyCache, trustedRealms } }),
        'input.proxyCache.trustedRealms',
        /can only be changed with a token of role ADMIN\. To keep it, set it to \["login\.example"\]\.$/,
      );
    }
    const kept = { ...proxyCache, trustedRealms: ['login.example'], expirationSeconds: 60 };
    expect(await manager.update({ proxyCache: kept })).toMatchObject({ trustedRealms: ['login.example'] });
  });

  test('cannot loosen the quota that protects the disk of all organizations', async () => {
    await administer({ quota: { limitBytes: '1000', onOversize: 'REJECT' } });
    await expectForbidden(() => manager.update({ quota: null }), 'input.quota', /role ADMIN/);
    await expectForbidden(() => manager.apply({}), 'input.quota', /role ADMIN/);
    const raised = { limitBytes: '1001', onOversize: 'REJECT' };
    await expectForbidden(() => manager.update({ quota: raised }), 'input.quota.limitBytes', /role ADMIN/);
    const overflowing = { limitBytes: '1000', onOversize: 'OVERFLOW' };
    await expectForbidden(() => manager.update({ quota: overflowing }), 'input.quota.onOversize', /role ADMIN/);
    const lowered = await layover.graphql.run<{ organization: unknown }>(STORED);
    await manager.update({ quota: { limitBytes: '999', onOversize: 'PASS_THROUGH' } });
    expect(await layover.graphql.run(STORED)).not.toEqual(lowered);
  });
});
