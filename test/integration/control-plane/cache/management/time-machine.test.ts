import { child, digest, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
  acme = await world.plane.organization('acme', { expirationSeconds: 3600 }, { timeMachineSeconds: 86_400 });
});
afterEach(() => world.end());

const iso = (at: number): string => new Date(at).toISOString();
const RESTORE = `mutation ($digest: Digest!, $tag: String = "latest", $repository: String = "library/app") {
  restoreTag(organization: "acme", repository: $repository, tag: $tag, digest: $digest) { name state manifest { digest } } }`;
const restore = (name: string, more: object = {}) => world.plane.graphql(RESTORE, { digest: digest(name), ...more });
const deleteTag = async (tag = 'latest') =>
  (
    await world.plane.ask<{ deleteTag: boolean }>(
      'mutation ($tag: String!) { deleteTag(organization: "acme", repository: "library/app", tag: $tag) }',
      { tag },
    )
  ).deleteTag;
const purge = async (repository = 'library/app') =>
  (
    await world.plane.ask<{ purgeRepository: boolean }>(
      'mutation ($repository: String!) { purgeRepository(organization: "acme", repository: $repository) }',
      { repository },
    )
  ).purgeRepository;
const served = async () => (await world.tags()).map(({ name, manifest }) => [name, manifest.digest]);

