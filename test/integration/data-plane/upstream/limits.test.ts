import { retryAfterMs } from '../../../../data-plane/src/upstream/http/retry-after';
import { ResponseHeaders } from '../../../../data-plane/src/upstream/http/response-headers';
import type { UpstreamRegistry } from '../../../../data-plane/src/upstream/upstream-registry';
import { buildImage, type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry';
import { TestClock } from '../../../support/test-clock';
import { client, Closers, failureOf, originOf, ref, repositoryAt, traffic } from './support';

describe('upstream rate limits', () => {
  const closers = new Closers();
  const clock = TestClock.running();
  let registry: FakeRegistry;
  let upstream: UpstreamRegistry;
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry());
    registry.content.addImage('app', 'v1', buildImage());
    upstream = closers.add(client({ clock }));
  });
  afterEach(() => closers.close());

  it('stop requests for the same organization and credentials only', async () => {
    registry.quirk({ respond: { status: 429, headers: { 'retry-after': '120' } }, times: 1 });
    const limited = repositoryAt(registry, 'app');
    const first = await failureOf(upstream.headManifest(limited, ref('v1')));
    expect(first).toMatchObject({ key: 'TOO_MANY_REQUESTS', retryAfterSeconds: 120, upstreamStatus: 429 });
    traffic(registry);
    clock.advance(60_000);
    const second = await failureOf(upstream.openBlob(limited, buildImage().config.digest, 0));
    expect(second).toMatchObject({ key: 'TOO_MANY_REQUESTS', retryAfterSeconds: 60 });
    expect(second.upstreamStatus).toBeUndefined();
    expect(traffic(registry)).toEqual([]);
    expect(upstream.health(limited.origin).retryAfter).toBeGreaterThan(clock.now() + 55_000);
    for (const other of [{ organizationUid: 'org-2' }, { credentialVersion: '2' }]) {
      await upstream.headManifest(repositoryAt(registry, 'app', other), ref('v1'));
    }
    clock.advance(61_000);
    await upstream.headManifest(limited, ref('v1'));
    expect(upstream.health(limited.origin)).toMatchObject({ retryAfter: undefined, lastError: undefined });
  });

  const now = Date.parse('2026-11-22T12:00:00Z');
  it.each<[Record<string, string>, number]>([
    [{ 'retry-after': '5' }, 5_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 12:01:30 GMT' }, 90_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 11:00:00 GMT' }, 1_000],
    [{ 'retry-after': '0' }, 1_000],
    [{ 'retry-after': '999999' }, 3_600_000],
    [{ 'retry-after': 'soon' }, 60_000],
    [{ 'retry-after': '-5' }, 60_000],
    [{}, 60_000],
    [{ 'ratelimit-reset': '30;w=60' }, 30_000],
    [{ 'x-ratelimit-reset': String(now / 1000 + 45) }, 45_000],
    [{ 'x-retry-after': String(now / 1000 + 20) }, 20_000],
    [{ 'retry-after': '5', 'ratelimit-reset': '30' }, 5_000],
  ])('end after %j in %d ms', (headers, ms) => {
    expect(retryAfterMs(new ResponseHeaders(headers), now)).toBe(ms);
  });

  it('are part of the health of the upstream', async () => {
    const { origin } = repositoryAt(registry, 'app');
    expect(upstream.health(origin)).toEqual({
      reachable: false,
      lastCheckedAt: undefined,
      lastError: undefined,
      rateLimit: undefined,
      rateLimitRemaining: undefined,
      retryAfter: undefined,
    });
    registry.rateLimit = { limit: '100;w=21600', remaining: '76;w=21600' };
    await upstream.headManifest(repositoryAt(registry, 'app'), ref('v1'));
    expect(upstream.health(origin)).toMatchObject({ reachable: true, rateLimit: 100, rateLimitRemaining: 76 });
    expect(upstream.health(origin).lastCheckedAt).toBeLessThanOrEqual(clock.now());
    expect(upstream.health(originOf(registry, { organizationUid: 'org-2' })).lastCheckedAt).toBeUndefined();
  });

  it('do not affect the health if an answer is only unexpected', async () => {
    const { origin } = repositoryAt(registry, 'app');
    await failureOf(upstream.headManifest(repositoryAt(registry, 'app'), ref('absent')));
    expect(upstream.health(origin)).toMatchObject({ reachable: true, lastError: undefined });
    registry.quirk({ respond: { status: 403 }, times: 1 });
    const denied = await failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('v1')));
    expect(upstream.health(origin)).toMatchObject({ reachable: true, lastError: denied.message });
    registry.quirk({ respond: { status: 500 }, times: 1 });
    await failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('v1')));
    expect(upstream.health(origin).reachable).toBe(false);
  });
});
