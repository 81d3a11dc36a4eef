import { digest, child, type TestRepository } from '../../../../support/control-plane/builders';
import type { FakeVulnerability } from '../../../../support/fake-clair';
import { TestClock } from '../../../../support/test-clock';
import { waitUntil } from '../../../../support/real/wait-until';
import { indexManifest, ScanWorld } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
beforeEach(async () => {
  world = await ScanWorld.start();
  acme = await world.cache.plane.organization('acme');
});
afterEach(() => world.remove());

const CRITICAL: FakeVulnerability = { name: 'CVE-C', severity: 'Critical', package: 'ssl' };
const HIGH: FakeVulnerability = { name: 'CVE-H', severity: 'High', package: 'busybox', fixedIn: '2' };
const UNKNOWN: FakeVulnerability = { name: 'CVE-U', severity: 'Unknown', package: 'musl' };
const gate = (scanPolicy: object | null) => world.cache.update({ scanPolicy });

async function scanned(name: string, ...found: readonly FakeVulnerability[]): Promise<void> {
  world.clair.found.set(digest(name), found);
  await world.image(acme, name);
  await world.work();
}

test('the gate serves everything without a scan policy', async () => {
  await scanned('app', CRITICAL);
  expect(await world.judge(acme, 'app')).toMatchObject({ verdict: 'SERVE', goodForMs: 10_000 });
});

test('the gate refuses blocking vulnerabilities, the most severe first, each name once', async () => {
  await gate({ blockFrom: 'HIGH' });
  await scanned('app', HIGH, UNKNOWN, { ...HIGH, package: 'ssl_client' }, CRITICAL);
  expect(await world.judge(acme, 'app')).toEqual({
    verdict: 'REFUSE',
    reason: 'it has 2 known vulnerabilities that the scan policy blocks: 1 CRITICAL, 1 HIGH',
    vulnerabilities: ['CVE-C', 'CVE-H'],
    pending: false,
    goodForMs: 10_000,
  });
  await scanned('good', UNKNOWN);
  expect(await world.judge(acme, 'good')).toMatchObject({ verdict: 'SERVE' });
});

test('a reply contains at most twenty names, but its reason counts all of them', async () => {
  await gate({ blockFrom: 'UNKNOWN' });
  const many = Array.from({ length: 30 }, (_, n) => ({ ...UNKNOWN, name: `CVE-${String(n).padStart(2, '0')}` }));
  await scanned('app', ...many, HIGH);
  const reply = await world.judge(acme, 'app');
  expect(reply.vulnerabilities).toHaveLength(20);
  expect(reply.vulnerabilities[0]).toBe('CVE-H');
  expect(reply.reason).toContain('31 known vulnerabilities');
});

test('the policy applies onlyFixable, the allow list, and the grace period since the first sighting', async () => {
  await scanned('app', HIGH, CRITICAL);
  await gate({ blockFrom: 'LOW', onlyFixable: true });
  expect(await world.judge(acme, 'app')).toMatchObject({ verdict: 'REFUSE', vulnerabilities: ['CVE-H'] });
  await gate({ blockFrom: 'LOW', allowedVulnerabilities: ['CVE-H'] });
  expect(await world.judge(acme, 'app')).toMatchObject({ verdict: 'REFUSE', vulnerabilities: ['CVE-C'] });
  await gate({ blockFrom: 'LOW', allowedVulnerabilities: ['CVE-H', 'CVE-C'] });
  expect(await world.judge(acme, 'app')).toMatchObject({ verdict: 'SERVE' });

  await gate({ blockFrom: 'LOW', graceSeconds: 3600 });
  expect(await world.judge(acme, 'app')).toMatchObject({ verdict: 'SERVE' });
  world.clock.advance(3_599_999);
  expect(await world.judge(acme, 'app')).toMatchObject({ verdict: 'SERVE' });
  world.clock.advance(1);
  expect(await world.judge(acme, 'app')).toMatchObject({ verdict: 'REFUSE', vulnerabilities: ['CVE-C', 'CVE-H'] });
  // A later image with a known vulnerability has no grace period; otherwise it would bypass the
  // gate.
  await scanned('late', HIGH);
  expect(await world.judge(acme, 'late')).toMatchObject({ verdict: 'REFUSE' });
});

test('the gate serves an index, because its children are judged', async () => {
  await gate({ blockFrom: 'LOW' });
  const references = [child('amd', 0, 'amd64')];
  await world.cache.admit(acme, 'index', {}, { references, manifest: indexManifest('index'), tag: 'index' });
  expect(await world.judge(acme, 'index')).toMatchObject({ verdict: 'SERVE' });
});

