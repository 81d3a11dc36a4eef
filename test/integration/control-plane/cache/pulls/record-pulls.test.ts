import { v7 } from 'uuid';
import {
  admission,
  blobRecord,
  config,
  digest,
  layer,
  pull,
  type TestRepository,
} from '../../../../support/control-plane/builders';
import type { PullRecord } from '../../../../../proto/gen/layover/v1/PullRecord';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const HOUR = 3_600_000;
let plane: TestControlPlane;
let acme: TestRepository;
let now: number;

beforeEach(async () => {
  plane = await startControlPlane();
  acme = await plane.organization('acme', { expirationSeconds: 3600 });
  now = plane.clock.now();
  const references = [config('config', 7), layer('base', 1000)];
  await plane.catalog.call('AdmitManifest', admission(acme, 'one', { references, checkedAt: now - HOUR / 2 }));
});
afterEach(() => plane.remove());

const record = async (...records: PullRecord[]) => (await plane.catalog.call('RecordPulls', { records })).recorded;

interface TagData {
  readonly pullCount: number;
  readonly lastPulledAt: string | null;
  readonly lastCheckedAt: string;
  readonly expiresAt: string;
}
async function tag(): Promise<TagData> {
  const data = await plane.ask<{ repository: { tag: TagData } }>(
    `{ repository(organization: "acme", name: "library/app") { tag(name: "latest") {
      pullCount lastPulledAt lastCheckedAt expiresAt } } }`,
  );
  return data.repository.tag;
}
async function statistics(sinceSeconds = 86400): Promise<Record<string, unknown>> {
  const data = await plane.ask<{ organization: { statistics: Record<string, unknown> } }>(
    `query ($s: Int!) { organization(name: "acme") { statistics(sinceSeconds: $s) {
      pulls hits misses stale failures bytesServed bytesFetched hitRatio } } }`,
    { s: sinceSeconds },
  );
  return data.organization.statistics;
}
async function pulls(): Promise<readonly Record<string, unknown>[]> {
  const data = await plane.ask<{ auditEvents: { edges: { node: Record<string, unknown> }[] } }>(
    `{ auditEvents(filter: {kinds: [PULL]}, first: 200) { edges { node { at kind organization repository reference digest
      cacheStatus httpStatus upstreamStatus bytes actor clientAddress userAgent requestId detail } } } }`,
  );
  return data.auditEvents.edges.map(({ node }) => node);
}
const iso = (time: number): string => new Date(time).toISOString();

