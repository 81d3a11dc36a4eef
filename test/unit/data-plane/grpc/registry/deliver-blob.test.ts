import { readFile } from 'node:fs/promises';
import { LayoverError } from '../../../../../common/errors/layover-error';
import type { Clock } from '../../../../../common/runtime/clock';
import { systemClock } from '../../../../../common/runtime/clock';
import { digestOf } from '../../../../../common/oci/digest';
import type { ResolvedRange } from '../../../../../common/oci/byte-range';
import type { ReadBlobReply } from '../../../../../proto/gen/layover/v1/ReadBlobReply';
import type { BlobReader } from '../../../../../data-plane/src/blobs/blob-source';
import type { ByteChannelOffers } from '../../../../../data-plane/src/channel/byte-listener';
import { ByteOffers } from '../../../../../data-plane/src/channel/byte-offers';
import { deliverBlob } from '../../../../../data-plane/src/grpc/registry/deliver-blob';
import { RunningReads } from '../../../../../data-plane/src/grpc/registry/running-reads';
import { TestClock } from '../../../../support/test-clock';
import { bytes, type FillSetup, setUpFills, until } from '../../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';

const KIB = 1024;
const MIB = 1024 * KIB;
const DIGEST = digestOf(Buffer.from('the blob of every delivery here'));

