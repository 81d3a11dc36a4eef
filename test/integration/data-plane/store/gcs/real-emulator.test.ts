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
 * Runs the bucket store against a third-party emulator. Its version 1.56.1 differs from Cloud
 * Storage as follows:
 *
 * - Preconditions only apply to uploads, and only at their end; a delete ignores
 *   `ifGenerationMatch`. The fake of this repository tests deletes that meet another generation.
 * - A status request for an upload ends the upload in its partial state, and an ended session is
 *   not forgotten. So this suite does not interrupt or resume uploads; the fake of this repository
 *   tests such faults.
 * - It does not verify checksums of the last part of an upload (but those of multipart uploads).
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
