import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobReader } from '../../../../data-plane/src/blobs/blob-source';
import {
  bytes,
  type FillSetup,
  type FillSetupOptions,
  readAll,
  readUntilCut,
  setUpFills,
  until,
} from '../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../support/data-plane/fills/fake-upstream';
import { TestClock } from '../../../support/test-clock';

const MIB = 1024 * 1024;
const WITHHELD = 64 * 1024;

describe('a blob that does not fit on the disk', () => {
  let setup: FillSetup;
  /** The running clock makes refusals quick: the look at the disk comes after 250 ms. */
  const start = async (options: FillSetupOptions = {}): Promise<void> => {
    setup = await setUpFills({ freeBytes: async () => 1000, passesThrough: true, ...options });
  };
  afterEach(() => setup.dispose());

  const nothingIsLeft = async (upstream: FakeUpstream): Promise<void> => {
    await until(() => upstream.open === 0 && setup.passThrough.running === 0, 'the end of the connections');
    expect(await setup.store.stat(upstream.digest)).toBeUndefined();
    expect(await setup.spooled()).toEqual([]);
  };

  it('reaches its client whole and is not kept', async () => {
    await start();
    const upstream = new FakeUpstream(bytes(5 * MIB));
    const reader = await setup.source.open(upstream.request());
    expect([reader.path, reader.size, reader.origin]).toEqual([undefined, 5 * MIB, 'fill']);
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
    await nothingIsLeft(upstream);
  });

  it('counts the fetched bytes', async () => {
    await start();
    const upstream = new FakeUpstream(bytes(MIB));
    let fetched = 0;
    const reader = await setup.source.open(upstream.request({ onFetched: (count) => (fetched += count) }));
    await readAll(reader);
    expect(fetched).toBe(MIB);
  });

  it('is sent from the offset of a range on, and its digest is checked anyway', async () => {
    await start();
    const upstream = new FakeUpstream(bytes(5 * MIB));
    const reader = await setup.source.open(upstream.request());
    const part = await readAll(reader, 2 * MIB + 7, 3 * MIB - 7);
    expect(part.equals(upstream.content.subarray(2 * MIB + 7))).toBe(true);
  });

  it('is cut before its last 64 KiB if its bytes are wrong', async () => {
    await start();
    const wrong = bytes(5 * MIB);
    wrong[100] = wrong[100]! ^ 1;
    const upstream = new FakeUpstream(bytes(5 * MIB), [{ content: wrong }]);
    const { content, error } = await readUntilCut(await setup.source.open(upstream.request()));
    expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
    expect(content.length).toBe(5 * MIB - WITHHELD);
    await nothingIsLeft(upstream);
  });

  it('continues after its connection broke', async () => {
    await start();
    const upstream = new FakeUpstream(bytes(5 * MIB), [{ cutAt: { offset: 3 * MIB, key: 'UPSTREAM_FAILED' } }, {}]);
    const content = await readAll(await setup.source.open(upstream.request()));
    expect(content.equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0, 3 * MIB]);
  });

  it('is read from the upstream at the pace of its client, with little more than 1 MiB in memory', async () => {
    await start();
    const upstream = new FakeUpstream(bytes(16 * MIB));
    const reader = await setup.source.open(upstream.request());
    await until(() => upstream.sent >= MIB);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(upstream.sent).toBeLessThanOrEqual(MIB + 64 * 1024);
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
  });

  it('is no longer requested when its client leaves, also in the middle of a wait', async () => {
    await start();
    const never = new Gate();
    const upstream = new FakeUpstream(bytes(5 * MIB), [{ holdAt: { offset: MIB / 2, until: never.passed } }]);
    const reader = await setup.source.open(upstream.request());
    const rest = readUntilCut(reader);
    await until(() => upstream.sent === MIB / 2);
    await reader.close();
    expect((await rest).error).toMatchObject({ key: 'CANCELLED' });
    await nothingIsLeft(upstream);
  });

  it('is no longer requested when its client leaves before the headers of the upstream', async () => {
    await start();
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ waitFor: gate.passed }]);
    const leaver = new AbortController();
    const opening = setup.source.open(upstream.request(), leaver.signal);
    await until(() => setup.passThrough.running === 1, 'the pass-through');
    leaver.abort();
    await expect(opening).rejects.toMatchObject({ key: 'CANCELLED' });
    gate.open();
    await nothingIsLeft(upstream);
  });

  it('ends for a client that does not read it to its end within maxFillSeconds', async () => {
    const clock = new TestClock(Date.now(), { running: true, timers: { realUpToMs: 76_999, speed: 1 } });
    await start({ clock, limits: { maxFillSeconds: 77 } });
    const upstream = new FakeUpstream(bytes(5 * MIB));
    const reader = await setup.source.open(upstream.request());
    await until(() => upstream.sent >= MIB);
    expect(upstream.open).toBe(1);
    clock.advance(77_000);
    await until(() => upstream.open === 0, 'the end of the connection');
    expect((await readUntilCut(reader)).error).toMatchObject({ key: 'TIMEOUT' });
    await nothingIsLeft(upstream);
  });

  it('is read once: a second read is refused', async () => {
    await start();
    const upstream = new FakeUpstream(bytes(MIB));
    const reader = await setup.source.open(upstream.request());
    const chunks = reader.read(0, MIB)[Symbol.asyncIterator]();
    await chunks.next();
    await expect(reader.read(0, MIB)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ key: 'STORE_FULL' });
    await reader.close();
  });

  it('waits for room once, however many clients request it', async () => {
    await start({ limits: { passedInAll: 50, passedPerOwner: 50 } });
    const upstream = new FakeUpstream(bytes(MIB));
    const readers = await Promise.all(Array.from({ length: 20 }, () => setup.source.open(upstream.request())));
    expect(setup.fills.roomCounts().waits).toBe(1);
    const contents = await Promise.all(readers.map((reader) => readAll(reader)));
    expect(contents.every((content) => content.equals(upstream.content))).toBe(true);
    await nothingIsLeft(upstream);
  });

  it('is refused if an organization or all of them pass through too many, and passed when one has ended', async () => {
    await start({ limits: { passedInAll: 3, passedPerOwner: 2 } });
    const upstream = new FakeUpstream(bytes(2 * MIB));
    const open = (owner: string): Promise<BlobReader> => setup.source.open(upstream.request({ owner }));
    const readers = [await open('one'), await open('one')];
    await expect(open('one')).rejects.toMatchObject({ key: 'STORE_FULL' });
    readers.push(await open('two'));
    await expect(open('three')).rejects.toMatchObject({ key: 'STORE_FULL' });
    await readers[0]!.close();
    readers.push(await open('three'));
    await Promise.all(readers.map((reader) => reader.close()));
    await nothingIsLeft(upstream);
  });

  it('is refused if its size is unknown, and gives its room back', async () => {
    const spooledBytes = async (): Promise<number> => {
      const files = await setup.spooled();
      return files.reduce((sum, file) => sum + statSync(join(setup.spoolDirectory, file)).size, 0);
    };
    await start({ freeBytes: async () => 2 * MIB - (await spooledBytes()) });
    const upstream = new FakeUpstream(bytes(5 * MIB), [{ says: null }]);
    const asked = setup.source.open(upstream.request({ expectedSize: undefined }));
    await expect(asked).rejects.toMatchObject({ key: 'STORE_FULL' });
    await nothingIsLeft(upstream);
    expect(setup.fills.roomCounts().reservedBytes).toBe(0);
  });

  it.each([7, 2 * MIB])('reaches its client whole if the manifest names %i bytes', async (expectedSize) => {
    await start();
    const upstream = new FakeUpstream(bytes(MIB));
    const reader = await setup.source.open(upstream.request({ expectedSize }));
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    await nothingIsLeft(upstream);
  });

  it.each([7, MIB - 1, 2 * MIB])(
    'is cut before its end if only the manifest gives a size, and it is wrong: %i bytes',
    async (expectedSize) => {
      await start();
      const upstream = new FakeUpstream(bytes(MIB), [{ says: null }]);
      const { content, error } = await readUntilCut(await setup.source.open(upstream.request({ expectedSize })));
      expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
      expect(content.length).toBeLessThan(expectedSize);
      await nothingIsLeft(upstream);
    },
  );

  it('repeats a request whose connection breaks before the headers', async () => {
    await start();
    const upstream = new FakeUpstream(bytes(MIB), [{ refuse: 'UPSTREAM_FAILED' }, {}]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    await nothingIsLeft(upstream);
  });

  it('is decoded if a label says so and the manifest names another size', async () => {
    await start();
    const content = bytes(MIB);
    const upstream = new FakeUpstream(content, [{ content: bytes(900), isEncoded: true }, { says: null }]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(content)).toBe(true);
    expect(upstream.decodes).toEqual([false, true]);
    await nothingIsLeft(upstream);
  });

  it('gives its place back if the upstream refuses or sends another size', async () => {
    await start();
    const content = bytes(MIB);
    const refusing = new FakeUpstream(content, [{ refuse: 'UPSTREAM_DENIED' }]);
    await expect(setup.source.open(refusing.request())).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
    const lying = new FakeUpstream(content, [{ says: 7 }]);
    const { error } = await readUntilCut(await setup.source.open(lying.request()));
    expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
    await nothingIsLeft(refusing);
    await nothingIsLeft(lying);
  });

  it('is not filled in the background, and fits later', async () => {
    const disk = { free: 1000 };
    await start({ freeBytes: async () => disk.free });
    const upstream = new FakeUpstream(bytes(MIB));
    const request = upstream.request({ priority: 'background' });
    await expect(setup.fills.complete(request)).rejects.toMatchObject({ key: 'STORE_FULL' });
    expect(upstream.offsets).toEqual([]);
    disk.free = 10 * MIB;
    await setup.fills.complete(request);
    expect(await setup.store.stat(upstream.digest)).toBe(MIB);
  });
});
