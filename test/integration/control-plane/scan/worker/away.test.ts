import { randomBytes } from 'node:crypto';
import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { ScanWorld } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
beforeEach(async () => {
  world = await ScanWorld.start({ LAYOVER_SCAN_CONCURRENCY: '1' });
  acme = await world.cache.plane.organization('acme');
});
afterEach(() => world.remove());

/** Advances the clock after each image, so that the first one is due first. */
async function images(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await world.image(acme, name);
    world.clock.advance(1);
  }
}
const indexed = (): readonly (string | undefined)[] => world.clair.of('index').map((call) => call.digest);

test('images stay in the queue without using attempts while Clair is unavailable', async () => {
  await world.clair.goAway();
  await images(['one', 'two']);
  for (let minute = 0; minute < 30; minute++) await world.later(60_000);
  expect(await world.scan('one')).toMatchObject({ state: 'QUEUED', attempts: 0 });
  await world.clair.comeBack();
  await world.later(60_000);
  for (const name of ['one', 'two'])
    expect(await world.scan(name)).toMatchObject({ state: 'COMPLETED', attempts: 1, error: null });
});

test('a connection that Clair drops stops other images, and Clair is probed with pauses', async () => {
  world.clair.faults.once('index', 'DROP');
  await images(['one', 'two', 'three']);
  await world.work();
  expect(await world.scan('one')).toMatchObject({
    state: 'QUEUED',
    attempts: 0,
    error: expect.stringMatching(/is unreachable|closed the connection/) as string,
    nextAttemptAt: expect.any(String) as string,
  });
  expect(indexed()).toEqual([digest('one')]);
  await world.clair.goAway();
  await world.later(5_000);
  await world.later(5_000);
  const asked = world.clair.calls.length;
  expect(asked).toBe(2);
  await world.clair.comeBack();
  await world.later(60_000);
  for (const name of ['one', 'two', 'three']) expect(await world.scan(name)).toMatchObject({ state: 'COMPLETED' });
});

test.each([
  ['503', { status: 503, body: 'no' }, /is unavailable \(503\)/],
  [
    'a redirect, which is not followed,',
    { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    /redirect \(302\)/,
  ],
  ['403', { status: 403 }, /LAYOVER_CLAIR_PSK/],
] as const)('%s counts as unavailable', async (_name, fault, reason) => {
  world.clair.faults.once('index', fault);
  await world.image(acme, 'one');
  await world.work();
  expect(await world.scan('one')).toMatchObject({
    state: 'QUEUED',
    attempts: 0,
    error: expect.stringMatching(reason) as string,
  });
  await world.later(60_000);
  expect(await world.scan('one')).toMatchObject({ state: 'COMPLETED', attempts: 1 });
});

test('a pre-shared key that Clair refuses stops all requests until Clair accepts it', async () => {
  const right = world.clair.psk;
  world.clair.psk = randomBytes(32);
  await world.image(acme, 'one');
  await world.work();
  expect(world.clair.of('index')).toHaveLength(0);
  expect(await world.scan('one')).toMatchObject({ state: 'QUEUED', attempts: 0 });
  world.clair.psk = right;
  world.clair.issuers = ['quay'];
  await world.later(60_000);
  expect(world.clair.of('index')).toHaveLength(0);
  world.clair.issuers = ['quay', 'layover'];
  await world.later(60_000);
  expect(await world.scan('one')).toMatchObject({ state: 'COMPLETED' });
});

test('429 stops new requests for the time that Clair states, and counts as no attempt', async () => {
  world.clair.faults.once('index', { status: 429, headers: { 'retry-after': '40' } });
  await images(['one', 'two']);
  await world.work();
  expect(indexed()).toEqual([digest('one')]);
  expect(await world.scan('one')).toMatchObject({
    state: 'QUEUED',
    attempts: 0,
    error: expect.stringContaining('429') as string,
  });
  await world.later(39_000);
  expect(indexed()).toHaveLength(1);
  await world.later(61_000);
  for (const name of ['one', 'two']) expect(await world.scan(name)).toMatchObject({ state: 'COMPLETED', attempts: 1 });
});

test('a single 500 counts as a failure of the image; several in a row count as a failure of Clair', async () => {
  const broken = { status: 500, body: '{"code":"internal-error","message":"failed to start scan: no rows"}' };
  world.clair.faults.every('index', broken);
  await images(['one', 'two', 'three', 'four']);
  await world.work();
  expect(await world.scan('one')).toMatchObject({
    state: 'FAILED',
    attempts: 1,
    error: expect.stringContaining('no rows') as string,
  });
  expect(await world.scan('two')).toMatchObject({ state: 'FAILED', attempts: 1 });
  expect(await world.scan('three')).toMatchObject({
    state: 'QUEUED',
    attempts: 0,
    error: expect.stringContaining('no rows') as string,
  });
  expect(await world.scan('four')).toMatchObject({ state: 'QUEUED', attempts: 0, error: null });
  world.clair.faults.every('index', undefined);
  for (let n = 0; n < 3; n++) await world.later(60_000);
  for (const name of ['one', 'two', 'three', 'four'])
    expect(await world.scan(name)).toMatchObject({ state: 'COMPLETED' });
});

test.each([201, 500] as const)(
  'an edge that Clair cannot reach (%d) stops scanning after three images; the others wait with the reason',
  async (status) => {
    world.clair.onFailedFetch = status;
    world.edge.refusal = 404;
    const names = ['one', 'two', 'three', 'four'];
    await images(names);
    await world.work();
    for (let n = 0; n < 60; n++) await world.later(60_000);
    expect((await world.scan('four'))!.attempts).toBe(0);
    expect(await world.scan('four')).toMatchObject({
      state: 'QUEUED',
      error: expect.stringContaining('404') as string,
    });
    world.edge.refusal = undefined;
    for (let n = 0; n < 61; n++) await world.later(60_000);
    for (const name of names) expect(await world.scan(name)).toMatchObject({ state: 'COMPLETED' });
  },
);

test('indexed images keep their result while Clair is unavailable, and are refreshed afterwards', async () => {
  await world.image(acme, 'one');
  await world.work();
  world.clair.found.set(digest('one'), [{ name: 'CVE-1', severity: 'Low', package: 'a' }]);
  await world.clair.goAway();
  await world.later(7 * 3_600_000);
  expect(await world.scan('one')).toMatchObject({ state: 'COMPLETED', error: null, summary: { total: 0 } });
  await world.clair.comeBack();
  for (let n = 0; n < 4; n++) await world.later(60_000);
  expect(await world.scan('one')).toMatchObject({ state: 'COMPLETED', summary: { total: 1 } });
});
