import { type Digest, digestOf } from '../../../../../common/oci/digest';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { deleteBlobs } from '../../../../../data-plane/src/store/maintenance/delete-blobs';
import { statBlobs } from '../../../../../data-plane/src/store/maintenance/stat-blobs';
import { changedStore } from '../../../../support/changed-store';
import { bytes } from '../../../../support/data-plane/fills/fill-setup';
import { Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { setUpStorage, type StorageSetup, STAYS } from './support';

const ABSENT = digestOf(Buffer.from('never'));

let setup: StorageSetup;
afterEach(() => setup.dispose());

describe('the state of content', () => {
  it('is returned in the order of the digests, repeated if requested twice, and is not a use', async () => {
    setup = await setUpStorage();
    const [used, unused] = [await setup.keep(bytes(10)), await setup.keep(bytes(20, 'b'))];
    setup.uses.begin({ organizationUid: 'u', repository: 'r', digest: used });
    const states = [
      { digest: unused, size: 20, inUse: false },
      { digest: ABSENT, size: undefined, inUse: false },
      { digest: used, size: 10, inUse: true },
      { digest: unused, size: 20, inUse: false },
    ];
    for (let round = 0; round < 2; round += 1) {
      expect(await statBlobs(setup, [unused, ABSENT, used, unused], STAYS)).toEqual(states);
    }
  });

  it('is "stored" as soon as it is committed, and "in use" for ten more seconds', async () => {
    setup = await setUpStorage();
    const content = bytes(1000);
    const digest = digestOf(content);
    const ingest = await setup.stored.ingest(digest, 'never read');
    expect(await statBlobs(setup, [digest], STAYS)).toEqual([{ digest, size: undefined, inUse: true }]);
    await ingest.abort();
    await setup.fill(content);
    // The clock stands still; the sync is due in five seconds.
    expect(await statBlobs(setup, [digest], STAYS)).toEqual([{ digest, size: 1000, inUse: true }]);
    setup.clock.advance(10_000);
    expect(await statBlobs(setup, [digest], STAYS)).toEqual([{ digest, size: 1000, inUse: false }]);
  });

  it('is not guessed if the store fails', async () => {
    setup = await setUpStorage((store) =>
      changedStore(store, { stat: () => Promise.reject(new LayoverError('STORE_FAILED')) }),
    );
    await expect(statBlobs(setup, [ABSENT], STAYS)).rejects.toMatchObject({ key: 'STORE_FAILED' });
  });

  it('is not determined any further for a caller that has left', async () => {
    const looked: Digest[] = [];
    const gate = new Gate();
    setup = await setUpStorage((store) =>
      changedStore(store, {
        stat: async (digest) => {
          looked.push(digest);
          await gate.passed;
          return store.stat(digest);
        },
      }),
    );
    const controller = new AbortController();
    const digests = Array.from({ length: 1000 }, (_, at) => digestOf(Buffer.from(String(at))));
    const asked = statBlobs(setup, digests, controller.signal);
    controller.abort();
    gate.open();
    await expect(asked).rejects.toMatchObject({ key: 'CANCELLED' });
    expect(looked.length).toBeLessThan(10);
  });
});

describe('deleting content', () => {
  it('returns the outcome for each digest: deleted, absent, in use', async () => {
    setup = await setUpStorage();
    const [gone, used] = [await setup.keep(bytes(10)), await setup.keep(bytes(20, 'b'))];
    const end = setup.uses.begin({ organizationUid: 'u', repository: 'r', digest: used });
    const outcomes = async (...digests: readonly Digest[]): Promise<string[]> =>
      (await deleteBlobs(setup, digests, STAYS)).map(({ outcome }) => outcome);
    expect(await outcomes(used, ABSENT, gone)).toEqual(['in-use', 'absent', 'deleted']);
    expect([await setup.directory.stat(used), await setup.directory.stat(gone)]).toEqual([20, undefined]);
    end();
    expect(await outcomes(used, gone)).toEqual(['in-use', 'absent']);
    setup.clock.advance(10_000);
    expect(await outcomes(used, gone, used)).toEqual(['deleted', 'absent', 'absent']);
    expect((await setup.stored.list('', 10)).blobs).toEqual([]);
  });

  it('reports one failure and continues with the other digests', async () => {
    const broken = digestOf(bytes(10));
    setup = await setUpStorage((store) =>
      changedStore(store, {
        delete: (digest) =>
          digest === broken ? Promise.reject(new LayoverError('STORE_FAILED')) : store.delete(digest),
      }),
    );
    const [first, second] = [await setup.keep(bytes(10)), await setup.keep(bytes(20, 'b'))];
    expect(await deleteBlobs(setup, [first, second], STAYS)).toEqual([
      { digest: first, outcome: 'failed' },
      { digest: second, outcome: 'deleted' },
    ]);
    expect(await setup.directory.stat(first)).toBe(10);
  });

  it('removes a manifest from memory too, unless it was read or put within ten seconds', async () => {
    setup = await setUpStorage();
    const content = bytes(500, 'manifest');
    const digest = digestOf(content);
    const outcome = async (): Promise<string | undefined> => (await deleteBlobs(setup, [digest], STAYS))[0]?.outcome;
    await setup.contents.put(digest, content);
    setup.clock.advance(9_999);
    expect(await outcome()).toBe('in-use');
    // This read is from memory, which counts as a use as well.
    expect(await setup.contents.get(digest)).toEqual(content);
    setup.clock.advance(9_999);
    expect(await outcome()).toBe('in-use');
    setup.clock.advance(1);
    expect(await outcome()).toBe('deleted');
    expect(await setup.contents.get(digest)).toBeUndefined();
  });
});
