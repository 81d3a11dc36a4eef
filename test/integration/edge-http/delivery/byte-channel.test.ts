import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import type { BlobSender } from '../../../support/fake-data-plane/blob-sender';
import { waitUntil } from '../../../support/real/wait-until';
import { BlobFolder, serveInline, type TestBlob, wanted } from '../support/blobs';
import { type ServeOptions, startByteChannel, type TestByteChannel } from '../support/byte-channel';
import { startByteServer } from '../support/byte-server';
import { type EdgeOverPlanes, type ReadScript, startEdgeOverPlanes } from '../support/edge-over-planes';
import { type Answer, finish, get, open } from '../support/http-client';

const MIB = 1024 * 1024;

const closers: (() => unknown)[] = [];
let blobs: BlobFolder;
let blob: TestBlob;
let channel: TestByteChannel;
let edge: EdgeOverPlanes;
beforeAll(() => {
  blobs = new BlobFolder();
  blob = blobs.make(8 * MIB);
});
beforeEach(async () => {
  channel = await startByteChannel();
  closers.push(() => channel.stop());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => blobs.remove());

async function startOver(count: number, ...reads: readonly ReadScript[]): Promise<void> {
  edge = await startEdgeOverPlanes(count, reads, { checkAccess: () => undefined }, { localDelivery: 'off' });
  closers.push(() => edge.stop());
}

const inline: ReadScript = (sender) => serveInline(blob, sender);
const overChannel =
  (how?: ServeOptions): ReadScript =>
  (sender) =>
    channel.serve(blob, sender, how);

/** Offers bytes at a port without an offer there. */
const offerAt =
  (port: number, then: (sender: BlobSender) => Promise<unknown> = (sender) => sender.over): ReadScript =>
  async (sender) => {
    const range = wanted(sender.request, blob.content.length);
    const place = { port, ticket: Buffer.alloc(32, 1) };
    await sender.header({ size: blob.content.length, ...range, delivery: 'CHANNEL', channel: place });
    await then(sender);
  };

const isWhole = (answer: Answer): void => {
  expect(answer).toMatchObject({ status: 200, whole: true });
  expect(digestOf(answer.body)).toBe(blob.digest);
};
const accepted = (): readonly (readonly string[])[] => edge.reads.map(({ sender }) => sender.request.accepts);
const metric = async (name: string): Promise<number> => {
  const { body } = await get(edge, '/metrics');
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(body.toString())?.[1]);
};

test('a blob arrives over one connection, which is used again, and its call ends by itself', async () => {
  await startOver(1, overChannel());
  for (let time = 0; time < 3; time += 1) isWhole(await get(edge, blob.path));
  for (const { sender } of edge.reads) expect(await sender.over).toBe('end');
  expect([channel.served(), channel.connections()]).toEqual([3 * blob.content.length, 1]);
  expect(await metric('layover_edge_blob_bytes_total\\{delivery="channel"\\}')).toBe(3 * blob.content.length);
  expect(await metric('layover_edge_channel_fallbacks_total')).toBe(0);
});

test('a data plane of an earlier version sends the bytes over the call', async () => {
  await startOver(1, inline);
  isWhole(await get(edge, blob.path));
  expect(accepted()).toEqual([['CHANNEL', 'INLINE', 'REDIRECT']]);
});

test('bytes come over the call if the port is closed, and the port is not tried again for a while', async () => {
  const closed = await startByteServer(() => undefined);
  await closed.stop();
  await startOver(1, offerAt(closed.port), inline);
  isWhole(await get(edge, blob.path));
  isWhole(await get(edge, blob.path));
  expect(accepted()).toEqual([['CHANNEL', 'INLINE', 'REDIRECT'], ['INLINE'], ['INLINE', 'REDIRECT']]);
  // The first call is cancelled, so the data plane does not wait for its ticket.
  expect(await edge.reads[0]!.sender.over).toBe('cancel');
  expect(edge.reads.map(({ sender }) => sender.request.counted)).toEqual([false, false, false]);
  expect(await metric('layover_edge_channel_fallbacks_total')).toBe(1);
});

test('bytes come over the call if the ticket is refused', async () => {
  const server = await startByteServer(({ socket }) => socket.destroy());
  closers.push(() => server.stop());
  await startOver(1, offerAt(server.port), inline);
  isWhole(await get(edge, blob.path));
  expect(accepted()[1]).toEqual(['INLINE']);
});

