import { child, digest, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';

const MINUTE = 60_000;
let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
});
afterEach(() => world.end());

/** Creates an organization whose limit fits `images` images of 1000 bytes. */
async function organization(images: number, quota: object = {}, proxyCache: object = {}): Promise<void> {
  acme = await world.plane.organization('acme', proxyCache, { quota: { limitBytes: images * 1000, ...quota } });
}

/** Caches a complete image of 1000 bytes, a minute after the previous step. */
async function cache(name: string, more: { layer?: string; tag?: string } = {}): Promise<void> {
  world.advance(MINUTE);
  await world.cache(acme, name, { [more.layer ?? `${name} layer`]: 900 }, more.tag ?? name);
}

/** Caches an index of 100 bytes with untagged children of 500 bytes each. */
async function cacheIndex(name: string, children: readonly string[], tag = name): Promise<void> {
  world.advance(MINUTE);
  const references = children.map((one, position) => child(one, position, `arch${position}`));
  await world.admit(acme, name, {}, { tag, references });
  for (const one of children) {
    await world.admit(acme, one, { [`${one} layer`]: 400 }, { tag: '' });
    await world.arrive(acme, { [`${one} layer`]: 400 });
  }
}

async function pull(name: string, reference = name): Promise<void> {
  world.advance(MINUTE);
  await world.pull(acme, name, { reference });
}

const evicted = async (): Promise<readonly (string | null)[]> =>
  (await world.events('QUOTA_EVICTED')).map(({ reference }) => reference).reverse();

describe('eviction order', () => {
  test('evicts the least recently pulled image first', async () => {
    await organization(3);
    for (const name of ['a', 'b', 'c']) await cache(name);
    await pull('a');
    await cache('d');
    expect(await world.tagNames()).toEqual(['a', 'c', 'd']);
    expect(await world.holds(acme, 'b')).toBe(false);
    await cache('e');
    expect(await world.tagNames()).toEqual(['a', 'd', 'e']);
    expect(await world.bytes()).toBe(3000);
    const [, event] = await world.events('QUOTA_EVICTED');
    expect(event).toEqual({
      kind: 'QUOTA_EVICTED',
      at: new Date(world.now - MINUTE).toISOString(),
      organization: 'acme',
      repository: 'library/app',
      reference: 'b',
      digest: digest('b'),
      actor: 'system',
      detail: {
        reason: 'LEAST_RECENTLY_PULLED',
        madeRoomFor: 'library/app:d',
        neededBytes: '1000',
        limitBytes: '3000',
        lastUsedAt: new Date(world.now - 4 * MINUTE).toISOString(),
      },
    });
  });

  test('counts pulls by digest', async () => {
    await organization(3);
    for (const name of ['a', 'b', 'c']) await cache(name);
    await pull('a', digest('a'));
    await cache('d');
    expect(await evicted()).toEqual(['b']);
  });

  test('counts pulls of children as uses of their index', async () => {
    await organization(4);
    await cacheIndex('index', ['one', 'two']);
    await cache('a');
    await cache('b');
    await pull('two', digest('two'));
    world.advance(MINUTE);
    expect((await world.admit(acme, 'c', { 'c layer': 2000 }, { tag: 'c' })).decision).toBe('ADMITTED');
    expect(await evicted()).toEqual(['a', 'b']);
    expect(await world.holds(acme, 'one')).toBe(true);
  });

  test('evicts an index with its children', async () => {
    await organization(3);
    await cacheIndex('index', ['one', 'two']);
    await cache('a');
    await cache('b');
    expect(await evicted()).toEqual(['index']);
    for (const name of ['index', 'one', 'two']) expect(await world.holds(acme, name)).toBe(false);
  });

  test('orders untagged images by their last use, like others', async () => {
    await organization(3);
    await cache('a');
    world.advance(MINUTE);
    await world.admit(acme, 'b', { 'b layer': 900 }, { tag: '' });
    await world.arrive(acme, { 'b layer': 900 });
    await cache('c');
    await cache('d');
    await cache('e');
    expect(await evicted()).toEqual(['a', digest('b')]);
  });

  test('evicts versions in the time machine before active ones, oldest first', async () => {
    await organization(4);
    await cache('a');
    await cache('old');
    await cache('older');
    await cache('b');
    for (const tag of ['older', 'old']) {
      world.advance(MINUTE);
      await world.plane.ask(`mutation { deleteTag(organization: "acme", repository: "library/app", tag: "${tag}") }`);
    }
    await cache('c');
    expect(await evicted()).toEqual(['older']);
    await cache('d');
    expect(await evicted()).toEqual(['older', 'old']);
    await cache('e');
    expect(await evicted()).toEqual(['older', 'old', 'a']);
    const reasons = (await world.events('QUOTA_EVICTED')).map(({ detail }) => detail['reason']).reverse();
    expect(reasons).toEqual(['TIME_MACHINE', 'TIME_MACHINE', 'LEAST_RECENTLY_PULLED']);
  });

  test('evicts the version that a moving tag leaves before others', async () => {
    await organization(3);
    await cache('a');
    await cache('b');
    await cache('v1', { tag: 'latest' });
    await pull('v1', 'latest');
    await cache('v2', { tag: 'latest' });
    expect(await world.tagNames()).toEqual(['a', 'b', 'latest']);
    expect((await world.lookup(acme, 'latest'))?.manifest?.digest).toBe(digest('v2'));
    expect(await world.holds(acme, 'v1')).toBe(false);
    expect(await world.tags('TIME_MACHINE')).toEqual([]);
  });

  test('keeps the version that a moving tag leaves if another tag points to it', async () => {
    await organization(3);
    await cache('a');
    await cache('b');
    await cache('v1', { tag: 'latest' });
    await world.admit(acme, 'v1', {}, { tag: 'stable' });
    await cache('v2', { tag: 'latest' });
    expect(await world.tagNames()).toEqual(['b', 'latest', 'stable']);
  });

  test('counts only bytes that no other image needs', async () => {
    await organization(3);
    await cache('a', { layer: 'base' });
    await cache('b', { layer: 'base' });
    await cache('c');
    // 100 + 100 + 900 + 1000 = 2100: 100 more than fit beside 900.
    await cache('d');
    // Both must be evicted to free the layer. One alone frees 100.
    expect(await evicted()).toEqual(['a']);
    await cache('e');
    expect(await evicted()).toEqual(['a', 'b']);
  });

  test('keeps a victim that turns out to be unneeded', async () => {
    await organization(4);
    world.advance(MINUTE);
    await world.cache(acme, 'small', { 'small layer': 100 });
    await cache('a');
    await world.cache(acme, 'b', { 'b layer': 1700 });
    world.advance(MINUTE);
    // 3000 of 4000 bytes are used, so 1500 more need 500. `small` alone is not enough, `a` alone
    // is.
    expect((await world.admit(acme, 'c', { 'c layer': 1400 }, { tag: 'c' })).decision).toBe('ADMITTED');
    expect(await evicted()).toEqual(['a']);
    expect(await world.tagNames()).toEqual(['b', 'c', 'small']);
  });
});

