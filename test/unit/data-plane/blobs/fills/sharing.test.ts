import { statSync } from 'node:fs';
import { bytes, type FillSetup, readAll, setUpFills, until } from '../../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { TestClock } from '../../../../support/test-clock';

const MIB = 1024 * 1024;

describe('clients of one blob', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills();
  });
  afterEach(() => setup.dispose());

  it.each(['UPSTREAM_DENIED', 'BLOB_UNKNOWN', 'UPSTREAM_FAILED', 'TOO_MANY_REQUESTS'] as const)(
    'do not share a failure before the headers: the next one tries with its own credentials (%s)',
    async (refuse) => {
      const gate = new Gate();
      const content = bytes(1000);
      const refused = new FakeUpstream(content, [{ refuse, status: 500, waitFor: gate.passed }]);
      const good = new FakeUpstream(content);
      const first = setup.source.open(refused.request({ owner: 'one' }));
      const failed = expect(first).rejects.toMatchObject({ key: refuse });
      await until(() => refused.offsets.length === 1);
      // All clients join at once.
      const others = Array.from({ length: 5 }, () => setup.fills.open(good.request({ owner: 'two' })));
      gate.open();
      await failed;
      for (const reader of await Promise.all(others)) {
        expect(await reader.waitBeyond(0)).toBe(content.length);
        await reader.close();
      }
      expect([refused.offsets, good.offsets]).toEqual([[0], [0]]);
    },
  );

  it('share an outage after it was seen twice, so 100 clients do not wait for 100 timeouts', async () => {
    const upstream = new FakeUpstream(bytes(1000), [{ refuse: 'UPSTREAM_TIMEOUT' }]);
    // All clients join before the first timeout.
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => setup.fills.open(upstream.request())));
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: expect.objectContaining({ key: 'UPSTREAM_TIMEOUT' }) as unknown,
      });
    }
    // At most three fills, and each repeats its first request once.
    expect(upstream.offsets.length).toBeLessThanOrEqual(6);
  });

  it('do not wait for room for the size that another one expects, and do not share its full disk', async () => {
    await setup.dispose();
    const clock = new TestClock();
    setup = await setUpFills({ clock, freeBytes: async () => 10 * MIB });
    const { fills } = setup;
    const upstream = new FakeUpstream(bytes(MIB));
    // A manifest may name a well-known layer with any size.
    const [first, second, third] = [1, 2, 3].map((factor) =>
      expect(
        fills.open(upstream.request({ owner: `organization ${factor}`, expectedSize: factor * 1024 * MIB })),
      ).rejects.toMatchObject({ key: 'STORE_FULL' }),
    );
    const opening = setup.source.open(upstream.request());
    await until(() => fills.roomCounts().waiting === 1);
    clock.advance(250);
    await first;
    // The clock stands still: the fills for the other wrong sizes wait for room.
    expect((await readAll(await opening)).equals(upstream.content)).toBe(true);
    expect(fills.roomCounts().waiting).toBe(2);
    // They give up at the first look after the fill of the right size has ended.
    await until(() => {
      clock.advance(250);
      return fills.roomCounts().waiting === 0;
    });
    await Promise.all([second, third]);
    expect(upstream.offsets).toEqual([0]);
  });

  it('do not wait for each other if they use different upstreams', async () => {
    const never = new Gate();
    const content = bytes(1000);
    const hostile = new FakeUpstream(content, [{ holdAt: { offset: 500, until: never.passed } }]);
    const good = new FakeUpstream(content);
    const stuck = await setup.source.open(hostile.request({ upstream: 'hostile.example' }));
    const reader = await setup.source.open(good.request());
    expect((await readAll(reader)).equals(content)).toBe(true);
    await stuck.close();
  });

  it('continue with the same GET if one of them leaves', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(1000), [{ waitFor: gate.passed }]);
    const controller = new AbortController();
    const first = setup.source.open(upstream.request(), controller.signal);
    const second = setup.source.open(upstream.request());
    await until(() => upstream.offsets.length === 1);
    controller.abort();
    await expect(first).rejects.toMatchObject({ key: 'CANCELLED' });
    gate.open();
    expect((await readAll(await second)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
  });

  it('do not share a wrong size: the client with the wrong manifest gets the blob when it is proven', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: gate.passed } }]);
    const good = await setup.source.open(upstream.request());
    const lying = setup.source.open(upstream.request({ expectedSize: 5 }));
    gate.open();
    expect((await readAll(await lying)).equals(upstream.content)).toBe(true);
    expect((await readAll(good)).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
  });

  it('fetch nothing if the blob is stored while they ask', async () => {
    const upstream = new FakeUpstream(bytes(1000));
    await setup.store.put(upstream.digest, upstream.content);
    const reader = await setup.fills.open(upstream.request());
    expect(reader).toMatchObject({ origin: 'store', size: 1000, available: 1000 });
    await reader.close();
    await setup.fills.complete(upstream.request());
    expect(upstream.offsets).toEqual([]);
  });

  it('report fetched bytes to the one whose credentials were used', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ waitFor: gate.passed }]);
    let [first, second] = [0, 0];
    const beginning = setup.source.open(upstream.request({ onFetched: (count) => (first += count) }));
    await until(() => upstream.offsets.length === 1);
    const joining = setup.source.open(upstream.request({ onFetched: (count) => (second += count) }));
    gate.open();
    for (const reader of [beginning, joining]) await readAll(await reader);
    expect([first, second]).toEqual([MIB, 0]);
  });

  it('do not share a fill if the upstream sees different identities', async () => {
    const never = new Gate();
    const content = bytes(MIB);
    const entitled = new FakeUpstream(content, [{ holdAt: { offset: MIB / 2, until: never.passed } }]);
    const stranger = new FakeUpstream(content, [{ refuse: 'UPSTREAM_DENIED' }]);
    const running = await setup.fills.open(entitled.request({ identities: ['account:1', 'credentials:1'] }));
    for (const identities of [['anonymous'], ['account:1', 'credentials:2']] as const)
      await expect(setup.fills.open(stranger.request({ identities }))).rejects.toMatchObject({
        key: 'UPSTREAM_DENIED',
      });
    const same = await setup.fills.open(stranger.request({ identities: ['account:2', 'credentials:1'] }));
    expect(same.joined).toBe(true);
    await Promise.all([running.close(), same.close()]);
  });

  it('share a fill of one identity only if each may pull the repositories of all others', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: gate.passed } }]);
    const ask = (owner: string, upstreamRepository: string, ...denied: readonly string[]) =>
      setup.fills.open(
        upstream.request({
          owner,
          repository: upstreamRepository,
          upstreamRepository,
          mayPull: (repository) => !denied.includes(repository),
        }),
      );
    const readers = [
      await ask('first', 'secret/app'),
      // May not pull what the fill reads.
      await ask('second', 'open/app', 'secret/app'),
      // May pull everything, and everybody may pull its repository.
      await ask('third', 'open/app'),
      // The first fill has taken in a repository that this one may not pull.
      await ask('fourth', 'secret/app', 'open/app'),
      await ask('fifth', 'secret/app'),
    ];
    expect(readers.map(({ joined }) => joined)).toEqual([false, false, true, false, true]);
    expect(upstream.offsets).toHaveLength(3);
    await Promise.all(readers.map((reader) => reader.close()));
    gate.open();
  });

  it('share no fill with a repository that a running request may not pull', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: gate.passed } }]);
    const ask = (repository: string, ...denied: readonly string[]) => {
      const mayPull = (name: string): boolean => !denied.includes(name);
      const of = { owner: repository, repository, upstreamRepository: repository, mayPull };
      return setup.fills.open(upstream.request(of));
    };
    const readers = [await ask('open/app', 'secret/app'), await ask('secret/app')];
    expect(readers.map(({ joined }) => joined)).toEqual([false, false]);
    expect(upstream.offsets).toHaveLength(2);
    await Promise.all(readers.map((reader) => reader.close()));
    gate.open();
  });

  it('get bytes from one repository only: nobody of another repository takes over in the middle', async () => {
    const gate = new Gate();
    const content = bytes(MIB);
    const first = new FakeUpstream(content, [
      { holdAt: { offset: MIB / 2, until: gate.passed }, cutAt: { offset: MIB / 2, key: 'BLOB_UNKNOWN' } },
    ]);
    const other = new FakeUpstream(content);
    const reader = await setup.source.open(first.request({ owner: 'one' }));
    const joined = await setup.fills.open(
      other.request({ owner: 'two', repository: 'team/other', upstreamRepository: 'team/other' }),
    );
    expect(joined.joined).toBe(true);
    gate.open();
    await expect(readAll(reader)).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
    await joined.close();
    expect(other.offsets).toEqual([]);
  });

  it('fetch a stored blob without a proof, and replace its file without disturbing its readers', async () => {
    const upstream = new FakeUpstream(bytes(MIB));
    await setup.store.put(upstream.digest, upstream.content);
    const stored = (await setup.store.open(upstream.digest))!;
    const before = statSync(stored.localPath!).ino;
    const reader = await setup.source.open(upstream.request({ readRight: () => undefined }));
    expect(reader.origin).toBe('fill');
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    await until(() => !setup.fills.isActive(upstream.digest));
    // The stored bytes may be damaged, those of the fill are proven.
    expect(statSync(stored.localPath!).ino).not.toBe(before);
    const chunks: Buffer[] = [];
    for await (const chunk of stored.read(0, MIB)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(upstream.content)).toBe(true);
    await stored.close();
    expect(upstream.offsets).toEqual([0]);
  });

  it('fetch a blob without a proof although their fill found it in the store for somebody with one', async () => {
    const upstream = new FakeUpstream(bytes(1000));
    await setup.store.put(upstream.digest, upstream.content);
    const [proven, unproven] = await Promise.all([
      setup.fills.open(upstream.request({ owner: 'one' })),
      setup.fills.open(upstream.request({ owner: 'two', readRight: () => undefined })),
    ]);
    expect([proven.origin, unproven.origin]).toEqual(['store', 'fill']);
    await until(() => !setup.fills.isActive(upstream.digest));
    await setup.fills.complete(upstream.request({ readRight: () => undefined }));
    expect(upstream.offsets).toEqual([0, 0]);
    await Promise.all([proven.close(), unproven.close()]);
  });

  it('find the proof of a fill as soon as they cannot join it any more', async () => {
    await setup.dispose();
    const upstream = new FakeUpstream(bytes(1000));
    const joinable: boolean[] = [];
    setup = await setUpFills({ onProven: ({ digest }) => void joinable.push(setup.fills.isActive(digest)) });
    const reader = await setup.fills.open(upstream.request());
    await until(() => !setup.fills.isActive(upstream.digest));
    expect(joinable).toEqual([true]);
    await reader.close();
  });

  it('learn whether they started or joined the fill', async () => {
    const upstream = new FakeUpstream(bytes(1000));
    const readers = await Promise.all([1, 2, 3].map(() => setup.fills.open(upstream.request())));
    expect(readers.map(({ joined }) => joined)).toEqual([false, true, true]);
    await Promise.all(readers.map((reader) => reader.close()));
  });
});
