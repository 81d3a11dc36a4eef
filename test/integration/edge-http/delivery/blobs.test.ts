import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import type { BlobSender } from '../../../support/fake-data-plane/blob-sender';
import { startByteChannel, type TestByteChannel } from '../support/byte-channel';
import { BlobFolder, type TestBlob, serveFile, serveInline, wanted } from '../support/blobs';
import { type EdgeUnderTest, startEdge } from '../support/edge-under-test';
import { errorOf, finish, get, open } from '../support/http-client';

const MIB = 1024 * 1024;

let edge: EdgeUnderTest;
let channel: TestByteChannel;
let blobs: BlobFolder;
let small: TestBlob;
let large: TestBlob;
beforeAll(async () => {
  blobs = new BlobFolder();
  small = blobs.make(1000);
  large = blobs.make(3 * MIB + 12_345);
  channel = await startByteChannel();
  edge = await startEdge();
});
afterAll(async () => {
  await edge.stop();
  await channel.stop();
  blobs.remove();
});
beforeEach(() => {
  edge.plane.script = {};
  edge.plane.reads.length = 0;
  edge.plane.calls.length = 0;
});

/** All deliveries of bytes through the edge. */
const deliveries: [name: string, serve: (blob: TestBlob, sender: BlobSender) => Promise<void>][] = [
  ['over the call', serveInline],
  ['from a file', serveFile],
  ['over the byte channel', (blob, sender) => channel.serve(blob, sender)],
];

describe.each(deliveries)('a blob %s', (name, serve) => {
  test('is delivered byte for byte with its headers', async () => {
    edge.plane.script = { readBlob: (_request, sender) => serve(large, sender) };
    const answer = await get(edge, large.path);
    expect(answer).toMatchObject({ status: 200, whole: true });
    expect(digestOf(answer.body)).toBe(large.digest);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(large.content.length),
      'docker-content-digest': large.digest,
      etag: `"${large.digest}"`,
      'accept-ranges': 'bytes',
      'x-layover-cache': 'HIT',
      'cache-status': 'layover; hit',
      'docker-distribution-api-version': 'registry/2.0',
    });
    expect(answer.headers['transfer-encoding']).toBeUndefined();
    expect(await edge.plane.reads[0]!.over).toBe(name === 'from a file' ? 'cancel' : 'end');
  });

  const ranges: [range: string, from: number, to: number][] = [
    ['bytes=0-', 0, 1000],
    ['bytes=10-19', 10, 20],
    ['bytes=990-5000', 990, 1000],
    ['bytes=-7', 993, 1000],
    ['bytes=-5000', 0, 1000],
    ['bytes=999-999', 999, 1000],
  ];
  test.each(ranges)('delivers the range %s', async (range, from, to) => {
    edge.plane.script = { readBlob: (_request, sender) => serve(small, sender) };
    const answer = await get(edge, small.path, { range });
    expect(answer).toMatchObject({ status: 206, whole: true });
    expect(answer.headers['content-range']).toBe(`bytes ${from}-${to - 1}/1000`);
    expect(answer.headers['content-length']).toBe(String(to - from));
    expect(answer.body.equals(small.content.subarray(from, to))).toBe(true);
  });

  test('delivers a range that is longer than one buffer', async () => {
    edge.plane.script = { readBlob: (_request, sender) => serve(large, sender) };
    const answer = await get(edge, large.path, { range: `bytes=100-${2 * MIB}` });
    expect(answer.status).toBe(206);
    expect(answer.body.equals(large.content.subarray(100, 2 * MIB + 1))).toBe(true);
  });

  test('without bytes is delivered', async () => {
    const empty = blobs.make(0);
    edge.plane.script = { readBlob: (_request, sender) => serve(empty, sender) };
    const answer = await get(edge, empty.path);
    expect(answer).toMatchObject({ status: 200, whole: true });
    expect(answer.headers['content-length']).toBe('0');
  });

  test('is delivered to 64 clients at once, of which one hardly reads and one leaves', async () => {
    edge.plane.script = { readBlob: (_request, sender) => serve(large, sender) };
    const slow = await open(edge, large.path);
    slow.pause();
    const leaver = await open(edge, large.path);
    leaver.once('data', () => leaver.destroy());
    leaver.on('error', () => undefined);
    const answers = await Promise.all(Array.from({ length: 62 }, () => get(edge, large.path)));
    for (const answer of answers) expect(digestOf(answer.body)).toBe(large.digest);
    const last = await finish(slow);
    expect(digestOf(last.body)).toBe(large.digest);
  });
});

