import { status } from '@grpc/grpc-js';
import { Table } from '../../../../../schema/tables';
import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { waitUntil } from '../../../../support/real/wait-until';
import { CacheWorld } from '../../../../support/control-plane/cache-world';

const MINUTE = 60_000;
let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start({ LAYOVER_GC_GRACE_SECONDS: '60' });
  acme = await world.plane.organization('acme', { expirationSeconds: 3600 }, { timeMachineSeconds: 0 });
});
afterEach(() => world.end());

const purge = (repository = 'library/app') =>
  world.plane.ask('mutation ($name: String!) { purgeRepository(organization: "acme", repository: $name) }', {
    name: repository,
  });
const kept = () => [...world.storage.blobs.keys()].sort();
const stateOf = async (name: string) =>
  (await world.rows<{ state: string }>(Table.blobs, { digest: digest(name) }))[0]?.state;
const holdingOf = async (name: string) =>
  (await world.rows<{ state: string }>(Table.originHoldings, { digest: digest(name) }))[0]?.state;

describe('content without holders', () => {
  beforeEach(async () => {
    await world.cache(acme, 'one', { base: 500, 'one layer': 400 });
    await world.cache({ ...acme, repository: 'library/other' }, 'two', { base: 500 });
    await purge();
  });
  const rest = [digest('two'), digest('base')].sort();

  test('is deleted after the grace period, while held content stays', async () => {
    world.advance(MINUTE - 1);
    expect(await world.collect()).toEqual({ blobs: 0, manifests: 0, bytes: 0 });
    expect(world.storage.deletions).toEqual([]);
    world.advance(1);
    expect(await world.collect()).toEqual({ blobs: 2, manifests: 0, bytes: 500 });
    expect(kept()).toEqual(rest);
    expect(await stateOf('one layer')).toBeUndefined();
    expect(await world.collect()).toEqual({ blobs: 0, manifests: 0, bytes: 0 });
  });

  test('stays while a data plane reads or fills it, and gets a new grace period', async () => {
    world.storage.inUse.add(digest('one layer'));
    world.advance(MINUTE);
    expect(await world.collect()).toMatchObject({ blobs: 1 });
    expect(world.storage.deletions).toEqual([digest('one')]);
    world.storage.inUse.clear();
    world.advance(MINUTE - 1);
    expect(await world.collect()).toMatchObject({ blobs: 0 });
    world.advance(1);
    expect(await world.collect()).toMatchObject({ blobs: 1 });
  });

  test('stays while a data plane reports its use', async () => {
    world.advance(MINUTE);
    const use = { organizationUid: acme.organizationUid, repository: 'library/app', digest: digest('one layer') };
    await world.plane.catalog.call('ReportUse', { node: 'far', uses: [{ ...use, startedAt: world.now }] });
    expect(await world.collect()).toMatchObject({ blobs: 1 });
    expect(await stateOf('one layer')).toBe('PRESENT');
  });

  test('stays if it is taken into use between the check and the deletion', async () => {
    world.advance(MINUTE);
    world.storage.switches.before = (method) => {
      if (method === 'DeleteBlobs') world.storage.inUse.add(digest('one layer'));
    };
    expect(await world.collect()).toEqual({ blobs: 1, manifests: 0, bytes: 100 });
    expect(await stateOf('one layer')).toBe('PRESENT');
    expect(world.storage.blobs.has(digest('one layer'))).toBe(true);
  });

  test('is retried after another grace period if it cannot be deleted', async () => {
    world.advance(MINUTE);
    world.storage.failing.add(digest('one layer'));
    expect(await world.collect()).toMatchObject({ blobs: 1 });
    expect(await stateOf('one layer')).toBe('PRESENT');
    world.storage.failing.clear();
    expect(await world.collect()).toMatchObject({ blobs: 0 });
    world.advance(MINUTE);
    expect(await world.collect()).toMatchObject({ blobs: 1 });
    expect(kept()).toEqual(rest);
  });

  test('stays if a new admission needs it', async () => {
    world.advance(MINUTE);
    await world.admit(acme, 'three', { 'one layer': 400 }, { tag: 'three' });
    expect(await world.collect()).toMatchObject({ blobs: 1 });
    expect(kept()).toEqual([...rest, digest('three'), digest('one layer')].sort());
    expect(await world.usage()).toMatchObject({ used: 100 + 500 + 100 + 400, reserved: 0 });
  });

  test('gets a new grace period when it arrives again', async () => {
    world.advance(MINUTE);
    await world.arrive(acme, { 'one layer': 400 });
    await world.collect();
    expect(kept()).toContain(digest('one layer'));
    world.advance(MINUTE);
    await world.collect();
    expect(kept()).toEqual(rest);
  });
});

