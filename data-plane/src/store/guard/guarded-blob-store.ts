import type { Digest } from '../../../../common/oci/digest';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../blob-store';
import type { ContentUses } from '../uses/content-uses';

/** The outcome of a deletion. */
export type BlobDeletion = 'deleted' | 'absent' | 'in-use';

/**
 * A store that deletes content during concurrent reads and writes, without losing new content. It
 * has two rules:
 *
 * - Content in use is not deleted. This class holds bytes on their way in and manifests that are
 *   read. Clients hold the blobs that they read.
 * - Calls for a digest that is being deleted wait for the end of the deletion. Otherwise a fill
 *   could find the old file and count it as success, and the deletion would then remove bytes that
 *   were reported as stored.
 *
 * Checking the uses and starting the deletion happen in one step, so no use can begin between them.
 */
export class GuardedBlobStore implements BlobStore {
  /** Running deletions; they never reject. */
  private readonly deletions = new Map<Digest, Promise<void>>();

  constructor(
    private readonly store: BlobStore,
    private readonly uses: ContentUses,
  ) {}

  /**
   * Deletes content that is not in use. Calls `onBegin` when the deletion is certain to start,
   * before any other call can ask for the digest. Throws STORE_FAILED.
   */
  deleteUnused(digest: Digest, onBegin: () => void): Promise<BlobDeletion> {
    return this.whenSettled(digest, () => {
      if (this.uses.inUse(digest)) return 'in-use';
      onBegin();
      const deletion = this.remove(digest).finally(() => this.deletions.delete(digest));
      this.deletions.set(
        digest,
        deletion.then(
          () => undefined,
          () => undefined,
        ),
      );
      return deletion;
    });
  }

  stat(digest: Digest): Promise<number | undefined> {
    return this.whenSettled(digest, () => this.store.stat(digest));
  }

  open(digest: Digest): Promise<StoredBlob | undefined> {
    return this.whenSettled(digest, () => this.store.open(digest));
  }

  /** Starts an ingest. The content is in use until the ingest is committed or aborted. */
  async ingest(digest: Digest, spoolFile: string): Promise<BlobIngest> {
    const release = await this.hold(digest);
    let ingest: BlobIngest;
    try {
      ingest = await this.store.ingest(digest, spoolFile);
    } catch (error) {
      release();
      throw error;
    }
    return {
      advance: (writtenBytes) => ingest.advance(writtenBytes),
      commit: (file, size) => ingest.commit(file, size).finally(release),
      abort: () => ingest.abort().finally(release),
    };
  }

  async put(digest: Digest, content: Buffer): Promise<void> {
    const release = await this.hold(digest);
    await this.store.put(digest, content).finally(release);
  }

  async get(digest: Digest, maxBytes: number): Promise<Buffer | undefined> {
    const release = await this.hold(digest);
    return this.store.get(digest, maxBytes).finally(release);
  }

  delete(digest: Digest): Promise<void> {
    return this.whenSettled(digest, () => this.store.delete(digest));
  }

  list(after: string, limit: number): Promise<BlobPage> {
    return this.store.list(after, limit);
  }

  quarantine(digest: Digest, blob: StoredBlob): Promise<boolean> {
    return this.whenSettled(digest, () => this.store.quarantine(digest, blob));
  }

  /**
   * Holds content for no repository until the returned function is called. Resolves when no
   * deletion of it is running.
   */
  hold(digest: Digest): Promise<() => void> {
    return this.whenSettled(digest, () => this.uses.hold(digest));
  }

  private async remove(digest: Digest): Promise<BlobDeletion> {
    if ((await this.store.stat(digest)) === undefined) return 'absent';
    await this.store.delete(digest);
    return 'deleted';
  }

  /**
   * Starts the action in the same step that finds no running deletion of the digest, so no deletion
   * can start between the two.
   */
  private async whenSettled<T>(digest: Digest, action: () => T | Promise<T>): Promise<T> {
    for (let over = this.deletions.get(digest); over !== undefined; over = this.deletions.get(digest)) await over;
    return action();
  }
}
