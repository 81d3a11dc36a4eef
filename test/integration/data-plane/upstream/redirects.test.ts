import type { Digest } from '../../../../common/oci/digest';
import type { UpstreamRegistry } from '../../../../data-plane/src/upstream/upstream-registry';
import { buildImage, type FakeRegistry, makeCertificates, startFakeRegistry } from '../../../support/fake-registry';
import { bytesOf, client, Closers, failureOf, ref, repositoryAt, traffic } from './support';

const ann = { username: 'ann', password: 'secret' };
const image = buildImage();

describe('upstream redirects', () => {
  const closers = new Closers();
  let registry: FakeRegistry;
  let cdn: FakeRegistry;
  let upstream: UpstreamRegistry;
  let digest: Digest;
  beforeEach(async () => {
    registry = closers.add(
      await startFakeRegistry({
        auth: { kind: 'bearer', users: { ann: { password: 'secret', repositories: 'all' } } },
      }),
    );
    cdn = closers.add(await startFakeRegistry({ content: registry.content }));
    registry.content.addImage('app', 'v1', image);
    digest = registry.content.addBlob('app', Buffer.from('the blob'));
    upstream = closers.add(client());
  });
  afterEach(() => closers.close());
  const app = (): ReturnType<typeof repositoryAt> => repositoryAt(registry, 'app', { credentials: ann });

  it('are followed to another host, without Authorization, and are not cached', async () => {
    registry.quirk({ path: '/blobs/', redirect: (request) => `${cdn.url}${request.path}?signature=hush` });
    for (let round = 0; round < 2; round++) {
      expect((await bytesOf(await upstream.openBlob(app(), digest, 0))).toString()).toBe('the blob');
    }
    expect(registry.requests.map((entry) => entry.authorization)).toEqual(['none', 'basic', 'bearer', 'bearer']);
    expect(cdn.requests.map((entry) => [entry.authorization, entry.query['signature']])).toEqual([
      ['none', 'hush'],
      ['none', 'hush'],
    ]);
    expect(cdn.requests.every((entry) => entry.headers['cookie'] === undefined)).toBe(true);
  });

  it('keep Range', async () => {
    registry.quirk({ path: '/blobs/', redirect: (request) => `${cdn.url}${request.path}` });
    const rest = await upstream.openBlob(app(), digest, 4);
    expect(rest).toMatchObject({ offset: 4, size: 8 });
    expect((await bytesOf(rest)).toString()).toBe('blob');
  });

  it.each([301, 302, 303, 307, 308])(
    'may be relative, may be %d, and send Authorization only to the registry',
    async (status) => {
      registry.quirk({ path: '/manifests/v1', redirect: `./${image.digest}`, redirectStatus: status });
      expect((await upstream.getManifest(app(), ref('v1'))).digest).toBe(image.digest);
      expect(registry.requests.at(-1)).toMatchObject({
        line: `GET /v2/app/manifests/${image.digest}`,
        authorization: 'bearer',
      });
    },
  );

  it('that lead away and back send Authorization only to the registry', async () => {
    registry.quirk({ path: '/manifests/v1', redirect: `${cdn.url}/v2/app/manifests/away` });
    cdn.quirk({ path: '/away', redirect: `${registry.url}/v2/app/manifests/${image.digest}` });
    expect((await upstream.getManifest(app(), ref('v1'))).digest).toBe(image.digest);
    expect(cdn.requests.map((entry) => entry.authorization)).toEqual(['none']);
  });

  it('are followed for at most five hops', async () => {
    registry.quirk({ path: '/blobs/', redirect: (request) => request.path });
    const error = await failureOf(upstream.openBlob(app(), digest, 0));
    expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT', upstreamStatus: 307 });
    expect(traffic(registry).filter((line) => line.includes('/blobs/'))).toHaveLength(7);
  });

  it.each([
    ['nowhere', ''],
    ['an invalid URL', 'http://[::1'],
    ['a file', 'file:///etc/passwd'],
    ['a URL with a password', 'http://a:b@127.0.0.1/x'],
  ])('to %s are refused', async (_name, location) => {
    registry.quirk({ path: '/blobs/', redirect: location, headers: location === '' ? { location: undefined } : {} });
    expect((await failureOf(upstream.openBlob(app(), digest, 0))).key).toBe('UPSTREAM_CONTENT');
  });

  it.each([
    'http://169.254.169.254/latest/meta-data?secret=1',
    'http://10.0.0.1/',
    'http://[::1]:1/',
    'http://[::ffff:10.0.0.1]/',
    'http://2130706434.:1/',
    'http://0x0a000001/',
    'http://[fd00::1]/',
  ])('to the internal address %s are refused', async (location) => {
    const strict = closers.add(client({ allowedNetworks: ['127.0.0.1/32'] }));
    registry.quirk({ path: '/blobs/', redirect: location });
    const error = await failureOf(strict.openBlob(app(), digest, 0));
    expect(error.key).toBe('UPSTREAM_ADDRESS_REFUSED');
    expect(error.message).toContain('LAYOVER_UPSTREAM_ALLOWED_NETWORKS');
    expect(error.message).not.toContain('secret');
  });

  it('from HTTPS to HTTP are refused', async () => {
    const tls = await makeCertificates();
    const secure = closers.add(await startFakeRegistry({ tls, content: registry.content }));
    secure.quirk({ path: '/blobs/', redirect: (request) => `${cdn.url}${request.path}` });
    const repository = repositoryAt(secure, 'app', { insecure: false, caCertificate: tls.ca });
    const error = await failureOf(upstream.openBlob(repository, digest, 0));
    expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
    expect(error.message).toContain('without TLS');
    expect(cdn.requests).toEqual([]);
  });

  it('appear in errors with the other host, but without its query', async () => {
    registry.quirk({ path: '/blobs/', redirect: (request) => `${cdn.url}${request.path}?signature=hush` });
    cdn.quirk({ respond: { status: 500 } });
    const error = await failureOf(upstream.openBlob(app(), digest, 0));
    expect(error).toMatchObject({ key: 'UPSTREAM_FAILED', upstreamStatus: 500 });
    expect(error.message).toContain(registry.host);
    expect(error.message).toContain(cdn.host);
    expect(error.message).not.toContain('hush');
  });

  it('do not lead to an answer to a challenge of another host', async () => {
    registry.quirk({ path: '/blobs/', redirect: (request) => `${cdn.url}${request.path}` });
    cdn.quirk({ respond: { status: 401, headers: { 'www-authenticate': 'Basic realm="give me"' } } });
    expect((await failureOf(upstream.openBlob(app(), digest, 0))).key).toBe('UPSTREAM_DENIED');
    expect(cdn.requests.map((entry) => entry.authorization)).toEqual(['none']);
  });
});
