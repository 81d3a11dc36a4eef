import { brotliCompressSync } from 'node:zlib';
import { type Digest, digestOf } from '../../../../common/oci/digest';
import {
  buildImage,
  createGate,
  type FakeRegistry,
  patternBytes,
  type Quirk,
  startFakeRegistry,
} from '../../../support/fake-registry';
import { waitUntil } from '../../../support/real/wait-until';
import { type Rig, type RigOptions, startRig } from '../support/data-plane-rig';
import type { ReadResult } from '../support/registry-caller';

const NAME = 'team/app';
const MIB = 1024 * 1024;
const image = buildImage({ layers: [400_000], seed: 'odd' });
const [layer] = image.layers as [(typeof image.layers)[number]];
const path = `/v2/${NAME}/blobs/${layer.digest}`;

let rig: Rig;
const others: FakeRegistry[] = [];
const start = async (options: RigOptions = {}): Promise<void> => {
  rig = await startRig(options);
  rig.registry.content.addImage(NAME, 'latest', image);
};
afterEach(async () => {
  await rig.close();
  await Promise.all(others.splice(0).map((other) => other.close()));
});

const whole = ({ bytes, failure }: ReadResult, of = layer.bytes): boolean => failure === undefined && bytes.equals(of);
const ranges = (): (string | undefined)[] =>
  rig.registry.requests.filter((one) => one.path === path).map(({ headers }) => headers['range']);

/** Adds an image whose manifest names a layer with this size; undefined = without a size. */
function addSized(tag: string, content: Buffer, size: number | undefined): Digest {
  const made = buildImage({ seed: tag });
  const manifest = JSON.parse(made.manifest.toString()) as { layers: object[] };
  const digest = rig.registry.content.addBlob(NAME, content);
  manifest.layers = [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size }];
  rig.registry.content.addBlob(NAME, made.config.bytes);
  rig.registry.content.addManifest(NAME, tag, Buffer.from(JSON.stringify(manifest)), made.mediaType);
  return digest;
}

describe.each(['text/html', 'text/html; charset=utf-8', 'application/xhtml+xml', 'application/json', 'x', undefined])(
  'a blob with the Content-Type %s',
  (type) => {
    const headers = { 'content-type': type };

    test('is served, because the digest decides', async () => {
      await start();
      rig.registry.quirk({ path: '/blobs/', headers });
      expect((await rig.edge.stat(image.config.digest)).size).toBe(image.config.bytes.length);
      expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
      await rig.held(layer.digest);
      await rig.edge.manifest('latest');
      expect(whole(await rig.edge.blob(image.config.digest), image.config.bytes)).toBe(true);
    });

    test('is resumed', async () => {
      await start();
      await rig.edge.manifest('latest');
      rig.registry.quirk({ path: '/blobs/', headers });
      rig.registry.quirk({ path: layer.digest, cutAfterBytes: 150_000, times: 1 });
      expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
      expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)]);
    });
  },
);

test.each<[string, Quirk]>([
  ['416', { respond: { status: 416 } }],
  ['another range', { rangeShift: 10 }],
  ['a range without Content-Range', { headers: { 'content-range': undefined } }],
])('a blob is delivered although the upstream answers the request for its rest with %s', async (_name, quirk) => {
  await start();
  await rig.edge.manifest('latest');
  rig.registry.quirk({ path: layer.digest, cutAfterBytes: 150_000, times: 1 });
  rig.registry.quirk({ path: layer.digest, when: ({ headers }) => headers['range'] !== undefined, ...quirk });
  expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
  expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/), undefined]);
});

