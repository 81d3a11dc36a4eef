import {
  bytes,
  type FillSetup,
  readAll,
  readUntilCut,
  setUpFills,
  until,
} from '../../../../support/data-plane/fills/fill-setup';
import { type Answer, FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';

const MIB = 1024 * 1024;
const TAIL = 64 * 1024;
const QUARTER = MIB / 4;

describe('a fill whose upstream connection breaks', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills();
  });
  afterEach(() => setup.dispose());

  it.each(['UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT', 'UPSTREAM_UNREACHABLE'] as const)(
    'resumes where the connection broke (%s)',
    async (key) => {
      const upstream = new FakeUpstream(bytes(MIB), [
        { cutAt: { offset: QUARTER, key } },
        { cutAt: { offset: 3 * QUARTER, key } },
        {},
      ]);
      const reader = await setup.source.open(upstream.request());
      expect((await readAll(reader)).equals(upstream.content)).toBe(true);
      expect(upstream.offsets).toEqual([0, QUARTER, 3 * QUARTER]);
      expect(upstream.sent).toBe(MIB);
      await until(async () => (await setup.store.stat(upstream.digest)) === MIB);
    },
  );

  it('retries if the upstream fails the second request too', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
      { refuse: 'UPSTREAM_UNREACHABLE' },
      { refuse: 'UPSTREAM_TIMEOUT' },
      {},
    ]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0, QUARTER, QUARTER, QUARTER]);
  });

  it('skips known bytes if the upstream starts again from the beginning', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { cutAt: { offset: QUARTER + 1000, key: 'UPSTREAM_FAILED' } },
      { ignoresRange: true },
    ]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0, QUARTER + 1000]);
  });

  it('does not request bytes after the last one', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [{ cutAt: { offset: MIB, key: 'UPSTREAM_FAILED' } }]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
  });

  it('gives up after a limited number of tries, cuts its readers, stores nothing, and allows a later fill', async () => {
    const cut: Answer = { cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } };
    const upstream = new FakeUpstream(bytes(MIB), [cut, cut, cut, cut, cut, cut, {}]);
    const readers = await Promise.all([1, 2, 3].map(() => setup.source.open(upstream.request())));
    for (const { content, error } of await Promise.all(readers.map((reader) => readUntilCut(reader)))) {
      expect(error).toMatchObject({ key: 'UPSTREAM_FAILED' });
      expect(content.equals(upstream.content.subarray(0, content.length))).toBe(true);
      expect(content.length).toBeLessThanOrEqual(QUARTER);
    }
    expect(upstream.offsets).toEqual([0, QUARTER, QUARTER, QUARTER, QUARTER, QUARTER]);
    await until(() => !setup.fills.isActive(upstream.digest));
    expect(await setup.store.stat(upstream.digest)).toBeUndefined();
    expect(await setup.spooled()).toEqual([]);

    const again = await setup.source.open(upstream.request());
    expect((await readAll(again)).equals(upstream.content)).toBe(true);
  });

  it('restores its tries while bytes arrive', async () => {
    await setup.dispose();
    setup = await setUpFills({ limits: { resumeTries: 1, resumeRestoreBytes: QUARTER } });
    const upstream = new FakeUpstream(
      bytes(MIB),
      [1, 2, 3]
        .map((nth) => ({ cutAt: { offset: nth * QUARTER, key: 'UPSTREAM_FAILED' as const } }))
        .concat([{} as never]),
    );
    expect((await readAll(await setup.source.open(upstream.request()))).equals(upstream.content)).toBe(true);
  });

  it.each(['UPSTREAM_DENIED', 'BLOB_UNKNOWN', 'TOO_MANY_REQUESTS', 'UPSTREAM_TLS'] as const)(
    'does not ask a third time if the upstream answers %s in the middle',
    async (refuse) => {
      const upstream = new FakeUpstream(bytes(MIB), [
        { cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
        { refuse },
      ]);
      const { error } = await readUntilCut(await setup.source.open(upstream.request()));
      expect(error).toMatchObject({ key: refuse });
      expect(upstream.offsets).toEqual([0, QUARTER]);
    },
  );

  it('uses the credentials of another follower if the upstream refuses those of the first in the middle', async () => {
    const cut = new Gate();
    const content = bytes(MIB);
    const first = new FakeUpstream(content, [
      { holdAt: { offset: QUARTER, until: cut.passed }, cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
      { refuse: 'UPSTREAM_DENIED' },
    ]);
    const second = new FakeUpstream(content);
    // Started one after the other, because the credentials of the first one are used.
    const readers = [
      await setup.source.open(first.request({ owner: 'one' })),
      await setup.source.open(second.request({ owner: 'two' })),
    ];
    cut.open();
    for (const got of await Promise.all(readers.map((reader) => readAll(reader))))
      expect(got.equals(content)).toBe(true);
    expect([first.offsets, second.offsets]).toEqual([[0, QUARTER], [QUARTER]]);
  });
});