describe('RecordPulls: a pull', () => {
  test('writes an audit event, extends the expiration and counts', async () => {
    expect(
      await record(pull(acme, 'one', now, { cacheStatus: 'REVALIDATED', checkedAt: now - 5, upstreamStatus: 200 })),
    ).toBe(1);
    expect(await pulls()).toEqual([
      {
        at: iso(now),
        kind: 'PULL',
        organization: 'acme',
        repository: 'library/app',
        reference: 'latest',
        digest: digest('one'),
        cacheStatus: 'REVALIDATED',
        httpStatus: 200,
        upstreamStatus: 200,
        bytes: '100',
        actor: 'anonymous',
        clientAddress: '192.0.2.1',
        userAgent: 'podman/5',
        requestId: 'request-1',
        detail: '{"method":"GET"}',
      },
    ]);
    expect(await tag()).toEqual({
      pullCount: 1,
      lastPulledAt: iso(now),
      lastCheckedAt: iso(now - 5),
      expiresAt: iso(now + HOUR),
    });
    expect(await statistics()).toEqual({
      pulls: 1,
      hits: 1,
      misses: 0,
      stale: 0,
      failures: 0,
      bytesServed: '100',
      bytesFetched: '0',
      hitRatio: 1,
    });
  });

  test.each([
    ['HIT', 'GET', true],
    ['HIT', 'HEAD', true],
    ['REVALIDATED', 'HEAD', true],
    ['UPDATED', 'GET', true],
    ['MISS', 'GET', true],
    ['STALE', 'GET', false],
  ])('%s by %s extends the expiration: %s', async (cacheStatus, method, pushes) => {
    await record(pull(acme, 'one', now, { cacheStatus, method }));
    expect((await tag()).expiresAt).toBe(iso(pushes ? now + HOUR : now + HOUR / 2));
    expect((await tag()).pullCount).toBe(1);
  });

  test('only changes the audit log and the counters if it was refused or failed', async () => {
    const before = await tag();
    await record(
      pull(acme, 'one', now, { cacheStatus: 'REFUSED', httpStatus: 403, digest: '', bytes: 0, errorCode: 'DENIED' }),
      pull(acme, 'one', now, { cacheStatus: 'ERROR', httpStatus: 502, digest: '', errorMessage: 'no route' }),
    );
    expect(await tag()).toEqual(before);
    expect(await statistics()).toMatchObject({ pulls: 2, failures: 2, bytesServed: '0', hitRatio: null });
    const details = (await pulls()).map(({ detail }) => String(detail));
    expect(details).toContain('{"method":"GET","error":{"code":"DENIED","message":""}}');
  });

  test('never moves a time back if it arrives late', async () => {
    await record(pull(acme, 'one', now, { checkedAt: now }));
    await record(pull(acme, 'one', now - 10_000, { checkedAt: now - 10_000 }));
    const { repository } = await plane.ask<{ repository: { lastPulledAt: string } }>(
      '{ repository(organization: "acme", name: "library/app") { lastPulledAt } }',
    );
    expect(repository.lastPulledAt).toBe(iso(now));
    expect(await tag()).toEqual({
      pullCount: 2,
      lastPulledAt: iso(now),
      lastCheckedAt: iso(now),
      expiresAt: iso(now + HOUR),
    });
  });

  test('counts for its own version if that was replaced', async () => {
    await plane.catalog.call('AdmitManifest', admission(acme, 'two', { checkedAt: now }));
    await record(pull(acme, 'one', now + 1), pull(acme, 'two', now + 2), pull(acme, 'two', now + 3));
    expect((await tag()).pullCount).toBe(2);
    const data = await plane.ask<{ repository: { tags: { edges: { node: { pullCount: number } }[] } } }>(
      `{ repository(organization: "acme", name: "library/app") { tags(state: TIME_MACHINE) { edges { node { pullCount } } } } }`,
    );
    expect(data.repository.tags.edges[0]?.node.pullCount).toBe(1);
  });

  test('of an unknown or deleted organization is recorded and does not block others', async () => {
    const gone = await plane.organization('gone', { upstream: 'gone.example' });
    await plane.ask('mutation { deleteOrganization(name: "gone") }');
    const recorded = await record(
      pull(gone, 'one', now, { organization: 'gone' }),
      { id: v7(), at: now, admission: admission(gone, 'one') },
      blobRecord({ organizationUid: gone.organizationUid, bytesServed: 5 }, now),
      { id: v7(), at: now, upstream: { organizationUid: gone.organizationUid, reachable: true, lastCheckedAt: now } },
      pull({ ...acme, organizationUid: '' }, 'one', now, { organization: 'nobody' }),
      pull(acme, 'one', now),
    );
    expect(recorded).toBe(6);
    expect((await pulls()).map(({ organization }) => organization).sort()).toEqual(['acme', 'gone', 'nobody']);
    expect((await tag()).pullCount).toBe(1);
  });
});

describe('RecordPulls: exactly once', () => {
  test('counts a repeated batch once, also in parallel and after a restart', async () => {
    const batch: PullRecord[] = [
      pull(acme, 'one', now),
      blobRecord(
        {
          organizationUid: acme.organizationUid,
          digest: digest('base'),
          size: 1000,
          bytesServed: 1000,
          bytesFetched: 1000,
        },
        now,
      ),
      { id: v7(), at: now, admission: admission(acme, 'two', { tag: 'v2', checkedAt: now }) },
    ];
    const together = await Promise.all([record(...batch), record(...batch), record(...batch)]);
    expect(together.reduce((sum, n) => sum + n, 0)).toBe(3);
    await plane.restart();
    expect(await record(...batch)).toBe(0);
    expect(await record(...batch, pull(acme, 'one', now + 1))).toBe(1);
    expect((await tag()).pullCount).toBe(2);
    expect(await pulls()).toHaveLength(2);
    expect(await statistics()).toMatchObject({ pulls: 2, bytesServed: '1200', bytesFetched: '1000' });
  });

  test('counts an id that occurs twice in one batch once', async () => {
    const id = v7();
    expect(await record(pull(acme, 'one', now, {}, id), pull(acme, 'one', now, {}, id))).toBe(1);
    expect((await tag()).pullCount).toBe(1);
  });
});

