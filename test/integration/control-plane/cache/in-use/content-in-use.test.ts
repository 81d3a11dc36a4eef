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

describe('what is in use', () => {
  test('stays while the asking data plane says so', async () => {
    await world.pull(acme, 'a');
    await world.pull(acme, 'b');
    const inUse = [use('a layer'), use('b layer')];
    expect(await admit('d', { inUse })).toBe('ADMITTED');
    expect(await world.tagNames()).toEqual(['a', 'b', 'd']);
    // `d` was asked for just now and has not come: nothing is left to evict.
    expect(await admit('e', { inUse })).toBe('PASS_THROUGH');
    expect(await world.tagNames()).toEqual(['a', 'b', 'd']);
  });

  test('stays while any data plane has reported it, for as long as it is believed', async () => {
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

  test('a report replaces what the node said before', async () => {
    for (const name of ['b', 'c', 'a']) await pull(name);
    await report('one', use('b layer'));
    await report('one', use('c layer'));
    await admit('d');
    expect(await world.tagNames()).toEqual(['a', 'c', 'd']);
  });

  test('in another repository or organization protects nothing here', async () => {
    for (const name of ['a', 'b', 'c']) await pull(name);
    await report('one', use('a layer', world.now, { repository: 'library/other' }));
    await report('two', use('a layer', world.now, { organizationUid: 'nobody' }));
    await admit('d');
    expect(await world.tagNames()).toEqual(['b', 'c', 'd']);
  });

  test('a base layer that is always read does not protect images that nobody has asked for', async () => {
    await world.update({ quota: { limitBytes: 10_000 } });
    for (const name of ['old', 'new']) {
      world.advance(60 * MINUTE);
      await world.cache(acme, name, { base: 1000, [`${name} layer`]: 900 });
    }
    // Somebody pulls `new` all the time: the read of the base began now.
    await world.pull(acme, 'new');
    await report('one', use('base'));
    await world.update({ quota: { limitBytes: 2000 } });
    expect(await world.tagNames()).toEqual(['new']);
  });

  test('that began not long after the image was asked for counts, also when it lasts for hours', async () => {
    await world.pull(acme, 'a');
    const startedAt = world.now + 10 * MINUTE;
    world.advance(5 * 60 * MINUTE);
    await report('one', use('a layer', startedAt));
    await admit('d');
    expect(await world.tagNames()).toEqual(['a', 'c', 'd']);
  });

  test('an image whose blobs are on their way stays for half a minute', async () => {
    world.advance(MINUTE);
    await world.admit(acme, 'd', { 'd layer': 2800 }, { tag: 'd' });
    expect(await world.tagNames()).toEqual(['d']);
    world.advance(29_999);
    expect(await admit('e')).toBe('PASS_THROUGH');
    world.advance(1);
    expect(await admit('e')).toBe('ADMITTED');
    expect(await world.tagNames()).toEqual(['e']);
  });

  test('reports that are no report are left out', async () => {
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

  test('is written once when usage passes the share, and again when it has fallen below it', async () => {
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

  test('is written by the admission that passes it again, however far usage fell and rose', async () => {
    await world.update({ quota: { limitBytes: 10_000, warningPercent: 30 } });
    await admit('d');
    expect(await warnings()).toHaveLength(1);
    await world.plane.ask('mutation { purgeRepository(organization: "acme", repository: "library/app") }');
    await world.admit(acme, 'huge', { 'huge layer': 5000 }, { tag: 'huge' });
    expect(await warnings()).toHaveLength(2);
  });
});