describe.each(deliveries)('several ranges %s', (_name, serve) => {
  beforeEach(() => {
    edge.plane.script = {
      readBlob: (request, sender) => {
        const { bytes } = request;
        if (bytes != null && bytes.firstByte >= small.content.length)
          return Promise.reject(new LayoverError('RANGE_INVALID', { detail: { size: small.content.length } }));
        return serve(small, sender);
      },
    };
  });

  test.each<[string, readonly [number, number][]]>([
    [
      'bytes=0-1,5-6',
      [
        [0, 2],
        [5, 7],
      ],
    ],
    [
      'bytes=990-,0-9',
      [
        [990, 1000],
        [0, 10],
      ],
    ],
    [
      'bytes=0-0, -1 ,500-501,',
      [
        [0, 1],
        [999, 1000],
        [500, 502],
      ],
    ],
    [
      'bytes=5000-5001,3-4,-1',
      [
        [3, 5],
        [999, 1000],
      ],
    ],
    [
      'bytes=100-199,0-9,150-299',
      [
        [0, 10],
        [100, 300],
      ],
    ],
    [
      `bytes=${Array.from({ length: 64 }, (_, at) => `${2 * at}-${2 * at}`).join(',')}`,
      Array.from({ length: 64 }, (_, at) => [2 * at, 2 * at + 1]),
    ],
  ])('are answered with multipart/byteranges: %s', async (range, parts) => {
    const answer = await get(edge, small.path, { range });
    expect(answer).toMatchObject({ status: 206, whole: true });
    const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(answer.headers['content-type'] ?? '')?.[1];
    expect(answer.headers['content-range']).toBeUndefined();
    expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
    const expected = Buffer.concat([
      ...parts.flatMap(([from, to]) => [
        Buffer.from(
          `\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\n` +
            `Content-Range: bytes ${from}-${to - 1}/1000\r\n\r\n`,
        ),
        small.content.subarray(from, to),
      ]),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    expect(answer.body.equals(expected)).toBe(true);
  });

  test.each<[string, number, number]>([
    ['bytes=5000-,10-19', 10, 20],
    ['bytes=0-9,5-14,14-15', 0, 16],
    ['bytes=0-,0-,0-,0-', 0, 1000],
  ])('are answered with one part if one is left: %s', async (range, from, to) => {
    const answer = await get(edge, small.path, { range });
    expect(answer).toMatchObject({ status: 206, whole: true, body: small.content.subarray(from, to) });
    expect(answer.headers['content-range']).toBe(`bytes ${from}-${to - 1}/1000`);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
  });

  test('are answered with 416 and the size if all are outside the blob', async () => {
    const answer = await get(edge, small.path, { range: 'bytes=1000-,2000-2001' });
    expect(answer.status).toBe(416);
    expect(answer.headers['content-range']).toBe('bytes */1000');
  });

  test('end with a cut connection if a later part fails', async () => {
    let calls = 0;
    edge.plane.script = {
      readBlob: (_request, sender) => {
        calls += 1;
        return calls === 1 ? serve(small, sender) : Promise.reject(new LayoverError('UPSTREAM_FAILED'));
      },
    };
    const answer = await get(edge, small.path, { range: 'bytes=0-1,5-6' });
    expect(answer).toMatchObject({ status: 206, whole: false });
  });

  test('arrive whole if the token of the client expires in between', async () => {
    const began: boolean[] = [];
    edge.plane.script = {
      readBlob: ({ context }, sender) => {
        const isRest = context!.authorizedAt > 0;
        began.push(isRest);
        if (began.length > 1 && !isRest) return Promise.reject(new LayoverError('UNAUTHORIZED'));
        return serve(small, sender);
      },
    };
    const answer = await get(edge, small.path, { range: 'bytes=0-1,5-6' });
    expect(answer).toMatchObject({ status: 206, whole: true });
    expect(began).toEqual([false, false, true]);
  });

  test('are refused if the client has no right to them', async () => {
    edge.plane.script = { readBlob: () => Promise.reject(new LayoverError('UNAUTHORIZED')) };
    expect((await get(edge, small.path, { range: 'bytes=0-1,5-6' })).status).toBe(401);
    expect(edge.plane.reads.length).toBe(1);
  });

  test('are never sent from a blob whose size changes in between', async () => {
    let calls = 0;
    edge.plane.script = {
      readBlob: (_request, sender) => {
        calls += 1;
        return serve(calls === 1 ? small : large, sender);
      },
    };
    const answer = await get(edge, small.path, { range: 'bytes=0-1,5-6' });
    expect(answer).toMatchObject({ status: 206, whole: false });
  });
});

describe('range requests', () => {
  beforeEach(() => {
    edge.plane.script = { readBlob: (_request, sender) => serveInline(small, sender) };
  });

  test('return the whole blob for another unit', async () => {
    expect(await get(edge, small.path, { range: 'lines=1-2' })).toMatchObject({ status: 200, body: small.content });
  });

  test.each([
    'bytes=x-',
    'bytes=5-2',
    'bytes=-',
    'bytes=-0',
    'bytes=1-99999999999999999999',
    'bytes=',
    'bytes=,',
    'bytes=0-1,x',
    'bytes=-0,-0',
    `bytes=${Array.from({ length: 65 }, (_, at) => `${2 * at}-${2 * at}`).join(',')}`,
  ])('return 416 for %s before the data plane is asked, and name the field', async (range) => {
    const answer = await get(edge, small.path, { range });
    expect(answer.status).toBe(416);
    expect(errorOf(answer)).toMatchObject({ code: 'RANGE_INVALID', detail: { field: 'Range' } });
    expect(JSON.stringify(errorOf(answer))).toContain(range.slice(0, 50));
    expect(edge.plane.reads.length).toBe(0);
  });

  test('return 416 with the size for a range beyond the blob', async () => {
    edge.plane.script = {
      readBlob: () => Promise.reject(new LayoverError('RANGE_INVALID', { detail: { size: 1000 } })),
    };
    const answer = await get(edge, small.path, { range: 'bytes=1000-' });
    expect(answer.status).toBe(416);
    expect(answer.headers['content-range']).toBe('bytes */1000');
    expect(edge.plane.reads[0]!.request.bytes).toEqual({ firstByte: 1000, lastByte: -1 });
  });

  test('honour If-Range only for this content', async () => {
    const range = 'bytes=0-9';
    expect((await get(edge, small.path, { range, 'if-range': `"${small.digest}"` })).status).toBe(206);
    for (const other of ['"other"', `W/"${small.digest}"`, small.digest, 'Wed, 21 Oct 2015 07:28:00 GMT'])
      expect((await get(edge, small.path, { range, 'if-range': other })).status).toBe(200);
  });

  test('ignore Range on HEAD', async () => {
    edge.plane.script = { statBlob: () => ({ size: 1000, cacheStatus: 'HIT', upstreamHost: 'docker.io' }) };
    const answer = await get(edge, small.path, { range: 'bytes=0-9' }, 'HEAD');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-length']).toBe('1000');
  });

  test('never return a different range than the requested one', async () => {
    edge.plane.script = {
      readBlob: (_request, sender) => sender.header({ size: 1000, offset: 0, length: 5, delivery: 'INLINE' }),
    };
    expect((await get(edge, small.path, { range: 'bytes=10-14' })).status).toBe(500);
    expect((await get(edge, small.path)).status).toBe(500);
  });
});

describe('responses without a body', () => {
  const stat = { size: 1000, cacheStatus: 'HIT', upstreamHost: 'docker.io' } as const;

  test('HEAD requests the size and fills nothing', async () => {
    edge.plane.script = { statBlob: () => stat };
    const answer = await get(edge, `${small.path}?ns=docker.io`, {}, 'HEAD');
    expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0), whole: true });
    expect(answer.headers).toMatchObject({
      'content-length': '1000',
      'content-type': 'application/octet-stream',
      'docker-content-digest': small.digest,
      'oci-namespace': 'docker.io',
      'accept-ranges': 'bytes',
    });
    expect(edge.plane.reads.length).toBe(0);
  });

  test('304 is sent for content that the client has, after its access was checked', async () => {
    edge.plane.script = { statBlob: () => stat };
    expect((await get(edge, small.path, { 'if-none-match': `"${small.digest}"` })).status).toBe(304);
    expect(edge.plane.calls.map(({ method }) => method)).toEqual(['statBlob']);
    edge.plane.script = {
      statBlob: () => {
        throw new LayoverError('DENIED');
      },
    };
    expect((await get(edge, small.path, { 'if-none-match': `"${small.digest}"` })).status).toBe(403);
  });

  test('a redirect is a 307 that must not be stored', async () => {
    const url = 'https://bucket.example/blob?X-Goog-Signature=abc';
    edge.plane.script = {
      readBlob: (_request, sender) => sender.header({ size: 1000, offset: 0, length: 1000, delivery: 'REDIRECT', url }),
    };
    const answer = await get(edge, small.path);
    expect(answer.status).toBe(307);
    expect(answer.headers).toMatchObject({
      location: url,
      'cache-control': 'no-store',
      'content-length': '0',
      'docker-content-digest': small.digest,
    });
    expect(answer.body).toHaveLength(0);
  });

  test('a client whose headers mean something else to the bucket is not redirected', async () => {
    await get(edge, small.path, { range: 'bytes=0-9', 'if-range': `"${small.digest}"` });
    await get(edge, small.path, { range: 'bytes=0-9' });
    expect(edge.plane.reads.map(({ request }) => request.accepts.includes('REDIRECT'))).toEqual([false, true]);
  });
});

