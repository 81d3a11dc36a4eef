import {
  bytes,
  type FillSetup,
  readAll,
  readUntilCut,
  setUpFills,
  until,
} from '../../../../support/data-plane/fills/fill-setup';
import { type Answer, FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { TestClock } from '../../../../support/test-clock';

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

  it.each<[string, number | undefined, Answer]>([
    ['named in the manifest', MIB, {}],
    ['named wrongly in the manifest', MIB + 9, {}],
    ['unknown', undefined, {}],
    ['unknown, and the upstream ignores Range', undefined, { ignoresRange: true }],
  ])('resumes a body that ends early without an error: size %s', async (_what, expectedSize, rest) => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { says: null, endAt: QUARTER },
      { says: null, endAt: 3 * QUARTER },
      { says: null, ...rest },
    ]);
    const reader = await setup.source.open(upstream.request({ expectedSize }));
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0, QUARTER, 3 * QUARTER]);
  });

  it('asks once for the rest of a body that is wrong and shorter than expected', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [{ content: bytes(1000, 'wrong'), says: null }]);
    await expect(setup.source.open(upstream.request())).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
    expect(upstream.offsets).toEqual([0, 1000]);
  });

  it('does not ask for more if the connection of a blob of unknown size breaks after its last byte', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [{ says: null, cutAt: { offset: MIB, key: 'UPSTREAM_FAILED' } }]);
    const reader = await setup.source.open(upstream.request({ expectedSize: undefined }));
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
  });

  it('repeats the first request if the connection breaks before the answer', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [{ refuse: 'UPSTREAM_FAILED' }, { refuse: 'UPSTREAM_FAILED' }, {}]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0, 0, 0]);
  });

  it('repeats a first request that timed out once', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [{ refuse: 'UPSTREAM_TIMEOUT' }, {}]);
    expect((await readAll(await setup.source.open(upstream.request()))).equals(upstream.content)).toBe(true);
    const silent = new FakeUpstream(bytes(MIB, 'silent'), [{ refuse: 'UPSTREAM_TIMEOUT' }]);
    await expect(setup.source.open(silent.request())).rejects.toMatchObject({ key: 'UPSTREAM_TIMEOUT' });
    expect([upstream.offsets, silent.offsets]).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it.each([
    ['UPSTREAM_FAILED', 500],
    ['UPSTREAM_FAILED', 503],
    ['UPSTREAM_DENIED', 403],
    ['BLOB_UNKNOWN', 404],
    ['TOO_MANY_REQUESTS', 429],
    ['UPSTREAM_UNREACHABLE', undefined],
  ] as const)('passes an answer to the first request on at once: %s %s', async (refuse, status) => {
    const upstream = new FakeUpstream(bytes(MIB), [{ refuse, status, retryAfterSeconds: 1 }, {}]);
    await expect(setup.source.open(upstream.request())).rejects.toMatchObject({ key: refuse });
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

  it.each([
    ['TOO_MANY_REQUESTS', 429],
    ['UPSTREAM_FAILED', 503],
  ] as const)('waits as long as the upstream asks for in the middle: %s', async (refuse, status) => {
    await setup.dispose();
    const clock = new TestClock();
    setup = await setUpFills({ clock });
    const upstream = new FakeUpstream(bytes(MIB), [
      { cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
      { refuse, status, retryAfterSeconds: 7 },
      {},
    ]);
    const reading = readAll(await setup.source.open(upstream.request()));
    await until(() => {
      clock.advance(5);
      return upstream.offsets.length === 2;
    });
    await until(() => clock.pending > 0);
    const limitedAt = clock.now();
    await until(() => {
      clock.advance(5);
      return upstream.offsets.length === 3;
    });
    expect(clock.now() - limitedAt).toBeGreaterThanOrEqual(6_900);
    await until(() => {
      clock.advance(10);
      return !setup.fills.isActive(upstream.digest);
    });
    expect((await reading).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0, QUARTER, QUARTER]);
  });

  it('does not wait minutes for a rate limit in the middle', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
      { refuse: 'TOO_MANY_REQUESTS', status: 429, retryAfterSeconds: 61 },
    ]);
    const { error } = await readUntilCut(await setup.source.open(upstream.request()));
    expect(error).toMatchObject({ key: 'TOO_MANY_REQUESTS' });
    expect(upstream.offsets).toEqual([0, QUARTER]);
  });

  it('does not wait out one rate limit after another', async () => {
    await setup.dispose();
    const clock = new TestClock();
    setup = await setUpFills({ clock });
    const upstream = new FakeUpstream(bytes(MIB), [
      { cutAt: { offset: QUARTER, key: 'UPSTREAM_FAILED' } },
      { refuse: 'TOO_MANY_REQUESTS', status: 429, retryAfterSeconds: 1 },
    ]);
    const reading = readUntilCut(await setup.source.open(upstream.request()));
    await until(() => {
      clock.advance(50);
      return !setup.fills.isActive(upstream.digest);
    });
    expect((await reading).error).toMatchObject({ key: 'TOO_MANY_REQUESTS' });
    expect(upstream.offsets.length).toBe(6);
  });

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
