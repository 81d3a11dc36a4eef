import {
  admission,
  child,
  config,
  digest,
  layer,
  pull,
  type TestRepository,
} from '../../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

const HOUR = 3_600_000;
let plane: TestControlPlane;
let acme: TestRepository;
let now: number;

beforeEach(async () => {
  plane = await startControlPlane();
  acme = await plane.organization('acme', { expirationSeconds: 3600 });
  now = plane.clock.now();
});
afterEach(() => plane.remove());

const UPDATE = `mutation ($input: OrganizationPatch!) { updateOrganization(name: "acme", input: $input) { version } }`;
const EVENTS = `{ auditEvents(filter: {kinds: [TAG_UPDATED_UPSTREAM]}) { edges { node {
  organization repository reference digest actor detail } } } }`;

async function tag(name = 'latest', repository = acme) {
  return (await plane.catalog.call('LookupTag', { repository, tag: name })).tag;
}

describe('AdmitManifest', () => {
  test('keeps a manifest, its references and the tag', async () => {
    const references = [config('config', 7), layer('base', 1000), layer('app', 2000, 1)];
    const reply = await plane.catalog.call('AdmitManifest', admission(acme, 'one', { references, checkedAt: now }));
    expect(reply.decision).toBe('ADMITTED');
    expect(await tag()).toEqual({
      manifest: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digest('one'), size: 100 },
      checkedAt: now,
      expiresAt: now + HOUR,
    });
    const held = await plane.catalog.call('LookupManifest', { repository: acme, digest: digest('one') });
    expect(held.manifest?.size).toBe(100);
    expect(held.references.map(({ role, position, descriptor }) => [role, position, descriptor?.size])).toEqual([
      ['CONFIG', 0, 7],
      ['LAYER', 0, 1000],
      ['LAYER', 1, 2000],
    ]);
    const blob = await plane.catalog.call('LookupBlob', { repository: acme, digest: digest('base') });
    expect(blob.blob).toEqual({ mediaType: 'application/layer', digest: digest('base'), size: 1000 });
  });

  test('makes content visible only in its own repository', async () => {
    await plane.catalog.call('AdmitManifest', admission(acme, 'one', { references: [layer('base', 1000)] }));
    const other = { ...acme, repository: 'library/other' };
    expect((await plane.catalog.call('LookupBlob', { repository: other, digest: digest('base') })).blob).toBeNull();
    expect(
      (await plane.catalog.call('LookupManifest', { repository: other, digest: digest('one') })).manifest,
    ).toBeNull();
    expect(await tag('latest', other)).toBeNull();
  });

  test('does not make a child of an index readable as a blob', async () => {
    await plane.catalog.call('AdmitManifest', admission(acme, 'index', { references: [child('amd', 0, 'amd64')] }));
    expect((await plane.catalog.call('LookupBlob', { repository: acme, digest: digest('amd') })).blob).toBeNull();
  });

  test('changes nothing when it is repeated', async () => {
    const request = admission(acme, 'one', { references: [layer('base', 1000)], checkedAt: now });
    await plane.catalog.call('AdmitManifest', request);
    const before = await tag();
    expect((await plane.catalog.call('AdmitManifest', request)).decision).toBe('ADMITTED');
    expect(await tag()).toEqual(before);
    const all = await plane.ask<{ repository: { tags: { totalCount: number } } }>(
      `{ repository(organization: "acme", name: "library/app") { tags(state: null) { totalCount } } }`,
    );
    expect(all.repository.tags.totalCount).toBe(1);
  });

  test('moves a tag, keeps the old version in the time machine and writes an audit event', async () => {
    await plane.catalog.call('AdmitManifest', admission(acme, 'one', { checkedAt: now }));
    await plane.catalog.call('AdmitManifest', admission(acme, 'two', { checkedAt: now + 1000 }));
    expect((await tag())?.manifest?.digest).toBe(digest('two'));
    const { repository } = await plane.ask<{ repository: { tags: { edges: { node: object }[] } } }>(
      `{ repository(organization: "acme", name: "library/app") { tags(state: TIME_MACHINE) { edges { node {
        name state collectedAfter manifest { digest } } } } } }`,
    );
    expect(repository.tags.edges.map(({ node }) => node)).toEqual([
      {
        name: 'latest',
        state: 'TIME_MACHINE',
        collectedAfter: new Date(now + 1000 + 1209600 * 1000).toISOString(),
        manifest: { digest: digest('one') },
      },
    ]);
    const events = await plane.ask<{ auditEvents: { edges: { node: { detail: string } }[] } }>(EVENTS);
    expect(
      events.auditEvents.edges.map(({ node }) => ({ ...node, detail: JSON.parse(node.detail) as unknown })),
    ).toEqual([
      {
        organization: 'acme',
        repository: 'library/app',
        reference: 'latest',
        digest: digest('two'),
        actor: 'system',
        detail: { from: digest('one'), to: digest('two') },
      },
    ]);
  });

  test('does not move a tag for a check older than the live version, even if repeated', async () => {
    const late = admission(acme, 'old', { checkedAt: now - 5000 });
    await plane.catalog.call('AdmitManifest', admission(acme, 'new', { checkedAt: now }));
    for (let i = 0; i < 2; i++) expect((await plane.catalog.call('AdmitManifest', late)).decision).toBe('ADMITTED');
    expect((await tag())?.manifest?.digest).toBe(digest('new'));
    // The manifest is held anyway, so it can be served by digest.
    const held = await plane.catalog.call('LookupManifest', { repository: acme, digest: digest('old') });
    expect(held.manifest?.digest).toBe(digest('old'));
    expect((await plane.ask<{ auditEvents: { edges: unknown[] } }>(EVENTS)).auditEvents.edges).toEqual([]);
  });

  test('leaves the tag at the latest check after concurrent admissions', async () => {
    const order = [4, 1, 7, 3, 0, 6, 2, 5];
    await Promise.all(
      order.map((n) => plane.catalog.call('AdmitManifest', admission(acme, `v${n}`, { checkedAt: now + n }))),
    );
    expect((await tag())?.manifest?.digest).toBe(digest('v7'));
  });

  test.each([
    ['a missing repository', { repository: null }],
    ['an invalid repository', { repository: { repository: '../x' } }],
    ['an invalid digest', { manifest: { mediaType: '', digest: 'sha256:zz', size: 1 } }],
    ['a negative size', { manifest: { mediaType: '', digest: digest('x'), size: -1 } }],
    ['an invalid tag', { tag: 'a/b' }],
    ['a reference without digest', { references: [{ role: 'LAYER' as const, position: 0, descriptor: null }] }],
  ])('rejects %s', async (_what, wrong) => {
    const base = admission(acme, 'one');
    const request = { ...base, ...wrong } as typeof base;
    await expect(plane.catalog.call('AdmitManifest', request)).rejects.toMatchObject({ key: 'REQUEST_INVALID' });
  });
});

