import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { runBurst } from '../../../../bench/src/load/jobs/burst';
import { runClosedLoop } from '../../../../bench/src/load/jobs/closed-loop';
import { runOpenLoop } from '../../../../bench/src/load/jobs/open-loop';
import { runImagePulls } from '../../../../bench/src/load/jobs/pull-images';
import { runBlobReads } from '../../../../bench/src/load/jobs/read-blobs';
import { runReplay } from '../../../../bench/src/load/jobs/replay';
import { runSpreadLoop } from '../../../../bench/src/load/jobs/spread-loop';
import { formatRequest, LoadConnection } from '../../../../bench/src/load/load-connection';
import { readBlob } from '../../../../bench/src/load/read-blob';

const BLOB = Buffer.alloc(3 * 1024 * 1024, 'layer');
const DIGEST = `sha256:${createHash('sha256').update(BLOB).digest('hex')}`;
const HEADERS = { Accept: '*/*' };

const servers: (Server | TcpServer)[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server | TcpServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that sends these bytes for each request, whatever it is. */
function rawServer(answer: (respond: (text: string | Buffer) => void, end: () => void) => void): Promise<string> {
  return listen(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () =>
        answer(
          (text) => socket.write(text),
          () => socket.end(),
        ),
      );
    }),
  );
}

function httpServer(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  return listen(createServer(answer));
}

/** A registry with one manifest and one blob, which records the requests. */
async function registry(lines: string[] = []): Promise<string> {
  return httpServer((request, response) => {
    lines.push(`${request.method} ${request.url}`);
    const body = request.url!.includes('/blobs/') ? BLOB : Buffer.from('{}');
    response.writeHead(200, { 'Content-Length': body.length });
    response.end(body);
  });
}

