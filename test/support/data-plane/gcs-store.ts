import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '../../../common/runtime/logger';
import type { GcsLimits } from '../../../data-plane/src/store/gcs/limits';
import { createGcsBlobStore, type GcsBlobStore } from '../../../data-plane/src/store/gcs/gcs-blob-store';
import { objectNamesBelow } from '../../../data-plane/src/store/gcs/object-names';
import { type FakeGcs, startFakeGcs } from '../fake-gcs';
import { temporaryFolder } from '../real/temporary-folder';
import type { BlobStoreUnderTest } from '../../contract/blob-store.contract';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/**
 * Short waits, so that tests see a retry without a manual clock. Chunks have the minimum size of
 * Cloud Storage.
 */
export const QUICK: Partial<GcsLimits> = {
  connectMs: 1000,
  headersMs: 1000,
  idleMs: 1000,
  operationMs: 3000,
  clientMs: 3000,
  cancelMs: 500,
  chunkMs: 3000,
  readPatienceMs: 2000,
  uploadPatienceMs: 3000,
  retryBaseMs: 5,
  retryMaxMs: 50,
  chunkBytes: 256 * KIB,
};

/** The bucket store with the fake and a spool directory. The caller must dispose of it. */
export interface GcsUnderTest extends BlobStoreUnderTest {
  readonly store: GcsBlobStore;
  readonly fake: FakeGcs;
  readonly folder: string;
}

export const PREFIX = 'mirror/one/';

/** Starts the fake and the store. */
export async function gcsOnFake(limits: Partial<GcsLimits> = {}): Promise<GcsUnderTest> {
  const fake = await startFakeGcs();
  const folder = await temporaryFolder('gcs');
  const store = createGcsBlobStore({
    address: { bucket: fake.bucket, prefix: PREFIX },
    emulator: fake.origin,
    limits: { ...QUICK, ...limits },
    logger: createLogger('test', 'silent'),
  });
  return {
    store,
    fake,
    folder: folder.path,
    afterDelete: 'fails',
    spoolFile: async (content) => {
      const path = join(folder.path, randomUUID());
      await writeFile(path, content, { mode: 0o600 });
      return path;
    },
    damage: async (digest, content) => {
      fake.contents.write(objectNamesBelow(PREFIX).blob(digest), content);
    },
    leftovers: async () => [...fake.contents.sessions.values()].map(({ name }) => name),
    dispose: async () => {
      await store.close();
      await fake.close();
      await folder.remove();
    },
  };
}
