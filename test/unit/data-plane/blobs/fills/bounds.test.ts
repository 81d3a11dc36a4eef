import { LayoverError } from '../../../../../common/errors/layover-error';
import type { Spool } from '../../../../../data-plane/src/blobs/fills/spool';
import { changedStore } from '../../../../support/changed-store';
import { TestClock } from '../../../../support/test-clock';
import {
  bytes,
  type FillSetup,
  type FillSetupOptions,
  readAll,
  readUntilCut,
  setUpFills,
  until,
} from '../../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';

const MIB = 1024 * 1024;

/** A disk with `room` bytes that reports a full disk only when they are used up. */
function smallDisk(room: { bytes: number }): (spool: Spool) => Spool {
  return (spool) => ({
    ...spool,
    create: async (digest) => {
      const file = await spool.create(digest);
      return {
        path: file.path,
        close: () => file.close(),
        remove: () => file.remove(),
        append: async (chunks) => {
          const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
          if (size > room.bytes) throw new LayoverError('STORE_FULL');
          room.bytes -= size;
          await file.append(chunks);
        },
      };
    },
  });
}

describe('the limits of fills', () => {
  let setup: FillSetup | undefined;
  const start = async (options: FillSetupOptions = {}): Promise<FillSetup> => (setup = await setUpFills(options));
  afterEach(async () => {
    await setup?.dispose();
    setup = undefined;
  });

  it('a disk that becomes full during a fill cuts the readers, leaves no files, and allows later fills', async () => {
    const room = { bytes: MIB };
    const { source, store, fills, spooled } = await start({ wrapSpool: smallDisk(room) });
    const upstream = new FakeUpstream(bytes(3 * MIB));
    const readers = await Promise.all([1, 2].map(() => source.open(upstream.request())));
    for (const { content, error } of await Promise.all(readers.map((reader) => readUntilCut(reader)))) {
      expect(error).toMatchObject({ key: 'STORE_FULL' });
      expect(content.length).toBeLessThanOrEqual(MIB);
    }
    await until(() => !fills.isActive(upstream.digest));
    expect(await store.stat(upstream.digest)).toBeUndefined();
    expect(await spooled()).toEqual([]);
    expect(upstream.open).toBe(0);

    room.bytes = 10 * MIB;
    expect((await readAll(await source.open(upstream.request()))).equals(upstream.content)).toBe(true);
  });

  it('a blob that does not fit is rejected before its body arrives', async () => {
    const { source, spooled } = await start({ freeBytes: async () => 999 });
    const upstream = new FakeUpstream(bytes(1000));
    await expect(source.open(upstream.request())).rejects.toMatchObject({ key: 'STORE_FULL' });
    expect(upstream.sent).toBe(0);
    await until(async () => (await spooled()).length === 0);
  });

  it.each([
    ['stored', {}],
    ['refused by its upstream', { refuse: 'UPSTREAM_DENIED' as const }],
    ['broken in the middle', { cutAt: { offset: MIB, key: 'UPSTREAM_CONTENT' as const } }],
    ['of another size', { says: 7 }],
    ['of other bytes', { content: bytes(3 * MIB, 'other') }],
  ])(
    'a fill reserves its size while it runs and gives the rest back, also for a blob that is %s',
    async (_how, answer) => {
      const { source, fills } = await start({ limits: { resumeTries: 0 } });
      const gate = new Gate();
      const upstream = new FakeUpstream(bytes(3 * MIB), [{ waitFor: gate.passed, ...answer }]);
      const opening = source.open(upstream.request()).then(readUntilCut, () => undefined);
      await until(() => upstream.offsets.length === 1);
      expect(fills.roomCounts()).toEqual({ reservedBytes: 3 * MIB, waiting: 0, waits: 0 });
      gate.open();
      await opening;
      await until(() => !fills.isActive(upstream.digest));
      expect(fills.roomCounts().reservedBytes).toBe(0);
    },
  );

  it('a fill that is aborted gives its room back, also while it waits for room', async () => {
    const { fills } = await start({ freeBytes: async () => 5 * MIB });
    const never = new Gate();
    const running = new FakeUpstream(bytes(3 * MIB, 'running'), [{ waitFor: never.passed }]);
    const waiting = new FakeUpstream(bytes(3 * MIB, 'waiting'));
    const ends = [running, waiting].map((upstream) =>
      fills.complete(upstream.request()).catch((error: unknown) => error),
    );
    await until(() => running.offsets.length === 1 && fills.roomCounts().waiting === 1);
    await fills.stop(0);
    expect(await Promise.all(ends)).toMatchObject([{ key: 'NOT_READY' }, { key: 'NOT_READY' }]);
    expect(fills.roomCounts()).toMatchObject({ reservedBytes: 0, waiting: 0 });
    expect([running.offsets, waiting.offsets]).toEqual([[0], []]);
  });

  it('a store that fails at the end does not stop clients from getting the blob', async () => {
    let broken = true;
    const { source, fills, store, spooled } = await start({
      wrapStore: (inner) =>
        changedStore(inner, {
          ingest: async (digest, spoolFile) => {
            const ingest = await inner.ingest(digest, spoolFile);
            const refuse = (): Promise<void> => Promise.reject(new LayoverError('STORE_FAILED'));
            return { ...ingest, commit: broken ? refuse : (path, size) => ingest.commit(path, size) };
          },
        }),
    });
    const upstream = new FakeUpstream(bytes(MIB));
    const completing = fills.complete(upstream.request({ priority: 'background' }));
    const reader = await source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    await expect(completing).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(await store.stat(upstream.digest)).toBeUndefined();
    await until(async () => (await spooled()).length === 0);
    broken = false;
    await fills.complete(upstream.request());
    expect(await store.stat(upstream.digest)).toBe(MIB);
  });

  it('the number of concurrent fills: clients wait before the background, and all continue', async () => {
    const { fills } = await start({ limits: { perUpstream: 2, backgroundPerUpstream: 2 } });
    const gates = [0, 1, 2, 3].map(() => new Gate());
    const upstreams = gates.map(
      (gate, nth) => new FakeUpstream(bytes(1000, `blob ${nth}`), [{ waitFor: gate.passed }]),
    );
    const asked = (): number[] => upstreams.map((upstream) => upstream.offsets.length);
    const background: Promise<void>[] = [];
    // Started one after the other, because each looks into the store before it enters the queue.
    for (const [nth, upstream] of upstreams.entries()) {
      background.push(fills.complete(upstream.request({ priority: 'background' })));
      await until(() => (nth < 2 ? asked()[nth] === 1 : fills.counts().waiting === nth - 1));
    }
    expect(asked()).toEqual([1, 1, 0, 0]);
    // A client joins the last fill in the queue, which raises its priority at once because the fill
    // exists.
    const opening = fills.open(upstreams[3]!.request());
    gates[0]!.open();
    await until(() => asked()[3] === 1);
    expect(asked()).toEqual([1, 1, 0, 1]);
    gates.forEach((gate) => gate.open());
    await Promise.all(background);
    const opened = await opening;
    expect(opened.joined).toBe(true);
    expect(await opened.waitBeyond(0)).toBe(upstreams[3]!.content.length);
    await opened.close();
  });

  it('a fill leaves the queue when nobody waits for it any more', async () => {
    const { fills, source } = await start({ limits: { perUpstream: 1 } });
    const gate = new Gate();
    const running = new FakeUpstream(bytes(1000, 'running'), [{ waitFor: gate.passed }]);
    const waiting = new FakeUpstream(bytes(1000, 'waiting'));
    const first = source.open(running.request());
    // The first fill gets its slot before the second one starts. Otherwise the order of their store
    // lookups would be random.
    await until(() => running.offsets.length === 1);
    const controller = new AbortController();
    const second = source.open(waiting.request(), controller.signal);
    await until(() => fills.counts().waiting === 1);
    controller.abort();
    await expect(second).rejects.toMatchObject({ key: 'CANCELLED' });
    await until(() => !fills.isActive(waiting.digest));
    gate.open();
    await readAll(await first);
    expect(waiting.offsets).toEqual([]);
  });

  it('maxFillSeconds count from the time when the last client left', async () => {
    // Only the 77 seconds use the test clock; all shorter times are real.
    const clock = new TestClock(Date.now(), { running: true, timers: { realUpToMs: 76_999, speed: 1 } });
    const { fills, source, spooled, store } = await start({ clock, limits: { maxFillSeconds: 77 } });
    const never = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: never.passed } }]);
    const first = await source.open(upstream.request());
    expect(clock.pending).toBe(0);
    await first.close();
    expect(clock.pending).toBe(1);
    clock.advance(76_000);
    const second = await source.open(upstream.request());
    expect(clock.pending).toBe(0);
    await second.close();
    expect(clock.pending).toBe(1);
    clock.advance(76_000);
    expect(clock.pending).toBe(1);
    clock.advance(1000);
    await until(() => !fills.isActive(upstream.digest));
    expect(upstream.open).toBe(0);
    expect(await store.stat(upstream.digest)).toBeUndefined();
    await until(async () => (await spooled()).length === 0);
  });

  it('a stalled reader delays no other reader and uses no memory', async () => {
    const { source, fills } = await start();
    const content = bytes(48 * MIB);
    const upstream = new FakeUpstream(content, [{}], 'sha256', 64 * 1024);
    const readers = await Promise.all(Array.from({ length: 50 }, () => source.open(upstream.request())));
    // Each reader has a pending read and does not read any further.
    const standing = readers.map((reader) => reader.read(0, reader.size)[Symbol.asyncIterator]());
    await Promise.all(standing.map((chunks) => chunks.next()));
    const before = process.memoryUsage().arrayBuffers;
    await until(() => !fills.isActive(upstream.digest));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MIB);
    for (const chunks of standing) await chunks.return?.();
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('a slow disk slows the upstream down, with at most 3 MiB in memory', async () => {
    const gate = new Gate();
    const { source, fills } = await start({
      wrapSpool: (spool) => ({
        ...spool,
        create: async (digest) => {
          const file = await spool.create(digest);
          const append = async (chunks: readonly Buffer[]): Promise<void> => {
            await gate.passed;
            await file.append(chunks);
          };
          return { path: file.path, close: () => file.close(), remove: () => file.remove(), append };
        },
      }),
    });
    const upstream = new FakeUpstream(bytes(16 * MIB));
    const reader = await source.open(upstream.request());
    let sent = -1;
    await until(async () => {
      const still = sent === upstream.sent;
      sent = upstream.sent;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return still;
    });
    expect(sent).toBeLessThanOrEqual(3 * MIB);
    gate.open();
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    await until(() => !fills.isActive(upstream.digest));
  });
});
