import type { UpstreamRegistry } from '../../../../../data-plane/src/upstream/upstream-registry';
import { type AuthOptions, buildImage, type FakeRegistry, startFakeRegistry } from '../../../../support/fake-registry';
import { bytesOf, client, Closers, failureOf, ref, repositoryAt, traffic } from '../support';

const ann = { username: 'ann', password: 'se:cret' };
const image = buildImage();

describe('authorization of an origin that an upstream redirects to', () => {
  const closers = new Closers();
  let upstream: UpstreamRegistry;
  beforeEach(() => {
    upstream = closers.add(client());
  });
  afterEach(() => closers.close());

  async function start(auth: AuthOptions, repository = 'app'): Promise<FakeRegistry> {
    const registry = closers.add(await startFakeRegistry({ auth }));
    registry.content.addImage(repository, 'v1', image);
    return registry;
  }
  /** Starts a registry that answers everything with a redirect to another one. */
  async function front(to: FakeRegistry, path: (path: string) => string = (same) => same): Promise<FakeRegistry> {
    const registry = await start({ kind: 'none' });
    registry.quirk({ path: '/v2/', redirect: (request) => `${to.url}${path(request.path)}` });
    return registry;
  }

  it('is an anonymous token of its own realm, which is remembered for it', async () => {
    const mirror = await start({ kind: 'bearer', anonymous: 'all' });
    const registry = await front(mirror);
    const repository = repositoryAt(registry, 'app');
    await upstream.getManifest(repository, ref('v1'));
    expect(traffic(mirror)).toEqual(['GET /v2/app/manifests/v1', 'GET /token', 'GET /v2/app/manifests/v1']);
    await bytesOf(await upstream.openBlob(repository, image.config.digest, 0));
    await bytesOf(await upstream.openBlob(repository, image.config.digest, 2));
    expect(traffic(mirror)).toEqual([
      `GET /v2/app/blobs/${image.config.digest}`,
      `GET /v2/app/blobs/${image.config.digest}`,
    ]);
    expect(registry.requests.every(({ authorization }) => authorization === 'none')).toBe(true);
  });

  it('is separate for each origin of a chain', async () => {
    const last = await start({ kind: 'bearer', anonymous: 'all' });
    const middle = await start({ kind: 'bearer', anonymous: 'all' });
    const first = await start({ kind: 'bearer', anonymous: 'all' });
    middle.quirk({ path: '/manifests/', redirect: (request) => `${last.url}${request.path}` });
    first.quirk({ path: '/manifests/', redirect: (request) => `${middle.url}${request.path}` });
    await upstream.getManifest(repositoryAt(first, 'app'), ref('v1'));
    for (const registry of [first, middle, last]) {
      expect(registry.takeRequests().map(({ line, authorization }) => [line, authorization])).toEqual([
        ['GET /v2/app/manifests/v1', 'none'],
        ['GET /token', 'none'],
        ['GET /v2/app/manifests/v1', 'bearer'],
      ]);
    }
    await upstream.headManifest(repositoryAt(first, 'app'), ref('v1'));
    for (const registry of [first, middle, last]) expect(traffic(registry)).toEqual(['HEAD /v2/app/manifests/v1']);
  });

  it('is for the repository in the redirect', async () => {
    const mirror = await start({ kind: 'bearer', anonymous: 'all' }, 'mirrored/app');
    const registry = await front(mirror, (path) => path.replace('/app/', '/mirrored/app/'));
    await upstream.getManifest(repositoryAt(registry, 'app'), ref('v1'));
    const token = mirror.requests.find(({ path }) => path === '/token');
    expect(token?.query['scope']).toBe('repository:mirrored/app:pull');
  });

  it('never contains the credentials of the organization, not even where its realm is trusted', async () => {
    const mirror = await start({ kind: 'bearer', anonymous: 'all', users: { ann: { ...ann, repositories: 'all' } } });
    const registry = await front(mirror);
    const credentials = { credentials: ann, trustedRealms: [mirror.host] };
    await upstream.getManifest(repositoryAt(registry, 'app', credentials), ref('v1'));
    expect(mirror.requests.map(({ authorization }) => authorization)).toEqual(['none', 'none', 'bearer']);
    expect(mirror.requests.every(({ username }) => username === undefined)).toBe(true);
  });

  it('is no answer to a challenge for Basic, or without a token server', async () => {
    const mirror = await start({ kind: 'none' });
    const registry = await front(mirror);
    for (const challenge of ['Basic realm="give me"', 'Bearer authorization_uri="https://login.test/x"', '']) {
      mirror.quirk({ respond: { status: 401, headers: { 'www-authenticate': challenge } } });
      const error = await failureOf(
        upstream.getManifest(repositoryAt(registry, 'app', { credentials: ann }), ref('v1')),
      );
      expect(error).toMatchObject({ key: 'UPSTREAM_DENIED', upstreamStatus: 401 });
      expect(traffic(mirror).filter((line) => line.includes('manifests'))).toHaveLength(1);
    }
  });

  it('follows the address rules for its realm', async () => {
    const mirror = await start({ kind: 'bearer', anonymous: 'all', realm: 'http://169.254.169.254/token' });
    const registry = await front(mirror);
    const error = await failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('v1')));
    expect(error.key).toBe('UPSTREAM_ADDRESS_REFUSED');
  });

  it('is not wider where the configured registry redirects to another repository of its own', async () => {
    const registry = await start({ kind: 'bearer', users: { ann: { ...ann, repositories: 'all' } } }, 'new/name');
    registry.content.addImage('old', 'v0', image);
    registry.quirk({ path: '/v2/old/', redirect: (request) => request.path.replace('/old/', '/new/name/') });
    const repository = repositoryAt(registry, 'old', { credentials: ann });
    await upstream.getManifest(repository, ref('v1'));
    const scopes = registry.takeRequests().flatMap(({ query }) => query['scope'] ?? []);
    expect(scopes).toEqual(['repository:old:pull', 'repository:new/name:pull']);
    await upstream.getManifest(repository, ref('v1'));
    expect(traffic(registry)).toEqual(['GET /v2/old/manifests/v1', 'GET /v2/new/name/manifests/v1']);
  });
});
