import { digestOf } from '../../../../../common/oci/digest';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { MAX_MANIFEST_BYTES } from '../../../../../data-plane/src/upstream/upstream-registry';
import { changedStore } from '../../../../support/changed-store';
import { bytes } from '../../../../support/data-plane/fills/fill-setup';
import { setUpStorage, type StorageSetup } from '../../store/maintenance/support';

let setup: StorageSetup;
afterEach(() => setup.dispose());

test('ManifestContents treats a file above the manifest limit as absent and quarantines it', async () => {
  setup = await setUpStorage();
  const digest = await setup.keep(bytes(500));
  await setup.damage(digest, bytes(MAX_MANIFEST_BYTES + 500));
  expect(await setup.contents.get(digest)).toBeUndefined();
  expect(await setup.aside()).toHaveLength(1);
  await setup.contents.put(digest, bytes(500));
  expect(await setup.contents.get(digest)).toEqual(bytes(500));
});

test('ManifestContents does not move an intact blob that is too large for a manifest', async () => {
  setup = await setUpStorage();
  const digest = await setup.keep(bytes(MAX_MANIFEST_BYTES + 1));
  await expect(setup.contents.get(digest)).rejects.toMatchObject({ key: 'STORE_FAILED' });
  expect(await setup.stored.stat(digest)).toBe(MAX_MANIFEST_BYTES + 1);
});

test('ManifestContents throws if the store cannot be read, and does not return absence', async () => {
  setup = await setUpStorage((store) =>
    changedStore(store, { get: () => Promise.reject(new LayoverError('STORE_FAILED')) }),
  );
  const digest = await setup.keep(bytes(500));
  await expect(setup.contents.get(digest)).rejects.toMatchObject({ key: 'STORE_FAILED' });
  await expect(setup.contents.get(digestOf(bytes(1)))).rejects.toMatchObject({ key: 'STORE_FAILED' });
  expect(await setup.aside()).toEqual([]);
});