describe('RecordPulls: attempts of one request', () => {
  const FAILED = { cacheStatus: 'ERROR', httpStatus: 503, digest: '', bytes: 0, errorCode: 'UNAVAILABLE' };
  const first = (more: object = {}, id = v7()): PullRecord =>
    pull(acme, 'one', now, { attempt: 1, requestId: 'r', ...more }, id);
  const second = (of: PullRecord, more: object = {}): PullRecord => ({
    id: of.id!,
    at: now + 700,
    pull: { ...of.pull, attempt: 2, ...more },
  });
  const outcomes = async () => (await pulls()).map(({ cacheStatus, httpStatus }) => [cacheStatus, httpStatus]);

  test.each([
    ['the first before the last', (one: PullRecord, two: PullRecord) => [[one], [two]]],
    ['the last before the first', (one: PullRecord, two: PullRecord) => [[two], [one]]],
    ['both together', (one: PullRecord, two: PullRecord) => [[one, two]]],
    ['both together, the last one first', (one: PullRecord, two: PullRecord) => [[two, one]]],
    ['each twice', (one: PullRecord, two: PullRecord) => [[one], [one, two], [two], [one]]],
  ])('are one event with the outcome of the last one: %s', async (_order, deliveries) => {
    const one = first();
    const two = second(one, { cacheStatus: 'STALE' });
    for (const delivery of deliveries(one, two)) await record(...delivery);
    expect(await outcomes()).toEqual([['STALE', 200]]);
    expect(await pulls()).toMatchObject([{ at: iso(now + 700), detail: '{"method":"GET","attempt":2}' }]);
    expect(await statistics()).toMatchObject({ pulls: 1, hits: 0, stale: 1, bytesServed: '100' });
    expect(await tag()).toMatchObject({ pullCount: 1, lastPulledAt: iso(now + 700) });
  });

  test('count as the pull that the client got: a failure and then an image', async () => {
    const one = first(FAILED);
    await record(one);
    expect(await statistics()).toMatchObject({ pulls: 1, failures: 1, bytesServed: '0' });
    await record(second(one, { ...first().pull, attempt: 2 }));
    expect(await outcomes()).toEqual([['HIT', 200]]);
    expect(await statistics()).toMatchObject({ pulls: 1, failures: 0, hits: 1, bytesServed: '100' });
    expect((await tag()).pullCount).toBe(1);
  });

  test('count as the pull that the client got: an image that did not arrive, and then a failure', async () => {
    const one = first();
    await record(one);
    await record(second(one, FAILED));
    expect(await outcomes()).toEqual([['ERROR', 503]]);
    expect(await statistics()).toMatchObject({ pulls: 1, failures: 1, hits: 0, bytesServed: '0' });
  });

  test('of another client with the same id, and long after the first one, are records of their own', async () => {
    const one = first();
    const stranger = second(one, { clientAddress: '192.0.2.66' });
    const late = { ...second(one), at: now + HOUR };
    const other = first({ reference: 'v2' }, one.id!);
    await record(one);
    for (let delivery = 0; delivery < 2; delivery += 1) {
      await record(late);
      await record(stranger, other);
    }
    expect((await pulls()).map(({ at, reference, clientAddress }) => [at, reference, clientAddress])).toEqual([
      [iso(now + HOUR), 'latest', '192.0.2.1'],
      [iso(now + 700), 'latest', '192.0.2.66'],
      [iso(now), expect.any(String), '192.0.2.1'],
      [iso(now), expect.any(String), '192.0.2.1'],
    ]);
    expect(await statistics()).toMatchObject({ pulls: 4 });
  });

  test('with the id of a client that repeats its X-Request-Id are not merged', async () => {
    await record(first(), first(), first());
    expect(await pulls()).toHaveLength(3);
  });
});

describe('RecordPulls: invalid records', () => {
  test('are stored as far as possible, and do not affect valid ones', async () => {
    const recorded = await record(
      pull(
        acme,
        'one',
        NaN,
        {
          cacheStatus: 'NO_SUCH_STATUS',
          httpStatus: 99999,
          digest: 'rubbish',
          userAgent: 'x'.repeat(5000),
          clientAddress: '\u0000'.repeat(3),
          actor: '\ud83d'.repeat(300),
          repository: '../etc',
        },
        'no-uuid',
      ),
      { id: '', at: -5, admission: { ...admission(acme, 'bad'), tag: '/' } },
      blobRecord({ organizationUid: acme.organizationUid, digest: 'rubbish', size: -1, bytesServed: -7 }, now),
      { id: v7(), at: now },
      pull(acme, 'one', now),
    );
    expect(recorded).toBe(5);
    expect((await tag()).pullCount).toBe(1);
    expect(await statistics()).toMatchObject({ pulls: 2, bytesServed: '100' });
    expect(await pulls()).toHaveLength(2);
  });
});

