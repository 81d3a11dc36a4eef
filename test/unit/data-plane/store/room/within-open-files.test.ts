import { WaitingPlaces } from '../../../../../common/async/waiting-places';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { digestOf } from '../../../../../common/oci/digest';
import type { BlobStore, StoredBlob } from '../../../../../data-plane/src/store/blob-store';
import { withinOpenFiles } from '../../../../../data-plane/src/store/room/within-open-files';
import { TestClock } from '../../../../support/test-clock';

const DIGEST = digestOf(Buffer.from('blob'));

/** A store with one blob, which counts its open files. */
function world(places: number) {
  const clock = new TestClock();
  let open = 0;
  let failures: LayoverError[] = [];
  const blobs: StoredBlob[] = [];
  const inner: Partial<BlobStore> = {
    open: () => {
      const failure = failures.shift();
      if (failure !== undefined) return Promise.reject(failure);
      open += 1;
      const blob: StoredBlob = {
        size: 4,
        localPath: '/blob',
        read: () => ({ [Symbol.asyncIterator]: () => [Buffer.from('blob')].values() }) as never,
        close: () => {
          open -= 1;
          return Promise.resolve();
        },
      };
      blobs.push(blob);
      return Promise.resolve(blob);
    },
    stat: () => Promise.resolve(4),
    get: () => Promise.resolve(Buffer.from('blob')),
    quarantine: (_digest, blob) => Promise.resolve(blobs.includes(blob)),
  };
  return {
    clock,
    store: withinOpenFiles(inner as BlobStore, new WaitingPlaces(places, 1000, clock)),
    open: () => open,
    fail: (...next: LayoverError[]) => void (failures = next),
  };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const tooMany = (): LayoverError =>
  new LayoverError('STORE_FAILED', { cause: Object.assign(new Error('too many'), { code: 'EMFILE' }) });

test('a reader waits for a file while the limit is reached', async () => {
  const { store, open } = world(1);
  const first = (await store.open(DIGEST))!;
  const second = store.open(DIGEST);
  const others = [store.stat(DIGEST), store.get(DIGEST, 100)];
  await turns();
  expect(open()).toBe(1);
  await first.close();
  const blob = (await second)!;
  expect([blob.size, blob.localPath, open()]).toEqual([4, '/blob', 1]);
  await blob.close();
  await blob.close();
  expect(await Promise.all(others)).toEqual([4, Buffer.from('blob')]);
});

test('a reader that waits for too long gets an error that names the limit', async () => {
  const { store, clock } = world(1);
  await store.open(DIGEST);
  const late = store.open(DIGEST);
  clock.advance(1000);
  await expect(late).rejects.toMatchObject({ key: 'STORE_FAILED', message: expect.stringContaining('ulimit -n') });
});

test('a failure gives the place back, and a lack of files is waited out', async () => {
  const { store, fail } = world(1);
  fail(new LayoverError('STORE_FAILED', { message: 'broken' }));
  await expect(store.open(DIGEST)).rejects.toMatchObject({ message: 'broken' });
  fail(tooMany());
  await expect(store.open(DIGEST)).resolves.toMatchObject({ size: 4 });
});

test('the store recognizes its own blob for the quarantine', async () => {
  const { store } = world(1);
  const blob = (await store.open(DIGEST))!;
  expect(await store.quarantine(DIGEST, blob)).toBe(true);
});
