import { digest, child, type TestRepository } from '../../../../support/control-plane/builders';
import { claimScans } from '../../../../../control-plane/src/scan/queue/claim-scans';
import { completeScan } from '../../../../../control-plane/src/scan/worker/complete-scan';
import type { ScanConfig } from '../../../../../control-plane/src/scan/clair/scan-config';
import type { FakeVulnerability } from '../../../../support/fake-clair';
import { indexManifest, ScanWorld, WEBHOOK_TOKEN } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
beforeEach(async () => {
  world = await ScanWorld.start();
  acme = await world.cache.plane.organization('acme');
});
afterEach(() => world.remove());

const HOUR = 3_600_000;
const CVE: FakeVulnerability = { name: 'CVE-2023-1', severity: 'High', package: 'busybox' };
const count = (route: 'index' | 'report'): number => world.clair.of(route).length;

describe('reports', () => {
  test('are refreshed after about six hours, without indexing again', async () => {
    await world.image(acme, 'app');
    await world.work();
    world.clair.found.set(digest('app'), [CVE]);
    await world.later(6 * HOUR - 1);
    expect(await world.scan('app')).toMatchObject({ summary: { total: 0 } });
    const reportedAt = new Date(world.cache.now + 1).toISOString();
    await world.later(1);
    expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', reportedAt, summary: { total: 1, high: 1 } });
    expect([count('index'), count('report')]).toEqual([1, 2]);
    expect(await world.cache.rows('scan_findings')).toMatchObject([{ vulnerability: 'CVE-2023-1' }]);
    const [event] = await world.cache.events('SCAN_COMPLETED');
    expect(event!.detail).toMatchObject({ reason: 'REPORT_CHANGED', total: 1 });
  });

  test('that have not changed only update times', async () => {
    world.clair.found.set(digest('app'), [CVE]);
    await world.image(acme, 'app');
    await world.work();
    const before = await world.cache.rows('scan_findings');
    await world.later(7 * HOUR);
    expect(count('report')).toBe(2);
    expect(await world.cache.rows('scan_findings')).toEqual(before);
    expect(await world.cache.events('SCAN_COMPLETED')).toHaveLength(1);
  });

  test('that Clair no longer has are indexed again, and the result stays until then', async () => {
    world.clair.found.set(digest('app'), [CVE]);
    await world.image(acme, 'app');
    await world.work();
    world.clair.reports.clear();
    world.clair.faults.every('index', { status: 503 });
    await world.later(7 * HOUR);
    expect(await world.scan('app')).toMatchObject({ state: 'QUEUED', summary: { total: 1 } });
    world.clair.faults.every('index', undefined);
    await world.later(HOUR);
    expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', summary: { total: 1 } });
    expect(world.clair.reports.size).toBe(1);
  });

  test.each([
    ['202', { status: 202 }],
    ['500', { status: 500 }],
    ['nonsense', { status: 200, body: '[]' }],
  ] as const)('that cannot be read (%s) leave the result unchanged and are read later', async (_name, fault) => {
    world.clair.found.set(digest('app'), [CVE]);
    await world.image(acme, 'app');
    await world.work();
    world.clair.faults.once('report', fault);
    world.clair.found.set(digest('app'), []);
    await world.later(7 * HOUR);
    expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', error: null, summary: { total: 1 } });
    await world.later(HOUR);
    expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', summary: { total: 0 } });
  });
});

