import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';

const MINUTE = 60_000;
let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
  acme = await world.plane.organization('acme', {}, { quota: { limitBytes: 3000 } });
  for (const name of ['a', 'b', 'c']) {
    world.advance(60 * MINUTE);
    await world.cache(acme, name, { [`${name} layer`]: 900 });
  }
});
afterEach(() => world.end());

const use = (blob: string, startedAt = world.now, more: Partial<TestRepository> = {}) => ({
  organizationUid: acme.organizationUid,
  repository: acme.repository,
  ...more,
  digest: digest(blob),
  startedAt,
});
const pull = async (name: string): Promise<void> => {
  world.advance(MINUTE);
  await world.pull(acme, name);
};
const report = (node: string, ...uses: readonly ReturnType<typeof use>[]) =>
  world.plane.catalog.call('ReportUse', { node, uses: [...uses] });
const admit = async (name: string, more: object = {}) =>
  (await world.admit(acme, name, { [`${name} layer`]: 900 }, { tag: name, ...more })).decision;

describe('eviction of content in use', () => {
  test('spares images that the requesting data plane reports as in use', async () => {
    await world.pull(acme, 'a');
    await world.pull(acme, 'b');
    const inUse = [use('a layer'), use('b layer')];
    expect(await admit('d', { inUse })).toBe('ADMITTED');
    expect(await world.tagNames()).toEqual(['a', 'b', 'd']);
    // `d` was just requested and has not arrived, so nothing is left to evict.
    expect(await admit('e', { inUse })).toBe('PASS_THROUGH');
    expect(await world.tagNames()).toEqual(['a', 'b', 'd']);
  });

  test('spares images that any data plane reported, while the report is valid', async () => {
    for (const name of ['a', 'b', 'c']) await pull(name);
    await report('one', use('a layer'));
    await report('two');
    await admit('d');
    expect(await world.tagNames()).toEqual(['a', 'c', 'd']);
    await world.arrive(acme, { 'd layer': 900 });
    world.advance(31_000);
    await admit('e');
    expect(await world.tagNames()).toEqual(['c', 'd', 'e']);
  });

  test('replaces the previous report of a node', async () => {
    for (const name of ['b', 'c', 'a']) await pull(name);
    await report('one', use('b layer'));
    await report('one', use('c layer'));
    await admit('d');
    expect(await world.tagNames()).toEqual(['a', 'c', 'd']);
  });

  test('ignores uses in other repositories and organizations', async () => {
    for (const name of ['a', 'b', 'c']) await pull(name);
    await report('one', use('a layer', world.now, { repository: 'library/other' }));
    await report('two', use('a layer', world.now, { organizationUid: 'nobody' }));
    await admit('d');
    expect(await world.tagNames()).toEqual(['b', 'c', 'd']);
  });

  test('does not spare unused images because their base layer is always being read', async () => {
    await world.update({ quota: { limitBytes: 10_000 } });
    for (const name of ['old', 'new']) {
      world.advance(60 * MINUTE);
      await world.cache(acme, name, { base: 1000, [`${name} layer`]: 900 });
    }
    // `new` is pulled all the time, so the read of the base layer began now.
    await world.pull(acme, 'new');
    await report('one', use('base'));
    await world.update({ quota: { limitBytes: 2000 } });
    expect(await world.tagNames()).toEqual(['new']);
  });

  test('spares an image whose read began soon after its request, even if it lasts for hours', async () => {
    await world.pull(acme, 'a');
    const startedAt = world.now + 10 * MINUTE;
    world.advance(5 * 60 * MINUTE);
    await report('one', use('a layer', startedAt));
    await admit('d');
    expect(await world.tagNames()).toEqual(['a', 'c', 'd']);
  });

  test('spares an image whose blobs have not arrived for half a minute', async () => {
    world.advance(MINUTE);
    await world.admit(acme, 'd', { 'd layer': 2800 }, { tag: 'd' });
    expect(await world.tagNames()).toEqual(['d']);
    world.advance(29_999);
    expect(await admit('e')).toBe('PASS_THROUGH');
    world.advance(1);
    expect(await admit('e')).toBe('ADMITTED');
    // Nobody fills the layer of d: its reservation has ended, and the image itself fits.
    expect(await world.tagNames()).toEqual(['d', 'e']);
  });

  test('ignores invalid reports', async () => {
    await report(
      'x'.repeat(500),
      { ...use('a layer'), digest: 'sha256:no' },
      { ...use('a layer'), repository: '../x' },
    );
    await report('one', use('a layer', -5), use('a layer', -5));
    expect(await world.rows('content_uses')).toMatchObject([{ node: 'one', started_at: 0 }]);
    world.advance(31_000);
    await world.collect();
    expect(await world.rows('content_uses')).toEqual([]);
  });
});

describe('QUOTA_WARNING', () => {
  const warnings = () => world.events('QUOTA_WARNING');

  test('is written once when usage exceeds the share, and again after usage fell below it', async () => {
    await world.update({ quota: { limitBytes: 10_000, warningPercent: 50 } });
    await admit('d');
    expect(await warnings()).toEqual([]);
    await admit('e');
    expect(await warnings()).toMatchObject([
      {
        organization: 'acme',
        actor: 'system',
        detail: { warningPercent: 50, limitBytes: '10000', usedBytes: '3200', reservedBytes: '1800' },
      },
    ]);
    await admit('f');
    expect(await warnings()).toHaveLength(1);
    await world.plane.ask('mutation { purgeRepository(organization: "acme", repository: "library/app") }');
    expect(await world.bytes()).toBe(0);
    for (const name of ['g', 'h', 'i', 'j']) await admit(name);
    expect(await warnings()).toHaveLength(1);
    await admit('k');
    expect(await warnings()).toHaveLength(2);
  });

  test('is written by the admission that exceeds the share again, no matter how usage changed before', async () => {
    await world.update({ quota: { limitBytes: 10_000, warningPercent: 30 } });
    await admit('d');
    expect(await warnings()).toHaveLength(1);
    await world.plane.ask('mutation { purgeRepository(organization: "acme", repository: "library/app") }');
    await world.admit(acme, 'huge', { 'huge layer': 5000 }, { tag: 'huge' });
    expect(await warnings()).toHaveLength(2);
  });
});
