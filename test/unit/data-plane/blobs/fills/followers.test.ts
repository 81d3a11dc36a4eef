import {
  bytes,
  type FillSetup,
  readAll,
  readUntilCut,
  setUpFills,
  until,
} from '../../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { TestClock } from '../../../../support/test-clock';

const KIB = 1024;
const MIB = 1024 * KIB;
const TAIL = 64 * KIB;

describe('followers of a fill', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills();
  });
  afterEach(() => setup.dispose());

  it('share one GET between 64 clients, with a slow one, one that leaves and one with a range', async () => {
    const content = bytes(3 * MIB + 123);
    const gate = new Gate();
    const upstream = new FakeUpstream(content, [{ holdAt: { offset: 2 * MIB, until: gate.passed } }]);
    const readers = await Promise.all(Array.from({ length: 64 }, () => setup.source.open(upstream.request())));
    const [slow, leaves, ranged, ...others] = readers;

    const firstBytes = await Promise.all(
      readers.map(async (reader) => {
        const next = await reader.read(0, 1)[Symbol.asyncIterator]().next();
        return (next.value as Buffer)[0];
      }),
    );
    // The upstream has not sent the end yet, and all clients have started to read.
    expect(new Set(firstBytes)).toEqual(new Set([content[0]]));
    expect(upstream.sent).toBeLessThanOrEqual(2 * MIB);
    await leaves!.close();
    const middle = readAll(ranged!, MIB + 7, MIB);
    const read = others.map((reader) => readAll(reader));

    gate.open();
    for (const got of await Promise.all(read)) expect(got.equals(content)).toBe(true);
    expect((await middle).equals(content.subarray(MIB + 7, 2 * MIB + 7))).toBe(true);
    // The slow client delayed nobody. It still gets all bytes after the fill has ended and the blob
    // is stored.
    await until(() => !setup.fills.isActive(upstream.digest));
    expect((await readAll(slow!)).equals(content)).toBe(true);

    expect(upstream.offsets).toEqual([0]);
    expect(upstream.sent).toBe(content.length);
    expect(upstream.open).toBe(0);
    expect(await setup.store.stat(upstream.digest)).toBe(content.length);
    await until(async () => (await setup.spooled()).length === 0);
  });

  it('read the blob from the store afterwards, without a GET', async () => {
    const upstream = new FakeUpstream(bytes(100_000));
    await setup.fills.complete(upstream.request());
    const reader = await setup.source.open(upstream.request());
    expect(reader).toMatchObject({ origin: 'store', size: 100_000, available: 100_000 });
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
  });

  it('do not get the last 64 KiB before the digest is proven', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB - 1, until: gate.passed } }]);
    const reader = await setup.source.open(upstream.request());
    expect(await reader.waitBeyond(MIB - TAIL - 1)).toBe(MIB - TAIL);
    expect(reader.available).toBe(MIB - TAIL);
    const rest = reader.waitBeyond(MIB - TAIL);
    gate.open();
    expect(await rest).toBe(MIB);
    expect(await reader.waitBeyond(MIB)).toBe(MIB);
    await reader.close();
  });

  it('get nothing of a small blob before it is proven', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(2000), [{ holdAt: { offset: 1000, until: gate.passed } }]);
    const reader = await setup.source.open(upstream.request());
    expect(reader.size).toBe(2000);
    await until(() => setup.fills.received(upstream.request()) === 1000, 'the first half to be in the spool');
    expect(reader.available).toBe(0);
    gate.open();
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
  });

  it.each([
    ['no bytes', 0, 'sha256'],
    ['one byte', 1, 'sha256'],
    ['200,000 bytes with a sha512 digest', 200_000, 'sha512'],
  ])('get a blob of %s', async (_, size, algorithm) => {
    const upstream = new FakeUpstream(bytes(size), [{}], algorithm);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    await until(async () => (await setup.store.stat(upstream.digest)) === size);
    await until(async () => (await setup.spooled()).length === 0);
  });

  it('can open a blob of unknown size only when it is complete and proven', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(300_000), [
      { says: null, holdAt: { offset: 200_000, until: gate.passed } },
    ]);
    let opened = false;
    const opening = setup.source.open(upstream.request({ expectedSize: undefined })).then((reader) => {
      opened = true;
      return reader;
    });
    await until(() => setup.fills.received(upstream.request()) === 200_000, 'two thirds to be in the spool');
    expect(opened).toBe(false);
    gate.open();
    const reader = await opening;
    expect(reader).toMatchObject({ size: 300_000, available: 300_000 });
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
  });

  it('can all leave: the fill continues and serves a retry', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: gate.passed } }]);
    const reader = await setup.source.open(upstream.request());
    await reader.close();
    await reader.close();
    gate.open();
    await until(() => !setup.fills.isActive(upstream.digest));
    expect(await setup.store.stat(upstream.digest)).toBe(MIB);
    // The file is removed after the fill has ended.
    await until(async () => (await setup.spooled()).length === 0);
  });

  it('can leave before the headers: the client gets CANCELLED and the fill continues', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(1000), [{ waitFor: gate.passed }]);
    const controller = new AbortController();
    const opening = setup.source.open(upstream.request(), controller.signal);
    await until(() => upstream.offsets.length === 1);
    controller.abort();
    await expect(opening).rejects.toMatchObject({ key: 'CANCELLED' });
    gate.open();
    await until(async () => (await setup.store.stat(upstream.digest)) === 1000);
    await until(async () => (await setup.spooled()).length === 0);
  });

  it('keep the path until the last reader has closed it', async () => {
    const upstream = new FakeUpstream(bytes(1000));
    const [first, second] = await Promise.all([
      setup.source.open(upstream.request()),
      setup.source.open(upstream.request()),
    ]);
    await until(() => !setup.fills.isActive(upstream.digest));
    await first.close();
    expect(await setup.spooled()).toHaveLength(1);
    expect((await readAll(second)).equals(upstream.content)).toBe(true);
    expect(await setup.spooled()).toEqual([]);
  });

  it('end a waiting read when its signal aborts', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: 0, until: gate.passed } }]);
    const reader = await setup.source.open(upstream.request());
    const controller = new AbortController();
    const waiting = reader.waitBeyond(0, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ key: 'CANCELLED' });
    await expect(reader.waitBeyond(0, controller.signal)).rejects.toMatchObject({ key: 'CANCELLED' });
    gate.open();
    expect((await readUntilCut(reader)).error).toBeUndefined();
  });

  it('are woken at a limited rate, whatever the size of the chunks', async () => {
    // The clock stands still, so only the first bytes and the end wake the readers.
    await setup.dispose();
    setup = await setUpFills({ clock: new TestClock() });
    const content = bytes(4 * MIB);
    const upstream = new FakeUpstream(content, [{}], 'sha256', 4 * KIB);
    const readers = await Promise.all(Array.from({ length: 200 }, () => setup.source.open(upstream.request())));
    const wakeUps = await Promise.all(
      readers.map(async (reader) => {
        let count = 0;
        for (let at = 0; at < reader.size; count += 1) at = await reader.waitBeyond(at);
        await reader.close();
        return count;
      }),
    );
    expect(Math.max(...wakeUps)).toBeLessThanOrEqual(3);
    expect(upstream.offsets).toEqual([0]);
  });
});
