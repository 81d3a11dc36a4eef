import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { ScanWorld } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
beforeEach(async () => {
  world = await ScanWorld.start();
  acme = await world.cache.plane.organization('acme');
});
afterEach(() => world.remove());

const MINUTE = 60_000;

test.each([201, 500] as const)(
  'a layer that Clair cannot fetch is a failure (%d); the failed report is deleted before the next attempt',
  async (status) => {
    world.clair.onFailedFetch = status;
    world.edge.refusal = 401;
    await world.image(acme, 'app');
    await world.work();
    expect(world.clair.of('index').map(({ status }) => status)).toEqual([status]);
    expect(await world.scan('app')).toMatchObject({
      state: 'FAILED',
      attempts: 1,
      error: expect.stringMatching(/failed to fetch layers.*401/) as string,
      nextAttemptAt: new Date(world.cache.now + 30_000).toISOString(),
    });
    expect(world.clair.of('forget')).toHaveLength(0);

    world.edge.refusal = undefined;
    await world.later(29_000);
    expect(world.clair.of('index')).toHaveLength(1);
    await world.later(1_000);
    const kinds = world.clair.calls.filter((call) => call.digest === digest('app')).map(({ route }) => route);
    expect(kinds).toEqual(['index', 'forget', 'index', 'report']);
    expect(await world.scan('app')).toMatchObject({
      state: 'COMPLETED',
      attempts: 2,
      error: null,
      nextAttemptAt: null,
    });
  },
);

test.each([201, 500] as const)('an image is tried five times, with doubling pauses (%d)', async (status) => {
  world.clair.onFailedFetch = status;
  world.edge.refusal = 500;
  await world.image(acme, 'app');
  await world.work();
  for (const seconds of [30, 60, 120, 240]) {
    const row = (await world.row('app'))!;
    expect([row.state, row.due_at! - world.cache.now]).toEqual(['FAILED', seconds * 1000]);
    await world.later(seconds * 1000);
  }
  expect(await world.scan('app')).toMatchObject({ state: 'FAILED', attempts: 5, nextAttemptAt: null });
  await world.later(7 * 86_400_000);
  expect(world.clair.of('index')).toHaveLength(5);
  const events = await world.cache.events('SCAN_FAILED');
  expect(events.map(({ detail }) => [detail['attempts'], detail['isTriedAgain']])).toEqual([
    [5, false],
    [4, true],
    [3, true],
    [2, true],
    [1, true],
  ]);
});

test('a matcher that is not ready (202) delays the report, without a failure or a second indexing', async () => {
  world.clair.isReady = false;
  await world.image(acme, 'app');
  await world.work();
  expect(await world.scan('app')).toMatchObject({
    state: 'QUEUED',
    attempts: 0,
    error: expect.stringContaining('not ready') as string,
    indexerState: null,
  });
  await world.later(MINUTE);
  world.clair.isReady = true;
  await world.later(MINUTE);
  expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', indexerState: 'state-1', error: null });
  // Sent again with the known state, so that Clair indexes nothing twice.
  expect(world.clair.of('index').map(({ status, headers }) => [status, headers['if-none-match']])).toEqual([
    [201, undefined],
    [412, '"state-1"'],
    [412, '"state-1"'],
  ]);
  expect(world.edge.reads).toHaveLength(1);
});

test('an indexed image that Clair does not know (404) is indexed again, a limited number of times', async () => {
  world.clair.faults.once('report', { status: 404, body: '{}' });
  await world.image(acme, 'app');
  await world.work();
  expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', attempts: 2 });
  world.clair.faults.every('report', { status: 404, body: '{}' });
  await world.image(acme, 'other');
  await world.work();
  expect(await world.scan('other')).toMatchObject({ state: 'FAILED', attempts: 5, nextAttemptAt: null });
});

