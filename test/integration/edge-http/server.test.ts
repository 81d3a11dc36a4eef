import { connect } from 'node:net';
import { digestOf } from '../../../common/oci/digest';
import { BlobFolder } from './support/blobs';
import { type EdgeUnderTest, startEdge } from './support/edge-under-test';
import { errorOf, finish, get, open, parseRaw, raw } from './support/http-client';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('invalid input on the wire', () => {
  let edge: EdgeUnderTest;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge.stop());

  const table: [target: string, status: number, code: string, field: string][] = [
    ['/v2/docker/../../etc/passwd/manifests/latest', 400, 'NAME_INVALID', 'name'],
    ['/v2/docker%2f..%2fsecret/manifests/latest', 400, 'NAME_INVALID', 'name'],
    ['/v2/docker/%2e%2e/manifests/latest', 400, 'NAME_INVALID', 'name'],
    ['/v2/docker//alpine/manifests/latest', 400, 'NAME_INVALID', 'name'],
    ['/v2/Docker/alpine/manifests/latest', 400, 'NAME_INVALID', 'name'],
    ['/v2/docker/alpine\u00e9/manifests/latest', 400, 'NAME_INVALID', 'path'],
    ['/v2/alpine/manifests/latest?ns=a@b', 400, 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=docker.io&ns=docker.io', 400, 'NAME_INVALID', 'ns'],
    ['/v2/docker/alpine/manifests/..', 404, 'TAG_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/.INVALID', 404, 'TAG_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/sha256:short', 400, 'DIGEST_INVALID', 'reference'],
    [`/v2/docker/alpine/blobs/${DIGEST}%20`, 400, 'DIGEST_INVALID', 'digest'],
    ['/v2/docker/alpine/tags/list?n=x', 400, 'PAGINATION_NUMBER_INVALID', 'n'],
    [`/v2/${'a/'.repeat(2500)}manifests/latest`, 414, 'NAME_INVALID', 'path'],
    [`/v2/${'a/'.repeat(15_000)}manifests/latest`, 414, 'NAME_INVALID', 'path'],
    ['/nowhere', 404, 'NOT_FOUND', 'path'],
  ];
  test.each(table.map((row) => [row[0].slice(0, 80), ...row] as const))(
    '%s',
    async (_name, target, status, code, field) => {
      const answer = parseRaw(await raw(edge, `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`));
      expect(answer.status).toBe(status);
      expect(answer.error).toMatchObject({ code, detail: { field } });
      expect(answer.head).toContain('Content-Type: application/json');
      expect(edge.plane.calls.length + edge.plane.reads.length).toBe(0);
    },
  );

  const broken: [name: string, bytes: string, problem: RegExp][] = [
    ['no HTTP at all', 'hello\r\n\r\n', /not valid HTTP/],
    ['a space in the target', 'GET /v2/docker/al pine/manifests/latest HTTP/1.1\r\nHost: h\r\n\r\n', /not valid HTTP/],
    ['a header without a name', 'GET /v2/ HTTP/1.1\r\n: x\r\n\r\n', /not valid HTTP/],
    ['headers that are too long', `GET /v2/ HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /too long/],
    ['no Host', 'GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n', /Host is required/],
    [
      'two lengths',
      'GET /v2/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      /not valid HTTP/,
    ],
  ];
  test.each(broken)('%s', async (_name, bytes, problem) => {
    const answer = parseRaw(await raw(edge, bytes));
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(problem) as unknown });
  });

  test('a target in absolute form is accepted', async () => {
    edge.plane.script = { checkAccess: () => undefined };
    const text = await raw(
      edge,
      'GET http://layover.test/v2/ HTTP/1.1\r\nHost: layover.test\r\nConnection: close\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 200 /);
  });

  test('broken bytes after a request do not disturb its response', async () => {
    const blob = Buffer.alloc(100_000, 'x');
    edge.plane.script = {
      async readBlob(_request, sender) {
        await sender.header({ size: blob.length, offset: 0, length: blob.length, delivery: 'INLINE' });
        await sender.chunk(blob);
        await sender.over;
      },
    };
    const text = await raw(edge, `GET /v2/a/b/blobs/${DIGEST} HTTP/1.1\r\nHost: h\r\n\r\n\0\0\0\0\r\n\r\n`);
    expect(text).not.toContain('UNSUPPORTED');
  });
});

describe('unwanted request bodies', () => {
  let edge: EdgeUnderTest;
  beforeAll(async () => {
    edge = await startEdge({ checkAccess: () => undefined });
  });
  afterAll(() => edge.stop());

  test('are not requested: no 100 Continue', async () => {
    const text = await raw(
      edge,
      'PUT /v2/a/b/manifests/latest HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 405 /);
    expect(text).toMatch(/\r\nConnection: close\r\n/i);
  });

  test('do not prevent the client from reading its response', async () => {
    const answer = await get(edge, '/v2/a/b/blobs/uploads/1', {}, 'PATCH', Buffer.alloc(512 * 1024));
    expect(answer).toMatchObject({ status: 405, whole: true });
    expect(errorOf(answer).code).toBe('UNSUPPORTED');
  });

  test('without an end are cut off', async () => {
    const socket = connect(edge.port, edge.host);
    let sent = 0;
    socket.write('POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
    const send = (): void => {
      while (!socket.destroyed && socket.writable) {
        sent += chunk.length;
        if (!socket.write(chunk)) break;
      }
    };
    socket.on('drain', send);
    socket.on('error', () => undefined);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    send();
    await closed;
    // The limit, and the capacity of the socket buffers.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  test('of a GET are discarded, and the connection is closed', async () => {
    const text = await raw(edge, 'GET /v2/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello');
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text).toMatch(/\r\nConnection: close\r\n/i);
  });
});

describe('stop', () => {
  let blobs: BlobFolder;
  beforeAll(() => {
    blobs = new BlobFolder();
  });
  afterAll(() => blobs.remove());

  test('lets running responses finish and accepts nothing new', async () => {
    const blob = blobs.make(1024 * 1024);
    let goOn!: () => void;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const edge = await startEdge(
      {
        async readBlob(_request, sender) {
          await sender.header({
            size: blob.content.length,
            offset: 0,
            length: blob.content.length,
            delivery: 'INLINE',
          });
          await held;
          for (let at = 0; at < blob.content.length; at += 65_536)
            await sender.chunk(blob.content.subarray(at, at + 65_536));
        },
      },
      { drainSeconds: 30 },
    );
    const message = await open(edge, blob.path, { connection: 'keep-alive' });
    const stopped = edge.stopEdge();
    await expect(get(edge, '/healthz')).rejects.toThrow(/ECONNREFUSED/);
    goOn();
    expect(digestOf((await finish(message)).body)).toBe(blob.digest);
    await stopped;
    await edge.stop();
  });

  test('closes connections that take longer than the drain time', async () => {
    const blob = blobs.make(1000);
    const edge = await startEdge({
      async readBlob(_request, sender) {
        await sender.header({ size: 1000, offset: 0, length: 1000, delivery: 'INLINE' });
        await sender.cancelled;
      },
    });
    const message = await open(edge, blob.path);
    await edge.stopEdge();
    expect((await finish(message)).whole).toBe(false);
    await (
      await edge.plane.read(0)
    ).cancelled;
    await edge.stop();
  });

  test('closes idle connections at once', async () => {
    const edge = await startEdge({ checkAccess: () => undefined }, { drainSeconds: 30 });
    const socket = connect(edge.port, edge.host);
    socket.write('GET /v2/ HTTP/1.1\r\nHost: h\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await edge.stopEdge();
    await closed;
    await edge.stop();
  });

  test('closes a connection after a response whose head said keep-alive', async () => {
    let goOn!: () => void;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const edge = await startEdge(
      {
        async readBlob(_request, sender) {
          await sender.header({ size: 1000, offset: 0, length: 1000, delivery: 'INLINE' });
          await held;
          await sender.chunk(Buffer.alloc(1000));
        },
      },
      { drainSeconds: 30 },
    );
    const socket = connect(edge.port, edge.host);
    socket.write(`GET /v2/a/b/blobs/${DIGEST} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const head = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(head.toString('latin1')).toMatch(/keep-alive/);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const stopped = edge.stopEdge();
    goOn();
    await Promise.all([stopped, closed]);
    await edge.stop();
  });

  test('tells clients on open connections to close them', async () => {
    let goOn!: () => void;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const edge = await startEdge({ checkAccess: () => held }, { drainSeconds: 30 });
    const answer = open(edge, '/v2/', { connection: 'keep-alive' });
    while (edge.plane.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const stopped = edge.stopEdge();
    goOn();
    expect((await answer).headers.connection).toBe('close');
    await finish(await answer);
    await stopped;
    await edge.stop();
  });

  test('still accepts requests for a while if /readyz is used, and then closes all connections', async () => {
    const edge = await startEdge({ checkAccess: () => undefined }, { drainSeconds: 1 });
    expect((await get(edge, '/readyz')).status).toBe(200);
    const stopped = edge.stopEdge();
    const unready = await get(edge, '/readyz', { connection: 'keep-alive' });
    expect(unready.status).toBe(503);
    expect(unready.headers.connection).toBe('close');
    // A client that was sent here before is still served.
    const served = await get(edge, '/v2/', { connection: 'keep-alive' });
    expect(served).toMatchObject({ status: 200, whole: true });
    expect(served.headers.connection).toBe('close');
    await stopped;
    await expect(get(edge, '/healthz')).rejects.toThrow(/ECONNREFUSED/);
    await edge.stop();
  });

  test('is harmless twice or without a start', async () => {
    const edge = await startEdge();
    await Promise.all([edge.stopEdge(), edge.stopEdge()]);
    await edge.stop();
  });

  test('start rejects if the port is in use', async () => {
    const edge = await startEdge();
    await expect(startEdge({}, { listen: { kind: 'tcp', host: edge.host, port: edge.port } })).rejects.toThrow(
      /EADDRINUSE/,
    );
    await edge.stop();
  });
});
