import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import type { BlobStore } from '../../../../../data-plane/src/store/blob-store';
import { ManifestContents } from '../../../../../data-plane/src/manifests/content/manifest-contents';
import { StoredBlobs } from '../../../../../data-plane/src/store/guard/stored-blobs';
import type { StoredContentParts } from '../../../../../data-plane/src/store/maintenance/storage-parts';
import { blobPathsAt } from '../../../../../data-plane/src/store/directory/blob-paths';
import {
  createDirectoryBlobStore,
  type DirectoryBlobStore,
} from '../../../../../data-plane/src/store/directory/directory-blob-store';
import { ContentUses } from '../../../../../data-plane/src/store/uses/content-uses';
import { TestClock } from '../../../../support/test-clock';

export const logger = createLogger('test', 'silent');
/** A signal that never aborts. */
export const STAYS = new AbortController().signal;

/** Stored blobs in a directory store, with their surroundings. */
export interface StorageSetup extends StoredContentParts {
  readonly stored: StoredBlobs;
  /** The store behind the guard and behind the wrapper of a test. */
  readonly directory: DirectoryBlobStore;
  readonly contents: ManifestContents;
  readonly uses: ContentUses;
  readonly clock: TestClock;
  /** Stores content like a fill. It is committed when the promise resolves. */
  fill(content: Buffer): Promise<Digest>;
  /** Stores content whose last use is long ago. */
  keep(content: Buffer): Promise<Digest>;
  damage(digest: Digest, content: Buffer): Promise<void>;
  /** Names of the quarantined files. */
  aside(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

export async function setUpStorage(
  wrapStore: (store: BlobStore) => BlobStore = (store) => store,
): Promise<StorageSetup> {
  const home = await mkdtemp(join(tmpdir(), 'layover-storage-'));
  const root = join(home, 'blobs');
  const clock = new TestClock();
  const directory = createDirectoryBlobStore({ root, logger, clock });
  await directory.prepare();
  const uses = new ContentUses(clock);
  const stored = new StoredBlobs({ store: wrapStore(directory), uses, logger });
  let serial = 0;
  const fill = async (content: Buffer): Promise<Digest> => {
    const digest = digestOf(content);
    const spoolFile = join(home, `spool-${(serial += 1)}`);
    const ingest = await stored.ingest(digest, spoolFile);
    await writeFile(spoolFile, content);
    await ingest.commit(spoolFile, content.length);
    return digest;
  };
  return {
    stored,
    directory,
    contents: new ManifestContents(stored, 1024 * 1024, uses),
    uses,
    clock,
    logger,
    fill,
    async keep(content) {
      const digest = await fill(content);
      clock.advance(10_000);
      return digest;
    },
    damage: (digest, content) => writeFile(blobPathsAt(root).blob(digest), content),
    aside: () => readdir(join(root, 'quarantine')).catch(() => []),
    async dispose() {
      await directory.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Lets everything run that only waits for its turn, but not for files or gates. */
export async function turns(count = 5): Promise<void> {
  for (let at = 0; at < count; at += 1) await new Promise((resolve) => setImmediate(resolve));
}
