import { claimScans, LEASE_MS } from '../../../../../control-plane/src/scan/queue/claim-scans';
import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { ScanWorld } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
beforeEach(async () => {
  world = await ScanWorld.start({ LAYOVER_SCAN_CONCURRENCY: '3' });
  acme = await world.cache.plane.organization('acme');
});
afterEach(() => world.remove());

/** Waits until the running scans of a process have ended. */
const settle = ({ worker }: ScanWorld['first']['scanning']) => worker.idle();

test('two processes scan every image once, with bounded concurrency', async () => {
  const names = Array.from({ length: 30 }, (_, n) => `image-${n}`);
  for (const name of names) await world.image(acme, name, ['shared', `${name} layer`]);
  const second = world.another();
  const release = world.clair.hold();
  await Promise.all([world.first.scanning.worker.look(), second.scanning.worker.look()]);
  release();
  for (let done = false; !done;) {
    await Promise.all([settle(world.first.scanning), settle(second.scanning)]);
    await Promise.all([world.first.scanning.worker.look(), second.scanning.worker.look()]);
    done = world.first.scanning.worker.busy + second.scanning.worker.busy === 0;
  }
  expect(
    world.clair
      .of('index')
      .map((call) => call.digest)
      .sort(),
  ).toEqual(names.map(digest).sort());
  expect(world.clair.of('forget')).toHaveLength(0);
  expect(world.clair.mostIndexing).toBeLessThanOrEqual(6);
  for (const row of await world.cache.rows<{ state: string; attempts: number }>('scans'))
    expect([row.state, row.attempts]).toEqual(['COMPLETED', 1]);
  expect(await world.cache.events('SCAN_COMPLETED')).toHaveLength(30);
});

test('concurrent claims never contain the same row twice', async () => {
  for (let n = 0; n < 20; n++) await world.image(acme, `image-${n}`);
  const processes = [world.first, world.another(), world.another(), world.another()];
  const claimed = await Promise.all(
    Array.from({ length: 12 }, (_, n) => claimScans(processes[n % 4]!.database, 'INDEX', 3, world.cache.now)),
  );
  const digests = claimed.flat().map((claim) => claim.digest);
  expect(new Set(digests).size).toBe(digests.length);
  expect(digests.length).toBe(20);
});

test('another process takes over an expired claim, and the result of the first one is discarded', async () => {
  await world.image(acme, 'app');
  const release = world.clair.hold();
  const asked = world.clair.nextIndexRequest();
  await world.first.scanning.worker.look();
  await asked;
  const second = world.another();
  world.clock.advance(LEASE_MS - 1);
  await second.scanning.worker.look();
  expect(second.scanning.worker.busy).toBe(0);

  world.clock.advance(1);
  const again = world.clair.nextIndexRequest();
  await second.scanning.worker.look();
  await again;
  expect(await world.scan('app')).toMatchObject({ state: 'INDEXING', attempts: 2 });
  expect(world.clair.of('forget')).toHaveLength(1);
  world.clair.faults.once('report', { status: 200, body: '{"broken"' });
  release();
  await Promise.all([settle(world.first.scanning), settle(second.scanning)]);
  // One of the two processes read an invalid report. Only the second one may record a result.
  const events = await world.cache.events('SCAN_COMPLETED', 'SCAN_FAILED');
  expect(events.map(({ detail }) => detail['attempts'])).toEqual([2]);
});

test('a running process renews its claims', async () => {
  await world.image(acme, 'app');
  const release = world.clair.hold();
  const asked = world.clair.nextIndexRequest();
  await world.first.scanning.worker.look();
  await asked;
  const second = world.another();
  for (let n = 0; n < 6; n++) {
    world.clock.advance(LEASE_MS / 3);
    await world.first.scanning.worker.renew();
    await second.scanning.worker.look();
  }
  expect(second.scanning.worker.busy).toBe(0);
  release();
  await settle(world.first.scanning);
  expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', attempts: 1 });
});

test('a process that stops returns its images to the queue without using an attempt', async () => {
  await world.image(acme, 'app');
  world.clair.hold();
  const asked = world.clair.nextIndexRequest();
  const stop = world.first.scanning.start();
  await world.first.scanning.worker.look();
  await asked;
  await stop();
  expect(await world.row('app')).toMatchObject({ state: 'QUEUED', attempts: 0, worker: null, due_at: world.cache.now });
  expect(await world.scan('app')).toMatchObject({ state: 'QUEUED', error: null });
});

test('an image during whose scan every process ends fails after the maximum number of attempts', async () => {
  await world.image(acme, 'app');
  for (let n = 0; n < 5; n++) {
    expect(await claimScans(world.first.database, 'INDEX', 1, world.cache.now)).toHaveLength(1);
    world.clock.advance(LEASE_MS);
  }
  await world.work();
  expect(world.clair.of('index')).toHaveLength(0);
  expect(await world.scan('app')).toMatchObject({
    state: 'FAILED',
    nextAttemptAt: null,
    error: expect.stringContaining('the control plane ended during each attempt') as string,
  });
});
