import type { IncomingMessage } from 'node:http';
import { type AuthOptions, buildImage, type FakeRegistry, startFakeRegistry } from '../../../../support/fake-registry';
import type { UpstreamRegistry } from '../../../../../data-plane/src/upstream/upstream-registry';
import { TestClock } from '../../../../support/test-clock';
import { client, Closers, failureOf, loopbackResolver, ref, repositoryAt, traffic } from '../support';

const ann = { username: 'ann', password: 'se:cret' };
const image = buildImage();

describe('upstream authorization', () => {
  const closers = new Closers();
  const clock = TestClock.running();
  let upstream: UpstreamRegistry;
  beforeEach(() => {
    upstream = closers.add(client({ clock, resolver: loopbackResolver, timeouts: { headersMs: 2000 } }));
  });
  afterEach(() => closers.close());

  async function start(auth: AuthOptions): Promise<FakeRegistry> {
    const registry = closers.add(await startFakeRegistry({ auth }));
    registry.content.addImage('app', 'v1', image);
    registry.content.addImage('other', 'v1', image);
    return registry;
  }
  const annPulls = (repositories: 'all' | string[] = 'all'): Pick<AuthOptions, 'users'> => ({
    users: { ann: { password: ann.password, repositories }, bob: { password: 'b', repositories: ['other'] } },
  });

  it('is anonymous if the upstream requires nothing else', async () => {
    const registry = await start({ kind: 'none' });
    const manifest = await upstream.getManifest(repositoryAt(registry, 'app', { credentials: ann }), ref('v1'));
    expect(manifest).toEqual({ digest: image.digest, mediaType: image.mediaType, content: image.manifest });
    expect(registry.requests.map((entry) => entry.authorization)).toEqual(['none']);
  });

  it('uses Basic after a challenge, and without a challenge from then on', async () => {
    const registry = await start({ kind: 'basic', ...annPulls() });
    const repository = repositoryAt(registry, 'app', { credentials: ann });
    await upstream.getManifest(repository, ref('v1'));
    await upstream.headManifest(repository, ref('v1'));
    expect(registry.requests.map((entry) => [entry.line, entry.authorization, entry.status])).toEqual([
      ['GET /v2/app/manifests/v1', 'none', 401],
      ['GET /v2/app/manifests/v1', 'basic', 200],
      ['HEAD /v2/app/manifests/v1', 'basic', 200],
    ]);
  });

  it('gets a Bearer token, keeps it for its repository, and requests tokens for others without a challenge', async () => {
    const registry = await start({ kind: 'bearer', anonymous: 'all' });
    const repository = repositoryAt(registry, 'app');
    await upstream.headManifest(repository, ref('v1'));
    await upstream.getManifest(repository, ref('v1'));
    expect(registry.requests[1]?.query).toEqual({ service: 'fake-registry', scope: 'repository:app:pull' });
    expect(traffic(registry)).toEqual([
      'HEAD /v2/app/manifests/v1',
      'GET /token',
      'HEAD /v2/app/manifests/v1',
      'GET /v2/app/manifests/v1',
    ]);
    await upstream.getManifest(repositoryAt(registry, 'other'), ref('v1'));
    expect(traffic(registry)).toEqual(['GET /token', 'GET /v2/other/manifests/v1']);
  });

  it.each<[string, Partial<AuthOptions>]>([
    ['access_token', { tokenField: 'access_token' }],
    ['both token fields', { tokenField: 'both' }],
    ['no service', { service: null }],
    ['no expires_in', { expiresIn: null }],
    ['a challenge before the real one', { challengePrefix: 'Basic realm="x, Bearer realm=\\"evil\\""' }],
  ])('understands %s', async (_name, options) => {
    const registry = await start({ kind: 'bearer', ...annPulls(), ...options });
    const manifest = await upstream.getManifest(repositoryAt(registry, 'app', { credentials: ann }), ref('v1'));
    expect(manifest.digest).toBe(image.digest);
    const token = registry.requests.find((entry) => entry.path === '/token');
    expect(token).toMatchObject({ authorization: 'basic', username: 'ann' });
    expect(token?.query['service']).toBe(options.service === null ? undefined : 'fake-registry');
  });

  it.each(['"access_token":null', '"access_token":1', '"expires_in":"300"', '"issued_at":0'])(
    'understands an answer with a token and the useless member %s',
    async (member) => {
      const registry = await start({ kind: 'bearer', anonymous: 'all' });
      const { token } = registry.auth.issue(
        { headers: {} } as IncomingMessage,
        new URL('http://x/?scope=repository:app:pull'),
      ) as { token: string };
      registry.quirk({ path: '/token', respond: { status: 200, body: `{"token":"${token}",${member}}` } });
      expect((await upstream.getManifest(repositoryAt(registry, 'app'), ref('v1'))).digest).toBe(image.digest);
    },
  );

  it('renews a token before it expires; the default lifetime is 60 s', async () => {
    for (const [expiresIn, stillGood, renewed] of [
      [null, 47_000, 2_000],
      [300, 269_000, 2_000],
      [20, 15_000, 2_000],
    ] as const) {
      const registry = await start({ kind: 'bearer', anonymous: 'all', expiresIn });
      const repository = repositoryAt(registry, 'app');
      await upstream.headManifest(repository, ref('v1'));
      traffic(registry);
      clock.advance(stillGood);
      await upstream.headManifest(repository, ref('v1'));
      expect(traffic(registry)).toEqual(['HEAD /v2/app/manifests/v1']);
      clock.advance(renewed);
      await upstream.headManifest(repository, ref('v1'));
      expect(traffic(registry)).toEqual(['GET /token', 'HEAD /v2/app/manifests/v1']);
    }
  });

  it('drops a refused token and tries exactly once more', async () => {
    const registry = await start({ kind: 'bearer', anonymous: 'all' });
    const repository = repositoryAt(registry, 'app');
    await upstream.headManifest(repository, ref('v1'));
    registry.auth.revokeTokens();
    traffic(registry);
    await upstream.headManifest(repository, ref('v1'));
    const once = ['HEAD /v2/app/manifests/v1', 'GET /token', 'HEAD /v2/app/manifests/v1'];
    expect(traffic(registry)).toEqual(once);
    registry.auth.options.anonymous = [];
    registry.auth.revokeTokens();
    const error = await failureOf(upstream.getManifest(repository, ref('v1')));
    expect(error).toMatchObject({ key: 'UPSTREAM_DENIED', upstreamStatus: 401 });
    expect(error.message).toContain(registry.host);
    expect(error.message).toContain('does not exist, or requires credentials');
    expect(traffic(registry)).toEqual(once.map((line) => line.replace('HEAD', 'GET')));
  });

  it('requests one token for all waiting callers; an aborted caller does not affect the others', async () => {
    const registry = await start({ kind: 'bearer', anonymous: 'all' });
    registry.quirk({ path: '/token', times: 1, bytesPerSecond: 1000 });
    const repository = repositoryAt(registry, 'app');
    const leaving = new AbortController();
    const left = failureOf(upstream.getManifest(repository, ref('v1'), leaving.signal));
    const staying = Promise.all([1, 2, 3, 4].map(() => upstream.getManifest(repository, ref('v1'))));
    await registry.waitFor((requests) => requests.some((entry) => entry.path === '/token'));
    leaving.abort();
    expect((await left).key).toBe('CANCELLED');
    await staying;
    expect(traffic(registry).filter((line) => line === 'GET /token')).toHaveLength(1);
  });

  it('keeps the tokens of two organizations, and of two credentials, apart', async () => {
    const registry = await start({ kind: 'bearer', ...annPulls(), deniedStatus: 403 });
    const asAnn = repositoryAt(registry, 'app', { organizationUid: 'a', credentials: ann });
    await upstream.getManifest(asAnn, ref('v1'));
    for (const other of [
      { organizationUid: 'b', credentials: { username: 'bob', password: 'b' } },
      { organizationUid: 'a', credentialVersion: '2', credentials: { username: 'bob', password: 'b' } },
    ]) {
      const error = await failureOf(upstream.getManifest(repositoryAt(registry, 'app', other), ref('v1')));
      expect(error).toMatchObject({ key: 'UPSTREAM_DENIED', upstreamStatus: 403 });
      expect(error.message).toContain('refused the credentials');
    }
    const users = registry.requests.filter((entry) => entry.path === '/token').map((entry) => entry.username);
    expect(users).toEqual(['ann', 'bob', 'bob']);
  });

  it('reports only which server refused the password', async () => {
    const registry = await start({ kind: 'bearer', ...annPulls() });
    const wrong = { username: 'ann', password: 'wrong-password' };
    const error = await failureOf(
      upstream.getManifest(repositoryAt(registry, 'app', { credentials: wrong }), ref('v1')),
    );
    expect(error).toMatchObject({ key: 'UPSTREAM_DENIED', upstreamStatus: 401 });
    expect(error.message).toContain('refused the credentials');
    expect(error.message).not.toContain('wrong-password');
    expect(traffic(registry)).toEqual(['GET /v2/app/manifests/v1', 'GET /token']);
  });

  it('sends no credentials to a realm that does not belong to the registry', async () => {
    const thief = closers.add(await startFakeRegistry());
    const registry = await start({ kind: 'bearer', ...annPulls(), realm: `http://thief.example:${thief.port}/token` });
    const repository = repositoryAt({ host: `registry.test:${registry.port}` }, 'app', { credentials: ann });
    const error = await failureOf(upstream.getManifest(repository, ref('v1')));
    expect(error.key).toBe('UPSTREAM_CONTENT');
    expect(error.message).toContain('thief.example');
    expect(thief.requests).toEqual([]);
    expect(traffic(registry)).toEqual(['GET /v2/app/manifests/v1']);
  });

  it('sends no credentials to another port of the registry, unless the organization trusts it', async () => {
    const other = closers.add(await startFakeRegistry());
    const registry = await start({ kind: 'bearer', ...annPulls(), realm: `http://127.0.0.1:${other.port}/token` });
    const pull = (trustedRealms?: readonly string[]): Promise<unknown> =>
      upstream.getManifest(repositoryAt(registry, 'app', { credentials: ann, trustedRealms }), ref('v1'));
    const error = await failureOf(pull());
    expect(error.key).toBe('UPSTREAM_CONTENT');
    expect(error.message).toContain(`add "127.0.0.1:${other.port}" to trustedRealms`);
    expect(other.requests).toEqual([]);
    const tokens = closers.add(await startFakeRegistry({ auth: registry.auth }));
    registry.auth.options.realm = `${tokens.url}/token`;
    await pull([tokens.host]);
    expect(tokens.takeRequests().map(({ authorization }) => authorization)).toEqual(['basic']);
    // The scheme and the token are remembered, but the trust is not.
    expect((await failureOf(pull([]))).key).toBe('UPSTREAM_CONTENT');
    expect(tokens.requests).toEqual([]);
  });

  it('does not follow a redirect of a token server', async () => {
    const thief = closers.add(await startFakeRegistry());
    const registry = await start({ kind: 'bearer', ...annPulls() });
    registry.quirk({ path: '/token', respond: { status: 307, headers: { location: `${thief.url}/token` } } });
    const error = await failureOf(upstream.getManifest(repositoryAt(registry, 'app', { credentials: ann }), ref('v1')));
    expect(error.key).toBe('UPSTREAM_CONTENT');
    expect(thief.requests).toEqual([]);
  });

  it('refuses a token server at an internal address', async () => {
    const registry = await start({ kind: 'bearer', anonymous: 'all', realm: 'http://169.254.169.254/token' });
    const error = await failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('v1')));
    expect(error.key).toBe('UPSTREAM_ADDRESS_REFUSED');
    expect(error.message).toContain('169.254.169.254');
    expect(error.message).toContain('LAYOVER_UPSTREAM_ALLOWED_NETWORKS');
  });

  it.each<[string, object, string]>([
    ['a web page', { html: true }, 'UPSTREAM_CONTENT'],
    ['no token', { respond: { status: 200, body: '{"expires_in":3}' } }, 'UPSTREAM_CONTENT'],
    [
      'a token with header injection',
      { respond: { status: 200, body: '{"token":"a\\r\\nb: c"}' } },
      'UPSTREAM_CONTENT',
    ],
    ['100 KiB', { respond: { status: 200, body: `{"token":"${'x'.repeat(100 << 10)}"}` } }, 'UPSTREAM_CONTENT'],
    ['404', { respond: { status: 404 } }, 'UPSTREAM_CONTENT'],
    ['500', { respond: { status: 500 } }, 'UPSTREAM_FAILED'],
    ['nothing', { dropRequest: true }, 'UPSTREAM_FAILED'],
  ])('throws UPSTREAM_CONTENT or a similar error if the token server sends %s', async (_name, quirk, key) => {
    const registry = await start({ kind: 'bearer', anonymous: 'all' });
    const hit = registry.quirk({ path: '/token', ...quirk });
    expect((await failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('v1')))).key).toBe(key);
    hit.remove();
    await upstream.getManifest(repositoryAt(registry, 'app'), ref('v1'));
  });

  it('finds the new realm of a registry that changed it', async () => {
    const registry = await start({ kind: 'bearer', anonymous: 'all' });
    await upstream.getManifest(repositoryAt(registry, 'app'), ref('v1'));
    const tokens = closers.add(await startFakeRegistry({ auth: registry.auth }));
    registry.auth.options.realm = `${tokens.url}/token`;
    registry.quirk({ path: '/token', respond: { status: 404 } });
    await upstream.getManifest(repositoryAt(registry, 'other'), ref('v1'));
    expect(traffic(tokens)).toEqual(['GET /token']);
  });

  it('remembers a rate limit of the token server', async () => {
    const registry = await start({ kind: 'bearer', anonymous: 'all' });
    registry.quirk({ path: '/token', respond: { status: 429, headers: { 'retry-after': '30' } }, times: 1 });
    const repository = repositoryAt(registry, 'app');
    expect(await failureOf(upstream.getManifest(repository, ref('v1')))).toMatchObject({
      key: 'TOO_MANY_REQUESTS',
      retryAfterSeconds: 30,
    });
    traffic(registry);
    expect((await failureOf(upstream.getManifest(repository, ref('v1')))).key).toBe('TOO_MANY_REQUESTS');
    expect(traffic(registry)).toEqual([]);
  });
});
