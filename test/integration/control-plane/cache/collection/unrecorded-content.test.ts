import { Table } from '../../../../../schema/tables';
import { waitUntil } from '../../../../support/real/wait-until';
import { CacheWorld } from '../../../../support/control-plane/cache-world';
import { digest, type TestRepository } from '../../../../support/control-plane/builders';

const GRACE = 600_000;
const SETTLE = 60_000;

let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start({ LAYOVER_GC_GRACE_SECONDS: '600' });
  acme = await world.plane.organization('acme');
  await world.cache(acme, 'one', { 'one layer': 400 });
});
afterEach(() => world.end());

/** Stores bytes of which the control plane never heard. */
function leave(...names: readonly string[]): void {
  for (const name of names) world.storage.blobs.set(digest(name), 1000);
}
const has = (name: string): boolean => world.storage.blobs.has(digest(name));
const rowOf = async (name: string) =>
  (await world.rows<{ state: string; holders: number }>(Table.blobs, { digest: digest(name) }))[0];
/** Lets a time pass, and collects. */
async function collectAfter(ms: number): Promise<void> {
  world.advance(ms);
  await world.collect();
}

test('bytes without a row get one after a minute, and are deleted after the grace period; held content stays', async () => {
  leave('orphan', 'another orphan');
  await collectAfter(0);
  await collectAfter(SETTLE - 1);
  expect(await rowOf('orphan')).toBeUndefined();
  await collectAfter(1);
  expect(await rowOf('orphan')).toMatchObject({ state: 'PRESENT', holders: 0 });
  expect(world.plane.log).toContain('Stored content without a row was found');
  await collectAfter(GRACE - 1);
  expect([has('orphan'), has('another orphan')]).toEqual([true, true]);
  await collectAfter(1);
  expect([...world.storage.blobs.keys()].sort()).toEqual([digest('one'), digest('one layer')].sort());
  expect(await rowOf('orphan')).toBeUndefined();
});

test('bytes whose arrival is reported late are not counted as found', async () => {
  leave('orphan');
  await collectAfter(0);
  await world.admit(acme, 'two', { orphan: 1000 }, { tag: 'two' });
  await world.arrive(acme, { orphan: 1000 });
  await collectAfter(SETTLE);
  expect(world.plane.log).not.toContain('without a row');
  await collectAfter(GRACE);
  expect(has('orphan')).toBe(true);
});

test('bytes that are filled, read or on a data plane with undelivered records are left alone', async () => {
  leave('orphan');
  world.storage.inUse.add(digest('orphan'));
  for (let round = 0; round < 4; round += 1) await collectAfter(SETTLE);
  expect(await rowOf('orphan')).toBeUndefined();
  world.storage.inUse.clear();
  await collectAfter(SETTLE);
  expect(await rowOf('orphan')).toMatchObject({ state: 'PRESENT' });
});

test('a pull that needs the bytes keeps them, before and after they got a row', async () => {
  leave('early', 'late');
  await collectAfter(0);
  await world.admit(acme, 'two', { early: 1000 }, { tag: 'two' });
  await world.arrive(acme, { early: 1000 });
  await collectAfter(SETTLE);
  expect(await rowOf('early')).toMatchObject({ holders: 1 });
  expect(await rowOf('late')).toMatchObject({ holders: 0 });
  await world.admit(acme, 'three', { late: 1000 }, { tag: 'three' });
  await world.arrive(acme, { late: 1000 });
  await collectAfter(GRACE);
  expect([has('early'), has('late')]).toEqual([true, true]);
});

test('bytes that are deleted while they get a row leave no row behind', async () => {
  leave('orphan');
  await collectAfter(0);
  let stats = 0;
  world.storage.switches.before = (method, digests) => {
    if (method !== 'StatBlobs' || !digests.includes(digest('orphan'))) return;
    stats += 1;
    if (stats === 2) world.storage.blobs.delete(digest('orphan'));
  };
  await collectAfter(SETTLE);
  expect(stats).toBe(2);
  expect(await rowOf('orphan')).toBeUndefined();
});

test('a new walk begins once in a grace period, a few pages in each round', async () => {
  world.storage.switches.pageSize = 1;
  leave('a', 'b', 'c');
  const lists = (): number => world.storage.calls.filter(({ method }) => method === 'ListBlobs').length;
  // Five digests, two pages in each round, and one that shows the end.
  for (let round = 0; round < 6; round += 1) await collectAfter(0);
  const walk = lists();
  expect(walk).toBeLessThanOrEqual(7);
  await collectAfter(GRACE - 1);
  expect(lists()).toBe(walk);
  await collectAfter(1);
  expect(lists()).toBeGreaterThan(walk);
});

test('a store of which most has no row is not touched, and the log says so once', async () => {
  for (let number = 0; number < 1500; number += 1) leave(`foreign ${number}`);
  for (let round = 0; round < 6; round += 1) await collectAfter(SETTLE);
  expect(await world.rows(Table.blobs)).toHaveLength(2);
  expect(world.plane.log.match(/Most of the stored content has no row/g)).toHaveLength(1);
});

test('without a data plane a round succeeds, and the next one with data planes goes on', async () => {
  leave('orphan');
  await world.storage.stop();
  expect(await world.collect()).toMatchObject({ blobs: 0 });
  await world.storage.start();
  // The control plane connects again with a delay.
  await waitUntil('the row', async () => {
    await collectAfter(GRACE);
    return world.plane.log.includes('Stored content without a row was found');
  });
});
