import { gzipSync } from 'node:zlib';
import { digestOf } from '../../../../common/oci/digest';
import { MediaType } from '../../../../common/oci/media-types';
import type { UpstreamRegistry, UpstreamRepository } from '../../../../data-plane/src/upstream/upstream-registry';
import {
  buildImage,
  buildIndex,
  buildManifestOfSize,
  type FakeRegistry,
  type Quirk,
  startFakeRegistry,
} from '../../../support/fake-registry';
import { ABSENT, client, Closers, failureOf, ref, repositoryAt, traffic } from './support';

const image = buildImage();
const index = buildIndex({ images: [image], mediaTypes: 'docker' });

describe('upstream manifests', () => {
  const closers = new Closers();
  let registry: FakeRegistry;
  let upstream: UpstreamRegistry;
  let app: UpstreamRepository;
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry());
    registry.content.addImage('app', 'v1', image);
    registry.content.addIndex('app', 'list', index);
    upstream = closers.add(client());
    app = repositoryAt(registry, 'app');
  });
  afterEach(() => closers.close());

  const get = (reference: string): ReturnType<UpstreamRegistry['getManifest']> =>
    upstream.getManifest(app, ref(reference));
  const head = (reference: string): ReturnType<UpstreamRegistry['headManifest']> =>
    upstream.headManifest(app, ref(reference));

  it('arrive byte for byte, by tag and digest, with one request each', async () => {
    for (const reference of ['list', index.digest]) {
      expect(await get(reference)).toEqual({
        digest: index.digest,
        mediaType: MediaType.dockerManifestList,
        content: index.manifest,
      });
      expect(await head(reference)).toEqual({
        digest: index.digest,
        mediaType: MediaType.dockerManifestList,
        size: index.manifest.length,
      });
    }
    expect(registry.requests[0]?.headers['accept-encoding']).toBe('identity');
    expect(registry.requests[0]?.headers['accept']?.split(', ')).toEqual(
      expect.arrayContaining([MediaType.ociIndex, MediaType.ociManifest, MediaType.dockerManifest]),
    );
    expect(traffic(registry)).toEqual([
      'GET /v2/app/manifests/list',
      'HEAD /v2/app/manifests/list',
      `GET /v2/app/manifests/${index.digest}`,
      `HEAD /v2/app/manifests/${index.digest}`,
    ]);
  });

  it('are verified with the algorithm of the requested digest', async () => {
    const sha512 = digestOf(image.manifest, 'sha512');
    expect((await get(sha512)).digest).toBe(sha512);
  });

  it('get their media type from the body if the header is generic', async () => {
    for (const type of [undefined, 'application/json', 'text/plain; charset=utf-8']) {
      registry.quirk({ headers: { 'content-type': type } });
      expect((await get('v1')).mediaType).toBe(MediaType.ociManifest);
      expect(await head('v1')).toEqual({
        digest: image.digest,
        mediaType: MediaType.ociManifest,
        size: image.manifest.length,
      });
    }
    registry.quirk({ headers: { 'content-type': `${MediaType.ociManifest}; charset=utf-8` } });
    expect((await get('v1')).mediaType).toBe(MediaType.ociManifest);
  });

  it('need no digest header', async () => {
    registry.quirk({ digestHeader: null });
    expect((await get('v1')).digest).toBe(image.digest);
    expect(await head('v1')).toMatchObject({ digest: undefined, mediaType: image.mediaType });
    registry.quirk({ digestHeader: 'sha256:short' });
    expect((await head('v1')).digest).toBeUndefined();
  });

  it.each([405, 501])('are requested by GET if HEAD is answered with %d', async (status) => {
    registry.quirk({ method: 'HEAD', respond: { status } });
    expect(await head('v1')).toEqual({
      digest: image.digest,
      mediaType: image.mediaType,
      size: image.manifest.length,
    });
    expect(traffic(registry)).toEqual(['HEAD /v2/app/manifests/v1', 'GET /v2/app/manifests/v1']);
  });

  it('are decoded if the upstream sends gzip without being asked', async () => {
    registry.quirk({ gzip: true });
    expect((await get('v1')).content).toEqual(image.manifest);
    expect((await head('v1')).size).toBeUndefined();
  });

  it.each<[string, Quirk, string]>([
    ['a web page', { html: true }, 'is not a registry'],
    ['a picture', { headers: { 'content-type': 'image/png' } }, 'image/png'],
    ['a wrong digest header', { digestHeader: ABSENT }, ABSENT],
    ['wrong bytes of the right length', { corrupt: true }, image.digest],
    ['a truncated body that looks complete', { truncateTo: 100 }, image.digest],
    ['another encoding', { headers: { 'content-encoding': 'br' } }, 'encoding br'],
    ['content wrongly labelled as gzip', { headers: { 'content-encoding': 'gzip' } }, 'is labelled as gzip'],
    ['schema 1', { headers: { 'content-type': MediaType.dockerSchema1 } }, 'schema 1'],
    ['JSON that is not a manifest', { respond: { status: 200, body: '{"a":1}' } }, 'not a manifest'],
    ['an empty 204', { respond: { status: 204 } }, '204'],
  ])('are refused if the upstream sends %s', async (_name, quirk, said) => {
    registry.quirk(quirk);
    const error = await failureOf(get('v1'));
    expect(error.key).toBe('UPSTREAM_CONTENT');
    expect(error.message).toContain(said);
    expect(error.message).toContain(registry.host);
    registry.clearQuirks();
    expect((await get('v1')).digest).toBe(image.digest);
  });

  it('are refused if their bytes do not have the requested digest', async () => {
    registry.quirk({ corrupt: true, digestHeader: null });
    expect((await failureOf(get(image.digest))).key).toBe('UPSTREAM_CONTENT');
    registry.clearQuirks();
    registry.quirk({ digestHeader: ABSENT });
    expect((await failureOf(head(image.digest))).key).toBe('UPSTREAM_CONTENT');
  });

  it('are limited to exactly 4 MiB, with and without Content-Length', async () => {
    const limit = 4 << 20;
    registry.content.addManifest('app', 'largest', buildManifestOfSize(limit), MediaType.ociManifest);
    registry.content.addManifest('app', 'larger', buildManifestOfSize(limit + 1), MediaType.ociManifest);
    registry.content.addManifest('app', 'huge', buildManifestOfSize(5 << 20), MediaType.ociManifest);
    expect((await get('largest')).content).toHaveLength(limit);
    for (const quirk of [{}, { chunked: true }, { gzip: true }]) {
      registry.clearQuirks();
      registry.quirk(quirk);
      for (const tag of ['larger', 'huge']) {
        const error = await failureOf(get(tag));
        expect(error.key).toBe('UPSTREAM_CONTENT');
        expect(error.message).toContain('4194304 bytes');
      }
    }
  });

  it('are not decompressed above the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(200 << 20));
    registry.quirk({
      respond: {
        status: 200,
        headers: { 'content-type': MediaType.ociManifest, 'content-encoding': 'gzip' },
        body: bomb,
      },
    });
    const before = process.memoryUsage().rss;
    expect((await failureOf(get('v1'))).key).toBe('UPSTREAM_CONTENT');
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
  });

  it.each<[string, Quirk, string, number]>([
    ['404', { respond: { status: 404 } }, 'MANIFEST_UNKNOWN', 404],
    [
      'a web page with 404',
      { respond: { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' } },
      'MANIFEST_UNKNOWN',
      404,
    ],
    ['410', { respond: { status: 410 } }, 'MANIFEST_UNKNOWN', 410],
    [
      '404 NAME_UNKNOWN',
      { respond: { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' } },
      'NAME_UNKNOWN',
      404,
    ],
    ['403', { respond: { status: 403 } }, 'UPSTREAM_DENIED', 403],
    ['401 without a challenge', { respond: { status: 401 } }, 'UPSTREAM_DENIED', 401],
    ['451', { respond: { status: 451 } }, 'UPSTREAM_DENIED', 451],
    ['429', { respond: { status: 429 } }, 'TOO_MANY_REQUESTS', 429],
    ['400', { respond: { status: 400 } }, 'UPSTREAM_REFUSED_REQUEST', 400],
    ['406', { respond: { status: 406 } }, 'UPSTREAM_REFUSED_REQUEST', 406],
    ['501', { respond: { status: 501 } }, 'UPSTREAM_REFUSED_REQUEST', 501],
    ['408', { respond: { status: 408 } }, 'UPSTREAM_FAILED', 408],
    ['500', { respond: { status: 500 } }, 'UPSTREAM_FAILED', 500],
    ['503', { respond: { status: 503, headers: { 'retry-after': '7' } } }, 'UPSTREAM_FAILED', 503],
  ])('throw the right error if the upstream answers %s', async (_name, quirk, key, upstreamStatus) => {
    registry.quirk({ ...quirk, method: 'GET' });
    expect(await failureOf(get('v1'))).toMatchObject({ key, upstreamStatus });
    expect(registry.requests).toHaveLength(1);
  });

  it('keep the statuses apart for HEAD, which has no error body', async () => {
    for (const [status, key] of [
      [404, 'MANIFEST_UNKNOWN'],
      [403, 'UPSTREAM_DENIED'],
      [500, 'UPSTREAM_FAILED'],
    ] as const) {
      const quirk = registry.quirk({ respond: { status } });
      expect((await failureOf(head('v1'))).key).toBe(key);
      quirk.remove();
    }
  });

  it('quote the error of the upstream, sanitized and truncated', async () => {
    const message = `see https://x.example/a?X-Amz-Signature=hush\n\u001b[31m${'long '.repeat(1000)}`;
    registry.quirk({ respond: { status: 500, body: JSON.stringify({ errors: [{ code: 'BOOM', message }] }) } });
    const error = await failureOf(get('v1'));
    expect(error.message).toContain('BOOM: see https://x.example/a?');
    expect(error.message).not.toContain('hush');
    expect(error.message).toMatch(/^[\x20-\x7e]{0,500}$/);
  });

  it('are not requested under an invalid name', async () => {
    for (const name of ['../secret', 'a/../../b', 'a b', 'A', 'a?x=y', '']) {
      expect((await failureOf(upstream.getManifest({ ...app, name }, ref('v1')))).key).toBe('NAME_INVALID');
    }
    expect(registry.requests).toEqual([]);
  });
});
