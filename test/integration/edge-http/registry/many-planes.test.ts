import { appendFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import type { RequestContext__Output as RequestContext } from '../../../../proto/gen/layover/v1/RequestContext';
import type { BlobSender } from '../../../support/fake-data-plane/blob-sender';
import { type FakeDataPlane, startFakeDataPlane } from '../../../support/fake-data-plane/start-fake-data-plane';
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

/** Sends a number of bytes inline and then stops the data plane. */
function dieAfter(bytes: number): ReadScript {
  return async (sender, plane) => {
    await serveInline(blob, sender, bytes);
    await clientHasBytes;
    await plane.stop();
    await sender.cancelled;
  };
}

/** Sends a number of bytes inline and then fails. */
function failAfter(bytes: number, error: LayoverError): ReadScript {
  return async (sender) => {
    await serveInline(blob, sender, bytes);
    throw error;
  };
}

/** Offers a file with a number of readable bytes and waits for the test. */
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

/** Reads the blob as far as it is delivered. */
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

  /** Returns how many planes were asked when the first of them behaves like this. */
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
  ])('are requested from another node if one is %s', async (_name, error) => {
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
  ] as const)('return %s without asking another node', async (key, status) => {
    expect(await askedWhen(fail(new LayoverError(key)))).toMatchObject({ status, asked: 1 });
  });

  test('are requested from another node if one dies during the request', async () => {
    const answer = await askedWhen(async () => {
      const busy = edge!.planes.find(({ calls }) => calls.length > 0)!;
      await busy.stop();
      return new Promise<never>(() => undefined);
    });
    expect(answer).toMatchObject({ status: 200, asked: 2 });
  });

  test('have one identity over all attempts of a request, whatever X-Request-Id the client sends', async () => {
    const contexts: (RequestContext | null)[] = [];
    let failing = true;
    edge = await startEdgeOverPlanes(3, [inline], {
      getManifest: ({ context }) => {
        contexts.push(context);
        if (failing && contexts.length < 3) throw new LayoverError('NOT_READY');
        return reply;
      },
    });
    const headers = { 'x-request-id': 'always-the-same' };
    await get(edge, MANIFEST_PATH, headers);
    failing = false;
    await get(edge, MANIFEST_PATH, headers);
    expect(contexts.map((context) => context?.attempt)).toEqual([1, 2, 3, 1]);
    expect(new Set(contexts.map((context) => context?.requestId))).toEqual(new Set(['always-the-same']));
    const ids = contexts.map((context) => context?.recordId ?? '');
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids.slice(0, 3)).toEqual([ids[0], ids[0], ids[0]]);
    expect(ids[3]).not.toBe(ids[0]);
  });

  test('of one key are always requested from the same node, and of other keys from others', async () => {
    edge = await startEdgeOverPlanes(3, [inline], { getManifest: () => reply });
    for (let round = 0; round < 5; round += 1) await get(edge, MANIFEST_PATH);
    expect(edge.planes.map(({ calls }) => calls.length).sort()).toEqual([0, 0, 5]);
    for (let tag = 0; tag < 30; tag += 1) await get(edge, `/v2/docker/alpine/manifests/3.${tag}`);
    expect(edge.planes.every(({ calls }) => calls.length > 0)).toBe(true);
  });

  test('are requested from at most three nodes if all fail, and the client gets the failure of one of them', async () => {
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
  test('is delivered by the next node', async () => {
    edge = await startEdgeOverPlanes(3, [
      async (sender, plane) => {
        await plane.stop();
        await sender.cancelled;
      },
      failAfter(0, new LayoverError('NOT_READY')),
      inline,
    ]);
    // The second one sends a header first, so it fails in the middle of the blob.
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
  ])('is continued by another node (%s)', async (_name, first, second) => {
    edge = await startEdgeOverPlanes(2, [first, second]);
    const { answer, requests } = await readWhole();
    expect(answer).toMatchObject({ status: 200, whole: true });
    expect(digestOf(answer.body)).toBe(blob.digest);
    expect(edge.reads[0]!.plane).not.toBe(edge.reads[1]!.plane);
    const at = requests[1]!.bytes!.firstByte;
    expect(at).toBeLessThanOrEqual(3 * MIB);
    expect(requests[1]).toMatchObject({ digest: blob.digest, bytes: { lastByte: 8 * MIB - 1 } });
    // The client was authorized when the delivery began.
    expect(requests.map(({ context }) => context!.authorizedAt > 0)).toEqual([false, true]);
    // The response head is sent, so no redirect is possible.
    expect(requests[1]!.accepts).toEqual(['LOCAL_FILE', 'CHANNEL', 'INLINE']);
  });

  test('is continued within the requested range', async () => {
    edge = await startEdgeOverPlanes(2, [dieAfter(2 * MIB), inline]);
    const { answer, requests } = await readWhole({ range: `bytes=${MIB}-${6 * MIB - 1}` });
    expect(answer).toMatchObject({ status: 206, whole: true });
    expect(answer.headers['content-range']).toBe(`bytes ${MIB}-${6 * MIB - 1}/${8 * MIB}`);
    expect(answer.body.equals(blob.content.subarray(MIB, 6 * MIB))).toBe(true);
    expect(requests[1]!.bytes).toMatchObject({ lastByte: 6 * MIB - 1 });
  });

  test('is continued in a requested suffix', async () => {
    edge = await startEdgeOverPlanes(2, [dieAfter(MIB), inline]);
    const { answer } = await readWhole({ range: `bytes=-${3 * MIB}` });
    expect(answer.body.equals(blob.content.subarray(5 * MIB))).toBe(true);
  });

  test.each([
    ['over the call', inline],
    ['as a file', file],
  ])('sends the announced bytes of a growing file, and the rest comes %s', async (_name, second) => {
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

  test('is continued from a file that another node fills from the start', async () => {
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

  test('is continued by several nodes in a row, as long as bytes arrive in between', async () => {
    const step = failAfter(256 * 1024, new LayoverError('NOT_READY'));
    edge = await startEdgeOverPlanes(2, [step, step, step, step, step, step, inline]);
    const { answer } = await readWhole();
    expect(digestOf(answer.body)).toBe(blob.digest);
    expect(edge.reads).toHaveLength(7);
    // Never from the node that has just failed.
    edge.reads.slice(1).forEach(({ plane }, i) => expect(plane).not.toBe(edge!.reads[i]!.plane));
  });

  test('closes the connection if nodes keep failing', async () => {
    const step = failAfter(256 * 1024, new LayoverError('NOT_READY'));
    edge = await startEdgeOverPlanes(2, [step]);
    const { answer } = await readWhole();
    expect(answer.whole).toBe(false);
    expect(blob.content.subarray(0, answer.body.length).equals(answer.body)).toBe(true);
    expect(edge.reads.length).toBeLessThanOrEqual(17);
  });

  test('stops asking nodes that send no bytes', async () => {
    edge = await startEdgeOverPlanes(5, [
      failAfter(MIB, new LayoverError('NOT_READY')),
      failAfter(0, new LayoverError('NOT_READY')),
    ]);
    const { answer } = await readWhole();
    expect(answer.whole).toBe(false);
    expect(edge.reads.length).toBeLessThanOrEqual(5);
  });

  test.each(['UPSTREAM_CONTENT', 'UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT', 'INTERNAL'] as const)(
    'closes the connection on %s, which another node cannot fix',
    async (key) => {
      edge = await startEdgeOverPlanes(2, [failAfter(MIB, new LayoverError(key)), inline]);
      const { answer } = await readWhole();
      expect(answer.whole).toBe(false);
      expect(edge.reads).toHaveLength(1);
    },
  );

  test('closes the connection if another node reports another size', async () => {
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

  test('does not accept a redirect of another node', async () => {
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

  test('closes the connection if there is no other node, and the only one does not come back', async () => {
    edge = await startEdgeOverPlanes(1, [dieAfter(MIB)], {}, { resumeSeconds: 1 });
    const { answer } = await readWhole();
    expect(answer.whole).toBe(false);
    expect(blob.content.subarray(0, answer.body.length).equals(answer.body)).toBe(true);
  });

  test.each([
    ['over the call', inline],
    ['as a file', file],
  ])('is continued by the only node when it is back (%s)', async (_name, second) => {
    let again: FakeDataPlane | undefined;
    edge = await startEdgeOverPlanes(1, [dieAfter(3 * MIB)]);
    const reading = readWhole({ range: `bytes=${MIB}-` });
    await waitUntil('the read', () => edge!.reads.length === 1);
    const [{ plane }] = edge.reads as [EdgeOverPlanes['reads'][number]];
    await edge.reads[0]!.sender.cancelled;
    try {
      again = await startFakeDataPlane(
        {
          // A data plane that starts has no configuration for a moment.
          readBlob: (_request, sender) =>
            again!.reads.length === 1 ? Promise.reject(new LayoverError('NOT_READY')) : second(sender, again!),
        },
        plane.address,
      );
      const { answer } = await reading;
      expect(answer).toMatchObject({ status: 206, whole: true });
      expect(answer.body.equals(blob.content.subarray(MIB))).toBe(true);
      const asked = again.reads.map(({ request }) => request);
      expect(asked).toHaveLength(2);
      expect(asked[1]!.bytes!.firstByte).toBeGreaterThanOrEqual(MIB);
      expect(asked[1]!.context!.authorizedAt).toBeGreaterThan(0);
    } finally {
      await edge.stop();
      await again?.stop();
    }
  });

  test('is not requested again from the only node for a client that has left', async () => {
    let again: FakeDataPlane | undefined;
    edge = await startEdgeOverPlanes(1, [growing(MIB)]);
    const [plane] = edge.planes;
    const message = await open(edge, blob.path);
    message.on('error', () => undefined);
    message.resume();
    await plane!.stop();
    message.destroy();
    try {
      again = await startFakeDataPlane({ readBlob: (_request, sender) => serveInline(blob, sender) }, plane!.address);
      expect(digestOf((await get(edge, blob.path)).body)).toBe(blob.digest);
      expect(again.reads).toHaveLength(1);
      expect(again.reads[0]!.request.context!.authorizedAt).toBe(0);
    } finally {
      await edge.stop();
      await again?.stop();
    }
  });

  test('is delivered to a slow client without a visible failure', async () => {
    edge = await startEdgeOverPlanes(2, [growing(4 * MIB), inline]);
    const message = await open(edge, blob.path);
    message.pause();
    const begin = await atLeast(message, 1000);
    await edge.reads[0]!.plane.stop();
    const rest = await finish(message);
    expect(rest.whole).toBe(true);
    expect(digestOf(Buffer.concat([begin, rest.body]))).toBe(blob.digest);
  });

  test('is not requested again for a client that has left, and a client that leaves later ends everything', async () => {
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

describe('a node that accepts no calls any more', () => {
  test('finishes its calls and gets no new ones', async () => {
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
    // The edge learns this from a separate message. Until then, requests may still reach the first
    // node.
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
  test('is awaited for a short time if it is unreachable, so that a restart refuses no request', async () => {
    edge = await startEdgeOverPlanes(1, [inline], { checkAccess: () => undefined });
    const [plane] = edge.planes;
    await plane!.stop();
    // The edge knows that the node is gone once a response only comes after the wait.
    await waitUntil('the edge knows that the node is gone', async () => (await get(edge!, '/v2/')).status === 503);
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
