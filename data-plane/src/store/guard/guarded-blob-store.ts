import type { Digest } from '../../../../common/oci/digest';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../blob-store';
import type { ContentUses } from '../uses/content-uses';

/** What became of content that was to be deleted. */
export type Deletion = 'deleted' | 'absent' | 'in-use';

/**
 * A store from which content may be deleted while others read and write, without losing what just came in. Two rules:
 *
 * - What is in use stays. Bytes on their way in, and manifests being read, are held here; clients' reads by those who open them.
 * - Whoever asks for a digest that is being deleted waits for the end. Otherwise a fill would find the old file, count that as success, and
 *   the deletion would then take it away: bytes that were reported as arrived, lost.
 *
 * The look at the uses and the begin of the deletion are one step, so that no use can begin between them.
 */
export class GuardedBlobStore implements BlobStore {
  /** Deletions under way; they never reject. */
  private readonly deletions = new Map<Digest, Promise<void>>();

  constructor(
    private readonly store: BlobStore,
    private readonly uses: ContentUses,
  ) {}

  /**
   * Deletes content that is not in use. `onBegin` is called when it is certain that this will be tried, before anybody else can ask for the
   * digest. Throws STORE_FAILED.
   */
  deleteUnused(digest: Digest, onBegin: () => void): Promise<Deletion> {
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

  /** In use from now until it is committed or aborted. */
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

  /** In use, for nobody in particular, from when no deletion of it is under way any more until the function returned is called. */
  hold(digest: Digest): Promise<() => void> {
    return this.whenSettled(digest, () => this.uses.hold(digest));
  }

  private async remove(digest: Digest): Promise<Deletion> {
    if ((await this.store.stat(digest)) === undefined) return 'absent';
    await this.store.delete(digest);
    return 'deleted';
  }

  /** The action begins in the same step that has found no deletion of the digest under way: none can begin between the two. */
  private async whenSettled<T>(digest: Digest, action: () => T | Promise<T>): Promise<T> {
    for (let over = this.deletions.get(digest); over !== undefined; over = this.deletions.get(digest)) await over;
    return action();
  }
}
