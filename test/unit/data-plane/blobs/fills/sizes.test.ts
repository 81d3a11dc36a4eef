import { LayoverError } from '../../../../../common/errors/layover-error';
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

const MIB = 1024 * 1024;
const TAIL = 64 * 1024;
const HEAD_MS = 15_000;
const HEAD_AFTER_ANSWER_MS = 3_000;

/** Lets every pending step of the fill run that needs no timer. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a blob whose manifest names a wrong size', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills();
  });
  afterEach(() => setup.dispose());

  const sizes = [undefined, 1, 311, MIB - 1, MIB + 1, 10 * MIB];

  it.each(sizes.flatMap((expectedSize) => [MIB, null].map((says) => [expectedSize, says] as const)))(
    'is delivered whole and kept: %s bytes in the manifest, %s in the headers of the upstream',
    async (expectedSize, says) => {
      const upstream = new FakeUpstream(bytes(MIB), [{ says }]);
      const reader = await setup.source.open(upstream.request({ expectedSize }));
      expect(reader.size).toBe(MIB);
      expect((await readAll(reader)).equals(upstream.content)).toBe(true);
      await until(async () => (await setup.store.stat(upstream.digest)) === MIB);
      expect(setup.fills.roomCounts().reservedBytes).toBe(0);
      const again = await setup.source.open(upstream.request({ expectedSize }));
      expect([again.origin, (await readAll(again)).equals(upstream.content)]).toEqual(['store', true]);
      expect(upstream.offsets).toEqual([0]);
    },
  );

  it.each([undefined, 5, MIB, 2 * MIB])(
    'gives nobody the end of wrong bytes, and a clear error before the head: %s bytes in the manifest',
    async (expectedSize) => {
      const wrong = bytes(MIB + 7, 'wrong');
      const upstream = new FakeUpstream(bytes(MIB), [{ content: wrong, says: null }]);
      await expect(setup.source.open(upstream.request({ expectedSize }))).rejects.toMatchObject({
        key: 'UPSTREAM_CONTENT',
      });
      await until(() => !setup.fills.isActive(upstream.digest));
      expect(await setup.store.stat(upstream.digest)).toBeUndefined();
    },
  );

  it('is completed in the background with the size of its bytes', async () => {
    const upstream = new FakeUpstream(bytes(MIB));
    await setup.fills.complete(upstream.request({ expectedSize: 7, priority: 'background' }));
    expect(await setup.store.stat(upstream.digest)).toBe(MIB);
  });

  it.each([MIB, null])('takes no more than the quota that allowed less: %s in the headers', async (says) => {
    const upstream = new FakeUpstream(bytes(MIB), [{ says }]);
    const request = upstream.request({ expectedSize: 311, maxUnknownBytes: MIB / 2 });
    await expect(setup.source.open(request)).rejects.toMatchObject({ key: 'QUOTA_EXCEEDED' });
    expect(setup.fills.roomCounts().reservedBytes).toBe(0);
    const allowed = upstream.request({ expectedSize: 311, maxUnknownBytes: MIB });
    expect((await readAll(await setup.source.open(allowed))).equals(upstream.content)).toBe(true);
  });

  it('beyond the quota is passed through without being kept, unless the organization rejects that', async () => {
    await setup.dispose();
    setup = await setUpFills({ passesThrough: true });
    const upstream = new FakeUpstream(bytes(MIB));
    const oversize = { expectedSize: 311, maxUnknownBytes: MIB / 2 };
    await expect(setup.source.open(upstream.request(oversize))).rejects.toMatchObject({ key: 'QUOTA_EXCEEDED' });
    const passed = await setup.source.open(upstream.request({ ...oversize, passesOversize: true }));
    expect((await readAll(passed)).equals(upstream.content)).toBe(true);
    expect(await setup.store.stat(upstream.digest)).toBeUndefined();
    // Nobody knows the size before the last byte, and so nobody can be told it.
    const unsized = new FakeUpstream(bytes(MIB, 'unsized'), [{ says: null }]);
    const unknown = { expectedSize: undefined, maxUnknownBytes: MIB / 2, passesOversize: true };
    await expect(setup.source.open(unsized.request(unknown))).rejects.toMatchObject({ key: 'QUOTA_EXCEEDED' });
    expect(setup.fills.roomCounts().reservedBytes).toBe(0);
  });

  it.each([
    ['less', 100, MIB],
    ['more', 10 * MIB, MIB],
  ])('reserves the room of its bytes, not of its manifest: %s', async (_what, expectedSize, reserved) => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: 0, until: gate.passed } }]);
    const opening = setup.source.open(upstream.request({ expectedSize }));
    await until(() => setup.fills.roomCounts().reservedBytes === reserved);
    gate.open();
    await readAll(await opening);
    await until(() => setup.fills.roomCounts().reservedBytes === 0);
  });
});

describe('the response head of a client', () => {
  let setup: FillSetup;
  let clock: TestClock;
  beforeEach(async () => {
    clock = new TestClock();
    setup = await setUpFills({ clock });
  });
  afterEach(() => setup.dispose());

  /** Returns what an opening has become so far. */
  const watched = <T>(opening: Promise<T>): { value: T | undefined; error: unknown; promise: Promise<T> } => {
    const seen: { value: T | undefined; error: unknown; promise: Promise<T> } = {
      value: undefined,
      error: undefined,
      promise: opening,
    };
    opening.then(
      (value) => (seen.value = value),
      (error: unknown) => (seen.error = error),
    );
    return seen;
  };

  it('waits for the answer of the upstream, which may be a refusal, but not for ever', async () => {
    const answer = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ waitFor: answer.passed }]);
    const opening = watched(setup.source.open(upstream.request()));
    await until(() => upstream.offsets.length === 1);
    clock.advance(HEAD_MS - 1);
    await turns();
    expect(opening.value).toBeUndefined();
    clock.advance(1);
    const reader = await opening.promise;
    // Nothing can be read before the upstream answers, and nothing is in the spool yet.
    expect(reader).toMatchObject({ size: MIB, available: 0, path: undefined });
    answer.open();
    const reading = readAll(reader);
    await until(() => upstream.sent === MIB);
    clock.advance(10);
    expect((await reading).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
  });

  it('is a clear status if the upstream refuses before', async () => {
    const answer = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ refuse: 'BLOB_UNKNOWN', status: 404, waitFor: answer.passed }]);
    const opening = setup.source.open(upstream.request());
    const refused = expect(opening).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
    await until(() => upstream.offsets.length === 1);
    clock.advance(HEAD_MS - 1);
    answer.open();
    await refused;
  });

  it('is followed by a cut if the upstream refuses later', async () => {
    const answer = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ refuse: 'BLOB_UNKNOWN', status: 404, waitFor: answer.passed }]);
    const opening = setup.source.open(upstream.request());
    await until(() => upstream.offsets.length === 1);
    clock.advance(HEAD_MS);
    const reading = readUntilCut(await opening);
    answer.open();
    expect(await reading).toMatchObject({ content: Buffer.alloc(0), error: { key: 'BLOB_UNKNOWN' } });
  });

  it.each([5, MIB - 1, MIB + 1, 3 * MIB])(
    'that promised %i bytes of a blob of 1 MiB is followed by a cut, and the next request gets the blob',
    async (expectedSize) => {
      const answer = new Gate();
      const upstream = new FakeUpstream(bytes(MIB), [{ waitFor: answer.passed }]);
      const opening = setup.source.open(upstream.request({ expectedSize }));
      await until(() => upstream.offsets.length === 1);
      clock.advance(HEAD_MS);
      const reader = await opening;
      expect(reader.size).toBe(expectedSize);
      const reading = readUntilCut(reader);
      answer.open();
      const { content, error } = await reading;
      expect([content.length, error]).toEqual([0, expect.objectContaining({ key: 'UPSTREAM_CONTENT' })]);
      const next = await setup.source.open(upstream.request({ expectedSize }));
      expect((await readAll(next)).equals(upstream.content)).toBe(true);
      expect(upstream.offsets).toEqual([0]);
    },
  );

  it('comes soon after an answer without a size, from the manifest', async () => {
    const rest = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ says: null, holdAt: { offset: MIB / 2, until: rest.passed } }]);
    const opening = watched(setup.source.open(upstream.request()));
    await until(() => upstream.sent === MIB / 2);
    clock.advance(HEAD_AFTER_ANSWER_MS - 1);
    await turns();
    expect(opening.value).toBeUndefined();
    clock.advance(1);
    const reader = await opening.promise;
    expect(reader.size).toBe(MIB);
    // What the upstream has sent is readable when it is written.
    await until(() => reader.available > 0);
    expect(reader.path).toBeDefined();
    rest.open();
    const reading = watched(readAll(reader));
    await until(() => {
      clock.advance(10);
      return reading.value !== undefined;
    });
    expect(reading.value?.equals(upstream.content)).toBe(true);
  });

  it.each([2 * MIB, 6 * MIB])(
    'of %i bytes without a size of the upstream is wrong: nobody gets a whole blob',
    async (expectedSize) => {
      const rest = new Gate();
      const upstream = new FakeUpstream(bytes(4 * MIB), [{ says: null, holdAt: { offset: MIB, until: rest.passed } }]);
      const opening = setup.source.open(upstream.request({ expectedSize }));
      await until(() => upstream.sent === MIB);
      clock.advance(HEAD_AFTER_ANSWER_MS);
      const reading = readUntilCut(await opening);
      rest.open();
      await until(() => {
        clock.advance(10);
        return !setup.fills.isActive(upstream.digest);
      });
      const { content, error } = await reading;
      expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
      expect(content.length).toBeLessThanOrEqual(expectedSize - TAIL);
      const next = await setup.source.open(upstream.request({ expectedSize }));
      expect((await readAll(next)).equals(upstream.content)).toBe(true);
    },
  );

  it('has the size of the upstream if the proof of a disputed size takes long', async () => {
    const rest = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: rest.passed } }]);
    const opening = watched(setup.source.open(upstream.request({ expectedSize: 311 })));
    await until(() => upstream.sent === MIB / 2);
    await turns();
    expect(opening.value).toBeUndefined();
    clock.advance(HEAD_AFTER_ANSWER_MS);
    const reader = await opening.promise;
    expect(reader.size).toBe(MIB);
    rest.open();
    const reading = readAll(reader);
    await until(() => upstream.sent === MIB);
    clock.advance(10);
    expect((await reading).equals(upstream.content)).toBe(true);
  });

  it('is not promised for a size that nobody gives', async () => {
    const answer = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ says: null, waitFor: answer.passed }]);
    const opening = watched(setup.source.open(upstream.request({ expectedSize: undefined })));
    await until(() => upstream.offsets.length === 1);
    clock.advance(10 * HEAD_MS);
    await turns();
    expect(opening.value).toBeUndefined();
    answer.open();
    expect((await opening.promise).size).toBe(MIB);
  });

  it('leaves no timer behind', async () => {
    const upstream = new FakeUpstream(bytes(1000));
    await readAll(await setup.source.open(upstream.request()));
    await until(() => !setup.fills.isActive(upstream.digest));
    const refusing = new FakeUpstream(bytes(1000, 'other'), [{ refuse: 'UPSTREAM_DENIED' }]);
    await expect(setup.source.open(refusing.request())).rejects.toBeInstanceOf(LayoverError);
    await until(() => !setup.fills.isActive(refusing.digest));
    expect(clock.pending).toBe(0);
  });
});