describe('an upstream with a wrong response', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills();
  });
  afterEach(() => setup.dispose());

  const wrong = bytes(MIB);
  wrong.writeUInt8(wrong.readUInt8(MIB / 2) ^ 1, MIB / 2);
  const cases: readonly [string, Answer, number | undefined][] = [
    ['wrong bytes of the right length', { content: wrong }, MIB],
    ['wrong bytes of unknown length', { content: wrong, says: null }, undefined],
    ['a short body', { content: bytes(MIB).subarray(0, MIB - 1), says: null }, MIB],
    ['a short body under the right length', { content: bytes(MIB).subarray(0, MIB / 2), says: MIB }, MIB],
    ['a long body', { content: bytes(MIB + 1), says: null }, MIB],
    ['a long body under the right length', { content: bytes(MIB + 1), says: MIB }, MIB],
    ['another length', { content: bytes(MIB + 1) }, MIB],
    ['an HTML page', { content: Buffer.from('<html>Please log in</html>') }, MIB],
    ['an HTML page for a blob of unknown size', { content: Buffer.from('<html>Please log in</html>') }, undefined],
  ];

  it.each(cases)('%s: no client gets the end, and nothing is stored', async (_, answer, expectedSize) => {
    const upstream = new FakeUpstream(bytes(MIB), [answer]);
    const request = upstream.request({ expectedSize });
    const results = await Promise.all(
      [1, 2, 3].map(async () => {
        try {
          return await readUntilCut(await setup.source.open(request));
        } catch (error) {
          return { content: Buffer.alloc(0), error };
        }
      }),
    );
    for (const { content, error } of results) {
      expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
      expect((error as Error).message).toContain(upstream.digest);
      expect(content.length).toBeLessThanOrEqual(MIB - TAIL);
    }
    await until(() => !setup.fills.isActive(upstream.digest));
    expect(await setup.store.stat(upstream.digest)).toBeUndefined();
    expect(await setup.spooled()).toEqual([]);
    expect(upstream.open).toBe(0);
  });

  it('is rejected before the body if its length differs from the manifest', async () => {
    const upstream = new FakeUpstream(bytes(MIB));
    await expect(setup.source.open(upstream.request({ expectedSize: MIB - 1 }))).rejects.toMatchObject({
      key: 'UPSTREAM_CONTENT',
    });
    expect(upstream.sent).toBe(0);
  });

  it('cannot send an unlimited number of bytes', async () => {
    await setup.dispose();
    setup = await setUpFills({ limits: { maxUnknownBytes: MIB } });
    const upstream = new FakeUpstream(bytes(2 * MIB), [{ says: null }]);
    await expect(setup.source.open(upstream.request({ expectedSize: undefined }))).rejects.toMatchObject({
      key: 'UPSTREAM_CONTENT',
    });
    expect(upstream.sent).toBeLessThan(MIB + 2 * TAIL);
    expect(upstream.open).toBe(0);
  });

  it('is rejected if it reports another size when the fill resumes', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
      { content: bytes(MIB + 5) },
    ]);
    const { error } = await readUntilCut(await setup.source.open(upstream.request()));
    expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
  });
});
