import { createLogger } from '../../../../../common/runtime/logger';
import { type AwaitedImage, ScanWaits } from '../../../../../control-plane/src/scan/queue/scan-waits';
import { Table } from '../../../../../schema/tables';
import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { TestClock } from '../../../../support/test-clock';
import { ScanWorld } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
let clock: TestClock;
let waits: ScanWaits;
beforeEach(async () => {
  world = await ScanWorld.start();
  acme = await world.cache.plane.organization('acme');
  clock = new TestClock();
  waits = new ScanWaits(world.first.database.reader, clock, createLogger('test', 'silent'));
});
afterEach(() => world.remove());

/** Returns the image as a waiting caller names it. */
async function awaited(name: string): Promise<AwaitedImage> {
  const [row] = await world.cache.rows<{ id: number }>(Table.manifests, { digest: digest(name) });
  return { manifestId: row!.id, digest: digest(name), isProven: false };
}

const NEVER = new AbortController().signal;

test('a wait ends when the scan has ended, and all waits share one read', async () => {
  await world.image(acme, 'app');
  const app = await awaited('app');
  const ended = Promise.all([waits.wait(app, 60_000, NEVER), waits.wait(app, 60_000, NEVER)]);
  await waits.look();
  expect(waits.size).toBe(2);
  await world.work();
  let statements = 0;
  world.first.database.reader.on('query', () => (statements += 1));
  await waits.look();
  await ended;
  expect([waits.size, statements]).toEqual([0, 1]);
});

test('a wait ends when the caller disconnects, the time is over, or the process stops', async () => {
  await world.image(acme, 'app');
  const app = await awaited('app');
  const caller = new AbortController();
  const left = waits.wait(app, 60_000, caller.signal);
  caller.abort();
  await left;
  const over = waits.wait(app, 150, NEVER);
  clock.advance(150);
  await over;
  const stopped = waits.wait(app, 60_000, NEVER);
  waits.endAll();
  await stopped;
  expect([waits.size, clock.pending]).toEqual([0, 0]);
});

test('the number of waits is limited; another caller returns at once', async () => {
  const image = (n: number): AwaitedImage => ({ manifestId: n, digest: digest(`image-${n}`), isProven: false });
  for (let n = 0; n < 1000; n++) void waits.wait(image(n), 60_000, new AbortController().signal);
  await waits.wait(image(1000), 60_000, NEVER);
  expect(waits.size).toBe(1000);
  waits.endAll();
});

test('a wait for an image that was proven before ends with its scan, although a layer was lost', async () => {
  await world.image(acme, 'app');
  await world.work();
  await world.cache.lose('app layer');
  const ended = waits.wait({ ...(await awaited('app')), isProven: true }, 60_000, NEVER);
  await waits.look();
  await ended;
  expect(waits.size).toBe(0);
});

test('a wait goes on until the organization of the caller holds the whole image', async () => {
  const other = await world.cache.plane.organization('other', { upstreamUsername: 'u', upstreamPassword: 'p' });
  await world.image(acme, 'app');
  await world.work();
  await world.admit(other, 'app', ['app layer']);
  const rows = await world.cache.rows<{ id: number }>(Table.manifests, { digest: digest('app') });
  const manifestId = Math.max(...rows.map(({ id }) => id));
  const ended = waits.wait({ manifestId, digest: digest('app'), isProven: false }, 60_000, NEVER);
  await waits.look();
  expect(waits.size).toBe(1);
  await world.arrive(other, 'app config', 'app layer');
  await waits.look();
  await ended;
  expect(waits.size).toBe(0);
});