describe("Clair's index_state", () => {
  test('a lasting change reindexes images a few at a time, so that new images do not wait behind them', async () => {
    await world.remove();
    world = await ScanWorld.start({ LAYOVER_SCAN_CONCURRENCY: '2' });
    acme = await world.cache.plane.organization('acme');
    for (let n = 0; n < 10; n++) await world.image(acme, `image-${n}`);
    await world.work();
    await world.chores();
    world.clair.state = 'state-2';
    await world.later(60_000);
    await world.chores();
    expect(count('index')).toBe(10);
    // The index_state must be stable for five minutes.
    await world.later(300_000);
    const release = world.clair.hold();
    for (let n = 0; n < 3; n++) await world.first.scanning.chores.round();
    expect(await world.cache.rows('scans', { work: 'INDEX' })).toHaveLength(4);
    release();
    for (let n = 0; n < 5; n++) await world.chores();
    expect(count('index')).toBe(20);
    for (const row of await world.cache.rows('scans'))
      expect(row).toMatchObject({ state: 'COMPLETED', indexer_state: 'state-2', attempts: 1 });
    for (let n = 0; n < 3; n++) await world.chores();
    expect(count('index')).toBe(20);
  });

  test('a change retries images that failed for good and images that were refused', async () => {
    world.edge.refusal = 500;
    await world.image(acme, 'failed');
    for (let n = 0; n < 6; n++) await world.later(HOUR);
    world.edge.refusal = undefined;
    world.clair.faults.once('index', { status: 400, body: '{"message":"zstd"}' });
    await world.image(acme, 'refused');
    await world.cache.admit(acme, 'nothing', {}, { tag: 'nothing' });
    await world.work();
    expect([(await world.scan('failed'))!.state, (await world.scan('refused'))!.state]).toEqual([
      'FAILED',
      'UNSUPPORTED',
    ]);
    world.clair.state = 'state-2';
    await world.later(60_000);
    await world.later(300_000);
    await world.chores();
    await world.chores();
    expect([(await world.scan('failed'))!.state, (await world.scan('refused'))!.state]).toEqual([
      'COMPLETED',
      'COMPLETED',
    ]);
    expect(await world.scan('nothing')).toMatchObject({ state: 'UNSUPPORTED' });
  });

  test('an alternating state changes nothing', async () => {
    await world.image(acme, 'app');
    await world.work();
    for (let n = 0; n < 20; n++) {
      world.clair.state = n % 2 === 0 ? 'state-2' : 'state-1';
      await world.later(60_000);
      await world.chores();
    }
    expect(count('index')).toBe(1);
  });
});

describe('rescanManifest', () => {
  const rescan = (name: string, token?: string) =>
    world.cache.plane.graphql<{ rescanManifest: { state: string; attempts: number } }>(
      'mutation ($d: Digest!) { rescanManifest(organization: "acme", repository: "library/app", digest: $d) { state attempts } }',
      { d: digest(name) },
      token,
    );

  test('scans from the beginning, keeps the result in the meantime, and records who requested it', async () => {
    world.clair.found.set(digest('app'), [CVE]);
    await world.image(acme, 'app');
    await world.work();
    const release = world.clair.hold();
    expect((await rescan('app')).data!.rescanManifest).toEqual({
      state: expect.stringMatching(/QUEUED|INDEXING/),
      attempts: expect.any(Number),
    });
    expect(await world.scan('app')).toMatchObject({ summary: { total: 1 } });
    release();
    await world.work();
    expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', attempts: 1 });
    expect(world.clair.of('forget').map((call) => call.digest)).toEqual([digest('app')]);
    expect(world.clair.of('index').map(({ status }) => status)).toEqual([201, 201]);
    expect(await world.cache.events('SCAN_REQUESTED')).toMatchObject([
      {
        organization: 'acme',
        repository: 'library/app',
        digest: digest('app'),
        actor: 'token:admin',
        detail: { images: 1 },
      },
    ]);
  });

  test('gives an image that failed for good five new attempts', async () => {
    world.edge.refusal = 500;
    await world.image(acme, 'app');
    for (let n = 0; n < 6; n++) await world.later(HOUR);
    world.edge.refusal = undefined;
    await rescan('app');
    await world.work();
    expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', attempts: 1 });
  });

  test('queues the cached images of an index, but none that wait or have nothing to scan', async () => {
    const references = [child('amd', 0, 'amd64'), child('arm', 1, 'arm64')];
    await world.cache.admit(acme, 'index', {}, { references, manifest: indexManifest('index'), tag: 'index' });
    expect((await rescan('index')).errors![0]!.extensions.code).toBe('NOT_FOUND');
    await world.image(acme, 'amd');
    await world.admit(acme, 'arm', ['arm layer']);
    await world.cache.admit(acme, 'nothing', {}, { tag: 'nothing' });
    await world.work();
    await rescan('index');
    await world.work();
    expect(world.clair.of('index').map((call) => call.digest)).toEqual([digest('amd'), digest('amd')]);
    expect((await rescan('nothing')).data!.rescanManifest.state).toBe('UNSUPPORTED');
    expect(await world.cache.events('SCAN_REQUESTED')).toHaveLength(1);
  });

  test('needs role MANAGER, a cached image, and scanning turned on', async () => {
    await world.image(acme, 'app');
    const { createApiToken } = await world.cache.plane.ask<{ createApiToken: { token: string } }>(
      'mutation { createApiToken(name: "r", role: READER, organization: "acme") { token } }',
    );
    expect((await rescan('app', createApiToken.token)).errors![0]!.extensions.code).toBe('FORBIDDEN');
    expect((await rescan('never')).errors![0]!.extensions).toEqual({ code: 'NOT_FOUND', field: 'digest' });
    await world.cache.plane.restart({ LAYOVER_FEATURE_SCANNING: '0' });
    expect((await rescan('app')).errors![0]!.extensions.code).toBe('CONFLICT');
  });
});