test('the gate serves manifests without anything to scan, but not images that Clair refused', async () => {
  await gate({ blockFrom: 'LOW' });
  await world.cache.admit(acme, 'nothing', {}, { tag: 'nothing' });
  expect(await world.judge(acme, 'nothing')).toMatchObject({ verdict: 'SERVE' });
  world.clair.faults.once('index', { status: 400, body: '{"message":"bad tar"}' });
  await scanned('odd');
  expect(await world.judge(acme, 'odd', 60_000)).toEqual({
    verdict: 'UNSCANNED',
    reason: 'it cannot be scanned (Clair does not accept the image: bad tar)',
    vulnerabilities: [],
    pending: false,
    goodForMs: 10_000,
  });
});

test('a reply without a result has the state of the scan and the reason', async () => {
  await gate({ blockFrom: 'LOW' });
  await world.admit(acme, 'app', ['layer']);
  expect((await world.judge(acme, 'app')).reason).toBe('its scan waits until all layers are cached');
  expect(await world.judge(acme, 'never', 60_000)).toMatchObject({
    reason: expect.stringContaining('not kept in the cache') as string,
    pending: true,
  });
  world.edge.refusal = 500;
  await world.arrive(acme, 'app config', 'layer');
  await world.work();
  expect(await world.judge(acme, 'app')).toMatchObject({
    verdict: 'UNSCANNED',
    reason: expect.stringMatching(/its scan failed and is retried \(indexing ended in state IndexError/) as string,
    pending: true,
    goodForMs: 1_000,
  });
  await world.cache.plane.restart({ LAYOVER_FEATURE_SCANNING: '0' });
  expect(await world.judge(acme, 'app', 60_000)).toMatchObject({
    verdict: 'UNSCANNED',
    reason: 'scanning is off',
    pending: false,
  });
});

test('an image is judged by its latest result during a rescan', async () => {
  await gate({ blockFrom: 'LOW' });
  await scanned('app', HIGH);
  world.edge.refusal = 500;
  world.clair.faults.every('forget', { status: 503 });
  await world.cache.plane.ask(
    'mutation ($d: Digest!) { rescanManifest(organization: "acme", repository: "library/app", digest: $d) { state } }',
    { d: digest('app') },
  );
  await world.work();
  expect(await world.scan('app')).toMatchObject({ state: 'QUEUED' });
  expect(await world.judge(acme, 'app')).toMatchObject({ verdict: 'REFUSE', vulnerabilities: ['CVE-H'] });
});

test('judging an unknown image queues it before all others', async () => {
  await world.remove();
  world = await ScanWorld.start({ LAYOVER_SCAN_CONCURRENCY: '1' });
  acme = await world.cache.plane.organization('acme');
  await gate({ blockFrom: 'LOW' });
  await world.clair.goAway();
  for (const name of ['one', 'two', 'three']) await world.image(acme, name);
  await world.first.database.transaction((queries) => queries('scans').where('digest', digest('three')).delete());
  expect(await world.judge(acme, 'three')).toMatchObject({ verdict: 'UNSCANNED', reason: 'its scan is queued' });
  expect(await world.row('three')).toMatchObject({ state: 'QUEUED', due_at: 1 });
  // The other process may have begun to scan another image before it noticed that Clair is away.
  await world.claimsEnd();
  await world.clair.comeBack();
  await world.later(120_000);
  expect(world.clair.of('index')[0]!.digest).toBe(digest('three'));
});

describe('waiting', () => {
  let clock: TestClock;
  beforeEach(async () => {
    await world.remove();
    clock = new TestClock();
    world = await ScanWorld.start({}, clock);
    acme = await world.cache.plane.organization('acme');
    await gate({ blockFrom: 'HIGH', unscanned: 'WAIT' });
  });

  /** Advances the clock in small steps until the promise resolves. */
  const until = <T>(promise: Promise<T>): Promise<T> => {
    let result: { value: T } | undefined;
    void promise.then((value) => (result = { value }));
    return waitUntil('an answer', () => {
      clock.advance(200);
      return result;
    }).then(({ value }) => value);
  };

  test('the first pull of an image waits for its layers and its scan, and is refused for its findings', async () => {
    world.clair.found.set(digest('app'), [HIGH]);
    await world.admit(acme, 'app', ['layer']);
    const reply = world.judge(acme, 'app', 600_000);
    await waitUntil('a caller is waiting', () => clock.pending > 0);
    await world.arrive(acme, 'app config', 'layer');
    expect(await until(reply)).toMatchObject({ verdict: 'REFUSE', vulnerabilities: ['CVE-H'] });
  });

  test('the wait ends after its time limit, with the state of the scan', async () => {
    await world.admit(acme, 'app', ['layer']);
    const before = clock.now();
    const reply = await until(world.judge(acme, 'app', 5_000));
    expect(reply).toMatchObject({ verdict: 'UNSCANNED', reason: 'its scan waits until all layers are cached' });
    expect(clock.now() - before).toBeGreaterThanOrEqual(5_000);
  });

  test('the wait ends when the scan has failed for good', async () => {
    await world.remove();
    clock = new TestClock();
    world = await ScanWorld.start({ LAYOVER_SCAN_MAX_ATTEMPTS: '1' }, clock);
    acme = await world.cache.plane.organization('acme');
    await gate({ blockFrom: 'HIGH', unscanned: 'WAIT' });
    world.edge.refusal = 404;
    await world.image(acme, 'app');
    const before = clock.now();
    expect(await until(world.judge(acme, 'app', 600_000))).toMatchObject({
      verdict: 'UNSCANNED',
      reason: expect.stringContaining('its scan failed (') as string,
      pending: false,
    });
    expect(clock.now() - before).toBeLessThan(600_000);
  });
});

describe('the gate of blobs', () => {
  const judgeBlob = (name: string, repository = acme) =>
    world.cache.plane.catalog.call('JudgeBlob', { repository, digest: digest(name) });
  const image = async (name: string, layers: readonly string[], ...found: readonly FakeVulnerability[]) => {
    world.clair.found.set(digest(name), found);
    await world.image(acme, name, layers);
    await world.work();
  };
  const SERVED = { refusedImage: '', reason: '', vulnerabilities: [], goodForMs: 60_000 };

  test('refuses config and layers of a refused image in its words, and serves them without a policy', async () => {
    await image('bad', ['bad layer'], CRITICAL);
    expect(await judgeBlob('bad layer')).toEqual(SERVED);
    await gate({ blockFrom: 'HIGH' });
    const { reason, vulnerabilities } = await world.judge(acme, 'bad');
    for (const blob of ['bad layer', 'bad config'])
      expect(await judgeBlob(blob)).toEqual({ refusedImage: digest('bad'), reason, vulnerabilities, goodForMs: 0 });
    // The image is refused wherever its blobs are requested.
    const elsewhere = { ...acme, repository: 'library/other' };
    expect(await judgeBlob('bad layer', elsewhere)).toMatchObject({ refusedImage: digest('bad') });
  });

  test('serves what an image that passes names too, also of another repository, and what none names', async () => {
    await gate({ blockFrom: 'HIGH' });
    await image('bad', ['base', 'shared', 'bad layer'], CRITICAL);
    await image('good', ['base', 'good layer'], UNKNOWN);
    const other = { ...acme, repository: 'library/other' };
    world.clair.found.set(digest('second'), []);
    await world.image(other, 'second', ['shared']);
    await world.work();
    for (const blob of ['base', 'shared', 'good layer', 'nobody']) expect(await judgeBlob(blob)).toEqual(SERVED);
    expect(await judgeBlob('bad layer')).toMatchObject({ refusedImage: digest('bad') });
  });

  test('serves what an image without a result names, until it has one', async () => {
    await gate({ blockFrom: 'HIGH', unscanned: 'REFUSE' });
    world.clair.found.set(digest('bad'), [CRITICAL]);
    await world.admit(acme, 'bad', ['layer']);
    expect(await judgeBlob('layer')).toEqual(SERVED);
    await world.arrive(acme, 'bad config', 'layer');
    await world.work();
    expect(await judgeBlob('layer')).toMatchObject({ refusedImage: digest('bad') });
    await world.admit(acme, 'new', ['layer']);
    expect(await judgeBlob('layer')).toEqual(SERVED);
  });

  test('tells an organization nothing about images that are not proven for it', async () => {
    await gate({ blockFrom: 'HIGH' });
    await image('bad', ['layer'], CRITICAL);
    const other = await world.cache.plane.organization(
      'other',
      { upstream: 'other.example' },
      { scanPolicy: { blockFrom: 'HIGH' } },
    );
    await world.admit(other, 'bad', ['layer']);
    expect(await judgeBlob('layer', other)).toEqual(SERVED);
    expect(await judgeBlob('layer')).toMatchObject({ refusedImage: digest('bad') });
  });

  test('serves a base layer that more than 100 images name', async () => {
    await gate({ blockFrom: 'HIGH' });
    for (let n = 0; n < 101; n += 1) {
      world.clair.found.set(digest(`bad-${n}`), [CRITICAL]);
      await world.image(acme, `bad-${n}`, ['base', `own ${n}`]);
    }
    await world.work();
    expect(await judgeBlob('base')).toEqual(SERVED);
    expect(await judgeBlob('own 7')).toMatchObject({ refusedImage: digest('bad-7') });
  });

  test('refuses an invalid digest', async () => {
    const request = { repository: acme, digest: 'sha256:zz' };
    await expect(world.cache.plane.catalog.call('JudgeBlob', request)).rejects.toMatchObject({
      key: 'REQUEST_INVALID',
    });
  });
});
