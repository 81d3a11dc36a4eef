import { admission, child, digest, type TestRepository } from '../../../support/control-plane/builders';
import type { WatchedConfiguration } from '../../../support/control-plane/catalog-client';
import { CacheWorld } from '../../../support/control-plane/cache-world';
import { TestClock } from '../../../support/test-clock';
import { withTables } from '../../../support/control-plane/open-tables';

const HOUR = 3_600_000;
let world: CacheWorld;
let acme: TestRepository;
let stream: WatchedConfiguration;
let marks = 0;

async function begin(clock?: TestClock): Promise<void> {
  world = await CacheWorld.start({}, clock);
  acme = await world.plane.organization('acme', { expirationSeconds: 3600 });
  stream = world.plane.catalog.watch();
  await stream.snapshot();
}
beforeEach(() => begin());
afterEach(() => world.end());

/**
 * Returns the invalidations since the last call: `repository:tag`, `repository@digest`, or only the
 * repository for all of it.
 */
async function received(watched = stream): Promise<readonly string[]> {
  const mark = `mark-${++marks}`;
  await world.plane.organization(mark);
  const found: string[] = [];
  for (;;) {
    const message = await watched.next();
    if (message === undefined) throw new Error('the stream has ended');
    if (message.update?.organizations.some(({ name }) => name === mark)) return found;
    if (!message.invalidation) continue;
    const { organizationUid, repository, tag, digest: of } = message.invalidation;
    expect(organizationUid).toBe(acme.organizationUid);
    found.push(`${repository}${tag === '' ? '' : `:${tag}`}${of === '' ? '' : `@${of}`}`);
  }
}
const app = (what: string): string => `library/app${what}`;
const mutate = (text: string) =>
  world.plane.ask(`mutation { ${text.replace('(', '(organization: "acme", repository: "library/app"')} }`);

describe('Watch tells data planes to forget at once', () => {
  beforeEach(async () => {
    await world.cache(acme, 'one', { 'one layer': 900 }, 'latest');
    await world.pull(acme, 'one', { reference: 'latest' });
  });

  test('nothing when content is only added', async () => {
    expect(await received()).toEqual([]);
  });

  test('the tags and manifests that an admission evicts', async () => {
    await world.admit(acme, 'index', {}, { tag: 'multi', references: [child('two', 0, 'amd64')] });
    await world.admit(acme, 'two', {}, { tag: '' });
    world.advance(60_000);
    await world.update({ quota: { limitBytes: 1300 } });
    await received();
    await world.admit(acme, 'three', { 'three layer': 1200 }, { tag: 'three' });
    expect([...(await received())].sort()).toEqual(
      [app(':latest'), app(':multi'), ...['one', 'two', 'index'].map((name) => app(`@${digest(name)}`))].sort(),
    );
  });

  test('the tags and manifests that a lower limit evicts', async () => {
    await world.update({ quota: { limitBytes: 10 } });
    expect(await received()).toEqual([app(':latest'), app(`@${digest('one')}`)]);
  });

  test('a tag that was deleted or restored or whose expiration was set', async () => {
    await mutate(`setTagExpiration(, tag: "latest", expiresAt: null) { id }`);
    expect(await received()).toEqual([app(':latest')]);
    await mutate(`deleteTag(, tag: "latest")`);
    expect(await received()).toEqual([app(':latest')]);
    await mutate(`restoreTag(, tag: "latest", digest: "${digest('one')}") { id }`);
    expect(await received()).toEqual([app(':latest')]);
  });

  test('nothing when a change was refused or had no effect', async () => {
    await mutate(`deleteTag(, tag: "none")`);
    await world.update({ quota: { limitBytes: 1, autoPrune: false } });
    await received();
    await world.admit(acme, 'two', {}, { tag: 'two' });
    expect(await received()).toEqual([]);
  });

  test('a purged repository', async () => {
    await mutate('purgeRepository()');
    expect([...(await received())].sort()).toEqual([app(''), app(':latest'), app(`@${digest('one')}`)].sort());
  });

  test('a manifest of a journal that was not admitted, because its data plane counts it as cached', async () => {
    await world.update({ quota: { limitBytes: 1000, autoPrune: false } });
    await received();
    const record = { id: 'a-1', at: world.now, admission: admission(acme, 'two', { tag: 'two' }) };
    await world.plane.catalog.call('RecordPulls', { records: [record] });
    expect(await received()).toEqual([`${app(':two')}@${digest('two')}`]);
    await world.plane.catalog.call('RecordPulls', { records: [record] });
    expect(await received()).toEqual([]);
  });

  test('a manifest collected by digest when its retention is over', async () => {
    world.advance(400 * HOUR);
    await world.collect();
    // Includes the tag: a data plane may still hold its last version as expired.
    expect([...(await received())].sort()).toEqual([app(':latest'), app(`@${digest('one')}`)].sort());
  });
});

test('Watch sends a late subscriber only later invalidations, and everyone each of them once', async () => {
  await world.cache(acme, 'one', {}, 'latest');
  await mutate(`deleteTag(, tag: "latest")`);
  const late = world.plane.catalog.watch('late');
  await late.snapshot();
  await mutate('purgeRepository()');
  const wanted = [app(''), app(':latest'), app(`@${digest('one')}`)].sort();
  expect([...(await received(late))].sort()).toEqual(wanted);
  expect([...(await received())].sort()).toEqual([app(':latest'), ...wanted].sort());
});

describe('InvalidationFeed', () => {
  beforeEach(async () => {
    await world.remove();
    await begin(new TestClock());
  });

  test('passes on invalidations of other control planes within a second, even if they were committed late', async () => {
    const write = (id: number, tag: string, at: number) =>
      withTables(world.plane, (tables) =>
        tables('invalidations').insert({
          id,
          at,
          organization_uid: acme.organizationUid,
          repository: 'library/app',
          tag,
          digest: '',
        }),
      );
    const next = async () => {
      for (;;) {
        const message = await stream.next();
        if (message?.invalidation) return message.invalidation.tag;
      }
    };
    await write(10, 'ten', world.now);
    world.advance(1000);
    expect(await next()).toBe('ten');
    // Its id was assigned earlier, but its transaction ended later.
    await write(7, 'seven', world.now - 1000);
    world.advance(1000);
    expect(await next()).toBe('seven');
    for (let i = 0; i < 40; i++) world.advance(1000);
    await write(11, 'eleven', world.now);
    world.advance(1000);
    expect(await next()).toBe('eleven');
  });

  test('keeps invalidations for an hour', async () => {
    await world.cache(acme, 'one', {}, 'latest');
    await mutate(`deleteTag(, tag: "latest")`);
    await world.collect();
    expect(await world.rows('invalidations')).toHaveLength(1);
    world.advance(HOUR);
    await world.collect();
    world.advance(1);
    await world.collect();
    expect(await world.rows('invalidations')).toHaveLength(0);
  });
});
