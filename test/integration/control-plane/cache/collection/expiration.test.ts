import { digest, pull, type TestRepository } from '../../../../support/control-plane/builders';
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
const SET = `mutation ($expiresAt: DateTime, $tag: String = "latest") {
  setTagExpiration(organization: "acme", repository: "library/app", tag: $tag, expiresAt: $expiresAt) { name state expiresAt } }`;
const setExpiration = (at: number | null) => world.plane.graphql(SET, { expiresAt: at === null ? null : iso(at) });

/** Reports a pull in which the upstream confirmed the version. */
const revalidated = (name: string, tag = 'latest') =>
  world.pull(acme, name, { reference: tag, cacheStatus: 'REVALIDATED', upstreamStatus: 200, checkedAt: world.now });

describe('a tag that is not pulled', () => {
  beforeEach(() => world.cache(acme, 'one', { 'one layer': 900 }, 'latest'));

  test('leaves service at its expiration, even if nothing has run since', async () => {
    world.advance(HOUR - 1);
    expect(await world.tagNames()).toEqual(['latest']);
    world.advance(1);
    expect(await world.tagNames()).toEqual([]);
    const shown = {
      name: 'latest',
      state: 'TIME_MACHINE',
      expiresAt: iso(world.now),
      collectedAfter: iso(world.now + DAY),
      manifest: { digest: digest('one') },
    };
    expect(await world.tags('TIME_MACHINE')).toEqual([shown]);
    await world.collect();
    expect(await world.tags('TIME_MACHINE')).toEqual([shown]);
    expect(await world.tags(null)).toEqual([shown]);
    expect(await world.usage()).toEqual({ used: 1000, reserved: 0, manifests: 1, blobs: 1, timeMachine: 1000 });
    const listed = await world.plane.catalog.call('ListCachedTags', { repository: acme, limit: 9, last: '' });
    expect(listed.tags).toEqual([]);
  });

  test('has one expiration event, no matter how often collection runs', async () => {
    const expired = world.now + HOUR;
    world.advance(2 * HOUR);
    for (let i = 0; i < 3; i++) await world.collect();
    expect(await world.events('TAG_EXPIRED')).toEqual([
      {
        kind: 'TAG_EXPIRED',
        at: iso(world.now),
        organization: 'acme',
        repository: 'library/app',
        reference: 'latest',
        digest: digest('one'),
        actor: 'system',
        detail: { expiredAt: iso(expired), lastPulledAt: null },
      },
    ]);
  });

  test('is still returned to data planes, so that a check costs one HEAD', async () => {
    const known = await world.lookup(acme, 'latest');
    world.advance(2 * HOUR);
    expect(await world.lookup(acme, 'latest')).toEqual(known);
    await world.collect();
    expect(await world.lookup(acme, 'latest')).toEqual(known);
  });

  test.each([true, false])('is served again when the upstream confirms it (collected before: %s)', async (swept) => {
    world.advance(2 * HOUR);
    if (swept) await world.collect();
    await revalidated('one');
    expect(await world.tags('ACTIVE')).toMatchObject([
      { name: 'latest', expiresAt: iso(world.now + HOUR), collectedAfter: null },
    ]);
    expect(await world.tags(null)).toHaveLength(1);
    // It expires again, with its own event.
    world.advance(HOUR);
    await world.collect();
    expect(await world.events('TAG_EXPIRED')).toHaveLength(swept ? 2 : 1);
  });

  test('is served again when an admission confirms it', async () => {
    world.advance(2 * HOUR);
    await world.collect();
    await world.admit(acme, 'one');
    expect(await world.tags(null)).toMatchObject([{ state: 'ACTIVE', expiresAt: iso(world.now + HOUR) }]);
  });

  test('is not revived by late records of pulls before its expiration', async () => {
    const before = world.now + 1000;
    world.advance(2 * HOUR);
    await world.collect();
    await world.pull(acme, 'one', { reference: 'latest', cacheStatus: 'STALE' });
    expect(await world.tagNames()).toEqual([]);
    await world.admit(acme, 'one', {}, { checkedAt: before - 2000 });
    expect(await world.tags('ACTIVE')).toEqual([]);
  });

  test('is not revived when a later answer of the upstream said that it is gone', async () => {
    const checkedAt = world.now + 1000;
    world.advance(2000);
    await world.pull(acme, 'one', {
      reference: 'latest',
      digest: '',
      cacheStatus: 'ERROR',
      httpStatus: 404,
      upstreamStatus: 404,
      checkedAt: world.now,
    });
    expect(await world.tags('TIME_MACHINE')).toHaveLength(1);
    await world.pull(acme, 'one', { reference: 'latest', cacheStatus: 'REVALIDATED', checkedAt });
    await world.admit(acme, 'one', {}, { checkedAt });
    expect(await world.tagNames()).toEqual([]);
    expect(await world.lookup(acme, 'latest')).toBeNull();
  });

  test('is collected with all its content when its retention is over', async () => {
    const ended = world.now + HOUR;
    world.advance(HOUR + DAY - 1);
    await world.collect();
    expect(await world.tags('TIME_MACHINE')).toHaveLength(1);
    world.advance(1);
    expect(await world.collect()).toEqual({ blobs: 0, manifests: 1, bytes: 0 });
    expect(await world.tags(null)).toEqual([]);
    expect(await world.lookup(acme, 'latest')).toBeNull();
    expect(await world.events('COLLECTED')).toMatchObject([
      {
        organization: 'acme',
        repository: 'library/app',
        reference: 'latest',
        digest: digest('one'),
        detail: { reason: 'TIME_MACHINE_OVER', endedBy: 'EXPIRED', endedAt: iso(ended) },
      },
    ]);
    expect(await world.usage()).toEqual({ used: 0, reserved: 0, manifests: 0, blobs: 0, timeMachine: 0 });
    world.advance(60_000);
    expect(await world.collect()).toEqual({ blobs: 2, manifests: 0, bytes: 1000 });
    expect([...world.storage.blobs]).toEqual([]);
  });
});