test('layer tokens are issued just before they are sent, and are valid for a day', async () => {
  await world.image(acme, 'app');
  world.clock.advance(30 * 3_600_000);
  await world.work();
  const [read] = world.edge.reads;
  expect(read).toMatchObject({ status: 200, claims: { iat: Math.floor(world.cache.now / 1000) } });
  expect(read!.claims!.exp).toBe(Math.floor(world.cache.now / 1000) + 86_400);
});

test('the next attempt uses another repository that holds the image if one refuses Clair', async () => {
  const other = await world.cache.plane.organization('other');
  world.edge.refusal = 403;
  await world.image(acme, 'app');
  await world.admit(other, 'app', ['app layer']);
  await world.work();
  world.edge.refusal = undefined;
  await world.later(30_000);
  const paths = world.edge.reads.map(({ path }) => path.split('/blobs/')[0]);
  expect(paths).toEqual(['/v2/acme/library/app', '/v2/other/library/app']);
  expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED' });
});

test('an image whose organization does not proxy at present waits with that reason', async () => {
  await world.image(acme, 'app');
  await world.cache.update({ proxyCache: { upstream: 'registry.example', enabled: false } });
  await world.work();
  expect(await world.scan('app')).toMatchObject({
    state: 'QUEUED',
    attempts: 0,
    error: expect.stringContaining('No organization') as string,
  });
  expect(world.clair.of('index')).toHaveLength(0);
});

describe('an invalid answer is a failure of the image with a reason', () => {
  test.each([
    ['report', 'not JSON', { status: 200, body: '<html>' }, 'vulnerability report of Clair is not valid JSON'],
    [
      'report',
      'with another form',
      { status: 200, body: '{"vulnerabilities": []}' },
      'has an unexpected form: vulnerabilities',
    ],
    ['report', 'too large', { status: 200, body: ' '.repeat(65 * 1024 * 1024) }, 'larger than 67108864 bytes'],
    ['index', 'without a state', { status: 201, body: '{}' }, 'index report of Clair has an unexpected form: state'],
    [
      'index',
      'that ends in an intermediate state',
      { status: 201, body: '{"state":"ScanLayers","success":true}' },
      'indexing ended in state ScanLayers',
    ],
    [
      'index',
      'a teapot',
      { status: 418, body: 'short and stout' },
      'answered /indexer/api/v1/index_report with status 418: short and stout',
    ],
  ] as const)('%s: %s', async (route, _what, fault, reason) => {
    world.clair.faults.once(route, fault);
    await world.image(acme, 'app');
    await world.work();
    expect(await world.scan('app')).toMatchObject({
      state: 'FAILED',
      attempts: 1,
      error: expect.stringContaining(reason) as string,
    });
    await world.later(45_000);
    expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED' });
  });
});

test('an error text of any length and with any characters is stored', async () => {
  world.clair.faults.once('index', {
    status: 201,
    body: JSON.stringify({ state: 'IndexError', success: false, err: `\0\ud800${'x'.repeat(9000)}` }),
  });
  await world.image(acme, 'app');
  await world.work();
  const { error } = (await world.scan('app'))!;
  expect(error!.length).toBeLessThanOrEqual(1000);
  expect(error).toContain('IndexError: \ufffdxxx');
});

test('no secret is written to the log, to rows or to audit events', async () => {
  world.edge.refusal = 401;
  await world.image(acme, 'app');
  await world.work();
  const { database, stores } = world.first;
  const secrets = [
    Buffer.from(world.clair.psk!).toString('base64'),
    ...(await stores.tokenKeys.read(database.reader)).map(({ secret }) => secret.toString('base64')),
    ...world.clair
      .of('index')
      .flatMap(({ layers, headers }) => [
        headers['authorization']!.slice('Bearer '.length),
        ...layers.map((layer) => layer.headers['Authorization']![0]!.slice('Bearer '.length)),
      ]),
  ];
  const told = [
    world.cache.plane.log,
    JSON.stringify(await world.cache.rows('scans')),
    JSON.stringify(await world.cache.rows('audit_events')),
  ].join('\n');
  expect(secrets.length).toBeGreaterThan(3);
  for (const secret of secrets) expect(told).not.toContain(secret);
});