/** Waits for steps of 10 ms, between which everything else in this process continues. */
async function afterSteps(steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a connection', () => {
  const get = (host: string): Promise<unknown> => {
    const connection = new LoadConnection(host, 16);
    return connection.send(formatRequest('GET', host, '/')).finally(() => connection.close());
  };

  test('reads headers and bodies that arrive in pieces', async () => {
    const host = await rawServer((respond) => {
      respond('HTTP/1.1 200 OK\r\nContent-Le');
      setImmediate(() => respond('ngth: 5\r\n\r\nab'));
      setImmediate(() => setImmediate(() => respond('cde')));
    });
    expect(await get(host)).toMatchObject({ status: 200, bytes: 5 });
  });

  test('reads the answer to HEAD without a body', async () => {
    const host = await registry();
    const connection = new LoadConnection(host);
    const head = formatRequest('HEAD', host, '/v2/a/blobs/b');
    expect([await connection.send(head), await connection.send(head)]).toMatchObject([
      { status: 200, bytes: 0 },
      { status: 200, bytes: 0 },
    ]);
    connection.close();
  });

  test('connects again after the server has closed the connection', async () => {
    const host = await rawServer((respond, end) => {
      respond('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na');
      end();
    });
    const connection = new LoadConnection(host);
    const request = formatRequest('GET', host, '/');
    expect([await connection.send(request), await connection.send(request)]).toMatchObject([
      { bytes: 1 },
      { bytes: 1 },
    ]);
    connection.close();
  });

  test.each([
    ['ends in the middle of the body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', /3 bytes early/],
    ['ends in the middle of the headers', 'HTTP/1.1 200 OK\r\nConte', /before the answer/],
    ['has no length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', /no Content-Length/],
    ['is longer than it says', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc', /longer than its Content-Length/],
  ])('fails if the answer %s', async (_, answer, error) => {
    const host = await rawServer((respond, end) => {
      respond(answer);
      end();
    });
    await expect(get(host)).rejects.toThrow(error);
  });

  test('fails if nobody listens', async () => {
    const host = await registry();
    await new Promise((resolve) => servers.pop()!.close(resolve));
    await expect(get(host)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('a blob that is read', () => {
  test('is counted', async () => {
    expect(await readBlob(await registry(), '/v2/a/blobs/b')).toBe(BLOB.length);
  });

  test('is an error if the status is not 200', async () => {
    const host = await httpServer((_, response) => {
      response.writeHead(404, { 'Content-Length': 0 });
      response.end();
    });
    await expect(readBlob(host, '/v2/a/blobs/b')).rejects.toThrow(/answered with 404/);
  });

  test('is left when the signal is aborted', async () => {
    const leave = new AbortController();
    const host = await httpServer((_, response) => {
      response.writeHead(200, { 'Content-Length': 10 });
      response.write('a');
      leave.abort();
    });
    await expect(readBlob(host, '/v2/a/blobs/b', leave.signal)).rejects.toThrow(/closed/);
  });
});

describe('a loop', () => {
  const loop = { path: '/', headers: HEADERS, connections: 2, seconds: 0.05 };

  test('counts the answers of all connections', async () => {
    const lines: string[] = [];
    const { requests, seconds } = await runClosedLoop({ ...loop, host: await registry(lines) });
    expect(requests).toBe(lines.length);
    expect(requests).toBeGreaterThan(2);
    expect(seconds).toBeGreaterThanOrEqual(0.05);
  });

  test('fails if one answer is not 200', async () => {
    let answered = 0;
    const host = await httpServer((_, response) => {
      response.writeHead((answered += 1) === 5 ? 500 : 200, { 'Content-Length': 0 });
      response.end();
    });
    await expect(runClosedLoop({ ...loop, seconds: 5, host })).rejects.toThrow(/answered with 500/);
  });

  test('fails if an answer has another length than the first one', async () => {
    let answered = 0;
    const host = await httpServer((_, response) => response.end((answered += 1) === 5 ? 'longer' : 'a'));
    await expect(runClosedLoop({ ...loop, seconds: 5, host })).rejects.toThrow(/6 bytes/);
  });

  test('an open loop sends as many requests as are due', async () => {
    const lines: string[] = [];
    const steady = { ...loop, connections: 4, perSecond: 1000, seconds: 0.05 };
    const { requests, p50, p99 } = await runOpenLoop({ ...steady, host: await registry(lines) });
    expect([requests, lines.length]).toEqual([50, 50]);
    expect(p50).toBeLessThanOrEqual(p99);
  });

  test('an open loop counts the time that requests wait for a slow answer', async () => {
    let first = true;
    const host = await httpServer((_, response) => {
      const isFirst = first;
      first = false;
      void (isFirst ? afterSteps(20) : Promise.resolve()).then(() => response.end('a'));
    });
    const steady = { ...loop, connections: 1, perSecond: 200, seconds: 0.1 };
    const { requests, p50 } = await runOpenLoop({ ...steady, host });
    expect(requests).toBe(20);
    // The first answer holds up the only connection for 200 ms at least, and all requests are due
    // within 100 ms, or within one step if this process stands still.
    expect(p50).toBeGreaterThan(90);
  });
});

describe('pulls', () => {
  const target = (host: string) => ({ host, manifestPath: '/v2/a/manifests/v1', blobPath: `/v2/a/blobs/${DIGEST}` });
  const job = { accept: '*/*', bytes: BLOB.length, digest: DIGEST, verify: true };

  test('request the manifest first, and measure the first byte and the end', async () => {
    const lines: string[] = [];
    const host = await registry(lines);
    const { seconds, firstByteSeconds } = await runImagePulls({ ...job, clients: [target(host), target(host)] });
    expect(lines.slice(0, 2)).toEqual(['GET /v2/a/manifests/v1', 'GET /v2/a/manifests/v1']);
    expect(lines).toHaveLength(4);
    expect(firstByteSeconds).toBeLessThanOrEqual(seconds);
  });

  test('fail if the bytes are not those of the digest', async () => {
    const clients = [target(await registry())];
    await expect(runImagePulls({ ...job, clients, digest: 'sha256:other' })).rejects.toThrow(/other bytes/);
  });

  test('fail if the blob has another size', async () => {
    const clients = [target(await registry())];
    await expect(runImagePulls({ ...job, clients, bytes: 1 })).rejects.toThrow(/3145728 bytes/);
  });
});

test('reads of a blob fail if its size is wrong', async () => {
  const job = { host: await registry(), path: '/v2/a/blobs/b', reads: 4, atATime: 2 };
  expect((await runBlobReads({ ...job, bytes: BLOB.length })).seconds).toBeGreaterThan(0);
  await expect(runBlobReads({ ...job, bytes: 1 })).rejects.toThrow(/3145728 bytes/);
});

describe('a replay', () => {
  const blob = { method: 'GET', path: '/v2/a/blobs/b', bytes: BLOB.length, after: '/v2/a/manifests/v1' } as const;

  test('requests a manifest before the first blob of its image, once', async () => {
    const lines: string[] = [];
    const host = await registry(lines);
    const requests = [blob, blob, { method: 'HEAD', path: '/v2/a/manifests/v1' } as const];
    const result = await runReplay({ host, accept: '*/*', connections: 2, requests });
    expect(lines.filter((line) => line === 'GET /v2/a/manifests/v1')).toHaveLength(1);
    expect(lines.indexOf('GET /v2/a/manifests/v1')).toBeLessThan(lines.indexOf('GET /v2/a/blobs/b'));
    expect(result).toMatchObject({ requests: 4, bytes: 2 * BLOB.length + 2 });
  });

  test('accepts a challenge as the answer to a ping, and only to that', async () => {
    const host = await httpServer((_, response) => {
      response.writeHead(401, { 'Content-Length': 0 });
      response.end();
    });
    const ping = { method: 'GET', path: '/v2/' } as const;
    const job = { host, accept: '*/*', connections: 1 };
    expect(await runReplay({ ...job, requests: [{ ...ping, mayChallenge: true }] })).toMatchObject({ requests: 1 });
    await expect(runReplay({ ...job, requests: [ping] })).rejects.toThrow(/answered with 401/);
  });

  test('stops at the first wrong answer', async () => {
    const lines: string[] = [];
    const host = await registry(lines);
    const requests = Array.from({ length: 100 }, () => ({ ...blob, bytes: 1 }));
    await expect(runReplay({ host, accept: '*/*', connections: 2, requests })).rejects.toThrow(/3145728 bytes/);
    expect(lines.length).toBeLessThan(10);
  });
});

describe('a spread loop', () => {
  const paths = ['/v2/a/manifests/1', '/v2/a/manifests/2', '/v2/a/manifests/3'];
  const job = { paths, headers: HEADERS, connections: 1, seconds: 0.1 };

  test('requests its paths in turn', async () => {
    const lines: string[] = [];
    const result = await runSpreadLoop({ ...job, host: await registry(lines) });
    expect(result.requests).toBe(lines.length);
    expect(lines.slice(0, 4)).toEqual([...paths, paths[0]].map((path) => `GET ${path}`));
  });

  test('fails if an answer is not 200', async () => {
    const host = await httpServer((_, response) => {
      response.writeHead(503, { 'Content-Length': 0 });
      response.end();
    });
    await expect(runSpreadLoop({ ...job, host })).rejects.toThrow(/answered with 503/);
  });
});

test('a burst begins all requests at once and counts how they were answered', async () => {
  const waiting: (() => void)[] = [];
  const host = await httpServer((request, response) => {
    waiting.push(() => {
      if (request.url === '/cut') return response.destroy();
      response.writeHead(request.url === '/busy' ? 503 : 200, { 'Content-Length': 0 });
      response.end();
    });
    if (waiting.length === 4) for (const answer of waiting) answer();
  });
  const result = await runBurst({ host, paths: ['/1', '/2', '/busy', '/cut'] });
  expect(result).toMatchObject({ answered: 2, failed: { 503: 1, 0: 1 } });
});