describe('a blob that no manifest names', () => {
  test.each([400, 401, 403, 404, 405, 406, 410, 500, 501, 502, 503])(
    'is served although the upstream answers HEAD with %d',
    async (status) => {
      await start();
      rig.registry.quirk({ path: layer.digest, method: 'HEAD', respond: { status } });
      expect(await rig.edge.stat(layer.digest)).toMatchObject({ size: layer.bytes.length, cacheStatus: 'MISS' });
      rig.asked();
      expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
      expect(rig.asked()).toEqual([`GET ${path}`]);
    },
  );

  test('is served if HEAD is refused with a challenge, also with a token', async () => {
    await start();
    const challenge = `Bearer realm="${rig.registry.url}/token",service="test"`;
    rig.registry.quirk({
      path: layer.digest,
      method: 'HEAD',
      respond: { status: 401, headers: { 'www-authenticate': challenge } },
    });
    rig.registry.quirk({ path: '/token', respond: { status: 200, body: '{"token":"t"}' } });
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
    expect((await rig.edge.stat(layer.digest)).size).toBe(layer.bytes.length);
  });

  test('is served although the upstream does not answer HEAD in time', async () => {
    await start();
    const other = rig.registry.content.addBlob(NAME, Buffer.from('stored'));
    rig.registry.quirk({ method: 'HEAD', path: '/blobs/', stallHeaders: true });
    expect((await rig.edge.stat(layer.digest)).size).toBe(layer.bytes.length);
    expect(whole(await rig.edge.blob(other), Buffer.from('stored'))).toBe(true);
    await rig.held(other);
    expect(whole(await rig.edge.blob(other), Buffer.from('stored'))).toBe(true);
  });

  test('is served from URLs that are signed for GET only', async () => {
    await start();
    const cdn = await startFakeRegistry({ content: rig.registry.content });
    others.push(cdn);
    rig.registry.quirk({ path: layer.digest, redirect: (request) => `${cdn.url}${request.path}?signed` });
    cdn.quirk({ method: 'HEAD', respond: { status: 403 } });
    expect((await rig.edge.stat(layer.digest)).size).toBe(layer.bytes.length);
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
  });

  test('is served whole although HEAD says that it is empty, or has another length', async () => {
    await start();
    for (const length of ['0', '7', '500000']) {
      const content = patternBytes(`length ${length}`, 0, 300_000);
      const digest = rig.registry.content.addBlob(NAME, content);
      rig.registry.quirk({ path: digest, method: 'HEAD', headers: { 'content-length': length } });
      await rig.edge.stat(digest);
      expect(whole(await rig.edge.blob(digest), content)).toBe(true);
    }
  });

  test('is refused if GET is refused too', async () => {
    await start();
    rig.registry.quirk({ path: layer.digest, respond: { status: 404 } });
    expect((await rig.edge.blob(layer.digest)).failure).toBe('BLOB_UNKNOWN');
    await expect(rig.edge.stat(layer.digest)).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
  });

  test('is not asked for again while the upstream limits the requests', async () => {
    await start();
    rig.registry.quirk({ path: layer.digest, respond: { status: 429, headers: { 'retry-after': '60' } } });
    await expect(rig.edge.stat(layer.digest)).rejects.toMatchObject({ key: 'TOO_MANY_REQUESTS' });
    expect(rig.asked()).toEqual([`HEAD ${path}`]);
  });
});

describe('a layer whose manifest names a wrong size', () => {
  const content = patternBytes('wrongly named', 0, 300_000);

  test.each<[number, Quirk]>([
    [311, {}],
    [299_999, {}],
    [300_001, {}],
    [9_000_000, {}],
    [0, {}],
    [311, { chunked: true }],
    [9_000_000, { chunked: true }],
    [0, { chunked: true }],
  ])('is served whole, cold and warm: %d bytes, %j', async (size, quirk) => {
    await start();
    const digest = addSized('sized', content, size);
    await rig.edge.manifest('sized');
    rig.registry.quirk({ path: digest, ...quirk });
    const cold = await rig.edge.blob(digest);
    expect([whole(cold, content), cold.header]).toEqual([
      true,
      expect.objectContaining({ size: content.length, cacheStatus: 'MISS' }),
    ]);
    await rig.held(digest);
    expect((await rig.edge.blob(digest)).header).toMatchObject({ size: content.length, cacheStatus: 'HIT' });
    expect(await rig.edge.stat(digest)).toMatchObject({ size: content.length, cacheStatus: 'HIT' });
    const part = await rig.edge.blob(digest, { bytes: { firstByte: 200_000, lastByte: 200_009 } });
    expect(part.bytes.equals(content.subarray(200_000, 200_010))).toBe(true);
  });

  test.each<[string, Quirk]>([
    ['names the size', {}],
    ['names no size', { chunked: true }],
  ])('has the ranges of its bytes, cold and stored, if the upstream %s', async (_what, quirk) => {
    await start();
    const digest = addSized('sized', content, 200_000);
    await rig.edge.manifest('sized');
    rig.registry.quirk({ path: digest, ...quirk });
    const part = { bytes: { firstByte: 250_000, lastByte: 250_009 } };
    const cold = await rig.edge.blob(digest, part);
    expect([cold.header?.size, cold.bytes.equals(content.subarray(250_000, 250_010))]).toEqual([300_000, true]);
    await rig.held(digest);
    expect((await rig.edge.blob(digest, part)).bytes.equals(content.subarray(250_000, 250_010))).toBe(true);
  });

  test('answers a range outside its bytes with their number, cold and stored', async () => {
    await start();
    const digest = addSized('sized', content, 200_000);
    await rig.edge.manifest('sized');
    const beyond = { bytes: { firstByte: 300_000, lastByte: 300_009 } };
    expect(await rig.edge.blob(digest, beyond)).toMatchObject({ failure: 'RANGE_INVALID', bytes: Buffer.alloc(0) });
    await rig.held(digest);
    expect((await rig.edge.blob(digest, beyond)).failure).toBe('RANGE_INVALID');
  });

  test.each([undefined, 200_000])(
    'is served beyond the quota that passes through: %s in the manifest',
    async (size) => {
      await start({ organizations: [{ name: 'acme', quotaBytes: 250_000 }] });
      const digest = addSized('sized', content, size);
      await rig.edge.manifest('sized');
      expect(whole(await rig.edge.blob(digest), content)).toBe(true);
      expect(rig.holds(digest)).toBe(false);
    },
  );
});