describe('a change of the upstream', () => {
  test('ends the cached content and passes late content of the old upstream through', async () => {
    await plane.catalog.call('AdmitManifest', admission(acme, 'one', { references: [layer('base', 1000)] }));
    await plane.ask(UPDATE, { input: { proxyCache: { upstream: 'registry.example/team' } } });
    const renewed = await plane.repository('acme', 'library/app');
    expect(renewed.originVersion).not.toBe(acme.originVersion);
    for (const repository of [acme, renewed]) {
      expect(await tag('latest', repository)).toBeNull();
      expect((await plane.catalog.call('LookupBlob', { repository, digest: digest('base') })).blob).toBeNull();
      expect((await plane.catalog.call('ListCachedTags', { repository, limit: 10, last: '' })).tags).toEqual([]);
    }
    const late = await plane.catalog.call('AdmitManifest', admission(acme, 'late'));
    expect(late.decision).toBe('PASS_THROUGH');
    const { organization } = await plane.ask<{ organization: { usage: object; repositories: object } }>(
      `{ organization(name: "acme") { usage { usedBytes repositoryCount } repositories { totalCount } } }`,
    );
    expect(organization).toEqual({ usage: { usedBytes: '0', repositoryCount: 0 }, repositories: { totalCount: 0 } });
  });

  test('happens in the same way when the organization is deleted', async () => {
    await plane.catalog.call('AdmitManifest', admission(acme, 'one'));
    await plane.ask('mutation { deleteOrganization(name: "acme") }');
    expect(await tag()).toBeNull();
    expect((await plane.catalog.call('AdmitManifest', admission(acme, 'one'))).decision).toBe('PASS_THROUGH');
  });

  test('does not happen when other settings change', async () => {
    await plane.catalog.call('AdmitManifest', admission(acme, 'one'));
    await plane.ask(UPDATE, { input: { proxyCache: { upstream: 'registry.example', expirationSeconds: 5 } } });
    expect((await tag())?.manifest?.digest).toBe(digest('one'));
  });
});

