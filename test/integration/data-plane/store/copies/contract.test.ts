import { readdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf } from '../../../../../common/oci/digest';
import { systemClock } from '../../../../../common/runtime/clock';
import { createLogger } from '../../../../../common/runtime/logger';
import { createCachedBlobStore } from '../../../../../data-plane/src/store/copies/cached-blob-store';
import { LocalCopies } from '../../../../../data-plane/src/store/copies/local-copies';
import { describeBlobKeeping } from '../../../../contract/blob-keeping.contract';
import { type BlobStoreUnderTest, describeBlobStore } from '../../../../contract/blob-store.contract';
import { gcsOnFake } from '../../../../support/data-plane/gcs-store';

/** Creates the bucket store with local copies like the data plane does. */
async function cachedGcs(): Promise<BlobStoreUnderTest> {
  const under = await gcsOnFake();
  const root = join(under.folder, 'copies');
  const copies = new LocalCopies({
    root,
    capacityBytes: 100 * 1024 * 1024,
    clock: systemClock,
    logger: createLogger('test', 'silent'),
    bootId: 'boot-1',
  });
  await copies.prepare();
  const store = createCachedBlobStore({ store: under.store, copies, clock: systemClock });
  return {
    ...under,
    store,
    afterDelete: 'reads on',
    damage: async (digest, content) => {
      await under.damage(digest, content);
      const copy = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((path) =>
        path.includes(`${hexOf(digest)}.`),
      );
      if (copy !== undefined) writeFileSync(join(root, copy), content);
    },
    leftovers: async () => [...(await under.leftovers()), ...(await readdir(join(root, 'incoming')))],
    dispose: async () => {
      await store.close();
      await under.dispose();
    },
  };
}

describeBlobStore('the bucket store with local copies', cachedGcs);
describeBlobKeeping('the bucket store with local copies', cachedGcs);
