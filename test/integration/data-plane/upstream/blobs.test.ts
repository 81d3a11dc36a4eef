import { digestOf, type Digest } from '../../../../common/oci/digest';
import type { UpstreamRegistry, UpstreamRepository } from '../../../../data-plane/src/upstream/upstream-registry';
import {
  createGate,
  type FakeRegistry,
  patternBytes,
  type Quirk,
  startFakeRegistry,
} from '../../../support/fake-registry';
import { ABSENT, bytesOf, client, Closers, failureOf, originOf, repositoryAt, traffic } from './support';

const SIZE = 3_000_000;
const content = patternBytes('blob', 0, SIZE);

describe('upstream blobs', () => {
  const closers = new Closers();
  let registry: FakeRegistry;
  let upstream: UpstreamRegistry;
  let app: UpstreamRepository;
  let digest: Digest;
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry());
    digest = registry.content.addBlob('app', content);
    upstream = closers.add(client({ timeouts: { headersMs: 1000, bodyMs: 1000 } }));
    app = repositoryAt(registry, 'app');
  });
  afterEach(() => closers.close());

  it('arrive whole, with their size, in one request', async () => {
    const blob = await upstream.openBlob(app, digest, 0);
    expect(blob).toMatchObject({ size: SIZE, offset: 0 });
    expect((await bytesOf(blob)).equals(content)).toBe(true);
    expect(traffic(registry)).toEqual([`GET /v2/app/blobs/${digest}`]);
  });

  it('return their size for HEAD', async () => {
    expect(await upstream.headBlob(app, digest)).toEqual({ size: SIZE });
    registry.quirk({ method: 'HEAD', respond: { status: 405 } });
    expect(await upstream.headBlob(app, digest)).toEqual({ size: SIZE });
    registry.clearQuirks();
    registry.quirk({ gzip: true });
    expect(await upstream.headBlob(app, digest)).toEqual({ size: undefined });
    registry.clearQuirks();
    registry.quirk({ headers: { 'content-encoding': 'aws-chunked' } });
    expect(await upstream.headBlob(app, digest)).toEqual({ size: SIZE });
    expect((await failureOf(upstream.headBlob(app, ABSENT))).key).toBe('BLOB_UNKNOWN');
  });

  it('resume where they were cut', async () => {
    registry.quirk({ cutAfterBytes: 1_000_000, times: 1 });
    const first = await upstream.openBlob(app, digest, 0);
    const got: Buffer[] = [];
    const cut = await failureOf(
      (async () => {
        for await (const chunk of first.body) got.push(chunk);
      })(),
    );
    expect(cut.key).toBe('UPSTREAM_FAILED');
    const offset = Buffer.concat(got).length;
    expect(offset).toBe(1_000_000);
    const rest = await upstream.openBlob(app, digest, offset);
    expect(rest).toMatchObject({ size: SIZE, offset });
    expect(digestOf(Buffer.concat([...got, await bytesOf(rest)]))).toBe(digest);
    expect(registry.requests[1]?.headers['range']).toBe('bytes=1000000-');
  });

  it('give a range and their size in one request', async () => {
    const range = { offset: 1_000_000, length: 16_384 };
    expect(await upstream.readRange(app, digest, range)).toEqual({
      content: content.subarray(1_000_000, 1_016_384),
      size: SIZE,
    });
    expect(registry.requests.map(({ line, headers }) => [line, headers['range']])).toEqual([
      [`GET /v2/app/blobs/${digest}`, 'bytes=1000000-1016383'],
    ]);
  });

  it('give a range from a host that the upstream redirects to, which gets the range too', async () => {
    const cdn = closers.add(await startFakeRegistry({ content: registry.content }));
    registry.quirk({ redirect: ({ path }) => `${cdn.url}${path}` });
    const answer = await upstream.readRange(app, digest, { offset: 7, length: 100 });
    expect(answer).toEqual({ content: content.subarray(7, 107), size: SIZE });
    expect(cdn.requests.map(({ headers, authorization }) => [headers['range'], authorization])).toEqual([
      ['bytes=7-106', 'none'],
    ]);
  });

  it.each<[string, Quirk]>([
    ['ignores ranges', { ignoreRange: true }],
    ['sends another range', { rangeShift: 5 }],
    ['sends no Content-Range', { headers: { 'content-range': undefined } }],
    ['hides the size', { headers: { 'content-range': 'bytes 1000-1099/*' } }],
    ['sends several ranges', { headers: { 'content-range': undefined, 'content-type': 'multipart/byteranges' } }],
    ['encodes the bytes', { gzip: true }],
    ['sends a web page', { html: true }],
    ['sends fewer bytes', { truncateTo: 50 }],
    ['cuts the connection', { cutAfterBytes: 50 }],
    ['has a shorter blob', { respond: { status: 416, headers: { 'content-range': 'bytes */10' } } }],
  ])('give no range if the upstream %s, and free the connection', async (_what, quirk) => {
    registry.quirk(quirk);
    expect(await upstream.readRange(app, digest, { offset: 1000, length: 100 })).toBeUndefined();
    await registry.waitFor((all) => all.every(({ finished, aborted }) => finished || aborted));
  });

  it('restart if the upstream does not support ranges', async () => {
    registry.quirk({ ignoreRange: true });
    const blob = await upstream.openBlob(app, digest, 1000);
    expect(blob).toMatchObject({ size: SIZE, offset: 0 });
    expect((await bytesOf(blob)).equals(content)).toBe(true);
  });

  it.each<[string, Quirk]>([
    ['another range', { rangeShift: 5 }],
    ['a range without Content-Range', { headers: { 'content-range': undefined } }],
    ['only a part', { headers: { 'content-range': `bytes 1000-1999/${SIZE}` } }],
    ['several ranges', { headers: { 'content-range': undefined, 'content-type': 'multipart/byteranges' } }],
    ['416', { respond: { status: 416, headers: { 'content-range': `bytes */${SIZE}` } } }],
  ])('restart once if the upstream sends %s instead of the rest', async (_name, quirk) => {
    registry.quirk({ ...quirk, when: ({ headers }) => headers['range'] !== undefined });
    const blob = await upstream.openBlob(app, digest, 1000);
    expect(blob).toMatchObject({ size: SIZE, offset: 0 });
    expect((await bytesOf(blob)).equals(content)).toBe(true);
    expect(registry.requests.map(({ headers }) => headers['range'])).toEqual(['bytes=1000-', undefined]);
  });

  it.each<[string, number, Quirk, string]>([
    ['a web page', 0, { html: true }, 'is not a registry'],
    ['a web page for the rest', 1000, { html: true }, 'is not a registry'],
    ['a range for a whole blob', 0, { respond: { status: 206, body: 'x' } }, '206'],
  ])('are refused if the upstream sends %s', async (_name, offset, quirk, said) => {
    registry.quirk(quirk);
    const error = await failureOf(upstream.openBlob(app, digest, offset));
    expect(error.key).toBe('UPSTREAM_CONTENT');
    expect(error.message).toContain(said);
  });

  it('are decoded on request if the upstream sends gzip without being asked, and then have no known size', async () => {
    registry.quirk({ gzip: true });
    const decode = { decode: true };
    const blob = await upstream.openBlob(app, digest, 0, undefined, decode);
    expect(blob).toMatchObject({ size: undefined, offset: 0, isEncoded: false });
    expect((await bytesOf(blob)).equals(content)).toBe(true);
    const resumed = await upstream.openBlob(app, digest, 1000, undefined, decode);
    expect(resumed).toMatchObject({ size: undefined, offset: 0, isEncoded: false });
    expect((await bytesOf(resumed)).equals(content)).toBe(true);
    expect(registry.requests.map(({ headers }) => headers['range'])).toEqual([undefined, undefined]);
  });

  it.each([
    ['gzip', true],
    ['x-gzip', true],
    ['br', true],
    ['deflate', true],
    ['gzip, aws-chunked', true],
    ['aws-chunked', false],
    ['identity', false],
    ['none', false],
    ['zstd', false],
  ])('arrive as they are sent under the label %s, also the rest of them', async (label, isEncoded) => {
    registry.quirk({ headers: { 'content-encoding': label } });
    const blob = await upstream.openBlob(app, digest, 0);
    expect(blob).toMatchObject({ size: SIZE, offset: 0, isEncoded });
    expect((await bytesOf(blob)).equals(content)).toBe(true);
    const rest = await upstream.openBlob(app, digest, 1000);
    expect(rest).toMatchObject({ size: SIZE, offset: 1000, isEncoded });
    expect((await bytesOf(rest)).equals(content.subarray(1000))).toBe(true);
    expect(await upstream.readRange(app, digest, { offset: 7, length: 100 })).toEqual({
      content: content.subarray(7, 107),
      size: SIZE,
    });
  });

  it('are incomplete if a gzip stream is cut', async () => {
    registry.quirk({ gzip: true, cutAfterBytes: 1000 });
    for (const decode of [true, false]) {
      const blob = await upstream.openBlob(app, digest, 0, undefined, { decode });
      expect((await failureOf(bytesOf(blob))).key).toBe('UPSTREAM_FAILED');
    }
  });

  it('cannot be decoded if they are labelled wrongly', async () => {
    registry.quirk({ headers: { 'content-encoding': 'br' } });
    const blob = await upstream.openBlob(app, digest, 0, undefined, { decode: true });
    const error = await failureOf(bytesOf(blob));
    expect(error.key).toBe('UPSTREAM_CONTENT');
    expect(error.message).toContain('labelled as the encoding br');
  });

  it('have more time for their first byte than other answers', async () => {
    const patient = closers.add(client({ timeouts: { headersMs: 200, operationMs: 200, blobHeadersMs: 60_000 } }));
    const gateHeaders = createGate();
    registry.quirk({ path: '/blobs/', gateHeaders });
    const opening = patient.openBlob(app, digest, 0);
    await gateHeaders.reached;
    // The time-outs of undici and of operations would have ended the requests by now.
    expect((await failureOf(patient.readRange(app, digest, { offset: 0, length: 10 }))).key).toBe('UPSTREAM_TIMEOUT');
    expect((await failureOf(patient.headBlob(app, digest))).key).toBe('UPSTREAM_TIMEOUT');
    gateHeaders.open();
    expect(await bytesOf(await opening)).toHaveLength(SIZE);
  });

  it('time out if the upstream does not send their headers', async () => {
    const hasty = closers.add(client({ timeouts: { blobHeadersMs: 200 } }));
    registry.quirk({ path: '/blobs/', stallHeaders: true });
    const error = await failureOf(hasty.openBlob(app, digest, 0));
    expect(error.key).toBe('UPSTREAM_TIMEOUT');
    expect(error.message).toContain('did not answer in time');
  });

  it('may arrive without a length', async () => {
    registry.quirk({ chunked: true });
    const blob = await upstream.openBlob(app, digest, 0);
    expect(blob.size).toBeUndefined();
    expect((await bytesOf(blob)).equals(content)).toBe(true);
    registry.quirk({ chunked: true, cutAfterBytes: 1000 });
    expect((await failureOf(bytesOf(await upstream.openBlob(app, digest, 0)))).key).toBe('UPSTREAM_FAILED');
  });

  it('resolve when the headers have arrived, before the body', async () => {
    const gate = createGate();
    registry.quirk({ gate });
    const blob = await upstream.openBlob(app, digest, 0);
    expect(blob.size).toBe(SIZE);
    gate.open();
    expect(await bytesOf(blob)).toHaveLength(SIZE);
  });

  it('time out if the upstream stalls', async () => {
    registry.quirk({ stallAfterBytes: 1000 });
    const error = await failureOf(bytesOf(await upstream.openBlob(app, digest, 0)));
    expect(error.key).toBe('UPSTREAM_TIMEOUT');
    expect(error.message).toContain('stopped sending');
    expect(upstream.health(app.origin)).toMatchObject({ reachable: false, lastError: error.message });
  });

  it('do not time out while their reader pauses', async () => {
    const large = registry.content.addBlob('app', { size: 32 << 20 });
    const blob = await upstream.openBlob(app, large, 0);
    const reader = blob.body[Symbol.asyncIterator]();
    let size = (await reader.next()).value!.length as number;
    // Longer than the body timeout, in real time because undici uses its own clock.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    // Backpressure: the upstream has not sent what the reader did not take.
    expect(registry.bytesSent(large)).toBeLessThan(20 << 20);
    for (let next = await reader.next(); next.done !== true; next = await reader.next()) size += next.value.length;
    expect(size).toBe(32 << 20);
  });

  it('may take any time as long as bytes arrive', async () => {
    const hasty = closers.add(client({ timeouts: { operationMs: 300 } }));
    registry.quirk({ bytesPerSecond: 4_000_000 });
    expect(await bytesOf(await hasty.openBlob(app, digest, 0))).toHaveLength(SIZE);
  });

  it('release their connection if the reader cancels, leaves, or aborts', async () => {
    const large = registry.content.addBlob('app', { size: 64 << 20 });
    const gone = (count: number): Promise<void> =>
      registry.waitFor((requests) => requests.filter((entry) => entry.aborted).length === count);
    const unread = await upstream.openBlob(app, large, 0);
    unread.cancel();
    unread.cancel();
    await gone(1);
    const left = await upstream.openBlob(app, large, 0);
    for await (const _chunk of left.body) break;
    await gone(2);
    const controller = new AbortController();
    const aborted = await upstream.openBlob(app, large, 0, controller.signal);
    const reading = failureOf(bytesOf(aborted));
    controller.abort();
    expect((await reading).key).toBe('CANCELLED');
    await gone(3);
    const cancelled = await upstream.openBlob(app, large, 0);
    const waiting = failureOf(bytesOf(cancelled));
    cancelled.cancel();
    expect((await waiting).key).toBe('CANCELLED');
    await gone(4);
    expect(upstream.health(app.origin)).toMatchObject({ reachable: true, lastError: undefined });
  });

  it('fail if the client is closed', async () => {
    registry.quirk({ stallAfterBytes: 1000 });
    const reading = failureOf(bytesOf(await upstream.openBlob(app, digest, 0)));
    await upstream.close();
    expect((await reading).key).toBe('CANCELLED');
    expect((await failureOf(upstream.openBlob(app, digest, 0))).key).toBe('CANCELLED');
    await registry.waitFor(() => registry.openConnections === 0);
  });

  it('are unknown only if the upstream answers so', async () => {
    expect(await failureOf(upstream.openBlob(app, ABSENT, 0))).toMatchObject({
      key: 'BLOB_UNKNOWN',
      upstreamStatus: 404,
    });
    for (const status of [500, 502, 503]) {
      registry.quirk({ respond: { status } });
      expect((await failureOf(upstream.openBlob(app, digest, 0))).key).toBe('UPSTREAM_FAILED');
    }
  });

  it('are read from one upstream concurrently', async () => {
    const gate = createGate();
    registry.quirk({ gate });
    const blobs = await Promise.all(Array.from({ length: 20 }, () => upstream.openBlob(app, digest, 0)));
    expect(new Set(registry.requests.map((entry) => entry.connection)).size).toBe(20);
    for (const blob of blobs) blob.cancel();
    gate.open();
    expect(upstream.health(originOf(registry)).reachable).toBe(true);
  });
});