describe('eviction of shared children', () => {
  test('frees children of two indexes when both are evicted', async () => {
    await organization(2);
    await cacheIndex('index 1', ['one', 'two'], 'v1');
    world.advance(MINUTE);
    const references = ['one', 'two'].map((one, position) => child(one, position, `arch${position}`));
    await world.admit(acme, 'index 2', {}, { tag: 'v2', references });
    expect(await world.bytes()).toBe(1200);
    world.advance(MINUTE);
    expect((await world.admit(acme, 'c', { 'c layer': 1700 }, { tag: 'c' })).decision).toBe('ADMITTED');
    expect(await world.tagNames()).toEqual(['c']);
    for (const name of ['index 1', 'index 2']) expect(await world.holds(acme, name)).toBe(false);
  });

  test('frees a tagged child when its index and its tag are evicted', async () => {
    await organization(2);
    await cacheIndex('index', ['one', 'two'], 'v1');
    await world.admit(acme, 'one', {}, { tag: 'v1-arm64' });
    world.advance(MINUTE);
    expect((await world.admit(acme, 'c', { 'c layer': 1900 }, { tag: 'c' })).decision).toBe('ADMITTED');
    expect(await world.tagNames()).toEqual(['c']);
    expect([...(await evicted())].sort()).toEqual(['v1', 'v1-arm64']);
  });

  test('keeps a recently pulled tagged child longer than its index in the time machine', async () => {
    await organization(3);
    await cacheIndex('index', ['one', 'two'], 'v1');
    await world.admit(acme, 'one', {}, { tag: 'v1-arm64' });
    await cache('a');
    await world.plane.ask(`mutation { deleteTag(organization: "acme", repository: "library/app", tag: "v1") }`);
    await pull('one', 'v1-arm64');
    world.advance(MINUTE);
    // The index and its other child free 600 of the required 1100. `a` was pulled before the tagged
    // child.
    expect((await world.admit(acme, 'b', { 'b layer': 1900 }, { tag: 'b' })).decision).toBe('ADMITTED');
    expect(await world.tagNames()).toEqual(['b', 'v1-arm64']);
  });

  test('keeps the children that the new version of a moving index still names', async () => {
    await organization(2);
    await cacheIndex('index 1', ['one', 'two'], 'latest');
    await world.admit(acme, 'a', { 'a layer': 700 }, { tag: 'a' });
    await world.arrive(acme, { 'a layer': 700 });
    world.advance(MINUTE);
    const references = [child('one', 0, 'arch0'), child('three', 1, 'arch1')];
    // 1900 of 2000 bytes are used, and the index needs 150.
    const reply = await world.admit(
      acme,
      'index 2',
      {},
      { tag: 'latest', references, manifest: { mediaType: '', digest: digest('index 2'), size: 150 } },
    );
    expect(reply.decision).toBe('ADMITTED');
    expect(await world.holds(acme, 'one')).toBe(true);
    expect(await world.holds(acme, 'two')).toBe(false);
    expect(await world.tagNames()).toEqual(['a', 'latest']);
  });

  test('never evicts an index for its own child, nor other children of that index', async () => {
    await organization(2);
    await cache('a');
    await cacheIndex('index', ['one'], 'v1');
    const references = [child('one', 0, 'arch0'), child('big', 1, 'arch1')];
    await world.admit(acme, 'index 2', {}, { tag: 'v2', references });
    expect(await world.tagNames()).toEqual(['a', 'v1', 'v2']);
    world.advance(MINUTE);
    expect((await world.admit(acme, 'big', { 'big layer': 1250 }, { tag: '' })).decision).toBe('ADMITTED');
    expect(await world.tagNames()).toEqual(['v2']);
    for (const name of ['index 2', 'one', 'big']) expect(await world.holds(acme, name)).toBe(true);
    // Without `keep`, only its own index could be evicted.
    world.advance(MINUTE);
    const more = [child('huge', 0, 'arch0')];
    await world.admit(acme, 'index 3', {}, { tag: 'v3', references: more });
    expect((await world.admit(acme, 'huge', { 'huge layer': 1850 }, { tag: '' })).decision).toBe('PASS_THROUGH');
    expect(await world.tagNames()).toContain('v3');
  });
});