describe('setTagExpiration', () => {
  beforeEach(() => world.cache(acme, 'one', { 'one layer': 900 }, 'latest'));

  test('sets an earlier or a later time and writes an event', async () => {
    const { data } = await setExpiration(world.now + 5 * HOUR);
    expect(data).toEqual({
      setTagExpiration: { name: 'latest', state: 'ACTIVE', expiresAt: iso(world.now + 5 * HOUR) },
    });
    expect(await world.events('TAG_EXPIRATION_SET')).toMatchObject([
      {
        actor: 'admin',
        reference: 'latest',
        digest: digest('one'),
        detail: { from: iso(world.now + HOUR), to: iso(world.now + 5 * HOUR) },
      },
    ]);
    world.advance(5 * HOUR - 1);
    expect(await world.tagNames()).toEqual(['latest']);
    await setExpiration(world.now + 10);
    world.advance(10);
    expect(await world.tagNames()).toEqual([]);
  });

  test('accepts null for never', async () => {
    expect((await setExpiration(null)).errors).toBeUndefined();
    world.advance(1000 * DAY);
    await world.collect();
    expect(await world.tags()).toMatchObject([{ expiresAt: null, collectedAfter: null }]);
    expect((await world.lookup(acme, 'latest'))?.expiresAt).toBe(-1);
  });

  test.each(['HIT', 'REVALIDATED'])('is reset by the next pull with %s', async (cacheStatus) => {
    for (const at of [null, world.now + 50 * HOUR, world.now + 1000]) {
      await setExpiration(at);
      world.advance(500);
      await world.pull(acme, 'one', { reference: 'latest', cacheStatus, checkedAt: world.now });
      expect(await world.tags()).toMatchObject([{ expiresAt: iso(world.now + HOUR) }]);
    }
  });

  test('is not reset by an earlier pull that is reported late, nor by a stale one', async () => {
    world.advance(1000);
    await setExpiration(world.now + 50 * HOUR);
    const wanted = iso(world.now + 50 * HOUR);
    await world.plane.catalog.call('RecordPulls', { records: [pull(acme, 'one', world.now - 500)] });
    await world.pull(acme, 'one', { reference: 'latest', cacheStatus: 'STALE' });
    await world.admit(acme, 'one', {}, { checkedAt: world.now - 1 });
    expect(await world.tags()).toMatchObject([{ expiresAt: wanted }]);
  });

  test('rejects a time in the past and a tag that is not active', async () => {
    const past = await setExpiration(world.now);
    expect(past.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'expiresAt' });
    const other = await world.plane.graphql(SET, { tag: 'other', expiresAt: null });
    expect(other.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', field: 'tag' });
    world.advance(HOUR);
    expect((await setExpiration(null)).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    expect(await world.events('TAG_EXPIRATION_SET')).toEqual([]);
  });
});

describe('the time machine', () => {
  test('keeps nothing with a retention of 0: ended versions are removed in the next collection', async () => {
    await world.update({ timeMachineSeconds: 0 });
    await world.cache(acme, 'one', { base: 500, 'one layer': 400 }, 'latest');
    world.advance(1000);
    await world.cache(acme, 'two', { base: 500, 'two layer': 400 }, 'latest');
    expect(await world.collect()).toMatchObject({ manifests: 1 });
    expect(await world.usage()).toMatchObject({ used: 1000, manifests: 1, blobs: 2, timeMachine: 0 });
    world.advance(HOUR);
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 0 });
  });

  test('keeps a manifest that another tag points to, also if nobody pulled it since its version ended', async () => {
    await world.update({ timeMachineSeconds: 0 });
    await world.cache(acme, 'one', { base: 500, 'one layer': 400 }, 'latest');
    await world.admit(acme, 'one', { base: 500, 'one layer': 400 }, { tag: 'stable' });
    world.advance(1000);
    await world.cache(acme, 'two', { base: 500, 'two layer': 400 }, 'latest');
    expect(await world.collect()).toMatchObject({ manifests: 0 });
    expect(await world.tags('TIME_MACHINE')).toEqual([]);
    expect(await world.holds(acme, 'one')).toBe(true);
    expect(await world.usage()).toMatchObject({ used: 100 + 100 + 500 + 400 + 400, manifests: 2 });
  });

  test('applies a changed retention to existing versions', async () => {
    await world.cache(acme, 'one', { 'one layer': 900 }, 'latest');
    world.advance(HOUR + 2 * HOUR);
    await world.collect();
    await world.update({ timeMachineSeconds: 3 * 3600 });
    expect(await world.tags('TIME_MACHINE')).toMatchObject([{ collectedAfter: iso(world.now + HOUR) }]);
    await world.collect();
    expect(await world.tags('TIME_MACHINE')).toHaveLength(1);
    await world.update({ timeMachineSeconds: 2 * 3600 });
    await world.collect();
    expect(await world.tags('TIME_MACHINE')).toEqual([]);
  });

  test('keeps a manifest that was pulled by digest after it left service', async () => {
    await world.cache(acme, 'one', { 'one layer': 900 }, 'latest');
    world.advance(1000);
    await world.cache(acme, 'two', { 'two layer': 900 }, 'latest');
    world.advance(DAY - 1000);
    await world.pull(acme, 'one', { reference: digest('one') });
    await world.pull(acme, 'two', { reference: 'latest' });
    world.advance(1000);
    await world.collect();
    expect(await world.tags('TIME_MACHINE')).toEqual([]);
    expect(await world.holds(acme, 'one')).toBe(true);
    // From its last use, it is kept as long as a tag would have been.
    world.advance(DAY + HOUR - 1001);
    await world.collect();
    expect(await world.holds(acme, 'one')).toBe(true);
    world.advance(1);
    await world.collect();
    expect(await world.holds(acme, 'one')).toBe(false);
    expect(await world.events('COLLECTED')).toMatchObject([
      { reference: digest('one'), detail: { reason: 'UNTAGGED' } },
      { reference: 'latest', digest: digest('two'), detail: { reason: 'TIME_MACHINE_OVER', endedBy: 'EXPIRED' } },
      { reference: 'latest', digest: digest('one'), detail: { reason: 'TIME_MACHINE_OVER', endedBy: 'MOVED' } },
    ]);
  });

  test('collects manifests without tags that were not pulled for the same time', async () => {
    await world.admit(acme, 'one', { 'one layer': 900 }, { tag: '' });
    await world.arrive(acme, { 'one layer': 900 });
    world.advance(HOUR + DAY - 1);
    await world.collect();
    expect(await world.holds(acme, 'one')).toBe(true);
    await world.pull(acme, 'one', { reference: digest('one') });
    world.advance(HOUR + DAY - 1);
    await world.collect();
    expect(await world.holds(acme, 'one')).toBe(true);
    world.advance(1);
    expect(await world.collect()).toMatchObject({ manifests: 1 });
    expect(await world.holds(acme, 'one')).toBe(false);
  });
});