describe('a growing file', () => {
  /** Serves a file in steps that the test triggers. */
  function growing(
    blob: TestBlob,
    start: number,
  ): { sender: Promise<BlobSender>; readBlob: (r: unknown, s: BlobSender) => Promise<void> } {
    let found!: (sender: BlobSender) => void;
    const sender = new Promise<BlobSender>((resolve) => (found = resolve));
    return {
      sender,
      async readBlob(_request, call) {
        const { offset, length } = wanted(call.request, blob.content.length);
        const size = blob.content.length;
        await call.header({
          size,
          offset,
          length,
          cacheStatus: 'MISS',
          delivery: 'LOCAL_FILE',
          path: blob.file,
          available: start,
        });
        found(call);
        await call.over;
      },
    };
  }
  async function firstBytes(message: IncomingMessage, count: number): Promise<Buffer> {
    let bytes = Buffer.alloc(0);
    while (bytes.length < count) {
      const chunk = message.read() as Buffer | null;
      if (chunk === null) await new Promise((resolve) => message.once('readable', resolve));
      else bytes = Buffer.concat([bytes, chunk]);
    }
    return bytes;
  }

  test('is sent as it grows, with the head before the first byte', async () => {
    const blob = blobs.make(2 * MIB, 0);
    const fill = growing(blob, 0);
    edge.plane.script = { readBlob: fill.readBlob };
    const message = await open(edge, blob.path);
    expect(message.statusCode).toBe(200);
    expect(message.headers['x-layover-cache']).toBe('MISS');
    const sender = await fill.sender;
    appendFileSync(blob.file, blob.content.subarray(0, 700_000));
    await sender.progress(600_000);
    const begin = await firstBytes(message, 600_000);
    // Bytes that are not announced yet are not sent, because they may be wrong.
    expect(begin.equals(blob.content.subarray(0, 600_000))).toBe(true);
    appendFileSync(blob.file, blob.content.subarray(700_000));
    await sender.progress(blob.content.length);
    const rest = await finish(message);
    expect(rest.whole).toBe(true);
    expect(digestOf(Buffer.concat([begin, rest.body]))).toBe(blob.digest);
  });

  test('is read to its end after it was renamed or removed', async () => {
    const blob = blobs.make(MIB);
    const fill = growing(blob, 1000);
    edge.plane.script = { readBlob: fill.readBlob };
    const message = await open(edge, blob.path);
    const sender = await fill.sender;
    const begin = await firstBytes(message, 1000);
    renameSync(blob.file, `${blob.file}.moved`);
    rmSync(`${blob.file}.moved`);
    await sender.progress(MIB);
    const rest = await finish(message);
    expect(digestOf(Buffer.concat([begin, rest.body]))).toBe(blob.digest);
  });

  test('no longer needs the data plane once the requested range is available', async () => {
    const blob = blobs.make(MIB);
    const fill = growing(blob, MIB / 2);
    edge.plane.script = { readBlob: fill.readBlob };
    const answer = await get(edge, blob.path, { range: 'bytes=100-199' });
    expect(answer.body.equals(blob.content.subarray(100, 200))).toBe(true);
    expect(await (await fill.sender).over).toBe('cancel');
  });

  test('closes the connection early if its fill fails', async () => {
    const blob = blobs.make(MIB);
    const fill = growing(blob, MIB - 65_536);
    edge.plane.script = { readBlob: fill.readBlob };
    const message = await open(edge, blob.path);
    const begin = await firstBytes(message, MIB - 65_536);
    (await fill.sender).fail(new LayoverError('UPSTREAM_CONTENT'));
    const rest = await finish(message);
    expect(rest.whole).toBe(false);
    expect(begin.length + rest.body.length).toBe(MIB - 65_536);
  });

  test('closes the connection early if its call ends successfully too soon', async () => {
    const blob = blobs.make(MIB);
    const fill = growing(blob, 1000);
    edge.plane.script = { readBlob: fill.readBlob };
    const message = await open(edge, blob.path);
    (await fill.sender).end();
    expect((await finish(message)).whole).toBe(false);
  });

  test('is closed when the client leaves while no bytes arrive', async () => {
    const blob = blobs.make(MIB);
    const fill = growing(blob, 1000);
    edge.plane.script = { readBlob: fill.readBlob };
    const message = await open(edge, blob.path);
    await firstBytes(message, 1000);
    message.destroy();
    expect(await (await fill.sender).over).toBe('cancel');
  });

  test('is read by 64 readers at their own pace', async () => {
    const blob = blobs.make(4 * MIB);
    const senders: BlobSender[] = [];
    let all!: () => void;
    const everyone = new Promise<void>((resolve) => (all = resolve));
    edge.plane.script = {
      async readBlob(_request, call) {
        const { offset, length } = wanted(call.request, blob.content.length);
        await call.header({
          size: 4 * MIB,
          offset,
          length,
          cacheStatus: 'MISS',
          delivery: 'LOCAL_FILE',
          path: blob.file,
          available: 0,
        });
        if (senders.push(call) === 64) all();
        await call.over;
      },
    };
    const readers = Array.from({ length: 64 }, (_, i) =>
      get(edge, blob.path, i === 7 ? { range: `bytes=${MIB}-${2 * MIB - 1}` } : {}),
    );
    await everyone;
    for (let at = 0; at <= 4 * MIB; at += MIB / 2)
      await Promise.all(senders.map((sender) => sender.progress(at).catch(() => undefined)));
    const answers = await Promise.all(readers);
    answers.forEach((answer, i) => {
      const expected = i === 7 ? blob.content.subarray(MIB, 2 * MIB) : blob.content;
      expect(answer.body.equals(expected)).toBe(true);
    });
  });
});