describe('an upstream in the middle of a blob', () => {
  const startWithManifest = async (): Promise<void> => {
    await start();
    await rig.edge.manifest('latest');
    rig.asked();
  };

  test('that ends the body early without an error is asked for the rest', async () => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, chunked: true, truncateTo: 150_000, times: 1 });
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=150000-']);
  });

  test('that announces a part of the blob as the whole is asked for the rest', async () => {
    await startWithManifest();
    const headers = { 'content-length': '150000' };
    rig.registry.quirk({ path: layer.digest, truncateTo: 150_000, headers, times: 1 });
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=150000-']);
  });

  test.each([
    ['announces none', { chunked: true }],
    ['announces 0', { headers: { 'content-length': '0' } }],
  ])('that sends no byte at first is asked again, if it %s', async (_what, quirk) => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, truncateTo: 0, ...quirk, times: 1 });
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
    expect(ranges()[0]).toBeUndefined();
    expect(ranges()).toHaveLength(2);
  });

  test.each([
    [429, { 'retry-after': '1' }],
    [503, { 'retry-after': '1' }],
  ])(
    'that answers the request for the rest with %d is asked again after the time that it named',
    async (status, headers) => {
      await startWithManifest();
      rig.registry.quirk({ path: layer.digest, chunked: true, truncateTo: 150_000, times: 1 });
      rig.registry.quirk({
        path: layer.digest,
        when: (request) => request.headers['range'] !== undefined,
        respond: { status, headers },
        times: 1,
      });
      expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
      expect(ranges().slice(0, 2)).toEqual([undefined, 'bytes=150000-']);
      expect(ranges().at(-1)).toBe('bytes=150000-');
    },
  );

  test('that drops the first request, or does not answer it in time, is asked again', async () => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, dropRequest: true, times: 1 });
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
    rig.registry.quirk({ path: image.config.digest, stallHeaders: true, times: 1 });
    expect(whole(await rig.edge.blob(image.config.digest), image.config.bytes)).toBe(true);
  });
});

describe('an encoding that the upstream names', () => {
  test.each(['aws-chunked', 'gzip', 'br', 'deflate', 'gzip, aws-chunked', 'utf-8'])(
    'is ignored if it is only a label: %s',
    async (label) => {
      await start();
      await rig.edge.manifest('latest');
      rig.asked();
      rig.registry.quirk({ path: layer.digest, headers: { 'content-encoding': label } });
      expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
      expect(rig.asked()).toEqual([`GET ${path}`]);
    },
  );

  test('is undone if it is true', async () => {
    await start();
    await rig.edge.manifest('latest');
    const body = brotliCompressSync(layer.bytes);
    rig.registry.quirk({ path: layer.digest, respond: { status: 200, headers: { 'content-encoding': 'br' }, body } });
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
    await rig.held(layer.digest);
    await waitUntil('an empty spool', () => rig.spooled().length === 0);
  });
});

describe('a cold blob', () => {
  test('is labelled as a miss, also if it is small', async () => {
    const layers = Array.from({ length: 60 }, (_, at) => patternBytes(`small ${at}`, 0, 3000));
    const small = buildImage({ layers, seed: 'small' });
    await start();
    rig.registry.content.addImage(NAME, 'small', small);
    await rig.edge.manifest('small');
    for (const { digest } of small.layers)
      expect((await rig.edge.blob(digest)).header).toMatchObject({ cacheStatus: 'MISS' });
  });

  test('gives its last bytes before its fill ends, and each byte of the fill is fetched once', async () => {
    await start();
    const large = patternBytes('large', 0, 20 * MIB);
    const digest = addSized('large', large, large.length);
    await rig.edge.manifest('large');
    const gate = createGate();
    rig.registry.quirk({
      path: digest,
      when: (request) => request.headers['range'] === undefined,
      gate,
      gateAtBytes: MIB,
    });
    const tail = await rig.edge.blob(digest, { suffixLength: 500 });
    expect([tail.bytes.equals(large.subarray(-500)), tail.failure]).toEqual([true, undefined]);
    expect(tail.header).toMatchObject({ size: large.length, offset: large.length - 500, cacheStatus: 'MISS' });
    const middle = await rig.edge.blob(digest, { bytes: { firstByte: 9 * MIB, lastByte: 9 * MIB + 99 } });
    expect(middle.bytes.equals(large.subarray(9 * MIB, 9 * MIB + 100))).toBe(true);
    expect(rig.holds(digest)).toBe(false);
    gate.open();
    await rig.held(digest);
    expect(rig.registry.bytesSent(digest)).toBe(large.length + 600);
    expect(digestOf((await rig.edge.blob(digest)).bytes)).toBe(digest);
  });

  test('gives nothing of a range that the upstream refuses to the organization', async () => {
    await start();
    const large = patternBytes('refused', 0, 5 * MIB);
    const digest = addSized('large', large, large.length);
    await rig.edge.manifest('large');
    rig.registry.quirk({ path: digest, respond: { status: 403 } });
    const tail = await rig.edge.blob(digest, { suffixLength: 500 });
    expect([tail.failure, tail.bytes.length]).toEqual(['UPSTREAM_DENIED', 0]);
  });
});
