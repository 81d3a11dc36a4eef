import { type Digest, digestOf } from '../../../../../common/oci/digest';
import type { BlobStore } from '../../../../../data-plane/src/store/blob-store';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { ReadThroughSource } from '../../../../../data-plane/src/blobs/read-through-source';
import { createFills, type SpooledFills } from '../../../../../data-plane/src/blobs/fills/create-fills';
import { systemClock } from '../../../../../common/runtime/clock';
import { changedStore } from '../../../../support/changed-store';
import { temporaryFolder, type TemporaryFolder } from '../../../../support/real/temporary-folder';
import { bytes, readAll } from '../../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { logger, setUpStorage, type StorageSetup, turns } from './support';
import { ampleRoom } from '../../../../support/data-plane/fills/ample-room';

const SIZE = 300_000;

/** A deletion that stops after its start, before anything is removed. */
class HeldDeletion {
  readonly begun = new Gate();
  readonly goOn = new Gate();
  failure: Error | undefined;
  /** The calls that reached the store itself, in order. */
  readonly entered: string[] = [];

  readonly around = (store: BlobStore): BlobStore =>
    changedStore(store, {
      open: (digest) => this.enter('open', store.open(digest)),
      ingest: (digest, spoolFile) => this.enter('ingest', store.ingest(digest, spoolFile)),
      put: (digest, content) => this.enter('put', store.put(digest, content)),
      delete: async (digest) => {
        this.begun.open();
        await this.goOn.passed;
        if (this.failure !== undefined) throw this.failure;
        await store.delete(digest);
        this.entered.push('deleted');
      },
    });

  private enter<T>(what: string, result: T): T {
    this.entered.push(what);
    return result;
  }
}

describe('a deletion', () => {
  let held: HeldDeletion;
  let setup: StorageSetup;
  let spool: TemporaryFolder;
  let fills: SpooledFills;
  let upstream: FakeUpstream;
  let digest: Digest;
  beforeEach(async () => {
    held = new HeldDeletion();
    setup = await setUpStorage(held.around);
    spool = await temporaryFolder('spool');
    const { stored, uses } = setup;
    fills = createFills({ stored, uses, spoolDirectory: spool.path, room: ampleRoom(), clock: systemClock, logger });
    upstream = new FakeUpstream(bytes(SIZE));
    digest = await setup.keep(upstream.content);
  });
  afterEach(async () => {
    await fills.stop(0);
    await setup.dispose();
    await spool.remove();
  });

  const begin = async (): Promise<{ readonly outcome: Promise<string> }> => {
    const outcome = setup.stored.deleteUnused(digest);
    await held.begun.passed;
    held.entered.length = 0;
    return { outcome };
  };

  it('delays a fill that starts in the meantime, and keeps the bytes that it brings', async () => {
    const { outcome } = await begin();
    const filling = fills.complete(upstream.request());
    await turns();
    expect(held.entered).toEqual([]);
    held.goOn.open();
    expect(await outcome).toBe('deleted');
    await filling;
    expect(held.entered[0]).toBe('deleted');
    expect(upstream.offsets).toEqual([0]);
    expect(await setup.directory.stat(digest)).toBe(SIZE);
  });

  it('lets a client that comes in the meantime get all bytes from a new fill', async () => {
    const { outcome } = await begin();
    const source = new ReadThroughSource({ stored: setup.stored, fills });
    const opening = source.open(upstream.request());
    await turns();
    expect(held.entered).toEqual([]);
    held.goOn.open();
    const reader = await opening;
    expect(reader.origin).toBe('fill');
    expect((await readAll(reader)).equals(upstream.content)).toBe(true);
    expect(await outcome).toBe('deleted');
  });

  it('delays the put of a manifest, which is stored afterwards, on disk too', async () => {
    const { outcome } = await begin();
    const putting = setup.contents.put(digest, upstream.content);
    await turns();
    expect(held.entered).toEqual([]);
    held.goOn.open();
    expect(await outcome).toBe('deleted');
    await putting;
    expect(await setup.directory.stat(digest)).toBe(SIZE);
  });

  it('delays an ingest until the old bytes are gone', async () => {
    const { outcome } = await begin();
    const filling = setup.fill(upstream.content);
    await turns();
    expect(held.entered).toEqual([]);
    held.goOn.open();
    expect(await outcome).toBe('deleted');
    expect(await filling).toBe(digest);
    expect(await setup.directory.stat(digest)).toBe(SIZE);
  });

  it('lets a second deletion find nothing', async () => {
    const { outcome } = await begin();
    const second = setup.stored.deleteUnused(digest);
    await turns();
    held.goOn.open();
    expect([await outcome, await second]).toEqual(['deleted', 'absent']);
  });

  it('lets the waiting calls continue if it fails', async () => {
    held.failure = new LayoverError('STORE_FAILED');
    const { outcome } = await begin();
    const looking = setup.stored.stat(digest);
    held.goOn.open();
    await expect(outcome).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(await looking).toBe(SIZE);
    held.failure = undefined;
    expect(await setup.stored.deleteUnused(digest)).toBe('deleted');
  });

  it('does not delay calls for other content', async () => {
    const { outcome } = await begin();
    const other = await setup.fill(bytes(10, 'other'));
    expect(await setup.stored.stat(other)).toBe(10);
    held.goOn.open();
    await outcome;
  });

  it('is refused from the start of a fill of the content until ten seconds after its end', async () => {
    held.goOn.open();
    const other = bytes(100, 'other');
    const deleteOther = (): Promise<string> => setup.stored.deleteUnused(digestOf(other));
    const ingest = await setup.stored.ingest(digestOf(other), 'never read');
    setup.clock.advance(3_600_000);
    expect(await deleteOther()).toBe('in-use');
    await ingest.abort();
    expect(await deleteOther()).toBe('in-use');
    await setup.fill(other);
    setup.clock.advance(9_999);
    expect(await deleteOther()).toBe('in-use');
    setup.clock.advance(1);
    expect(await deleteOther()).toBe('deleted');
  });

  it('is refused while the content is being put', async () => {
    const putBegun = new Gate();
    const put = new Gate();
    const slow = await setUpStorage((store) =>
      changedStore(store, {
        put: async (one, content) => {
          putBegun.open();
          await put.passed;
          await store.put(one, content);
        },
      }),
    );
    const content = bytes(100, 'manifest');
    const putting = slow.contents.put(digestOf(content), content);
    await putBegun.passed;
    slow.clock.advance(60_000);
    expect(await slow.stored.deleteUnused(digestOf(content))).toBe('in-use');
    put.open();
    await putting;
    expect(await slow.directory.stat(digestOf(content))).toBe(100);
    await slow.dispose();
  });
});