describe('a file that cannot be used', () => {
  /** Offers LOCAL_FILE with this path if it is accepted, and otherwise sends bytes. */
  function serveAt(blob: TestBlob, path: string) {
    return (_request: unknown, sender: BlobSender): Promise<void> =>
      sender.request.accepts.includes('LOCAL_FILE') ? serveFile(blob, sender, path) : serveInline(blob, sender);
  }

  test.each([
    ['gone', () => join(blobs.folder, 'gone')],
    ['a relative path', () => 'package.json'],
    [
      'a symbolic link',
      () => {
        const link = join(blobs.folder, 'link');
        symlinkSync(large.file, link);
        return link;
      },
    ],
    [
      'a folder',
      () => {
        const folder = join(blobs.folder, 'folder');
        mkdirSync(folder);
        return folder;
      },
    ],
    ['shorter than it should be', () => small.file],
  ])('(%s) is replaced by bytes over the call', async (_name, path) => {
    edge.plane.script = { readBlob: serveAt(large, path()) };
    const answer = await get(edge, large.path, { range: 'bytes=5-1048580' });
    expect(answer.status).toBe(206);
    expect(answer.body.equals(large.content.subarray(5, 1_048_581))).toBe(true);
    expect(edge.plane.reads.map(({ request }) => request.accepts)).toEqual([
      ['LOCAL_FILE', 'CHANNEL', 'INLINE', 'REDIRECT'],
      ['INLINE'],
    ]);
    expect(await edge.plane.reads[0]!.over).toBe('cancel');
  });

  test('keeps the cache status of the first answer: a fill may have ended before the second', async () => {
    const { file, content, path } = small;
    const whole = { size: content.length, offset: 0, length: content.length };
    edge.plane.script = {
      async readBlob(_request, sender) {
        if (!sender.request.accepts.includes('LOCAL_FILE')) return serveInline(small, sender);
        const gone = { delivery: 'LOCAL_FILE', path: `${file}.gone`, available: content.length } as const;
        await sender.header({ ...whole, ...gone, cacheStatus: 'MISS' });
        await sender.cancelled;
      },
    };
    const answer = await get(edge, path);
    expect(answer.headers['x-layover-cache']).toBe('MISS');
    expect(answer.body.equals(content)).toBe(true);
  });

  test('is counted by the first call only, which stays open until all bytes are readable', async () => {
    const blob = blobs.make(MIB);
    const size = blob.content.length;
    edge.plane.script = {
      async readBlob(_request, sender) {
        if (!sender.request.accepts.includes('LOCAL_FILE')) return serveInline(blob, sender);
        const gone = { delivery: 'LOCAL_FILE', path: `${blob.file}.gone`, available: 0 } as const;
        await sender.header({ size, offset: 0, length: size, ...gone });
        await sender.over;
      },
    };
    const answer = await get(edge, blob.path);
    expect(answer.body.equals(blob.content)).toBe(true);
    const [first, second] = edge.plane.reads as [BlobSender, BlobSender];
    expect([first.request.counted, second.request.counted]).toEqual([false, true]);
    // Rejects if the edge has cancelled the call.
    await first.progress(size - 1);
    await first.progress(size);
    expect(await first.over).toBe('cancel');
  });

  test('that becomes unreadable is counted by the first call only', async () => {
    const blob = blobs.make(MIB);
    edge.plane.script = {
      async readBlob(_request, sender) {
        if (!sender.request.accepts.includes('LOCAL_FILE')) return serveInline(blob, sender);
        await sender.header({
          size: MIB,
          offset: 0,
          length: MIB,
          delivery: 'LOCAL_FILE',
          path: blob.file,
          available: 10,
        });
        await sender.over;
      },
    };
    const message = await open(edge, blob.path);
    const first = await edge.plane.read(0);
    truncateSync(blob.file, 10);
    await first.progress(20);
    const second = await edge.plane.read(1);
    expect((await finish(message)).whole).toBe(true);
    expect([first.request.counted, second.request.counted]).toEqual([false, true]);
    await first.progress(MIB);
    expect(await first.over).toBe('cancel');
  });

  test('in the middle of a delivery is continued over the call at the same position', async () => {
    const blob = blobs.make(8 * MIB);
    edge.plane.script = {
      async readBlob(_request, sender) {
        if (!sender.request.accepts.includes('LOCAL_FILE')) return serveInline(blob, sender);
        const size = blob.content.length;
        await sender.header({ size, offset: 0, length: size, delivery: 'LOCAL_FILE', path: blob.file, available: MIB });
        await sender.cancelled;
      },
    };
    const message = await open(edge, blob.path);
    const sender = await edge.plane.read(0);
    truncateSync(blob.file, MIB + 10);
    await sender.progress(8 * MIB);
    const answer = await finish(message);
    expect(answer.whole).toBe(true);
    expect(digestOf(answer.body)).toBe(blob.digest);
    expect(edge.plane.reads[1]!.request.bytes).toEqual({ firstByte: MIB + 10, lastByte: 8 * MIB - 1 });
  });

  test('is not requested from a data plane on another machine', async () => {
    const remote = await startEdge(
      { readBlob: (_request, sender) => serveInline(small, sender) },
      { localDelivery: 'auto' },
    );
    try {
      await get(remote, small.path);
      expect(remote.plane.reads[0]!.request.accepts).toEqual(['CHANNEL', 'INLINE', 'REDIRECT']);
    } finally {
      await remote.stop();
    }
  });

  test('is an error if the data plane insists on it', async () => {
    edge.plane.script = { readBlob: (_request, sender) => serveFile(large, sender, join(blobs.folder, 'gone')) };
    expect((await get(edge, large.path)).status).toBe(500);
  });
});