describe('an admission during a deletion', () => {
  beforeEach(async () => {
    await world.cache(acme, 'one', { 'one layer': 400 });
    await purge();
    world.advance(MINUTE);
  });
  /** Runs a collection, with `work` before or after the data plane deletes. */
  async function during(when: 'before' | 'after', work: () => Promise<unknown>): Promise<void> {
    world.storage.switches[when] = async (method) => {
      if (method === 'DeleteBlobs') await work();
    };
    await world.collect();
    world.storage.switches[when] = () => undefined;
  }

  test.each(['before', 'after'] as const)('reserves room, and the blob is fetched again (%s)', async (when) => {
    await during(when, async () => {
      expect(await stateOf('one layer')).toBe('DELETING');
      await world.admit(acme, 'three', { 'one layer': 400 }, { tag: 'three' });
      expect(await world.usage()).toMatchObject({ used: 100, reserved: 400, blobs: 0 });
    });
    expect(await stateOf('one layer')).toBeUndefined();
    await world.arrive(acme, { 'one layer': 400 });
    expect(await world.usage()).toMatchObject({ used: 500, reserved: 0, blobs: 1 });
  });

  test('keeps the deleted manifest itself if it was stored again', async () => {
    // The data plane stores the bytes before it asks. A store waits for a running deletion.
    await during('after', () => world.admit(acme, 'one', { 'one layer': 400 }));
    expect(await stateOf('one')).toBe('PRESENT');
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 400, manifests: 1 });
    expect(kept()).toEqual([digest('one')]);
  });

  test('follows the store if its blob arrives before the deletion ends', async () => {
    await during('after', async () => {
      await world.admit(acme, 'three', { 'one layer': 400 }, { tag: 'three' });
      await world.arrive(acme, { 'one layer': 400 });
      expect(await world.usage()).toMatchObject({ used: 500, reserved: 0 });
    });
    expect(await stateOf('one layer')).toBe('PRESENT');
    expect(await world.usage()).toMatchObject({ used: 500, reserved: 0 });
  });

  test('counts nothing for a blob that arrived but was deleted, until it arrives again', async () => {
    await during('before', async () => {
      await world.admit(acme, 'three', { 'one layer': 400 }, { tag: 'three' });
      await world.arrive(acme, { 'one layer': 400 });
    });
    expect(world.storage.blobs.has(digest('one layer'))).toBe(false);
    expect(await stateOf('one layer')).toBeUndefined();
    expect(await holdingOf('one layer')).toBe('LAPSED');
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 0 });
    await world.arrive(acme, { 'one layer': 400 });
    expect(await world.usage()).toMatchObject({ used: 500, reserved: 0 });
  });

  test('holds the blob if it turned out to be in use', async () => {
    await during('before', async () => {
      await world.admit(acme, 'three', { 'one layer': 400 }, { tag: 'three' });
      world.storage.inUse.add(digest('one layer'));
    });
    expect(await stateOf('one layer')).toBe('PRESENT');
    expect(await world.usage()).toMatchObject({ used: 500, reserved: 0, blobs: 1 });
  });
});

describe('a process that dies during a deletion', () => {
  beforeEach(async () => {
    await world.cache(acme, 'one', { 'one layer': 400 });
    await purge();
    world.advance(MINUTE);
    // Simulates a crash: the rows are marked, and nothing else was done.
    world.storage.switches.before = (method) => {
      if (method === 'DeleteBlobs') world.storage.switches.failWith = status.UNAVAILABLE;
    };
    expect((await world.plane.graphql('mutation { collectGarbage { blobsDeleted } }')).errors).toHaveLength(1);
    world.storage.switches.before = () => undefined;
    world.storage.switches.failWith = undefined;
    expect(await stateOf('one layer')).toBe('DELETING');
  });

  test('is replaced by another process after five minutes', async () => {
    world.advance(5 * MINUTE - 1);
    expect(await world.collect()).toMatchObject({ blobs: 0 });
    world.advance(1);
    expect(await world.collect()).toEqual({ blobs: 2, manifests: 0, bytes: 500 });
    expect(kept()).toEqual([]);
    expect(await world.rows(Table.blobs)).toEqual([]);
  });

  test('leaves content that an admission can use', async () => {
    await world.admit(acme, 'three', { 'one layer': 400 }, { tag: 'three' });
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 400 });
    await world.arrive(acme, { 'one layer': 400 });
    world.advance(5 * MINUTE);
    await world.collect();
    expect(kept()).toEqual([digest('three'), digest('one layer')].sort());
    expect(await world.usage()).toMatchObject({ used: 500, reserved: 0 });
  });

  test('leaves blobs in service that are in use by then', async () => {
    world.storage.inUse.add(digest('one layer'));
    world.advance(5 * MINUTE);
    expect(await world.collect()).toMatchObject({ blobs: 1 });
    expect(world.storage.blobs.has(digest('one layer'))).toBe(true);
    world.storage.inUse.clear();
    world.advance(10 * MINUTE);
    await world.collect();
    expect(kept()).toEqual([]);
  });
});

describe('without a data plane', () => {
  test('a collection does everything except the deletion of bytes, and reports that', async () => {
    await world.cache(acme, 'one', { 'one layer': 400 });
    world.advance(3600_000);
    await world.storage.stop();
    for (let i = 0; i < 2; i++) {
      const answer = await world.plane.graphql('mutation { collectGarbage { blobsDeleted } }');
      // In the first round no content has been without holders long enough.
      expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual(i === 0 ? undefined : ['UNAVAILABLE']);
      expect(await world.usage()).toMatchObject({ used: 0, manifests: 0 });
      world.advance(MINUTE);
    }
    expect(await world.events('TAG_EXPIRED', 'COLLECTED')).toHaveLength(2);
    expect(await stateOf('one layer')).toBe('PRESENT');
    await world.storage.start();
    // The client reconnects after a short pause.
    await waitUntil(
      'a collection',
      async () => (await world.plane.graphql('mutation { collectGarbage { blobsDeleted } }')).errors === undefined,
    );
    expect(kept()).toEqual([]);
  });
});

test('a collection without grace period is not blocked by hundreds of blobs in use', async () => {
  await world.plane.restart({ LAYOVER_GC_GRACE_SECONDS: '0' });
  const layers = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`layer ${n}`, 10]));
  await world.cache(acme, 'one', layers);
  for (const name of Object.keys(layers)) world.storage.inUse.add(digest(name));
  await purge();
  world.advance(1);
  await world.collect();
  expect(world.storage.blobs.size).toBeGreaterThanOrEqual(250);
  world.storage.inUse.clear();
  for (let i = 0; i < 2; i++) {
    world.advance(1);
    await world.collect();
  }
  expect(kept()).toEqual([]);
}, 30_000);
