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

/** What arrives if the blob was encoded: other bytes, of another length. */
const encoded = bytes(300_000, 'encoded');

describe('a blob that is labelled as encoded', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills();
  });
  afterEach(() => setup.dispose());

  it.each([MIB, 5, undefined])(
    'is taken as it is sent if that has the right digest: %s bytes in the manifest',
    async (expectedSize) => {
      const upstream = new FakeUpstream(bytes(MIB), [{ isEncoded: true }]);
      const reader = await setup.source.open(upstream.request({ expectedSize }));
      expect((await readAll(reader)).equals(upstream.content)).toBe(true);
      expect(upstream.decodes).toEqual([false]);
    },
  );

  it('is sent to its clients as it arrives if its length is the size in the manifest', async () => {
    const rest = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [
      { isEncoded: true, holdAt: { offset: MIB / 2, until: rest.passed } },
    ]);
    const reader = await setup.source.open(upstream.request());
    expect(await reader.waitBeyond(0)).toBeGreaterThan(0);
    rest.open();
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
  });

  it.each([
    [MIB, encoded.length],
    [MIB, null],
    [undefined, encoded.length],
    [undefined, null],
    [5, encoded.length],
  ])(
    'is fetched again and decoded if it is encoded: %s bytes in the manifest, %s in the headers',
    async (expectedSize, says) => {
      const upstream = new FakeUpstream(bytes(MIB), [
        { content: encoded, says, isEncoded: true },
        ...(says === null ? [{ content: encoded, says, isEncoded: true }] : []),
        { says: null },
      ]);
      const reader = await setup.source.open(upstream.request({ expectedSize }));
      expect((await readAll(reader)).equals(upstream.content)).toBe(true);
      await until(async () => (await setup.store.stat(upstream.digest)) === MIB);
      await until(async () => (await setup.spooled()).length === 0);
      expect(upstream.decodes.at(-1)).toBe(true);
      expect(setup.fills.roomCounts().reservedBytes).toBe(0);
    },
  );

  it('resumes the decoded bytes where they broke', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { content: encoded, isEncoded: true },
      { says: null, cutAt: { offset: MIB / 2, key: 'UPSTREAM_FAILED' } },
      { says: null, ignoresRange: true },
    ]);
    const reader = await setup.source.open(upstream.request());
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(upstream.decodes).toEqual([false, true, true]);
  });

  it('is refused if it is wrong in both ways', async () => {
    const upstream = new FakeUpstream(bytes(MIB), [
      { content: encoded, isEncoded: true },
      { content: bytes(MIB, 'wrong'), says: null },
    ]);
    await expect(setup.source.open(upstream.request())).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
    expect(upstream.decodes).toEqual([false, true]);
    await until(async () => (await setup.spooled()).length === 0);
  });

  it('reveals no encoded byte to a client that got its response head early', async () => {
    await setup.dispose();
    const clock = new TestClock();
    setup = await setUpFills({ clock });
    const [first, second] = [new Gate(), new Gate()];
    const long = bytes(2 * MIB, 'encoded');
    const upstream = new FakeUpstream(bytes(MIB), [
      { content: long, isEncoded: true, holdAt: { offset: MIB, until: first.passed } },
      { says: null, holdAt: { offset: MIB / 2, until: second.passed } },
    ]);
    const opening = setup.source.open(upstream.request());
    await until(() => upstream.sent === MIB);
    clock.advance(3_000);
    const reader = await opening;
    expect(reader).toMatchObject({ size: MIB, available: 0, path: undefined });
    const reading = readUntilCut(reader);
    first.open();
    second.open();
    await until(() => {
      clock.advance(10);
      return !setup.fills.isActive(upstream.digest);
    });
    const { content, error } = await reading;
    expect([error, content.equals(upstream.content)]).toEqual([undefined, true]);
  });
});