describe('restoreTag', () => {
  beforeEach(async () => {
    await world.cache(acme, 'one', { 'one layer': 900 }, 'latest');
    world.advance(1000);
  });

  test('restores a version that was moved, repeatedly', async () => {
    await world.cache(acme, 'two', { 'two layer': 900 }, 'latest');
    for (const [name, other] of [
      ['one', 'two'],
      ['two', 'one'],
      ['one', 'two'],
    ] as const) {
      world.advance(1000);
      expect((await restore(name)).data).toEqual({
        restoreTag: { name: 'latest', state: 'ACTIVE', manifest: { digest: digest(name) } },
      });
      expect(await served()).toEqual([['latest', digest(name)]]);
      expect(await world.tags('TIME_MACHINE')).toMatchObject([
        { manifest: { digest: digest(other) }, collectedAfter: iso(world.now + DAY) },
      ]);
      expect((await world.lookup(acme, 'latest'))?.manifest?.digest).toBe(digest(name));
      expect((await world.events('TAG_RESTORED'))[0]).toMatchObject({
        actor: 'admin',
        reference: 'latest',
        digest: digest(name),
        detail: { from: digest(other), to: digest(name) },
      });
    }
  });

  test.each([true, false])('restores a version that expired (collected before: %s)', async (swept) => {
    world.advance(HOUR);
    if (swept) await world.collect();
    expect((await restore('one')).errors).toBeUndefined();
    expect(await world.tags(null)).toMatchObject([{ state: 'ACTIVE', expiresAt: iso(world.now + HOUR) }]);
    expect((await world.events('TAG_RESTORED'))[0]?.detail).toEqual({ from: null, to: digest('one') });
  });

  test('restores a version that was deleted by a user or upstream', async () => {
    expect(await deleteTag()).toBe(true);
    expect((await restore('one')).errors).toBeUndefined();
    await world.pull(acme, 'one', {
      reference: 'latest',
      digest: '',
      cacheStatus: 'ERROR',
      httpStatus: 404,
      upstreamStatus: 404,
      checkedAt: world.now,
    });
    expect(await served()).toEqual([]);
    expect((await restore('one')).errors).toBeUndefined();
    expect(await served()).toEqual([['latest', digest('one')]]);
  });

  test('counts as a check and as a use, so that the restored version is not evicted first', async () => {
    await world.cache(acme, 'two', { 'two layer': 900 }, 'latest');
    world.advance(1000);
    await world.cache(acme, 'other', { 'other layer': 900 });
    world.advance(1000);
    await restore('one');
    expect((await world.lookup(acme, 'latest'))?.checkedAt).toBe(world.now);
    await world.update({ quota: { limitBytes: 1000 } });
    expect(await served()).toEqual([['latest', digest('one')]]);
  });

  test('changes nothing and writes no event for an active version', async () => {
    const before = await world.rows('tags');
    expect((await restore('one')).data).toMatchObject({ restoreTag: { state: 'ACTIVE' } });
    expect(await world.rows('tags')).toEqual(before);
    expect(await world.events('TAG_RESTORED')).toEqual([]);
  });

  test('returns NOT_FOUND for versions that do not exist or no longer exist', async () => {
    for (const [more, field] of [
      [{}, 'digest'],
      [{ tag: 'other' }, 'digest'],
      [{ repository: 'library/none' }, 'repository'],
    ] as const) {
      expect((await restore('two', more)).errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', field });
    }
    // Held, but never as a version of this tag.
    await world.cache(acme, 'two', { 'two layer': 900 }, 'other');
    expect((await restore('two')).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    world.advance(HOUR + DAY);
    await world.collect();
    expect((await restore('one')).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  });

  test('does not restore a version whose retention is over, even before it is collected', async () => {
    world.advance(HOUR + DAY);
    expect((await restore('one')).errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', field: 'digest' });
  });
});

describe('deleteTag', () => {
  test('moves the version into the time machine, once', async () => {
    await world.cache(acme, 'one', { 'one layer': 900 }, 'latest');
    world.advance(1000);
    expect(await deleteTag()).toBe(true);
    expect(await deleteTag()).toBe(false);
    expect(await world.tags('TIME_MACHINE')).toMatchObject([{ collectedAfter: iso(world.now + DAY) }]);
    expect(await world.lookup(acme, 'latest')).toBeNull();
    expect(await world.events('TAG_DELETED')).toMatchObject([
      { actor: 'admin', reference: 'latest', digest: digest('one'), detail: { deletedBy: 'admin' } },
    ]);
    // It is still served by digest, and the next pull of the tag starts a new version.
    expect(await world.holds(acme, 'one')).toBe(true);
    world.advance(1000);
    await world.admit(acme, 'one');
    expect(await served()).toEqual([['latest', digest('one')]]);
  });

  test('returns false without an event for a tag that does not exist or is not active', async () => {
    expect(await deleteTag()).toBe(false);
    await world.cache(acme, 'one', {}, 'latest');
    world.advance(HOUR);
    expect(await deleteTag()).toBe(false);
    expect(await world.events('TAG_DELETED')).toEqual([]);
  });
});

describe('purgeRepository', () => {
  test('removes all content of the repository and nothing else', async () => {
    const other = { ...acme, repository: 'library/other' };
    await world.cache(acme, 'one', { base: 500, 'one layer': 400 }, 'latest');
    world.advance(1000);
    await world.cache(acme, 'two', { base: 500, 'two layer': 400 }, 'latest');
    await world.admit(acme, 'index', {}, { tag: 'multi', references: [child('one', 0, 'amd64')] });
    await world.cache(other, 'three', { base: 500 }, 'latest');
    expect(await purge()).toBe(true);
    expect(await world.tags(null)).toEqual([]);
    expect(await world.usage()).toEqual({ used: 600, reserved: 0, manifests: 1, blobs: 1, timeMachine: 0 });
    for (const name of ['one', 'two', 'index']) expect(await world.holds(acme, name)).toBe(false);
    expect(await world.events('COLLECTED')).toMatchObject([
      { actor: 'admin', repository: 'library/app', reference: null, detail: { reason: 'PURGED' } },
    ]);
    expect(await purge()).toBe(false);
    expect(await purge('no/such')).toBe(false);
    expect(await world.events('COLLECTED')).toHaveLength(1);
  });

  test('removes hundreds of manifests in steps', async () => {
    const names = Array.from({ length: 130 }, (_, n) => `m${n}`);
    for (const name of names) await world.admit(acme, name, { base: 500 }, { tag: name });
    await world.admit(
      acme,
      'index',
      {},
      { tag: 'multi', references: names.slice(0, 110).map((name, position) => child(name, position, 'amd64')) },
    );
    expect(await purge()).toBe(true);
    expect(await world.rows('manifests')).toEqual([]);
    expect(await world.rows('repositories')).toEqual([]);
    expect(await world.usage()).toMatchObject({ used: 0, reserved: 0 });
  });
});