describe('the webhook for notifications', () => {
  const ID = '6e4ad270-4957-4242-b5ad-dad851379573';
  const post = (body: string, authorization = `Bearer ${WEBHOOK_TOKEN}`, method = 'POST') =>
    fetch(`${world.cache.plane.url}/clair/notifications`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body } : {}),
    });
  const notify = (callback = `http://clair/notifier/api/v1/notification/${ID}`) =>
    post(JSON.stringify({ notification_id: ID, callback }));

  test('refreshes the images on all pages of a notification, then deletes it', async () => {
    for (const name of ['one', 'two', 'other']) await world.image(acme, name);
    await world.work();
    for (const name of ['one', 'two', 'other']) world.clair.found.set(digest(name), [CVE]);
    world.clair.notifications.set(ID, [
      [digest('one'), 'sha256:nonsense'],
      [digest('two')],
      [digest('one'), digest('never')],
    ]);
    const status = (await notify('http://192.0.2.1/evil')).status;
    expect(status).toBe(200);
    await world.chores();
    expect(await world.scan('one')).toMatchObject({ state: 'COMPLETED', summary: { total: 1 } });
    expect(await world.scan('two')).toMatchObject({ summary: { total: 1 } });
    expect(await world.scan('other')).toMatchObject({ summary: { total: 0 } });
    expect(world.clair.of('notification')).toHaveLength(3);
    expect(world.clair.of('forget-notification')).toHaveLength(1);
    expect(world.clair.notifications.size).toBe(0);
    expect(await world.cache.rows('scan_notifications')).toEqual([]);
    expect(count('index')).toBe(3);
  });

  test('discards a report that was read before the notification, because it may be outdated', async () => {
    await world.image(acme, 'one');
    await world.work();
    world.clock.advance(7 * HOUR);
    const { database, stores } = world.first;
    const [claim] = await claimScans(database, 'REFRESH', 1, world.cache.now);
    world.clair.found.set(digest('one'), [CVE]);
    world.clair.notifications.set(ID, [[digest('one')]]);
    await notify();
    await world.first.scanning.chores.round();
    const parts = { database, stores, config: { refreshMs: 1 } as ScanConfig, clock: world.clock, random: () => 0 };
    expect(await completeScan(parts, claim!, { findings: [], hash: 'before' }, 'state-1')).toBe(false);
    await world.work();
    expect(await world.scan('one')).toMatchObject({ state: 'COMPLETED', summary: { total: 1 } });
  });

  test('keeps a notification while Clair is unavailable, and accepts it twice', async () => {
    await world.image(acme, 'one');
    await world.work();
    world.clair.found.set(digest('one'), [CVE]);
    world.clair.notifications.set(ID, [[digest('one')]]);
    await notify();
    await notify();
    await world.clair.goAway();
    await world.chores();
    await world.clair.comeBack();
    world.clock.advance(60_000);
    await world.chores();
    world.clock.advance(60_000);
    await world.chores();
    expect(await world.scan('one')).toMatchObject({ summary: { total: 1 } });
  });

  test('refuses requests without the token and bodies that are not notifications', async () => {
    const body = JSON.stringify({ notification_id: ID, callback: 'http://clair/' });
    expect((await post(body, '')).status).toBe(401);
    expect((await post(body, `Bearer ${WEBHOOK_TOKEN}x`)).status).toBe(401);
    expect((await post('', `Bearer ${WEBHOOK_TOKEN}`, 'GET')).status).toBe(405);
    for (const bad of [
      '',
      '[]',
      'null',
      '{"notification_id":"../../etc"}',
      '{"notification_id":7}',
      'x'.repeat(70_000),
    ])
      expect((await post(bad)).status).toBe(400);
    expect(await world.cache.rows('scan_notifications')).toEqual([]);
  });

  test('does not exist without a configured token', async () => {
    await world.cache.plane.restart({ LAYOVER_CLAIR_WEBHOOK_TOKEN: '' });
    expect((await notify()).status).toBe(404);
  });
});
