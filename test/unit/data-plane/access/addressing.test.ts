import { pullRig } from '../../../support/data-plane/fakes/pull-rig';

const HUB = { name: 'docker', upstreamHost: 'docker.io', mirrorHost: 'docker.io' };
const COREOS = { name: 'coreos', upstreamHost: 'quay.io', upstreamNamespace: 'coreos' };
const GRAFANA = { name: 'grafana', upstreamHost: 'docker.io', upstreamNamespace: 'grafana' };

test.each([
  ['docker', 'alpine', 'library/alpine', 'library/alpine'],
  ['docker', 'library/alpine', 'library/alpine', 'library/alpine'],
  ['docker', 'bitnami/redis', 'bitnami/redis', 'bitnami/redis'],
  ['coreos', 'etcd', 'etcd', 'coreos/etcd'],
  ['coreos', 'x/y', 'x/y', 'coreos/x/y'],
  ['grafana', 'loki', 'loki', 'grafana/loki'],
])('Access maps %s/%s to repository %s, upstream %s', async (organization, requested, repository, name) => {
  const { access } = pullRig(HUB, COREOS, GRAFANA);
  const target = await access.authorize(access.locate({ kind: 'organization', name: organization }, requested), '');
  expect(target.key).toEqual({ organizationUid: `uid-${organization}`, originVersion: 'origin-1', repository });
  expect(target.upstream.name).toBe(name);
});

test('Access finds the organization of the mirror form by host, regardless of case, and no other', async () => {
  const { access } = pullRig(HUB);
  expect(access.locate({ kind: 'mirror-host', host: 'Docker.IO' }, 'alpine').organization.name).toBe('docker');
  for (const host of ['docker.io:443', 'user@docker.io', 'evil.test', '', 'docker']) {
    expect(() => access.locate({ kind: 'mirror-host', host }, 'alpine')).toThrow(
      expect.objectContaining({ key: 'NAME_UNKNOWN' }),
    );
  }
});

test('Access names an unknown organization in the error', () => {
  const { access } = pullRig(HUB);
  expect(() => access.locate({ kind: 'organization', name: 'nobody' }, 'x')).toThrow(/nobody/);
});

test.each([
  ['without a proxy configuration', { name: 'acme', noProxy: true }, {}, /has no upstream/],
  ['switched off for the organization', { name: 'acme', enabled: false }, {}, /off for organization "acme"/],
  ['switched off globally', { name: 'acme' }, { proxyCacheEnabled: false }, /switched off globally/],
])('Access throws PROXY_DISABLED with the reason: %s', async (_name, spec, overrides, reason) => {
  const rig = pullRig(spec);
  rig.configuration.snapshot = { ...rig.configuration.snapshot, ...overrides };
  const located = rig.access.locate({ kind: 'organization', name: 'acme' }, 'x');
  await expect(rig.access.authorize(located, '')).rejects.toMatchObject({
    key: 'PROXY_DISABLED',
    message: expect.stringMatching(reason) as string,
  });
});

test('Access applies patterns to every spelling of a repository, and changes of the configuration immediately', async () => {
  const rig = pullRig({ ...HUB, denyRepositories: ['alpine'], allowRepositories: ['library/*', 'alpine'] });
  const ask = (name: string) =>
    rig.access.authorize(rig.access.locate({ kind: 'organization', name: 'docker' }, name), '');
  await expect(ask('library/alpine')).rejects.toMatchObject({ key: 'DENIED' });
  await expect(ask('alpine')).rejects.toMatchObject({ key: 'DENIED' });
  await expect(ask('bitnami/redis')).rejects.toMatchObject({ key: 'DENIED' });
  await expect(ask('redis')).resolves.toBeDefined();
  rig.configuration.snapshot = pullRig(HUB).configuration.snapshot;
  await expect(ask('alpine')).resolves.toBeDefined();
});

test('Access returns one origin object per configuration, with the credentials of that organization', async () => {
  const rig = pullRig({ name: 'acme', username: 'a' }, { name: 'beta', username: 'b' });
  const target = (name: string) => rig.access.authorize(rig.access.locate({ kind: 'organization', name }, 'x'), '');
  expect((await target('acme')).upstream.origin).toBe((await target('acme')).upstream.origin);
  expect((await target('acme')).upstream.origin.credentials?.username).toBe('a');
  expect((await target('beta')).upstream.origin.credentials?.username).toBe('b');
});

test.each([
  ['the quota of the organization', { name: 'acme', quotaBytes: 5 }, {}, 5],
  ['no quota if it has none', { name: 'acme' }, {}, undefined],
  ['no quota while quotas are switched off', { name: 'acme', quotaBytes: 5 }, { quotasEnforced: false }, undefined],
])('a pull target has %s', async (_name, spec, overrides, quotaBytes) => {
  const rig = pullRig(spec);
  rig.configuration.snapshot = { ...rig.configuration.snapshot, ...overrides };
  const located = rig.access.locate({ kind: 'organization', name: 'acme' }, 'x');
  expect((await rig.access.authorize(located, '')).quotaBytes).toBe(quotaBytes);
});

describe('work that begins after its request', () => {
  const authorized = async (rig: ReturnType<typeof pullRig>) =>
    rig.access.authorize(rig.access.locate({ kind: 'organization', name: 'docker' }, 'alpine'), '');

  test('follows the present configuration', async () => {
    const rig = pullRig(HUB);
    const target = await authorized(rig);
    expect(rig.access.inForce(target)).toEqual(target);
    rig.configuration.snapshot = pullRig({ ...HUB, completeImages: true }).configuration.snapshot;
    expect(rig.access.inForce(target).proxy.completeImages).toBe(true);
  });

  test.each([
    ['is switched off', { ...HUB, enabled: false }, 'PROXY_DISABLED'],
    ['denies the repository', { ...HUB, denyRepositories: ['library/*'] }, 'DENIED'],
    ['is deleted', { ...HUB, name: 'other' }, 'NAME_UNKNOWN'],
    ['is another one with the same name', { ...HUB, uid: 'uid-2' }, 'NAME_UNKNOWN'],
  ])('is refused if the organization %s', async (_what, spec, key) => {
    const rig = pullRig(HUB);
    const target = await authorized(rig);
    rig.configuration.snapshot = pullRig(spec).configuration.snapshot;
    expect(() => rig.access.inForce(target)).toThrow(expect.objectContaining({ key }));
  });

  test('is refused if the organization has another upstream', async () => {
    const rig = pullRig(HUB);
    const target = await authorized(rig);
    const moved = { ...target, key: { ...target.key, originVersion: 'origin-0' } };
    expect(() => rig.access.inForce(moved)).toThrow(/another upstream/);
  });
});
