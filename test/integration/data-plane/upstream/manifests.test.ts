import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { digestOf } from '../../../../common/oci/digest';
import { MANIFEST_ACCEPT, MediaType } from '../../../../common/oci/media-types';
import { isGoneElsewhere } from '../../../../data-plane/src/upstream/gone-elsewhere';
import type { UpstreamRegistry, UpstreamRepository } from '../../../../data-plane/src/upstream/upstream-registry';
import {
  buildImage,
  buildIndex,
  buildManifestOfSize,
  type FakeRegistry,
  type Quirk,
  startFakeRegistry,
} from '../../../support/fake-registry';
import { TestClock } from '../../../support/test-clock';
import { ABSENT, client, Closers, failureOf, ref, repositoryAt, traffic } from './support';

const image = buildImage();
const SCHEMA_1 = {
  status: 200,
  headers: { 'content-type': MediaType.dockerSchema1 },
  body: JSON.stringify({ schemaVersion: 1, name: 'app', tag: 'v1', fsLayers: [], history: [], signatures: [] }),
};
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
      expect(await head('v1')).toMatchObject({
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
    expect(await head('v1')).toMatchObject({ digest: image.digest, fetched: { content: image.manifest } });
    expect(await head(image.digest)).toMatchObject({ mediaType: image.mediaType, size: image.manifest.length });
    registry.quirk({ digestHeader: 'sha256:short' });
    expect(await head('v1')).toMatchObject({ digest: image.digest, fetched: { content: image.manifest } });
  });

  it.each([204, 304, 400, 401, 403, 404, 405, 406, 410, 415, 418, 422, 451, 500, 501, 502, 503, 504])(
    'are requested by GET if HEAD is answered with %d, which is asked no more for a while',
    async (status) => {
      const clock = new TestClock();
      upstream = closers.add(client({ clock }));
      registry.quirk({ method: 'HEAD', respond: { status } });
      const asked = { digest: image.digest, mediaType: image.mediaType, size: image.manifest.length };
      for (const reference of ['v1', 'v1', image.digest])
        expect(await head(reference)).toEqual({ ...asked, fetched: { ...(await get('v1')) } });
      const heads = (): string[] => traffic(registry).filter((line) => line.startsWith('HEAD'));
      expect(heads()).toEqual(['HEAD /v2/app/manifests/v1']);
      clock.advance(10 * 60_000);
      await head('v1');
      expect(heads()).toEqual(['HEAD /v2/app/manifests/v1']);
    },
  );

  it('are requested by GET if HEAD is not answered, which is asked no more for a minute', async () => {
    const clock = new TestClock();
    upstream = closers.add(client({ clock, timeouts: { headersMs: 600 } }));
    registry.quirk({ method: 'HEAD', stallHeaders: true });
    for (const reference of ['v1', image.digest])
      expect(await head(reference)).toMatchObject({ digest: image.digest, size: image.manifest.length });
    const asked = ['HEAD v1', 'GET v1', `GET ${image.digest}`];
    const paths = asked.map((one) => one.replace(' ', ' /v2/app/manifests/'));
    expect(traffic(registry)).toEqual(paths);
    clock.advance(60_000);
    registry.clearQuirks();
    await head('v1');
    expect(traffic(registry)).toEqual([paths[0]]);
  });

  it.each<[string, Quirk]>([
    ['a web page', { html: true }],
    ['no media type', { headers: { 'content-type': undefined } }],
    ['another digest', { digestHeader: ABSENT }],
  ])('are requested by GET if HEAD is answered with %s', async (_name, quirk) => {
    registry.quirk({ method: 'HEAD', ...quirk });
    expect(await head(image.digest)).toMatchObject({ digest: image.digest, size: image.manifest.length });
    const asked = ['HEAD', 'GET'].map((method) => `${method} /v2/app/manifests/${image.digest}`);
    expect(traffic(registry)).toEqual(asked);
    // Another manifest may be answered better.
    await head(image.digest);
    expect(traffic(registry)).toEqual(asked);
  });

  it('have no size if HEAD says that they are empty or does not say it', async () => {
    for (const length of ['0', undefined]) {
      const quirk = registry.quirk({ method: 'HEAD', headers: { 'content-length': length } });
      expect(await head('v1')).toEqual({ digest: image.digest, mediaType: image.mediaType, size: undefined });
      quirk.remove();
    }
    expect(traffic(registry)).toEqual(['HEAD /v2/app/manifests/v1', 'HEAD /v2/app/manifests/v1']);
  });

  it('are not requested by GET if HEAD is limited, and a refused HEAD says nothing about other upstreams', async () => {
    registry.quirk({ method: 'HEAD', respond: { status: 429 }, times: 1 });
    expect((await failureOf(head('v1'))).key).toBe('TOO_MANY_REQUESTS');
    expect(traffic(registry)).toEqual(['HEAD /v2/app/manifests/v1']);
    const other = repositoryAt(registry, 'app', { organizationUid: 'org-2' });
    registry.quirk({ method: 'HEAD', respond: { status: 405 }, times: 1 });
    await upstream.headManifest(other, ref('v1'));
    await upstream.headManifest(repositoryAt(registry, 'app', { organizationUid: 'org-3' }), ref('v1'));
    expect(traffic(registry)).toEqual([
      'HEAD /v2/app/manifests/v1',
      'GET /v2/app/manifests/v1',
      'HEAD /v2/app/manifests/v1',
    ]);
  });

  it('are missing if GET says the same as HEAD, which is then still asked first', async () => {
    expect((await failureOf(head('v2'))).key).toBe('MANIFEST_UNKNOWN');
    await head('v1');
    expect(traffic(registry)).toEqual([
      'HEAD /v2/app/manifests/v2',
      'GET /v2/app/manifests/v2',
      'HEAD /v2/app/manifests/v1',
    ]);
  });

  it.each<[string, Quirk]>([
    ['breaks before the answer', { dropRequest: true }],
    ['breaks in the middle', { cutAfterBytes: 100 }],
    ['falls silent in the middle', { stallAfterBytes: 100 }],
    ['does not answer', { stallHeaders: true }],
  ])('are requested once more if the upstream %s', async (_name, quirk) => {
    upstream = closers.add(client({ timeouts: { headersMs: 500, bodyMs: 500 } }));
    registry.quirk({ ...quirk, times: 1 });
    expect((await get('v1')).content).toEqual(image.manifest);
    expect(traffic(registry)).toEqual(['GET /v2/app/manifests/v1', 'GET /v2/app/manifests/v1']);
    registry.quirk(quirk);
    await failureOf(get('v1'));
  });

  it('are asked for with the known types, those of the client and everything, in this order', async () => {
    await upstream.getManifest(app, ref('v1'), undefined, ['application/vnd.acme.thing.v1+json']);
    await upstream.headManifest(app, ref('v1'), undefined, ['application/vnd.acme.thing.v1+json']);
    const accept = [...MANIFEST_ACCEPT, 'application/vnd.acme.thing.v1+json', '*/*'].join(', ');
    expect(registry.requests.map(({ headers }) => headers['accept'])).toEqual([accept, accept]);
  });

  it('have any type with the suffix +json, which is kept whatever the body is', async () => {
    for (const [type, body] of [
      ['application/vnd.cncf.oras.artifact.manifest.v1+json', '{"blobs":[]}'],
      ['application/vnd.acme.thing+json', 'not even JSON'],
    ] as const) {
      registry.content.addManifest('app', 'other', Buffer.from(body), type);
      expect(await get('other')).toMatchObject({ mediaType: type, content: Buffer.from(body) });
      expect(await head('other')).toMatchObject({ mediaType: type, size: body.length });
    }
  });

  it('that prove right by their digest may come under any other type', async () => {
    const types = ['image/png', 'text/html', 'application/xml', 'application/vnd.acme.manifest', 'x'];
    for (const type of [...types, MediaType.dockerSchema1]) {
      const quirk = registry.quirk({ headers: { 'content-type': type } });
      for (const reference of ['v1', image.digest])
        expect(await get(reference)).toMatchObject({ digest: image.digest, mediaType: MediaType.ociManifest });
      registry.quirk({ digestHeader: ABSENT, times: 1 });
      expect((await get(image.digest)).digest).toBe(image.digest);
      quirk.remove();
    }
  });

  it('say whether a 404 comes from the requested place or from the end of a redirect', async () => {
    expect(isGoneElsewhere(await failureOf(get('v2')))).toBe(false);
    const elsewhere = closers.add(await startFakeRegistry());
    registry.quirk({ path: 'manifests/v1', redirect: `http://${elsewhere.host}/v2/moved/manifests/v1` });
    const error = await failureOf(get('v1'));
    expect([error.key, error.upstreamStatus, isGoneElsewhere(error)]).toEqual(['NAME_UNKNOWN', 404, true]);
  });

  it('are decoded if the upstream sends gzip without being asked', async () => {
    registry.quirk({ gzip: true });
    expect((await get('v1')).content).toEqual(image.manifest);
    expect((await head('v1')).size).toBeUndefined();
  });

  it.each(['gzip', 'x-gzip', 'br', 'deflate', 'aws-chunked', 'UTF-8', 'gzip, br'])(
    'are taken as they are sent if the encoding %s is only a label',
    async (label) => {
      registry.quirk({ headers: { 'content-encoding': label } });
      expect((await get('v1')).content).toEqual(image.manifest);
    },
  );

  it('are decoded if the upstream sends another encoding without being asked', async () => {
    for (const [label, body] of [
      ['br', brotliCompressSync(image.manifest)],
      ['deflate', deflateSync(image.manifest)],
      ['gzip, br', brotliCompressSync(gzipSync(image.manifest))],
    ] as const) {
      registry.clearQuirks();
      const headers = { 'content-type': image.mediaType, 'content-encoding': label };
      registry.quirk({ respond: { status: 200, headers, body } });
      expect((await get('v1')).content).toEqual(image.manifest);
    }
  });

  it.each<[string, Quirk, string]>([
    ['a web page', { html: true }, 'is not a registry'],
    ['a login page without a digest', { html: true, digestHeader: null }, 'text/html'],
    ['a wrong digest header', { digestHeader: ABSENT }, ABSENT],
    ['wrong bytes of the right length', { corrupt: true }, image.digest],
    ['a truncated body that looks complete', { truncateTo: 100 }, image.digest],
    ['schema 1', { respond: SCHEMA_1 }, 'schema 1'],
    [
      'schema 1 and a digest that does not cover its signatures',
      { respond: { ...SCHEMA_1, headers: { ...SCHEMA_1.headers, 'docker-content-digest': ABSENT } } },
      'schema 1',
    ],
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