describe('a source that fails', () => {
  test('before the head causes an error response', async () => {
    edge.plane.script = { readBlob: () => Promise.reject(new LayoverError('UPSTREAM_UNREACHABLE')) };
    const answer = await get(edge, small.path);
    expect(answer.status).toBe(502);
    expect(answer.headers['x-layover-cache']).toBe('ERROR');
    expect(answer.headers['docker-content-digest']).toBeUndefined();
  });

  test('in the middle of the body closes the connection without appending anything', async () => {
    edge.plane.script = {
      async readBlob(_request, sender) {
        await serveInline(large, sender, MIB);
        throw new LayoverError('UPSTREAM_FAILED');
      },
    };
    const answer = await get(edge, large.path);
    expect(answer).toMatchObject({ status: 200, whole: false });
    expect(large.content.subarray(0, answer.body.length).equals(answer.body)).toBe(true);
  });

  test('with missing bytes but a successful end closes the connection', async () => {
    edge.plane.script = { readBlob: (_request, sender) => serveInline(large, sender, MIB) };
    const answer = await get(edge, large.path);
    expect(answer.whole).toBe(false);
    expect(answer.body.length).toBeLessThanOrEqual(MIB);
  });

  test('with too many bytes never sends the surplus', async () => {
    edge.plane.script = {
      async readBlob(_request, sender) {
        await sender.header({ size: 10, offset: 0, length: 10, delivery: 'INLINE' });
        await sender.chunk(Buffer.alloc(11));
      },
    };
    const answer = await get(edge, small.path);
    expect(answer).toMatchObject({ whole: false, body: Buffer.alloc(0) });
  });

  test('with its process closes the connection if it does not come back', async () => {
    const other = await startEdge(
      {
        async readBlob(_request, sender) {
          await serveInline(large, sender, MIB);
          await sender.cancelled;
        },
      },
      { resumeSeconds: 1 },
    );
    try {
      const message = await open(other, large.path);
      await other.plane.stop();
      expect((await finish(message)).whole).toBe(false);
      expect((await get(other, small.path)).status).toBe(503);
    } finally {
      await other.stop();
    }
  });
});

