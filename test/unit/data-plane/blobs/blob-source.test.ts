import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LayoverError } from '../../../../common/errors/layover-error';
import { hexOf } from '../../../../common/oci/digest';
import { changedStore } from '../../../support/changed-store';
import { bytes, type FillSetup, readAll, setUpFills, until } from '../../../support/data-plane/fills/fill-setup';
import { FakeUpstream } from '../../../support/data-plane/fills/fake-upstream';

const SIZE = 300_000;

describe('ReadThroughSource', () => {
  let setup: FillSetup;
  let upstream: FakeUpstream;
  beforeEach(async () => {
    setup = await setUpFills();
    upstream = new FakeUpstream(bytes(SIZE));
    await setup.fills.complete(upstream.request());
  });
  afterEach(() => setup.dispose());

  const stored = (): string => {
    const hex = hexOf(upstream.digest);
    return join(setup.blobDirectory, 'sha256', hex.slice(0, 2), hex);
  };
  const pull = async (expectedSize: number | undefined = SIZE): Promise<string> => {
    const reader = await setup.source.open(upstream.request({ expectedSize }));
    const { origin } = reader;
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    await until(() => !setup.fills.isActive(upstream.digest));
    return origin;
  };

  it('asks the upstream once for any number of reads', async () => {
    expect([await pull(), await pull(), await pull(undefined)]).toEqual(['store', 'store', 'store']);
    expect(upstream.offsets).toEqual([0]);
  });

  it('returns a range of a stored blob, and its path', async () => {
    const reader = await setup.source.open(upstream.request());
    expect(reader.path).toBe(stored());
    expect(await reader.waitBeyond(SIZE)).toBe(SIZE);
    expect((await readAll(reader, 1000, 2000)).equals(upstream.content.subarray(1000, 3000))).toBe(true);
  });

  it.each([
    ['deleted', async () => setup.store.delete(upstream.digest)],
    ['truncated to nothing', async () => writeFile(stored(), '')],
    ['truncated', async () => writeFile(stored(), upstream.content.subarray(0, 1000))],
    ['too long', async () => writeFile(stored(), bytes(SIZE + 1))],
  ])('fills a blob with %s bytes again without the client noticing', async (_, damage) => {
    await damage();
    expect([await pull(), await pull()]).toEqual(['fill', 'store']);
    expect(upstream.offsets).toEqual([0, 0]);
  });

  it('delivers a stored blob whole, whatever size a manifest names', async () => {
    for (const expectedSize of [1, SIZE - 1, SIZE + 1, 1]) expect(await pull(expectedSize)).toBe('store');
    expect(await pull()).toBe('store');
    expect(upstream.offsets).toEqual([0]);
  });

  it('reads from the store if another fill stores the blob between lookup and fill, as a miss', async () => {
    // The first lookup misses the blob, and another fill ends before the answer arrives.
    await setup.dispose();
    let misses = 1;
    setup = await setUpFills({
      wrapStore: (inner) =>
        changedStore(inner, {
          open: async (digest) => {
            if (misses-- <= 0) return inner.open(digest);
            await setup.stored.put(digest, upstream.content);
            return undefined;
          },
        }),
    });
    expect([await pull(), await pull()]).toEqual(['fill', 'store']);
    expect(upstream.offsets).toEqual([0]);
  });

  it('passes a failure of the store on instead of treating it as absence', async () => {
    await setup.dispose();
    setup = await setUpFills({
      wrapStore: (inner) => changedStore(inner, { open: () => Promise.reject(new LayoverError('STORE_FAILED')) }),
    });
    await expect(setup.source.open(upstream.request())).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(upstream.offsets).toEqual([0]);
  });

  it('does not start for a client that is gone', async () => {
    await expect(setup.source.open(upstream.request(), AbortSignal.abort())).rejects.toMatchObject({
      key: 'CANCELLED',
    });
  });
});
