import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { digestOf } from '../../../common/oci/digest';
import { LayoverError } from '../../../common/errors/layover-error';
import { parseTrustedProxies } from '../../../edge-http/src/request/trusted-proxies';
import { type HttpAnswer, type HttpRequest, send } from '../../support/real/http-client';
import { type Nginx, NGINX_PROGRAMS, startNginx } from '../../support/real/nginx';
import { describeWith } from '../../support/real/programs';
import { type TemporaryFolder, temporaryFolder } from '../../support/real/temporary-folder';
import type { BlobSender } from '../../support/fake-data-plane/blob-sender';
import { serveInline, type TestBlob, wanted } from '../edge-http/support/blobs';
import { type EdgeUnderTest, startEdge } from '../edge-http/support/edge-under-test';

const SECRET = 'secret-of-nginx'.padEnd(40, '.');
const MIB = 1024 * 1024;
/** Headers that belong to a connection, to one answer, or to nginx. */
const OWN_HEADERS = ['connection', 'date', 'keep-alive', 'server'];

describeWith(NGINX_PROGRAMS, 'nginx in front of an edge', () => {
  let home: TemporaryFolder;
  let edge: EdgeUnderTest;
  let nginx: Nginx;
  let small: TestBlob;
  let large: TestBlob;
  let empty: TestBlob;
  /** Fields that the data plane adds to its headers. */
  let more: { readonly private?: boolean; readonly upstreamHost?: string } = {};

  beforeAll(async () => {
    home = await temporaryFolder('nginx-home');
    await mkdir(join(home.path, 'blobs/sha256/ab'), { recursive: true });
    await writeFile(join(home.path, 'admin-token'), 'the admin token');
    small = await makeBlob(1000);
    large = await makeBlob(3 * MIB + 12_345);
    empty = await makeBlob(0);
    const folders = [{ name: 'blobs', folder: join(home.path, 'blobs') }];
    edge = await startEdge(
      {},
      { offload: { secret: SECRET, folders }, trustedProxies: parseTrustedProxies('127.0.0.1'), clientIdleSeconds: 60 },
    );
    nginx = await startNginx({ edge: `${edge.host}:${edge.port}`, secret: SECRET, home: home.path });
  });
  afterAll(async () => {
    await nginx?.stop();
    await edge?.stop();
    await home?.remove();
  });
  beforeEach(() => {
    more = {};
    edge.plane.reads.length = 0;
    edge.plane.calls.length = 0;
    edge.plane.script = {
      statBlob: ({ digest }) => ({ size: blobOf(digest).content.length, cacheStatus: 'HIT', ...more }),
      readBlob: (request, sender) => serve(blobOf(request.digest), sender),
    };
  });

  async function makeBlob(size: number): Promise<TestBlob> {
    const content = randomBytes(size);
    const digest = digestOf(content);
    const file = join(home.path, 'blobs/sha256/ab', digest.slice('sha256:'.length));
    await writeFile(file, content);
    return { content, digest, file, path: `/v2/docker/alpine/blobs/${digest}` };
  }
  const blobOf = (digest: string): TestBlob => [small, large, empty].find((blob) => blob.digest === digest)!;

  /** Offers the whole file, or sends the bytes, as a data plane does. */
  async function serve(blob: TestBlob, sender: BlobSender): Promise<void> {
    if (!sender.request.accepts.includes('LOCAL_FILE')) return serveInline(blob, sender);
    const size = blob.content.length;
    const { offset, length } = rangeOf(sender, size);
    await sender.header({ size, offset, length, delivery: 'LOCAL_FILE', path: blob.file, available: size, ...more });
  }
  function rangeOf(sender: BlobSender, size: number): { offset: number; length: number } {
    const { bytes } = sender.request;
    if (bytes != null && bytes.firstByte >= size) throw new LayoverError('RANGE_INVALID', { detail: { size } });
    return wanted(sender.request, size);
  }

  const viaNginx = (path: string, how: Partial<HttpRequest> = {}, through = nginx): Promise<HttpAnswer> =>
    send({ url: `${through.url}${path}`, ca: through.ca, ...how });
  /** Sends a path that a URL would normalize. */
  const unchanged = (path: string, options: RequestOptions = {}): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const { port, ca } = nginx;
      const sent = request({ host: '127.0.0.1', port, ca, path, agent: false, ...options }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
        answer.on('error', reject);
      });
      sent.on('error', reject).end();
    });
  const viaEdge = (path: string, how: Partial<HttpRequest> = {}): Promise<HttpAnswer> =>
    send({ url: `http://${edge.host}:${edge.port}${path}`, ...how });
  /** Returns a counter of the edge. */
  async function counted(series: string): Promise<number> {
    const text = (await viaEdge('/metrics')).body.toString();
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.split(' ').at(-1));
  }
  const offloaded = (): Promise<number> => counted('layover_edge_deliveries_total{delivery="offload"}');
  const failures = (): Promise<number> => counted('layover_edge_offload_failures_total');

  /** Returns an answer without what belongs to the connection. */
  function comparable({ status, headers, body }: HttpAnswer): object {
    const kept = Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name));
    return { status, headers: Object.fromEntries(kept), body: body.toString('base64') };
  }

  test('sends a whole blob itself, with the headers of the edge', async () => {
    const before = await offloaded();
    const answer = await viaNginx(large.path);
    expect([answer.status, digestOf(answer.body)]).toEqual([200, large.digest]);
    expect(await offloaded()).toBe(before + 1);
    const bytes = await counted('layover_edge_blob_bytes_total{delivery="offload"}');
    expect(bytes).toBeGreaterThanOrEqual(large.content.length);
  });

  test.each<[string, { readonly private?: boolean; readonly upstreamHost?: string }, string]>([
    ['a public organization', {}, ''],
    ['a private organization', { private: true }, ''],
    ['a mirror', { upstreamHost: 'registry.test' }, '?ns=registry.test'],
  ])('answers for %s with the same headers as the edge', async (_name, with_, query) => {
    more = with_;
    const headers = { 'X-Request-Id': 'one-request' };
    const before = await offloaded();
    const answer = await viaNginx(`${small.path}${query}`, { headers });
    expect(await offloaded()).toBe(before + 1);
    const direct = await viaEdge(`${small.path}${query}`, { headers });
    expect(comparable(answer)).toEqual(comparable(direct));
    expect(answer.headers['x-accel-redirect']).toBeUndefined();
  });

  test('sends a blob without bytes', async () => {
    const before = await offloaded();
    const answer = await viaNginx(empty.path);
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '0', 0]);
    expect(await offloaded()).toBe(before + 1);
  });

  test.each([
    ['bytes=0-', 1],
    ['bytes=10-19', 1],
    ['bytes=990-5000', 1],
    ['bytes=-7', 1],
    ['bytes=-5000', 1],
    ['bytes=999-999', 1],
    ['bytes=0-999', 1],
    ['bytes=0-1,5-6', 0],
    ['bytes=0-1,', 0],
    ['bytes= 3-4', 0],
    ['items=0-1', 0],
    ['bytes=1000-', 0],
    ['bytes=5-4', 0],
    ['bytes=-0', 0],
  ])('answers the range %s like the edge', async (range, byNginx) => {
    const headers = { 'X-Request-Id': 'one-request', Range: range };
    const before = await offloaded();
    const answer = await viaNginx(small.path, { headers });
    expect(await offloaded()).toBe(before + byNginx);
    const direct = await viaEdge(small.path, { headers });
    const multipart = /boundary=(\S+)/.exec(direct.headers['content-type'] ?? '')?.[1];
    if (multipart === undefined) {
      expect(comparable(answer)).toEqual(comparable(direct));
      return;
    }
    expect(answer.status).toBe(206);
    const boundary = /boundary=(\S+)/.exec(answer.headers['content-type']!)![1]!;
    expect(answer.body.toString('latin1').replaceAll(boundary, multipart)).toBe(direct.body.toString('latin1'));
  });

  test.each<[string, (blob: TestBlob) => Readonly<Record<string, string>>, number]>([
    ['If-None-Match of this blob', ({ digest }) => ({ 'If-None-Match': `"${digest}"` }), 0],
    ['If-None-Match of any blob', () => ({ 'If-None-Match': '*' }), 0],
    ['If-None-Match of another blob', () => ({ 'If-None-Match': '"other"' }), 1],
    ['If-Modified-Since, with the time of the file', ({ file }) => ({ 'If-Modified-Since': timeOf(file) }), 1],
    ['If-Unmodified-Since in the past', () => ({ 'If-Unmodified-Since': 'Thu, 01 Jan 1970 00:00:01 GMT' }), 0],
    ['If-Match of another blob', () => ({ 'If-Match': '"other"' }), 0],
    ['If-Range of this blob', ({ digest }) => ({ 'If-Range': `"${digest}"`, Range: 'bytes=1-2' }), 0],
    ['If-Range of another blob', () => ({ 'If-Range': '"other"', Range: 'bytes=1-2' }), 0],
    ['If-Range, with the time of the file', ({ file }) => ({ 'If-Range': timeOf(file), Range: 'bytes=1-2' }), 0],
  ])('answers %s like the edge', async (_name, condition, byNginx) => {
    const headers = { 'X-Request-Id': 'one-request', ...condition(small) };
    const before = await offloaded();
    const answer = await viaNginx(small.path, { headers });
    expect(await offloaded()).toBe(before + byNginx);
    expect(comparable(answer)).toEqual(comparable(await viaEdge(small.path, { headers })));
  });

  test('answers HEAD like the edge', async () => {
    const head = { method: 'HEAD', headers: { 'X-Request-Id': 'one-request' } };
    expect(comparable(await viaNginx(small.path, head))).toEqual(comparable(await viaEdge(small.path, head)));
  });

  test('serves HTTP/2 clients', async () => {
    const session = connect(nginx.url, { ca: nginx.ca });
    try {
      const before = await offloaded();
      const get = (headers: Readonly<Record<string, string>>): Promise<{ status: number; body: Buffer }> =>
        new Promise((resolve, reject) => {
          const stream = session.request({ ':path': large.path, ...headers });
          const chunks: Buffer[] = [];
          let status = 0;
          stream.on('response', (head) => (status = Number(head[':status'])));
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }));
          stream.on('error', reject);
        });
      const [whole, part] = await Promise.all([get({}), get({ range: `bytes=${MIB}-` })]);
      expect([whole.status, digestOf(whole.body)]).toEqual([200, large.digest]);
      expect(part.status).toBe(206);
      expect(part.body.equals(large.content.subarray(MIB))).toBe(true);
      expect(await offloaded()).toBe(before + 2);
    } finally {
      session.close();
    }
  });

  test('passes a blob on that is still being fetched', async () => {
    edge.plane.script = {
      async readBlob(_request, sender) {
        const whole = { size: large.content.length, offset: 0, length: large.content.length };
        await sender.header({ ...whole, delivery: 'LOCAL_FILE', path: large.file, available: 10, cacheStatus: 'MISS' });
        await sender.progress(MIB);
        await sender.progress(large.content.length);
      },
    };
    const before = await offloaded();
    const answer = await viaNginx(large.path);
    expect([answer.status, digestOf(answer.body)]).toEqual([200, large.digest]);
    expect(answer.headers['x-layover-cache']).toBe('MISS');
    expect(await offloaded()).toBe(before);
  });

  test('tells the edge the address, scheme and host of the client', async () => {
    edge.plane.script = { checkAccess: () => Promise.reject(new LayoverError('UNAUTHORIZED')) };
    const answer = await unchanged('/v2/', { localAddress: '127.0.0.2', headers: { 'X-Forwarded-For': '192.0.2.1' } });
    expect(answer.headers['www-authenticate']).toContain(`realm="${nginx.url}/token"`);
    expect(edge.plane.calls[0]!.request).toMatchObject({ context: { clientAddress: '127.0.0.2' } });
  });

  describe('a client', () => {
    test('that reaches the edge directly gets the bytes, whatever it claims', async () => {
      const before = await offloaded();
      for (const claimed of ['', 'x', SECRET.slice(1), `${SECRET}, ${SECRET}`]) {
        const answer = await viaEdge(small.path, { headers: { 'X-Layover-Offload': claimed } });
        expect(answer.headers['x-accel-redirect']).toBeUndefined();
        expect(answer.body.equals(small.content)).toBe(true);
      }
      expect(await offloaded()).toBe(before);
    });

    test('cannot tell the edge through nginx that a file failed', async () => {
      const before = await failures();
      await viaNginx(small.path, { headers: { 'X-Layover-Offload-Failed': SECRET } });
      expect(edge.plane.reads[0]!.request.counted).toBe(false);
      expect(await failures()).toBe(before);
    });

    test('cannot reach the files of nginx', async () => {
      const name = small.file.slice(home.path.length);
      const below = ['', '/', '/%2e', '/v2/..', '/v2/docker/alpine/blobs/../../../..', '/x/%2e%2e'];
      const paths = below.flatMap((start) => [
        `${start}/layover-offload${name}`,
        `${start}/layover-offload/blobs/../admin-token`,
        `${start}/layover-offload/blobs..//admin-token`,
        `${start}/layover-offload/blobs/%2e%2e/admin-token`,
        `${start}/%6cayover-offload${name}`,
      ]);
      for (const path of paths) {
        const { status, body } = await unchanged(path);
        expect([path, status >= 400 && status < 500]).toEqual([path, true]);
        expect(body.includes('admin token') || body.equals(small.content)).toBe(false);
      }
    });

    test('cannot read metrics through nginx', async () => {
      expect((await viaNginx('/metrics')).status).toBe(404);
    });

    test('that pushes is refused by the edge', async () => {
      const answer = await viaNginx('/v2/docker/alpine/blobs/uploads/', {
        method: 'POST',
        // The edge discards as much as this before it closes the connection.
        body: Buffer.alloc(MIB / 4),
      });
      expect(answer.status).toBe(405);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'UNSUPPORTED' }] });
    });
  });

  describe('a file that nginx cannot send', () => {
    let elsewhere: TemporaryFolder;
    let blind: Nginx;
    beforeAll(async () => {
      // nginx opens the file after the answer of the edge. In this home it finds none.
      elsewhere = await temporaryFolder('nginx-elsewhere');
      await mkdir(join(elsewhere.path, 'blobs/sha256/ab'), { recursive: true });
      blind = await startNginx({ edge: `${edge.host}:${edge.port}`, secret: SECRET, home: elsewhere.path });
    });
    afterAll(async () => {
      await blind?.stop();
      await elsewhere?.remove();
    });

    test.each<[string, () => Promise<void>]>([
      ['was deleted', () => Promise.resolve()],
      [
        'is a symbolic link',
        () => symlink(small.file, join(elsewhere.path, 'blobs/sha256/ab', small.digest.slice('sha256:'.length))),
      ],
      [
        'is in a folder that is a symbolic link',
        async () => {
          await rm(join(elsewhere.path, 'blobs/sha256/ab'), { recursive: true });
          await symlink(join(home.path, 'blobs/sha256/ab'), join(elsewhere.path, 'blobs/sha256/ab'));
        },
      ],
    ])('because it %s is sent by the edge, and counted once', async (_name, prepare) => {
      await prepare();
      const before = { offloaded: await offloaded(), failures: await failures() };
      const answer = await viaNginx(small.path, {}, blind);
      expect([answer.status, digestOf(answer.body)]).toEqual([200, small.digest]);
      const part = await viaNginx(`${small.path}?n=1`, { headers: { Range: 'bytes=5-9' } }, blind);
      expect([part.status, part.headers['content-range']]).toEqual([206, 'bytes 5-9/1000']);
      expect(part.body.equals(small.content.subarray(5, 10))).toBe(true);
      expect(edge.plane.reads.map(({ request }) => request.counted)).toEqual([false, true, false, true]);
      const ids = edge.plane.reads.map(({ request }) => request.context!.requestId);
      expect([ids[0], ids[2], ids[0] === ids[2]]).toEqual([ids[1], ids[3], false]);
      expect(answer.headers['x-request-id']).toBe(ids[0]);
      expect(await offloaded()).toBe(before.offloaded + 2);
      expect(await failures()).toBe(before.failures + 2);
    });

    test('and that is gone for the data plane too is fetched again', async () => {
      edge.plane.script = {
        readBlob: (_request, sender) =>
          edge.plane.reads.length === 1 ? serve(small, sender) : serveInline(small, sender),
      };
      const answer = await viaNginx(small.path, {}, blind);
      expect([answer.status, digestOf(answer.body)]).toEqual([200, small.digest]);
    });

    test('is answered with the error of the edge if it cannot be fetched again', async () => {
      edge.plane.script = {
        readBlob: (_request, sender) =>
          edge.plane.reads.length === 1
            ? serve(small, sender)
            : Promise.reject(new LayoverError('UPSTREAM_UNREACHABLE')),
      };
      const answer = await viaNginx(small.path, {}, blind);
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
    });
  });

  test('without its internal locations, a blob is not reported as missing', async () => {
    const change = (text: string): string => text.replaceAll('location /layover-offload/', 'location /another-place/');
    const wrong = await startNginx({ edge: `${edge.host}:${edge.port}`, secret: SECRET, home: home.path, change });
    try {
      const answer = await viaNginx(small.path, {}, wrong);
      expect(answer.status).toBe(400);
      expect(answer.body.toString()).toContain('internal location of the nginx');
    } finally {
      await wrong.stop();
    }
  });

  test('a proxy that does not know X-Accel-Redirect cannot pass an empty blob on', async () => {
    const answer = await viaEdge(small.path, { headers: { 'X-Layover-Offload': SECRET } });
    expect([answer.status, answer.body.length, answer.headers['content-length']]).toEqual([204, 0, undefined]);
  });

  test('reaches an edge on a unix socket, and says that an edge that is stopped is unavailable', async () => {
    const path = join(home.path, 'edge.sock');
    const other = await startEdge(edge.plane.script, {
      listen: { kind: 'unix', path },
      offload: { secret: SECRET, folders: [{ name: 'blobs', folder: join(home.path, 'blobs') }] },
    });
    const front = await startNginx({ edge: `unix:${path}`, secret: SECRET, home: home.path });
    try {
      expect(digestOf((await viaNginx(large.path, {}, front)).body)).toBe(large.digest);
      await other.stopEdge();
      const answer = await viaNginx(small.path, {}, front);
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
    } finally {
      await front.stop();
      await other.stop();
    }
  });
});

/** Returns when a file was changed, as nginx would write it in Last-Modified. */
function timeOf(file: string): string {
  return statSync(file).mtime.toUTCString();
}
