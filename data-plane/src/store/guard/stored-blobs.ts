import { LRUCache } from 'lru-cache';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import type { Logger } from '../../../../common/runtime/logger';
import type { BlobStore, StoredBlob } from '../blob-store';
import { hasDigest } from '../hash-blob';

/** Blobs whose size was proven by their bytes; so many are remembered. */
const REMEMBERED = 4096;

/**
 * Opens blobs of a store, with a look at their size. Where it differs from what a manifest says, one of the two is wrong,
 * and only the bytes tell: a damaged blob is moved aside and counts as absent; a good one stays, and the manifest is blamed.
 * (Believing the manifest would let anybody who can write one have others' blobs removed, trap T11.)
 */
export class StoredBlobs {
  private readonly provenSizes = new LRUCache<Digest, number>({ max: REMEMBERED });
  private readonly proving = new Map<Digest, Promise<boolean>>();

  constructor(
    private readonly store: BlobStore,
    private readonly logger: Logger,
  ) {}

  /**
   * undefined = not there, or moved aside because it was damaged. The caller closes what it gets.
   * Throws UPSTREAM_CONTENT when a whole blob has another size than `expectedSize`, and what the store throws.
   */
  async open(digest: Digest, expectedSize: number | undefined): Promise<StoredBlob | undefined> {
    const stored = await this.store.open(digest);
    if (stored === undefined || expectedSize === undefined || stored.size === expectedSize) return stored;
    try {
      if (this.provenSizes.get(digest) !== stored.size && !(await this.prove(digest, stored))) return undefined;
    } finally {
      await stored.close();
    }
    throw new LayoverError('UPSTREAM_CONTENT', {
      message: `a manifest says that ${digest} has ${expectedSize} bytes; content of that digest has ${stored.size}`,
    });
  }

  private async prove(digest: Digest, stored: StoredBlob): Promise<boolean> {
    const running = this.proving.get(digest) ?? this.hashOrMoveAside(digest, stored);
    this.proving.set(digest, running);
    try {
      return await running;
    } finally {
      this.proving.delete(digest);
    }
  }

  private async hashOrMoveAside(digest: Digest, stored: StoredBlob): Promise<boolean> {
    if (await hasDigest(stored, digest)) {
      this.provenSizes.set(digest, stored.size);
      return true;
    }
    this.logger.error(
      { digest, bytes: stored.size },
      'a stored blob is damaged; it is moved aside and will be fetched again',
    );
    // These bytes and no others: a whole blob may have taken their place while they were hashed.
    await this.store.quarantine(digest, stored);
    return false;
  }
}