describe('a client', () => {
  test('that leaves ends the call to the data plane', async () => {
    const blob = blobs.make(32 * MIB);
    edge.plane.script = { readBlob: (_request, sender) => serveInline(blob, sender) };
    const message = await open(edge, blob.path);
    message.once('data', () => message.destroy());
    message.on('error', () => undefined);
    await (
      await edge.plane.read(0)
    ).cancelled;
  });

  test('that leaves before the response ends the call too', async () => {
    edge.plane.script = { readBlob: (_request, sender) => sender.cancelled };
    const socket = connect(edge.port, edge.host);
    socket.write(`GET ${small.path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const sender = await edge.plane.read(0);
    socket.destroy();
    await sender.cancelled;
  });

  test('that does not read holds little memory, slows down the data plane and is disconnected', async () => {
    const blob = blobs.make(64 * MIB);
    const impatient = await startEdge(
      { readBlob: (_request, sender) => serveInline(blob, sender) },
      { clientIdleSeconds: 1 },
    );
    try {
      const message = await open(impatient, blob.path);
      message.pause();
      const sender = await impatient.plane.read(0);
      await sender.cancelled;
      expect(sender.sentBytes).toBeLessThan(40 * MIB);
      const answer = await finish(message);
      expect(answer.whole).toBe(false);
    } finally {
      await impatient.stop();
    }
  });

  test('that stalls delays neither other blobs nor manifests, and neither do a dozen', async () => {
    const blob = blobs.make(32 * MIB);
    edge.plane.script = {
      readBlob: (request, sender) => serveInline(request.digest === small.digest ? small : blob, sender),
      checkAccess: () => undefined,
    };
    const stalled = await Promise.all(Array.from({ length: 12 }, () => open(edge, blob.path)));
    for (const message of stalled) message.pause();
    // A sender waits when its window is full. The connection is shared.
    const answer = await get(edge, blob.path);
    expect(digestOf(answer.body)).toBe(blob.digest);
    expect(await get(edge, small.path)).toMatchObject({ whole: true, status: 200 });
    expect((await get(edge, '/v2/')).status).toBe(200);
    for (const message of stalled) {
      message.on('error', () => undefined);
      message.destroy();
    }
    await Promise.all(edge.plane.reads.slice(0, 12).map((sender) => sender.cancelled));
  });

  test('that waits for a slow source is not disconnected', async () => {
    const blob = blobs.make(MIB);
    const impatient = await startEdge(
      {
        async readBlob(_request, sender) {
          await sender.header({
            size: MIB,
            offset: 0,
            length: MIB,
            delivery: 'LOCAL_FILE',
            path: blob.file,
            available: 1000,
          });
          // Longer than the idle timeout of a client.
          await new Promise((resolve) => setTimeout(resolve, 1300));
          await sender.progress(MIB);
          await sender.over;
        },
      },
      { clientIdleSeconds: 1 },
    );
    try {
      expect((await get(impatient, blob.path)).whole).toBe(true);
    } finally {
      await impatient.stop();
    }
  });

  test('can request the next blob over the same connection', async () => {
    edge.plane.script = {
      readBlob: (request, sender) => serveFile(request.digest === small.digest ? small : large, sender),
    };
    const requests = [small, large, small]
      .map(({ path }, i) => `GET ${path} HTTP/1.1\r\nHost: h\r\n${i === 2 ? 'Connection: close\r\n' : ''}\r\n`)
      .join('');
    const socket = connect(edge.port, edge.host);
    socket.write(requests);
    let length = 0;
    for await (const chunk of socket) length += (chunk as Buffer).length;
    expect(length).toBeGreaterThan(large.content.length + 2 * small.content.length);
  });
});
