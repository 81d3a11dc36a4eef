import { retryAfterMs } from '../../../../data-plane/src/upstream/http/retry-after';
import { ResponseHeaders } from '../../../../data-plane/src/upstream/http/response-headers';
import type { UpstreamRegistry, UpstreamRepository } from '../../../../data-plane/src/upstream/upstream-registry';
import { type ActiveQuirk, buildImage, type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry';
import { TestClock } from '../../../support/test-clock';
import { bytesOf, client, Closers, failureOf, originOf, ref, repositoryAt, traffic } from './support';

const image = buildImage();

describe('upstream rate limits', () => {
  const closers = new Closers();
  const clock = TestClock.running();
  let registry: FakeRegistry;
  let upstream: UpstreamRegistry;
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry());
    registry.content.addImage('app', 'v1', image);
    registry.content.addImage('other', 'v1', image);
    upstream = closers.add(client({ clock }));
  });
  afterEach(() => closers.close());

  const limit = (path: string, headers: Record<string, string> = {}, method?: string): ActiveQuirk =>
    registry.quirk({ path, method, respond: { status: 429, headers } });

  it('stop requests of the same kind, for the same organization and credentials only', async () => {
    registry.quirk({ respond: { status: 429, headers: { 'retry-after': '120' } }, times: 1 });
    const limited = repositoryAt(registry, 'app');
    const first = await failureOf(upstream.headManifest(limited, ref('v1')));
    expect(first).toMatchObject({ key: 'TOO_MANY_REQUESTS', retryAfterSeconds: 120, upstreamStatus: 429 });
    traffic(registry);
    clock.advance(60_000);
    const second = await failureOf(upstream.headManifest(repositoryAt(registry, 'other'), ref('v2')));
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

  it.each<[string, (repository: UpstreamRepository) => Promise<unknown>, [path: string, method: string]]>([
    ['a manifest', (app) => upstream.getManifest(app, ref('v1')), ['/manifests/', 'GET']],
    ['the head of a manifest', (app) => upstream.headManifest(app, ref('v1')), ['/manifests/', 'HEAD']],
    ['a blob', (app) => upstream.openBlob(app, image.config.digest, 0).then(bytesOf), ['/blobs/', 'GET']],
    ['the head of a blob', (app) => upstream.headBlob(app, image.config.digest), ['/blobs/', 'HEAD']],
    ['a list of tags', (app) => upstream.listTags(app, {}), ['/tags/', 'GET']],
    ['referrers', (app) => upstream.listReferrers(app, image.digest, {}), ['/referrers/', 'GET']],
  ])('of %s leave other kinds of requests alone', async (_name, ask, [path, method]) => {
    const app = repositoryAt(registry, 'app');
    limit(path, { 'retry-after': '3600' }, method);
    expect((await failureOf(ask(app))).retryAfterSeconds).toBe(3600);
    const others = [
      () => upstream.getManifest(app, ref('v1')),
      () => upstream.headManifest(app, ref('v1')),
      () => upstream.openBlob(app, image.config.digest, 0).then(bytesOf),
      () => upstream.headBlob(app, image.config.digest),
      () => upstream.listTags(app, {}),
      () => upstream.listReferrers(app, image.digest, {}),
    ];
    traffic(registry);
    const outcomes = await Promise.allSettled(others.map((other) => other()));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(traffic(registry)).toHaveLength(5);
  });

  it('without a time are short, double with each further one up to a minute, and end with a success', async () => {
    const app = repositoryAt(registry, 'app');
    const limited = limit('/manifests/');
    const waits: (number | undefined)[] = [];
    for (let round = 0; round < 8; round++) {
      const { retryAfterSeconds, upstreamStatus } = await failureOf(upstream.getManifest(app, ref('v1')));
      expect(upstreamStatus).toBe(429);
      waits.push(retryAfterSeconds);
      expect((await failureOf(upstream.getManifest(app, ref('v1')))).upstreamStatus).toBeUndefined();
      clock.advance(retryAfterSeconds! * 1000);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    limited.remove();
    await upstream.getManifest(app, ref('v1'));
    limit('/manifests/');
    expect((await failureOf(upstream.getManifest(app, ref('v1')))).retryAfterSeconds).toBe(2);
  });

  it('that meet many requests at the same time count once', async () => {
    const app = repositoryAt(registry, 'app');
    limit('/blobs/');
    const blobs = [1, 2, 3, 4, 5, 6].map(() => failureOf(upstream.openBlob(app, image.config.digest, 0)));
    for (const { retryAfterSeconds } of await Promise.all(blobs)) expect(retryAfterSeconds).toBeLessThanOrEqual(2);
    clock.advance(2_000);
    expect((await failureOf(upstream.openBlob(app, image.config.digest, 0))).retryAfterSeconds).toBe(4);
  });

  it('of a redirect target stop only what it answers', async () => {
    const cdn = closers.add(await startFakeRegistry({ content: registry.content }));
    cdn.quirk({ respond: { status: 429, headers: { 'retry-after': '600' } } });
    const redirected = registry.quirk({ path: '/blobs/', redirect: (request) => `${cdn.url}${request.path}` });
    const app = repositoryAt(registry, 'app');
    const error = await failureOf(upstream.openBlob(app, image.config.digest, 0));
    expect(error).toMatchObject({ key: 'TOO_MANY_REQUESTS', retryAfterSeconds: 600 });
    expect(error.message).toContain(cdn.host);
    await failureOf(upstream.openBlob(app, image.config.digest, 0));
    expect(cdn.requests).toHaveLength(1);
    await upstream.getManifest(app, ref('v1'));
    redirected.remove();
    await bytesOf(await upstream.openBlob(app, image.config.digest, 0));
  });

  it('of a token server stop only tokens for the same repository', async () => {
    const secured = closers.add(
      await startFakeRegistry({ content: registry.content, auth: { kind: 'bearer', anonymous: 'all' } }),
    );
    const app = repositoryAt(secured, 'app');
    const limited = secured.quirk({
      path: '/token',
      when: ({ query }) => query['scope'] === 'repository:app:pull',
      respond: { status: 429 },
    });
    expect(await failureOf(upstream.getManifest(app, ref('v1')))).toMatchObject({
      key: 'TOO_MANY_REQUESTS',
      retryAfterSeconds: 2,
      upstreamStatus: 429,
    });
    await upstream.getManifest(repositoryAt(secured, 'other'), ref('v1'));
    traffic(secured);
    expect((await failureOf(upstream.openBlob(app, image.config.digest, 0))).key).toBe('TOO_MANY_REQUESTS');
    expect(traffic(secured)).toEqual([]);
    limited.remove();
    clock.advance(2_000);
    await upstream.getManifest(app, ref('v1'));
  });

  const now = Date.parse('2026-11-22T12:00:00Z');
  it.each<[Record<string, string>, number]>([
    [{ 'retry-after': '5' }, 5_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 12:01:30 GMT' }, 90_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 11:00:00 GMT' }, 1_000],
    [{ 'retry-after': '0' }, 1_000],
    [{ 'retry-after': '999999' }, 3_600_000],
    [{ 'retry-after': 'soon' }, 2_000],
    [{ 'retry-after': '-5' }, 2_000],
    [{}, 2_000],
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
