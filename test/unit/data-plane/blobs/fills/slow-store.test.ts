import type { BlobIngest } from '../../../../../data-plane/src/store/blob-store';
import {
  bytes,
  type FillSetup,
  readAll,
  readUntilCut,
  setUpFills,
  until,
} from '../../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';

const MIB = 1024 * 1024;

describe('a store that is slow or does not answer', () => {
  let setup: FillSetup;
  const never = new Promise<void>(() => undefined);
  const start = async (ingest: Partial<BlobIngest>): Promise<void> => {
    setup = await setUpFills({
      wrapStore: (inner) => ({
        stat: (digest) => inner.stat(digest),
        open: (digest) => inner.open(digest),
        put: (digest, content) => inner.put(digest, content),
        get: (digest, maxBytes) => inner.get(digest, maxBytes),
        delete: (digest) => inner.delete(digest),
        list: (after, limit) => inner.list(after, limit),
        quarantine: (digest, blob) => inner.quarantine(digest, blob),
        ingest: async (digest, spoolFile) => ({ ...(await inner.ingest(digest, spoolFile)), ...ingest }),
      }),
    });
  };
  afterEach(() => setup.dispose());

  it('learns how far the spool file is written, and has all bytes at the commit', async () => {
    const told: number[] = [];
    await start({ advance: (written) => void told.push(written) });
    const upstream = new FakeUpstream(bytes(3 * MIB));
    await setup.fills.complete(upstream.request());
    expect(told.at(-1)).toBe(3 * MIB);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it('does not delay readers at the end: they get all bytes while the blob is still being stored', async () => {
    const kept = new Gate();
    await start({ commit: () => kept.passed });
    const upstream = new FakeUpstream(bytes(MIB));
    expect((await readAll(await setup.source.open(upstream.request()))).equals(upstream.content)).toBe(true);
    // A new client reads from the same spool file.
    expect((await readAll(await setup.source.open(upstream.request()))).equals(upstream.content)).toBe(true);
    expect(upstream.offsets).toEqual([0]);
    kept.open();
    await until(() => !setup.fills.isActive(upstream.digest));
  });

  it('does not delay the failure of a fill for its readers', async () => {
    await start({ abort: () => never });
    const upstream = new FakeUpstream(bytes(MIB), [{ cutAt: { offset: MIB / 2, key: 'UPSTREAM_CONTENT' } }]);
    const reader = await setup.source.open(upstream.request());
    expect((await readUntilCut(reader)).error).toMatchObject({ key: 'UPSTREAM_CONTENT' });
    await until(() => !setup.fills.isActive(upstream.digest));
  });
});
