import { bytes, type FillSetup, readAll, readUntilCut, setUpFills, until } from '../../../../support/data-plane/fills/fill-setup';
import { type Answer, FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';

const MIB = 1024 * 1024;
const TAIL = 64 * 1024;
const QUARTER = MIB / 4;

describe('an upstream that breaks off', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills();
  });
  afterEach(() => setup.dispose());

  it.each(['UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT', 'UPSTREAM_UNREACHABLE'] as const)(
    'is asked again from where it broke off (%s)',
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

  it('is asked again when it does not answer the second time either', async () => {
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

  it('may send from the start again: what is here is skipped, and the digest is right', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { cutAt: { offset: QUARTER + 1000, key: 'UPSTREAM_FAILED' } },
      { ignoresRange: true },
    ]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0, QUARTER + 1000]);
  });

  it('is not asked for what lies behind the last byte', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [{ cutAt: { offset: MIB, key: 'UPSTREAM_FAILED' } }]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
  });

  it('is given up after a bounded number of tries; readers are cut, nothing is kept, and a later fill works', async () => {
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

  it('gets its tries back while the blob comes on', async () => {
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
    'is not asked a third time when it answers %s in the middle',
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

  it('is asked with the credentials of another follower when it refuses those of the first in the middle', async () => {
    const cut = new Gate();
    const content = bytes(MIB);
    const first = new FakeUpstream(content, [
      { holdAt: { offset: QUARTER, until: cut.passed }, cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
      { refuse: 'UPSTREAM_DENIED' },
    ]);
    const second = new FakeUpstream(content);
    // One after the other: who comes first is whose credentials are used.
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

describe('an upstream that sends something else', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills();
  });
  afterEach(() => setup.dispose());

  const wrong = bytes(MIB);
  wrong.writeUInt8(wrong.readUInt8(MIB / 2) ^ 1, MIB / 2);
  const cases: readonly [string, Answer, number | undefined][] = [
    ['wrong bytes of the right length', { content: wrong }, MIB],
    ['wrong bytes, and nobody says how many', { content: wrong, says: null }, undefined],
    ['a short body', { content: bytes(MIB).subarray(0, MIB - 1), says: null }, MIB],
    ['a short body under the right length', { content: bytes(MIB).subarray(0, MIB / 2), says: MIB }, MIB],
    ['a long body', { content: bytes(MIB + 1), says: null }, MIB],
    ['a long body under the right length', { content: bytes(MIB + 1), says: MIB }, MIB],
    ['another length', { content: bytes(MIB + 1) }, MIB],
    ['a page', { content: Buffer.from('<html>Please log in</html>') }, MIB],
    ['a page, and nobody says how long the blob is', { content: Buffer.from('<html>Please log in</html>') }, undefined],
  ];

  it.each(cases)('%s: nobody gets the end, and nothing is kept', async (_, answer, expectedSize) => {
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

  it('is refused before its body when the length is not the manifest’s', async () => {
    const upstream = new FakeUpstream(bytes(MIB));
    await expect(setup.source.open(upstream.request({ expectedSize: MIB - 1 }))).rejects.toMatchObject({
      key: 'UPSTREAM_CONTENT',
    });
    expect(upstream.sent).toBe(0);
  });

  it('may not send without end', async () => {
    await setup.dispose();
    setup = await setUpFills({ limits: { maxUnknownBytes: MIB } });
    const upstream = new FakeUpstream(bytes(2 * MIB), [{ says: null }]);
    await expect(setup.source.open(upstream.request({ expectedSize: undefined }))).rejects.toMatchObject({
      key: 'UPSTREAM_CONTENT',
    });
    expect(upstream.sent).toBeLessThan(MIB + 2 * TAIL);
    expect(upstream.open).toBe(0);
  });

  it('changes its mind about the size when it is asked to go on', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
      { content: bytes(MIB + 5) },
    ]);
    const { error } = await readUntilCut(await setup.source.open(upstream.request()));
    expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
  });
});