describe('ListCachedTags', () => {
  test('lists active tags in bytewise order, page by page', async () => {
    for (const name of ['b', 'B', 'a', '_', '10', '9'])
      await plane.catalog.call('AdmitManifest', admission(acme, 'one', { tag: name, checkedAt: now }));
    await plane.catalog.call('AdmitManifest', admission(acme, 'one', { tag: 'expired', checkedAt: now - 2 * HOUR }));
    const first = await plane.catalog.call('ListCachedTags', { repository: acme, limit: 4, last: '' });
    expect(first).toEqual({ tags: ['10', '9', 'B', '_'], more: true });
    const second = await plane.catalog.call('ListCachedTags', { repository: acme, limit: 4, last: '_' });
    expect(second).toEqual({ tags: ['a', 'b'], more: false });
  });
});

describe('ListCachedRepositories', () => {
  const origin = ({ organizationUid, originVersion }: TestRepository) => ({ organizationUid, originVersion });
  const fill = async (organization: TestRepository, ...names: string[]): Promise<void> => {
    for (const repository of names)
      await plane.catalog.call('AdmitManifest', admission({ ...organization, repository }, `in ${repository}`));
  };

  test('lists by organization in the order of the request, page by page', async () => {
    const other = await plane.organization('zeta');
    await fill(acme, 'b', 'a-b/c', 'a/c', 'b.c');
    await fill(other, 'x');
    const origins = [origin(other), origin(acme)];
    const first = await plane.catalog.call('ListCachedRepositories', { origins, limit: 3, last: '' });
    expect(first).toEqual({
      organizations: [
        { organizationUid: other.organizationUid, names: ['x'] },
        { organizationUid: acme.organizationUid, names: ['a-b/c', 'a/c'] },
      ],
      more: true,
    });
    const rest = { origins: [origin(acme)], limit: 3, last: 'a/c' };
    expect(await plane.catalog.call('ListCachedRepositories', rest)).toEqual({
      organizations: [{ organizationUid: acme.organizationUid, names: ['b', 'b.c'] }],
      more: false,
    });
    const exact = await plane.catalog.call('ListCachedRepositories', { origins, limit: 5, last: '' });
    expect([exact.organizations.flatMap(({ names }) => names).length, exact.more]).toEqual([5, false]);
  });

  test('leaves out repositories of an earlier upstream, and those that hold nothing', async () => {
    await fill(acme, 'a', 'b');
    await plane.ask('mutation { purgeRepository(organization: "acme", repository: "a") }');
    const held = await plane.catalog.call('ListCachedRepositories', { origins: [origin(acme)] });
    expect(held.organizations.map(({ names }) => names)).toEqual([['b']]);
    const input = { proxyCache: { upstream: 'registry.example/team' } };
    await plane.ask(UPDATE, { input });
    const renewed = await plane.repository('acme', 'b');
    for (const one of [acme, renewed])
      expect(await plane.catalog.call('ListCachedRepositories', { origins: [origin(one)] })).toEqual({
        organizations: [],
        more: false,
      });
  });

  test('refuses more than 100 organizations', async () => {
    const request = { origins: Array.from({ length: 101 }, () => origin(acme)) };
    await expect(plane.catalog.call('ListCachedRepositories', request)).rejects.toMatchObject({
      key: 'REQUEST_INVALID',
    });
  });
});

describe('LookupTag', () => {
  test('returns an expired tag with its expiration, so that the data plane can decide', async () => {
    await plane.catalog.call('AdmitManifest', admission(acme, 'one', { checkedAt: now - 2 * HOUR }));
    expect((await tag())?.expiresAt).toBe(now - HOUR);
    await plane.catalog.call('RecordPulls', {
      records: [pull(acme, 'one', now, { cacheStatus: 'REVALIDATED' })],
    });
    expect((await tag())?.expiresAt).toBe(now + HOUR);
  });
});
