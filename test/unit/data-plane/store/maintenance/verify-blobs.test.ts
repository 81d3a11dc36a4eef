import { type Digest, digestOf } from '../../../../../common/oci/digest';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { verifyBlobs, type VerifiedContent } from '../../../../../data-plane/src/store/maintenance/verify-blobs';
import { changedStore } from '../../../../support/changed-store';
import { bytes } from '../../../../support/data-plane/fills/fill-setup';
import { setUpStorage, type StorageSetup, STAYS } from './support';

const SIZE = 1_000_000;
const ABSENT = digestOf(Buffer.from('never'));

let setup: StorageSetup;
afterEach(() => setup.dispose());

async function verify(digests: readonly Digest[], quarantine: boolean): Promise<VerifiedContent[]> {
  const all: VerifiedContent[] = [];
  for await (const one of verifyBlobs(setup, digests, quarantine, STAYS)) all.push(one);
  return all;
}

it('reports whole, missing and damaged content in the order of the digests, and does not quarantine it by default', async () => {
  setup = await setUpStorage();
  const contents = [bytes(SIZE), bytes(SIZE, 'b'), bytes(SIZE, 'c'), bytes(SIZE, 'd')];
  const [whole, flipped, cut, longer] = (await Promise.all(contents.map(setup.keep))) as [
    Digest,
    Digest,
    Digest,
    Digest,
  ];
  await setup.damage(flipped, Buffer.concat([contents[1]!.subarray(1), Buffer.from([0])]));
  await setup.damage(cut, contents[2]!.subarray(0, 17));
  await setup.damage(longer, Buffer.concat([contents[3]!, Buffer.from([0])]));
  const all = [flipped, ABSENT, whole, cut, longer];
  const found = [
    { digest: flipped, outcome: 'damaged', size: SIZE },
    { digest: ABSENT, outcome: 'missing', size: 0 },
    { digest: whole, outcome: 'whole', size: SIZE },
    { digest: cut, outcome: 'damaged', size: 17 },
    { digest: longer, outcome: 'damaged', size: SIZE + 1 },
  ];
  expect(await verify(all, false)).toEqual(found);
  expect(await setup.aside()).toEqual([]);
  expect(await setup.stored.stat(cut)).toBe(17);

  expect(await verify(all, true)).toEqual(found);
  expect(await setup.aside()).toHaveLength(3);
  expect((await verify(all, true)).map(({ outcome }) => outcome)).toEqual([
    'missing',
    'missing',
    'whole',
    'missing',
    'missing',
  ]);
  await setup.fill(contents[1]!);
  expect((await verify([flipped], true))[0]?.outcome).toBe('whole');
});

it('is not a use: content can be deleted right after its verification', async () => {
  setup = await setUpStorage();
  const digest = await setup.keep(bytes(10));
  await verify([digest], true);
  expect(setup.uses.inUse(digest)).toBe(false);
});

it('removes a damaged manifest from memory, so that it is fetched and stored again', async () => {
  setup = await setUpStorage();
  const content = bytes(500, 'manifest');
  const digest = digestOf(content);
  await setup.contents.put(digest, content);
  await setup.damage(digest, bytes(500, 'other'));
  expect(await setup.contents.get(digest)).toEqual(content);
  expect((await verify([digest], true))[0]?.outcome).toBe('damaged');
  expect(await setup.contents.get(digest)).toBeUndefined();
});

it('keeps good bytes that replaced damaged ones during hashing, and reports them', async () => {
  const content = bytes(SIZE);
  let replace = true;
  setup = await setUpStorage((store) =>
    changedStore(store, {
      quarantine: async (digest, blob) => {
        if (replace) {
          replace = false;
          await store.delete(digest);
          await store.put(digest, content);
        }
        return store.quarantine(digest, blob);
      },
    }),
  );
  const digest = await setup.keep(content);
  await setup.damage(digest, bytes(SIZE, 'other'));
  expect(await verify([digest], true)).toEqual([{ digest, outcome: 'whole', size: SIZE }]);
  expect(await setup.aside()).toEqual([]);
});

it('reports unreadable content and still verifies the others', async () => {
  const broken = digestOf(bytes(SIZE));
  setup = await setUpStorage((store) =>
    changedStore(store, {
      open: async (digest) => {
        const blob = await store.open(digest);
        if (digest !== broken || blob === undefined) return blob;
        return {
          ...blob,
          async *read(offset, _length) {
            yield* blob.read(offset, 256 * 1024);
            throw new LayoverError('STORE_FAILED');
          },
        };
      },
    }),
  );
  const [, other] = [await setup.keep(bytes(SIZE)), await setup.keep(bytes(20, 'b'))];
  expect(await verify([broken, other], true)).toEqual([
    { digest: broken, outcome: 'unreadable', size: 256 * 1024 },
    { digest: other, outcome: 'whole', size: 20 },
  ]);
  expect(await setup.stored.stat(broken)).toBe(SIZE);
});

it('does not report damaged content as damaged if it cannot be quarantined', async () => {
  setup = await setUpStorage((store) =>
    changedStore(store, { quarantine: () => Promise.reject(new LayoverError('STORE_FULL')) }),
  );
  const digest = await setup.keep(bytes(10));
  await setup.damage(digest, bytes(10, 'other'));
  expect(await verify([digest], true)).toEqual([{ digest, outcome: 'unreadable', size: 10 }]);
});

it('ends in the middle of a blob if the caller leaves, closes the blob, and yields between chunks', async () => {
  let closed = 0;
  let read = 0;
  setup = await setUpStorage((store) =>
    changedStore(store, {
      open: async (digest) => {
        const blob = (await store.open(digest))!;
        return {
          ...blob,
          async *read(offset, length, signal) {
            for await (const chunk of blob.read(offset, length, signal)) {
              read += chunk.length;
              yield chunk;
            }
          },
          close: async () => {
            closed += 1;
            await blob.close();
          },
        };
      },
    }),
  );
  const digest = await setup.keep(bytes(20 * 1024 * 1024));
  const controller = new AbortController();
  const verifying = verifyBlobs(setup, [digest], false, controller.signal).next();
  // The event loop runs before the blob is read, so hashing does not block it.
  setImmediate(() => controller.abort());
  await expect(verifying).rejects.toMatchObject({ key: 'CANCELLED' });
  expect(read).toBeLessThan(20 * 1024 * 1024);
  expect(closed).toBe(1);
});
