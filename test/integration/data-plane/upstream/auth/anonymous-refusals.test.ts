import type { UpstreamRegistry } from '../../../../../data-plane/src/upstream/upstream-registry';
import { type AuthOptions, buildImage, type FakeRegistry, startFakeRegistry } from '../../../../support/fake-registry';
import { TestClock } from '../../../../support/test-clock';
import { client, Closers, failureOf, ref, repositoryAt, traffic } from '../support';

const ann = { username: 'ann', password: 'se:cret' };
const image = buildImage();
const users = { ann: { password: ann.password, repositories: 'all' as const } };
const LOGIN: readonly [AuthOptions['kind'], readonly string[]][] = [
  ['basic', []],
  ['bearer', ['GET /token']],
];

describe('with credentials, an upstream that refuses a request without them as if there were nothing', () => {
  const closers = new Closers();
  const clock = TestClock.running();
  let upstream: UpstreamRegistry;
  beforeEach(() => {
    upstream = closers.add(client({ clock }));
  });
  afterEach(() => closers.close());

  /** Starts a registry that answers strangers with a status, everywhere but at `/v2/`. */
  async function start(kind: AuthOptions['kind'], status: number): Promise<FakeRegistry> {
    const registry = closers.add(await startFakeRegistry({ auth: { kind, users } }));
    registry.content.addImage('app', 'v1', image);
    registry.quirk({ path: '/v2/app/', when: (request) => request.authorization === 'none', respond: { status } });
    return registry;
  }

  describe.each(LOGIN)('and uses %s', (kind, token) => {
    it.each([401, 403, 404, 410])('with %d, is asked at /v2/ how to log in, once', async (status) => {
      const registry = await start(kind, status);
      const repository = repositoryAt(registry, 'app', { credentials: ann });
      expect((await upstream.getManifest(repository, ref('v1'))).digest).toBe(image.digest);
      expect(traffic(registry)).toEqual(['GET /v2/app/manifests/v1', 'GET /v2/', ...token, 'GET /v2/app/manifests/v1']);
      await upstream.headManifest(repository, ref('v1'));
      expect(traffic(registry)).toEqual(['HEAD /v2/app/manifests/v1']);
      expect((await failureOf(upstream.getManifest(repository, ref('absent')))).key).toBe('MANIFEST_UNKNOWN');
      expect(traffic(registry)).toEqual(['GET /v2/app/manifests/absent']);
    });
  });

  it('is not asked again if the organization has no credentials', async () => {
    const registry = await start('basic', 404);
    expect((await failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('v1')))).key).toBe(
      'MANIFEST_UNKNOWN',
    );
    expect(traffic(registry)).toEqual(['GET /v2/app/manifests/v1']);
  });

  it('is believed for a while if /v2/ needs no login', async () => {
    const registry = closers.add(await startFakeRegistry());
    registry.content.addImage('app', 'v1', image);
    const repository = repositoryAt(registry, 'app', { credentials: ann });
    const missing = async (): Promise<readonly string[]> => {
      expect((await failureOf(upstream.getManifest(repository, ref('absent')))).key).toBe('MANIFEST_UNKNOWN');
      return traffic(registry);
    };
    expect(await missing()).toEqual(['GET /v2/app/manifests/absent', 'GET /v2/']);
    expect(await missing()).toEqual(['GET /v2/app/manifests/absent']);
    clock.advance(6 * 60_000);
    expect(await missing()).toEqual(['GET /v2/app/manifests/absent', 'GET /v2/']);
  });

  it.each<[number, string]>([
    [500, 'UPSTREAM_FAILED'],
    [429, 'TOO_MANY_REQUESTS'],
  ])('proves nothing if /v2/ answers %d', async (status, key) => {
    const registry = await start('basic', 404);
    registry.quirk({ path: /^\/v2\/$/, respond: { status } });
    const repository = repositoryAt(registry, 'app', { credentials: ann });
    const error = await failureOf(upstream.getManifest(repository, ref('v1')));
    expect(error).toMatchObject({ key, upstreamStatus: status });
    expect(error.message).not.toContain(ann.password);
  });

  it.each([401, 403, 404])(
    'has not shown that there is nothing if /v2/ answers %d without a challenge',
    async (status) => {
      const registry = await start('basic', 404);
      registry.quirk({ path: /^\/v2\/$/, respond: { status } });
      const repository = repositoryAt(registry, 'app', { credentials: ann });
      const error = await failureOf(upstream.getManifest(repository, ref('v1')));
      expect(error).toMatchObject({ key: 'UPSTREAM_DENIED', upstreamStatus: 404 });
      expect(error.message).toBe(
        `${registry.host} does not show app:v1 without credentials (404), and its answer at /v2/ does not say how to ` +
          "log in; check the organization's upstream",
      );
      const body = '{"errors":[{"code":"DENIED","message":"not for you"}]}';
      registry.quirk({ path: '/v2/app/', respond: { status: 403, body } });
      const refused = await failureOf(upstream.getManifest(repository, ref('v1')));
      expect(refused).toMatchObject({ key: 'UPSTREAM_DENIED', upstreamStatus: 403 });
      expect(refused.message).toContain('it answered: DENIED: not for you');
    },
  );

  it('does not show a password that it repeats, even if it did not get it with this request', async () => {
    const registry = closers.add(await startFakeRegistry());
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: `not ${ann.password}` }] });
    registry.quirk({ path: '/manifests/', respond: { status: 403, body } });
    const repository = repositoryAt(registry, 'app', { credentials: ann });
    const error = await failureOf(upstream.getManifest(repository, ref('v1')));
    expect(error.message).toContain('it answered: DENIED: not');
    expect(error.message).not.toContain(ann.password);
  });

  it.each<[string, Partial<AuthOptions>, object, string]>([
    ['names a token server that is not trusted', { realm: 'http://elsewhere.test/token' }, {}, 'UPSTREAM_CONTENT'],
    ['has a token server that refuses', {}, { respond: { status: 403 } }, 'UPSTREAM_DENIED'],
    ['has a token server that fails', {}, { respond: { status: 500 } }, 'UPSTREAM_FAILED'],
    ['has a token server that sends no token', {}, { respond: { status: 200, body: '{}' } }, 'UPSTREAM_CONTENT'],
  ])('proves nothing if /v2/ %s', async (_name, auth, quirk, key) => {
    const registry = await start('bearer', 404);
    Object.assign(registry.auth.options, auth);
    registry.quirk({ path: '/token', ...quirk });
    const repository = repositoryAt(registry, 'app', { credentials: ann });
    for (let round = 0; round < 3; round++) {
      expect((await failureOf(upstream.getManifest(repository, ref('v1')))).key).toBe(key);
    }
  });

  it('is told that credentials are missing only if they were not sent', async () => {
    const registry = closers.add(await startFakeRegistry());
    registry.quirk({ path: '/manifests/', respond: { status: 403 } });
    const repository = repositoryAt(registry, 'app', { credentials: ann });
    const error = await failureOf(upstream.getManifest(repository, ref('v1')));
    expect(error.message).toContain('refused anonymous access to app:v1');
    expect(registry.requests.every(({ authorization }) => authorization === 'none')).toBe(true);
  });

  it('does not get the credentials of a server that /v2/ redirects to', async () => {
    const other = await start('basic', 404);
    const registry = await start('none', 404);
    registry.quirk({ path: /^\/v2\/$/, redirect: `${other.url}/v2/` });
    const repository = repositoryAt(registry, 'app', { credentials: ann });
    await failureOf(upstream.getManifest(repository, ref('v1')));
    for (const server of [registry, other]) {
      expect(server.requests.every(({ authorization }) => authorization === 'none')).toBe(true);
    }
  });
});
