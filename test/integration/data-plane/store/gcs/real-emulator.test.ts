import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '../../../../../common/runtime/logger';
import { createGcsBlobStore } from '../../../../../data-plane/src/store/gcs/gcs-blob-store';
import { objectNamesBelow } from '../../../../../data-plane/src/store/gcs/object-names';
import { describeBlobKeeping } from '../../../../contract/blob-keeping.contract';
import { type BlobStoreUnderTest, describeBlobStore } from '../../../../contract/blob-store.contract';
import { FAKE_GCS_PROGRAM, type FakeGcsServer, startFakeGcsServer } from '../../../../support/real/fake-gcs-server';
import { describeWith } from '../../../../support/real/programs';
import { temporaryFolder } from '../../../../support/real/temporary-folder';

/**
 * The bucket store against an emulator that others wrote. Where it (1.56.1) is not like Cloud Storage, and what follows:
 * - Preconditions hold for uploads alone, and at their end only; a delete ignores `ifGenerationMatch`. Deletes that meet another generation are
 *   shown on our own fake.
 * - `bytes * / *` does not ask for the state of an upload but ends it, half as it is; an ended session is not forgotten. So nothing is broken off
 *   and resumed here: faults are our own fake's too.
 * - Checksums sent with the last part are not looked at (those of multipart uploads are).
 */
describeWith([FAKE_GCS_PROGRAM], 'the bucket store on fake-gcs-server', () => {
  let server: FakeGcsServer;
  beforeAll(async () => {
    server = await startFakeGcsServer();
  });
  afterAll(() => server.stop());

  const create = async (): Promise<BlobStoreUnderTest> => {
    const address = { bucket: `bucket-${randomUUID()}`, prefix: 'cache/' };
    await server.makeBucket(address.bucket);
    const folder = await temporaryFolder('emulator');
    const store = createGcsBlobStore({
      address,
      emulator: server.origin,
      limits: { chunkBytes: 256 * 1024 },
      logger: createLogger('test', 'silent'),
    });
    return {
      store,
      afterDelete: 'fails',
      deletesConditionally: false,
      spoolFile: async (content) => {
        const path = join(folder.path, randomUUID());
        await writeFile(path, content);
        return path;
      },
      damage: (digest, content) => server.write(address.bucket, objectNamesBelow(address.prefix).blob(digest), content),
      leftovers: () => Promise.resolve([]),
      dispose: async () => {
        await store.close();
        await folder.remove();
      },
    };
  };

  describeBlobStore('the bucket store', create);
  describeBlobKeeping('the bucket store', create);
});
