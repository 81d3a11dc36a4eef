import { appendFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import type { BlobSender } from '../../../support/fake-data-plane/blob-sender';
import { startFakeDataPlane } from '../../../support/fake-data-plane/start-fake-data-plane';
import { waitUntil } from '../../../support/real/wait-until';
import { BlobFolder, serveFile, serveInline, type TestBlob, wanted } from '../support/blobs';
import { type EdgeOverPlanes, type ReadScript, startEdgeOverPlanes } from '../support/edge-over-planes';
import { errorOf, finish, get, open } from '../support/http-client';

const MIB = 1024 * 1024;
const MANIFEST_PATH = '/v2/docker/alpine/manifests/latest';

let blobs: BlobFolder;
let blob: TestBlob;
let edge: EdgeOverPlanes | undefined;

beforeAll(() => {
  blobs = new BlobFolder();
  blob = blobs.make(8 * MIB);
});
afterEach(async () => {
  await edge?.stop();
  edge = undefined;
});
afterAll(() => blobs.remove());

const inline: ReadScript = (sender) => serveInline(blob, sender);
const file: ReadScript = (sender) => serveFile(blob, sender);

/** Sends so much inline, and is gone. */
function dieAfter(bytes: number): ReadScript {
  return async (sender, plane) => {
    await serveInline(blob, sender, bytes);
    await clientHasBytes;
    await plane.stop();
    await sender.cancelled;
  };
}

/** Sends so much inline, and fails. */
function failAfter(bytes: number, error: LayoverError): ReadScript {
  return async (sender) => {
    await serveInline(blob, sender, bytes);
    throw error;
  };
}

/** Names a file of which so much may be read, and waits for the test. */
function growing(available: number, found: (sender: BlobSender) => void = () => undefined): ReadScript {
  return async (sender) => {
    const size = blob.content.length;
    const { offset, length } = wanted(sender.request, size);
    await sender.header({ size, offset, length, delivery: 'LOCAL_FILE', path: blob.file, available });
    found(sender);
    await sender.over;
  };
}

/** Resolves when the client of the latest readWhole() has its first byte. */
let clientHasBytes: Promise<void>;

/** Reads the blob, as far as it comes. */
async function readWhole(headers: Record<string, string> = {}, path = blob.path) {
  let arrived!: () => void;
  clientHasBytes = new Promise((resolve) => (arrived = resolve));
  const message = await open(edge!, path, headers);
  const chunks: Buffer[] = [];
  let whole = true;
  try {
    for await (const chunk of message) {
      chunks.push(chunk as Buffer);
      arrived();
    }
  } catch {
    whole = false;
  }
  const answer = { status: message.statusCode!, headers: message.headers, body: Buffer.concat(chunks), whole };
  return { answer, requests: edge!.reads.map(({ sender }) => sender.request) };
}

describe('manifests and lists', () => {
  const content = Buffer.from('{}');
  const reply = {
    digest: digestOf(content),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 2,
    content,
    cacheStatus: 'HIT',
    ageSeconds: 0,
    upstreamHost: 'docker.io',
  } as const;

  /** How many planes were asked when the first of them does this. */
  async function askedWhen(
    first: () => never | Promise<never>,
  ): Promise<{ status: number; asked: number; body: Buffer }> {
    let asked = 0;
    edge = await startEdgeOverPlanes(3, [inline], {
      getManifest: () => {
        asked += 1;
        return asked === 1 ? first() : reply;
      },
    });
    const { status, body } = await get(edge, MANIFEST_PATH);
    return { status, asked, body };
  }
  const fail = (error: LayoverError) => (): never => {
    throw error;
  };

  test.each([
    ['not ready', new LayoverError('NOT_READY')],
    ['out of disk', new LayoverError('STORE_FULL')],
  ])('a node that is %s is passed over', async (_name, error) => {
    expect(await askedWhen(fail(error))).toMatchObject({ status: 200, asked: 2 });
  });

  test.each([
    ['UPSTREAM_FAILED', 502],
    ['UPSTREAM_TIMEOUT', 504],
    ['UPSTREAM_CONTENT', 502],
    ['TOO_MANY_REQUESTS', 429],
    ['MANIFEST_UNKNOWN', 404],
    ['DENIED', 403],
    ['INTERNAL', 500],
  ] as const)('%s is the answer: no other node is asked', async (key, status) => {
    expect(await askedWhen(fail(new LayoverError(key)))).toMatchObject({ status, asked: 1 });
  });

  test('a node that dies with the question is passed over', async () => {
    const answer = await askedWhen(async () => {
      const busy = edge!.planes.find(({ calls }) => calls.length > 0)!;
      await busy.stop();
      return new Promise<never>(() => undefined);
    });
    expect(answer).toMatchObject({ status: 200, asked: 2 });
  });

  test('a question with one key always goes to the same node, others to others', async () => {
    edge = await startEdgeOverPlanes(3, [inline], { getManifest: () => reply });
    for (let round = 0; round < 5; round += 1) await get(edge, MANIFEST_PATH);
    expect(edge.planes.map(({ calls }) => calls.length).sort()).toEqual([0, 0, 5]);
    for (let tag = 0; tag < 30; tag += 1) await get(edge, `/v2/docker/alpine/manifests/3.${tag}`);
    expect(edge.planes.every(({ calls }) => calls.length > 0)).toBe(true);
  });

  test('all nodes fail: no more than three are asked, and the client reads what one of them said', async () => {
    edge = await startEdgeOverPlanes(5, [inline], {
      getManifest: fail(new LayoverError('NOT_READY', { message: 'no configuration yet' })),
    });
    const answer = await get(edge, MANIFEST_PATH);
    expect(answer.status).toBe(503);
    expect(errorOf(answer).message).toBe('no configuration yet');
    expect(edge.planes.flatMap(({ calls }) => calls)).toHaveLength(3);
  });
});

describe('a blob whose node is lost before its header', () => {
  test('comes from the next', async () => {
    edge = await startEdgeOverPlanes(3, [
      async (sender, plane) => {
        await plane.stop();
        await sender.cancelled;
      },
      failAfter(0, new LayoverError('NOT_READY')),
      inline,
    ]);
    // The second one sends a header first: its failure is one in the middle.
    const { answer, requests } = await readWhole();
    expect(answer).toMatchObject({ status: 200, whole: true });
    expect(digestOf(answer.body)).toBe(blob.digest);
    expect(requests).toHaveLength(3);
  });
});

describe('a blob whose node is lost in the middle', () => {
  test.each([
    ['inline, then inline', dieAfter(3 * MIB), inline],
    ['inline, then a file', dieAfter(3 * MIB), file],
    ['inline, then one that is stopping', failAfter(MIB, new LayoverError('NOT_READY')), inline],
    ['inline, then one with a full disk', failAfter(MIB, new LayoverError('STORE_FULL')), inline],
  ])('goes on elsewhere (%s)', async (_name, first, second) => {
    edge = await startEdgeOverPlanes(2, [first, second]);
    const { answer, requests } = await readWhole();
    expect(answer).toMatchObject({ status: 200, whole: true });
    expect(digestOf(answer.body)).toBe(blob.digest);
    expect(edge.reads[0]!.plane).not.toBe(edge.reads[1]!.plane);
    const at = requests[1]!.bytes!.firstByte;
    expect(at).toBeLessThanOrEqual(3 * MIB);
    expect(requests[1]).toMatchObject({ digest: blob.digest, bytes: { lastByte: 8 * MIB - 1 } });
    // The client was let in when it began.
    expect(requests.map(({ context }) => context!.authorizedAt > 0)).toEqual([false, true]);
    // The head is out: no redirect.
    expect(requests[1]!.accepts).toEqual(['LOCAL_FILE', 'INLINE']);
  });

  test('within the range that the client asked for', async () => {
    edge = await startEdgeOverPlanes(2, [dieAfter(2 * MIB), inline]);
    const { answer, requests } = await readWhole({ range: `bytes=${MIB}-${6 * MIB - 1}` });
    expect(answer).toMatchObject({ status: 206, whole: true });
    expect(answer.headers['content-range']).toBe(`bytes ${MIB}-${6 * MIB - 1}/${8 * MIB}`);
    expect(answer.body.equals(blob.content.subarray(MIB, 6 * MIB))).toBe(true);
    expect(requests[1]!.bytes).toMatchObject({ lastByte: 6 * MIB - 1 });
  });

  test('a suffix, too', async () => {
    edge = await startEdgeOverPlanes(2, [dieAfter(MIB), inline]);
    const { answer } = await readWhole({ range: `bytes=-${3 * MIB}` });
    expect(answer.body.equals(blob.content.subarray(5 * MIB))).toBe(true);
  });

  test.each([
    ['over the call', inline],
    ['as a file', file],
  ])('a growing file: what was announced is sent, the rest comes %s', async (_name, second) => {
    let first!: (sender: BlobSender) => void;
    const found = new Promise<BlobSender>((resolve) => (first = resolve));
    edge = await startEdgeOverPlanes(2, [growing(2 * MIB + 5, first), second]);
    const reading = readWhole();
    await found;
    await clientHasBytes;
    await edge.reads[0]!.plane.stop();
    expect(digestOf((await reading).answer.body)).toBe(blob.digest);
    expect(edge.reads[1]!.sender.request.bytes).toEqual({ firstByte: 2 * MIB + 5, lastByte: 8 * MIB - 1 });
  });

  test('a growing file that fills again there, from the start', async () => {
    const slow = blobs.make(4 * MIB, 0);
    edge = await startEdgeOverPlanes(2, [
      async (sender, plane) => {
        await serveInline(slow, sender, 2 * MIB);
        await clientHasBytes;
        await plane.stop();
        await sender.cancelled;
      },
      async (sender) => {
        const { offset, length } = wanted(sender.request, 4 * MIB);
        await sender.header({ size: 4 * MIB, offset, length, delivery: 'LOCAL_FILE', path: slow.file, available: 0 });
        for (let at = 0; at < 4 * MIB; at += MIB) {
          appendFileSync(slow.file, slow.content.subarray(at, at + MIB));
          await sender.progress(at + MIB);
        }
        await sender.over;
      },
    ]);
    const { answer } = await readWhole({}, slow.path);
    expect(answer.whole).toBe(true);
    expect(digestOf(answer.body)).toBe(slow.digest);
  });

  test('several nodes, one after another, as long as there are bytes in between', async () => {
    const step = failAfter(256 * 1024, new LayoverError('NOT_READY'));
    edge = await startEdgeOverPlanes(2, [step, step, step, step, step, step, inline]);
    const { answer } = await readWhole();
    expect(digestOf(answer.body)).toBe(blob.digest);
    expect(edge.reads).toHaveLength(7);
    // Never the one that has just failed.
    edge.reads.slice(1).forEach(({ plane }, i) => expect(plane).not.toBe(edge!.reads[i]!.plane));
  });

  test('nodes that fail for ever end it: the connection is cut', async () => {
    const step = failAfter(256 * 1024, new LayoverError('NOT_READY'));
    edge = await startEdgeOverPlanes(2, [step]);
    const { answer } = await readWhole();
    expect(answer.whole).toBe(false);
    expect(blob.content.subarray(0, answer.body.length).equals(answer.body)).toBe(true);
    expect(edge.reads.length).toBeLessThanOrEqual(17);
  });

  test('nodes that give nothing are not asked again and again', async () => {
    edge = await startEdgeOverPlanes(5, [
      failAfter(MIB, new LayoverError('NOT_READY')),
      failAfter(0, new LayoverError('NOT_READY')),
    ]);
    const { answer } = await readWhole();
    expect(answer.whole).toBe(false);
    expect(edge.reads.length).toBeLessThanOrEqual(5);
  });

  test.each(['UPSTREAM_CONTENT', 'UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT', 'INTERNAL'] as const)(
    '%s is nothing that another node could do better: the connection is cut',
    async (key) => {
      edge = await startEdgeOverPlanes(2, [failAfter(MIB, new LayoverError(key)), inline]);
      const { answer } = await readWhole();
      expect(answer.whole).toBe(false);
      expect(edge.reads).toHaveLength(1);
    },
  );

  test('another size there is another blob: the connection is cut', async () => {
    edge = await startEdgeOverPlanes(2, [
      dieAfter(MIB),
      async (sender) => {
        const { offset, length } = wanted(sender.request, blob.content.length);
        await sender.header({ size: blob.content.length + 1, offset, length, delivery: 'INLINE' });
        await sender.chunk(blob.content.subarray(offset));
      },
    ]);
    const { answer } = await readWhole();
    expect(answer.whole).toBe(false);
    expect(answer.body.length).toBeLessThanOrEqual(MIB);
  });

  test('a redirect is of no use there', async () => {
    edge = await startEdgeOverPlanes(2, [
      dieAfter(MIB),
      async (sender) => {
        const { offset, length } = wanted(sender.request, blob.content.length);
        await sender.header({
          size: blob.content.length,
          offset,
          length,
          delivery: 'REDIRECT',
          url: 'https://b.test/',
        });
      },
    ]);
    const { answer } = await readWhole();
    expect(answer).toMatchObject({ status: 200, whole: false });
  });

  test('no other node is there: the connection is cut', async () => {
    edge = await startEdgeOverPlanes(1, [dieAfter(MIB)]);
    const { answer } = await readWhole();
    expect(answer.whole).toBe(false);
  });

  test('a client that reads slowly notices nothing', async () => {
    edge = await startEdgeOverPlanes(2, [growing(4 * MIB), inline]);
    const message = await open(edge, blob.path);
    message.pause();
    const begin = await atLeast(message, 1000);
    await edge.reads[0]!.plane.stop();
    const rest = await finish(message);
    expect(rest.whole).toBe(true);
    expect(digestOf(Buffer.concat([begin, rest.body]))).toBe(blob.digest);
  });

  test('a client that has left has nobody asked, and one that leaves later ends everything', async () => {
    edge = await startEdgeOverPlanes(2, [failAfter(MIB, new LayoverError('NOT_READY')), growing(0)]);
    const message = await open(edge, blob.path);
    message.on('error', () => undefined);
    message.resume();
    while (edge.reads.length < 2) await new Promise((resolve) => setImmediate(resolve));
    message.destroy();
    expect(await edge.reads[1]!.sender.over).toBe('cancel');
    expect(edge.reads).toHaveLength(2);
  });
});

describe('a node that takes no calls any more', () => {
  test('finishes what it has, and gets nothing new', async () => {
    let goOn!: () => void;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    edge = await startEdgeOverPlanes(2, [
      async (sender) => {
        await sender.header({ size: 8 * MIB, offset: 0, length: 8 * MIB, delivery: 'INLINE' });
        await held;
        for (let at = 0; at < 8 * MIB; at += MIB) await sender.chunk(blob.content.subarray(at, at + MIB));
      },
      inline,
    ]);
    const running = get(edge, blob.path);
    while (edge.reads.length < 1) await new Promise((resolve) => setImmediate(resolve));
    const [first] = edge.reads;
    first!.plane.setServing(false);
    // The edge is told by a message of its own; the next requests may still come to the first until then.
    let answer = await get(edge, '/healthz');
    for (;;) {
      answer = await get(edge, blob.path);
      expect(digestOf(answer.body)).toBe(blob.digest);
      if (edge.reads.at(-1)!.plane !== first!.plane) break;
    }
    goOn();
    expect(digestOf((await running).body)).toBe(blob.digest);
  });
});

describe('the only node', () => {
  test('is waited for a little when it is away: a restart refuses nobody', async () => {
    edge = await startEdgeOverPlanes(1, [inline], { checkAccess: () => undefined });
    const [plane] = edge.planes;
    await plane!.stop();
    // The edge has heard of it: an answer comes only after it has waited.
    await waitUntil('it is known to be away', async () => (await get(edge!, '/v2/')).status === 503);
    const answers = [get(edge, '/v2/'), get(edge, blob.path)];
    const again = await startFakeDataPlane(
      { checkAccess: () => undefined, readBlob: (_request, sender) => serveInline(blob, sender) },
      plane!.address,
    );
    try {
      const [ping, read] = await Promise.all(answers);
      expect(ping!.status).toBe(200);
      expect(digestOf(read!.body)).toBe(blob.digest);
    } finally {
      await edge.stop();
      await again.stop();
    }
  });
});

async function atLeast(message: IncomingMessage, count: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < count) {
    const chunk = message.read() as Buffer | null;
    if (chunk === null) await new Promise((resolve) => message.once('readable', resolve));
    else bytes = Buffer.concat([bytes, chunk]);
  }
  return bytes;
}