describe('blobs', () => {
  test('complete an image and count once in the usage when they arrive', async () => {
    const IMAGE = `{ organization(name: "acme") { usage { usedBytes blobCount manifestCount } repositories { edges { node {
      usage { usedBytes } tag(name: "latest") { sizeBytes manifest { completeness layers { cached } } } } } } } }`;
    const before = JSON.stringify(await plane.ask(IMAGE));
    expect(before).toContain('"completeness":"PARTIAL"');
    expect(before).toContain('"usage":{"usedBytes":"100","blobCount":0,"manifestCount":1}');
    const uid = acme.organizationUid;
    await record(
      blobRecord({ organizationUid: uid, digest: digest('base'), size: 1000 }, now),
      blobRecord({ organizationUid: uid, digest: digest('config'), size: 7 }, now),
      blobRecord({ organizationUid: uid, digest: digest('base'), size: 1000 }, now + 1),
      blobRecord({ organizationUid: uid, digest: digest('nobody names this'), size: 5 }, now),
    );
    const other = { ...acme, repository: 'library/other' };
    await plane.catalog.call('AdmitManifest', admission(other, 'three', { references: [layer('base', 1000)] }));
    const after = JSON.stringify(await plane.ask(IMAGE));
    expect(after).toContain('"completeness":"COMPLETE","layers":[{"cached":true}]');
    expect(after).toContain('"sizeBytes":"1107"');
    // 100 + 100 for the manifests, 1000 + 7 for the blobs. The shared blob counts once.
    expect(after).toContain('"usage":{"usedBytes":"1207","blobCount":2,"manifestCount":2}');
  });
});

describe('upstream reports', () => {
  const STATUS = `{ organization(name: "acme") { proxyCache { upstreamStatus {
    reachable lastCheckedAt lastError rateLimit rateLimitRemaining retryAfter } } } }`;
  const status = async (): Promise<unknown> =>
    (await plane.ask<{ organization: { proxyCache: { upstreamStatus: unknown } } }>(STATUS)).organization.proxyCache
      .upstreamStatus;
  const report = (lastCheckedAt: number, more: object = {}): PullRecord => ({
    id: v7(),
    at: lastCheckedAt,
    upstream: {
      organizationUid: acme.organizationUid,
      reachable: true,
      lastCheckedAt,
      lastError: '',
      rateLimit: -1,
      rateLimitRemaining: -1,
      retryAfter: 0,
      ...more,
    },
  });

  test('show the newest report, or that the upstream was never asked', async () => {
    const never = { reachable: false, lastCheckedAt: null, lastError: null };
    expect(await status()).toMatchObject(never);
    await record(
      report(now + 2, {
        reachable: false,
        lastError: 'refused',
        rateLimit: 100,
        rateLimitRemaining: 3,
        retryAfter: now + 60,
      }),
      report(now + 1),
    );
    await record(report(now));
    expect(await status()).toEqual({
      reachable: false,
      lastCheckedAt: iso(now + 2),
      lastError: 'refused',
      rateLimit: 100,
      rateLimitRemaining: 3,
      retryAfter: iso(now + 60),
    });
    // Reports about the old upstream do not apply to the new one.
    plane.clock.advance(1000);
    await plane.ask(
      'mutation { updateOrganization(name: "acme", input: {proxyCache: {upstream: "elsewhere.example"}}) { id } }',
    );
    await record(report(now + 500));
    expect(await status()).toMatchObject(never);
  });
});

describe('statistics', () => {
  test('count by status and only since the requested time', async () => {
    await record(
      pull(acme, 'one', now - 3 * HOUR, { cacheStatus: 'MISS' }),
      pull(acme, 'one', now, { cacheStatus: 'UPDATED' }),
      pull(acme, 'one', now, { cacheStatus: 'BYPASS' }),
      pull(acme, 'one', now, { cacheStatus: 'STALE' }),
      pull(acme, 'one', now, { cacheStatus: 'HIT', method: 'HEAD', bytes: 0 }),
    );
    expect(await statistics(3600)).toEqual({
      pulls: 4,
      hits: 1,
      misses: 2,
      stale: 1,
      failures: 0,
      bytesServed: '300',
      bytesFetched: '200',
      hitRatio: 0.5,
    });
    expect(await statistics()).toMatchObject({ pulls: 5, misses: 3 });
  });
});