test('the rest comes over the call if the connection is lost in the middle', async () => {
  const server = await startByteServer(({ answer, socket }) => {
    answer(blob.content.subarray(0, 3 * MIB));
    socket.end();
  });
  closers.push(() => server.stop());
  await startOver(
    1,
    offerAt(server.port, () =>
      // A data plane notices the end of the connection too.
      Promise.reject(new LayoverError('CANCELLED')),
    ),
    inline,
  );
  isWhole(await get(edge, blob.path));
  const [, rest] = edge.reads.map(({ sender }) => sender.request);
  expect(rest).toMatchObject({ accepts: ['INLINE'], bytes: { lastByte: 8 * MIB - 1 } });
  expect(rest!.bytes!.firstByte).toBeLessThanOrEqual(3 * MIB);
  expect(await metric('layover_edge_channel_fallbacks_total')).toBe(1);
});

test('a blob that turns out to be wrong in the middle breaks the answer, and is not requested again', async () => {
  const wrong = (): Promise<void> => Promise.reject(new LayoverError('UPSTREAM_CONTENT'));
  await startOver(2, overChannel({ upTo: 3 * MIB, then: wrong }));
  const answer = await get(edge, blob.path);
  expect(answer).toMatchObject({ status: 200, whole: false });
  expect(blob.content.subarray(0, answer.body.length).equals(answer.body)).toBe(true);
  expect(answer.body.length).toBeLessThanOrEqual(3 * MIB);
  expect(edge.reads).toHaveLength(1);
});

test('the failure of a blob is awaited if the end of the connection arrives before it', async () => {
  const server = await startByteServer(({ answer, socket }) => {
    answer(blob.content.subarray(0, 3 * MIB));
    socket.end();
  });
  closers.push(() => server.stop());
  const fail = async (): Promise<never> => {
    await waitUntil('the edge to close the connection', () => server.connections === 1 && server.sockets.size === 0);
    throw new LayoverError('UPSTREAM_CONTENT');
  };
  await startOver(1, offerAt(server.port, fail), inline);
  expect((await get(edge, blob.path)).whole).toBe(false);
  expect(edge.reads).toHaveLength(1);
});

test('another data plane continues if one is lost in the middle', async () => {
  const dies: ReadScript = async (sender, plane) => {
    const die = async (): Promise<void> => {
      await channel.stop();
      await plane.stop();
    };
    await channel.serve(blob, sender, { upTo: 3 * MIB, then: die });
  };
  await startOver(2, dies, inline);
  isWhole(await get(edge, blob.path));
  expect(edge.reads[0]!.plane).not.toBe(edge.reads[1]!.plane);
  expect(edge.reads[1]!.sender.request.bytes).toMatchObject({ lastByte: 8 * MIB - 1 });
  expect(await metric('layover_edge_node_failures_total\\{when="middle"\\}')).toBe(1);
});

test('a blob with more bytes than announced never ends normally', async () => {
  const server = await startByteServer(({ answer }) => answer(Buffer.concat([blob.content, Buffer.alloc(1)])));
  closers.push(() => server.stop());
  await startOver(
    1,
    offerAt(server.port, () => Promise.reject(new LayoverError('UPSTREAM_CONTENT'))),
  );
  const { whole, body } = await get(edge, blob.path);
  // Without the byte that is too much, the blob may be whole; what follows is never sent.
  expect(body.length).toBeLessThanOrEqual(blob.content.length);
  expect(whole).toBe(body.length === blob.content.length);
});

test('a client that leaves ends the call and the connection', async () => {
  const large = blobs.make(64 * MIB);
  await startOver(1, (sender) => channel.serve(large, sender));
  const message = await open(edge, large.path);
  message.once('data', () => message.destroy());
  message.on('error', () => undefined);
  await waitUntil('the read', () => edge.reads.length === 1);
  expect(await edge.reads[0]!.sender.over).not.toBe('end');
  expect(channel.served()).toBeLessThan(64 * MIB);
});

test('a client that does not read slows the data plane down and is disconnected', async () => {
  const large = blobs.make(64 * MIB);
  edge = await startEdgeOverPlanes(
    1,
    [(sender) => channel.serve(large, sender)],
    {},
    { localDelivery: 'off', clientIdleSeconds: 1 },
  );
  closers.push(() => edge.stop());
  const message = await open(edge, large.path);
  message.pause();
  await waitUntil('the read', () => edge.reads.length === 1);
  expect(await edge.reads[0]!.sender.over).not.toBe('end');
  expect(channel.served()).toBeLessThan(40 * MIB);
  expect((await finish(message)).whole).toBe(false);
});

test('clients that stall do not delay other blobs', async () => {
  const large = blobs.make(32 * MIB);
  await startOver(1, (sender) => channel.serve(sender.request.digest === blob.digest ? blob : large, sender));
  const stalled = await Promise.all(Array.from({ length: 12 }, () => open(edge, large.path)));
  for (const message of stalled) message.pause();
  isWhole(await get(edge, blob.path));
  for (const message of stalled) {
    message.on('error', () => undefined);
    message.destroy();
  }
  const ends = await Promise.all(edge.reads.slice(0, 12).map(({ sender }) => sender.over));
  expect(ends).not.toContain('end');
});