describe('deliverBlob', () => {
  let setup: FillSetup;
  let caller: AbortController;
  let served: number;
  let reads: RunningReads;
  beforeEach(async () => {
    setup = await setUpFills();
    caller = new AbortController();
    served = 0;
    reads = new RunningReads();
  });
  afterEach(() => setup.dispose());

  const deliver = (
    reader: BlobReader,
    accepts: readonly ('INLINE' | 'LOCAL_FILE' | 'REDIRECT' | 'CHANNEL')[],
    range: ResolvedRange = { offset: 0, length: reader.size },
    clock: Clock = systemClock,
    channel?: ByteChannelOffers,
  ): AsyncGenerator<ReadBlobReply, void, undefined> =>
    deliverBlob({
      channel,
      reader,
      digest: DIGEST,
      reads,
      isShared: true,
      range,
      accepts,
      cacheStatus: 'HIT',
      upstreamHost: 'docker.io',
      private: false,
      clock,
      signal: caller.signal,
      onServed: (count) => (served += count),
    });
  const next = async (messages: AsyncGenerator<ReadBlobReply>): Promise<ReadBlobReply> => {
    const result = await messages.next();
    expect(result.done).toBe(false);
    return result.value as ReadBlobReply;
  };
  const collect = async (messages: AsyncIterable<ReadBlobReply>): Promise<ReadBlobReply[]> => {
    const all: ReadBlobReply[] = [];
    for await (const message of messages) all.push(message);
    return all;
  };

  it('sends the header and then the range in chunks of at most 256 KiB', async () => {
    const upstream = new FakeUpstream(bytes(MIB));
    await setup.fills.complete(upstream.request());
    const reader = await setup.source.open(upstream.request());
    const [header, ...chunks] = await collect(deliver(reader, ['INLINE'], { offset: 10, length: 600_000 }));
    expect(header).toEqual({
      header: {
        size: MIB,
        offset: 10,
        length: 600_000,
        cacheStatus: 'HIT',
        upstreamHost: 'docker.io',
        private: false,
        delivery: 'INLINE',
        readers: 1,
        shared: true,
      },
    });
    const buffers = chunks.map(({ chunk }) => chunk as Buffer);
    expect(Math.max(...buffers.map((chunk) => chunk.length))).toBeLessThanOrEqual(256 * KIB);
    expect(Buffer.concat(buffers).equals(upstream.content.subarray(10, 600_010))).toBe(true);
    expect(served).toBe(600_000);
  });

  it('says how many answers with bytes of the blob are running, and whether its store is shared', async () => {
    const never = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: 0, until: never.passed } }]);
    const filling = deliver(await setup.source.open(upstream.request()), []);
    expect((await next(filling)).header).toMatchObject({ readers: 1, shared: false });
    const other = new FakeUpstream(bytes(MIB, 'other'));
    await setup.fills.complete(other.request());
    const file = deliver(await setup.source.open(other.request()), ['LOCAL_FILE']);
    expect((await next(file)).header!.readers).toBeUndefined();
    const stored = deliver(await setup.source.open(other.request()), []);
    expect((await next(stored)).header).toMatchObject({ readers: 2, shared: true });
    await stored.return();
    await file.return();
    caller.abort();
    await filling.return();
    expect(reads.begin(DIGEST).count).toBe(1);
  });

  it('sends inline by default, and only a header for an empty blob', async () => {
    const upstream = new FakeUpstream(bytes(0));
    const reader = await setup.source.open(upstream.request());
    expect(await collect(deliver(reader, []))).toMatchObject([{ header: { size: 0, length: 0, delivery: 'INLINE' } }]);
  });

  it('sends the path of a stored file, reports all of it as readable, and ends the call', async () => {
    const upstream = new FakeUpstream(bytes(MIB));
    await setup.fills.complete(upstream.request());
    const reader = await setup.source.open(upstream.request());
    const messages = deliver(reader, ['LOCAL_FILE', 'INLINE']);
    const { header } = await next(messages);
    expect(header).toMatchObject({ delivery: 'LOCAL_FILE', available: MIB, size: MIB });
    expect((await readFile(header!.path!)).equals(upstream.content)).toBe(true);
    expect(await messages.next()).toMatchObject({ done: true });
    expect(served).toBe(MIB);
  });

  it('sends the progress of a growing file until its end; the last message has its size', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: gate.passed } }]);
    const reader = await setup.source.open(upstream.request());
    const messages = deliver(reader, ['LOCAL_FILE']);
    const { header } = await next(messages);
    let available = header!.available as number;
    expect(available).toBeLessThanOrEqual(MIB / 2);
    while (available < MIB / 2) available = (await next(messages)).progress!.available as number;
    expect(available).toBe(MIB / 2);
    expect((await readFile(header!.path!)).subarray(0, available).equals(upstream.content.subarray(0, available))).toBe(
      true,
    );
    gate.open();
    while (available < MIB) {
      const progress = (await next(messages)).progress!.available as number;
      expect(progress).toBeGreaterThan(available);
      available = progress;
    }
    expect((await readFile(header!.path!)).equals(upstream.content)).toBe(true);
    caller.abort();
    expect((await messages.next()).done).toBe(true);
    expect(served).toBe(MIB);
    await until(async () => (await setup.spooled()).length === 0);
  });

  it('follows a growing file only as far as the range needs', async () => {
    const never = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: never.passed } }]);
    const reader = await setup.source.open(upstream.request());
    const messages = deliver(reader, ['LOCAL_FILE'], { offset: 1000, length: 100_000 });
    const { header } = await next(messages);
    let available = header!.available as number;
    while (available < 101_000) available = (await next(messages)).progress!.available as number;
    const end = messages.next();
    caller.abort();
    expect((await end).done).toBe(true);
    expect(served).toBe(100_000);
  });

  it('fails if the fill fails, inline or with a file', async () => {
    const gate = new Gate();
    const content = bytes(MIB);
    const wrong = Buffer.from(content);
    wrong.writeUInt8(wrong.readUInt8(5) ^ 1, 5);
    const upstream = new FakeUpstream(content, [{ content: wrong, holdAt: { offset: MIB / 2, until: gate.passed } }]);
    const readers = await Promise.all([1, 2].map(() => setup.source.open(upstream.request())));
    const inline = collect(deliver(readers[0]!, ['INLINE']));
    const file = collect(deliver(readers[1]!, ['LOCAL_FILE']));
    gate.open();
    await expect(inline).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
    await expect(file).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
    await until(async () => (await setup.spooled()).length === 0);
  });

  it('ends at once if the caller leaves while it waits for bytes', async () => {
    const never = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: 0, until: never.passed } }]);
    const reader = await setup.source.open(upstream.request());
    const messages = deliver(reader, ['LOCAL_FILE']);
    await next(messages);
    const progress = messages.next();
    caller.abort();
    await expect(progress).rejects.toMatchObject({ key: 'CANCELLED' });
  });

  describe('with a byte channel', () => {
    let offers: ByteOffers;
    let channel: ByteChannelOffers;
    beforeEach(() => {
      offers = new ByteOffers(systemClock);
      channel = { offer: (offered) => Object.assign(offers.offer(offered), { address: { port: 8084 } }) };
    });
    const overChannel = (
      reader: BlobReader,
      accepts: Parameters<typeof deliver>[1] = ['CHANNEL', 'INLINE'],
      range?: ResolvedRange,
      clock: Clock = systemClock,
    ): ReturnType<typeof deliver> => deliver(reader, accepts, range, clock, channel);
    const stored = async (size: number): Promise<BlobReader> => {
      const upstream = new FakeUpstream(bytes(size));
      await setup.fills.complete(upstream.request());
      return setup.source.open(upstream.request());
    };

    it('sends a ticket for the range, and ends the call when the bytes were sent', async () => {
      const messages = overChannel(await stored(MIB), ['CHANNEL'], { offset: 10, length: 600_000 });
      const { header } = await next(messages);
      expect(header).toMatchObject({ delivery: 'CHANNEL', offset: 10, length: 600_000, channel: { port: 8084 } });
      const offered = offers.redeem(header!.channel!.ticket as Buffer)!;
      expect(offered.range).toEqual({ offset: 10, length: 600_000 });
      const end = messages.next();
      offered.onServed(600_000);
      offered.over();
      expect([(await end).done, served]).toEqual([true, 600_000]);
    });

    it('says every five seconds how much was sent, if that has changed', async () => {
      const clock = new TestClock();
      const messages = overChannel(await stored(MIB), ['CHANNEL'], { offset: 10, length: 600_000 }, clock);
      const { header } = await next(messages);
      const offered = offers.redeem(header!.channel!.ticket as Buffer)!;
      const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      const progress = next(messages);
      clock.advance(5_000);
      await turn();
      offered.onServed(1_000);
      await turn();
      clock.advance(5_000);
      expect(await progress).toEqual({ progress: { available: 1_010 } });
      const end = messages.next();
      offered.over();
      expect((await end).done).toBe(true);
    });

    it('fails with the failure of the bytes', async () => {
      const messages = overChannel(await stored(MIB));
      const { header } = await next(messages);
      const end = messages.next();
      offers.redeem(header!.channel!.ticket as Buffer)!.over(new LayoverError('UPSTREAM_CONTENT'));
      await expect(end).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
    });

    it('ends the offer if the caller leaves', async () => {
      const messages = overChannel(await stored(MIB));
      await next(messages);
      expect(offers.waiting).toBe(1);
      await messages.return();
      expect(offers.waiting).toBe(0);
    });

    it('sends inline what fits into one message, and if the caller does not accept a ticket', async () => {
      for (const [accepts, length] of [
        [['CHANNEL'], 256 * KIB],
        [['INLINE', 'REDIRECT'], MIB],
      ] as const) {
        const messages = overChannel(await stored(MIB), accepts, { offset: 0, length });
        expect((await next(messages)).header).toMatchObject({ delivery: 'INLINE' });
        await messages.return();
      }
      expect(offers.waiting).toBe(0);
    });

    it('prefers a local file, and sends inline if edges cannot connect', async () => {
      const file = overChannel(await stored(MIB), ['LOCAL_FILE', 'CHANNEL', 'INLINE']);
      expect((await next(file)).header).toMatchObject({ delivery: 'LOCAL_FILE' });
      await file.return();
      channel = { offer: () => undefined };
      const inline = overChannel(await stored(MIB));
      expect((await next(inline)).header).toMatchObject({ delivery: 'INLINE' });
      await inline.return();
    });
  });

  it('closes its reader however it ends', async () => {
    let closed = 0;
    const reader = (read: () => AsyncIterable<Buffer>): BlobReader => ({
      origin: 'store',
      size: 10,
      path: undefined,
      available: 10,
      waitBeyond: () => Promise.resolve(10),
      read,
      close: async () => {
        closed += 1;
      },
    });
    const chunks = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(5);
      yield Buffer.alloc(5);
    };
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(5);
      throw new LayoverError('STORE_FAILED');
    };
    await collect(deliver(reader(chunks), ['LOCAL_FILE']));
    expect(closed).toBe(1);
    await expect(collect(deliver(reader(broken), []))).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(closed).toBe(2);
    const left = deliver(reader(chunks), []);
    await left.next();
    await left.return();
    expect(closed).toBe(3);
  });
});
