import { LRUCache } from 'lru-cache';
import type { Digest } from '../../../../common/oci/digest';
import { type Clock, systemClock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { SingleFlight } from '../../../../common/async/single-flight';
import type { BlobLink, BlobLinks } from '../blob-links';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../blob-store';
import { hasDigest } from '../hash-blob';
import type { ContentUses } from '../uses/content-uses';
import { isUnreadable } from '../store-error';
import { Absence } from './absence';
import { DamageDoubts } from './damage-doubts';
import { type BlobDeletion, GuardedBlobStore } from './guarded-blob-store';
import { provenReads, watchedReads } from './proven-reads';
import type { ReadRight } from './read-right';

/** Dependencies of StoredBlobs. */
export interface StoredBlobsOptions {
  readonly store: BlobStore;
  /** Content in use, which must not be deleted. */
  readonly uses: ContentUses;
  /** Makes links to stored blobs; undefined = clients are never redirected. */
  readonly links?: BlobLinks | undefined;
  /**
   * Returns whether the file of a blob must be checked before it is served, for example after a
   * crash. Asked at every read, so it is quick. Default: never.
   */
  readonly isSuspect?: (digest: Digest) => boolean;
  /** Called for every blob whose bytes are found to be damaged. */
  readonly onDamaged?: () => void;
  readonly logger: Logger;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

/** The result of hashing a stored blob. `replaced`: its bytes were replaced in the meantime. */
export type Proof = 'whole' | 'moved-aside' | 'replaced';

/** What is remembered of a digest. */
interface Remembered {
  /** Size that was proven by hashing the bytes, on this read or before they were stored. */
  readonly provenSize: number | undefined;
  /** Number of the write that last stored the digest; 0 = this process did not store it. */
  readonly storedAt: number;
}

/** Number of digests that are remembered. */
const REMEMBERED = 16_384;

/**
 * Manages stored blobs and manifests. It is the only user of the blob store, so that one object
 * knows whether a digest is stored, observes all writes and removals, and notifies those that hold
 * a copy.
 *
 * A blob whose size differs from its manifest is hashed once. Either the blob is damaged, is moved
 * to quarantine and counts as absent; or the manifest is wrong. So nobody can have a good blob
 * removed with a manifest that names a wrong size.
 *
 * Bytes that do not come from a file of this host are proven while they are read, and so are those
 * of a suspect file whose check takes long (docs/design/fills.md#stored-bytes). A blob in doubt is
 * read again before it is opened once more.
 *
 * Content is only deleted while it is not in use; see GuardedBlobStore.
 */
export class StoredBlobs {
  private readonly store: GuardedBlobStore;
  private readonly remembered = new LRUCache<Digest, Remembered>({ max: REMEMBERED });
  private readonly proofs = new SingleFlight<Proof>();
  private readonly doubts: DamageDoubts;
  /** The blobs of the store, by what `open` made of them. */
  private readonly inner = new WeakMap<StoredBlob, StoredBlob>();
  private readonly onRemoved: ((digest: Digest) => void)[] = [];
  /** Number of writes so far. */
  private writes = 0;

  constructor(private readonly options: StoredBlobsOptions) {
    const { clock = systemClock, logger } = options;
    this.store = new GuardedBlobStore(options.store, options.uses);
    this.doubts = new DamageDoubts({ examine: (digest, signal) => this.examine(digest, signal), clock, logger });
  }

  /** Returns the size of a blob in bytes, or its absence. Throws the errors of the store. */
  async stat(digest: Digest): Promise<number | Absence> {
    const since = this.writes;
    return (await this.store.stat(digest)) ?? this.absence(digest, since);
  }

  /**
   * Opens a blob, which the caller closes. A blob with another size than `expectedSize` is hashed
   * once: if it is damaged, it is moved to quarantine and counts as absent; if it is good, the
   * expectation was wrong. A blob in doubt is examined first; if that takes longer than a moment, a
   * blob that does not come from a file of this host counts as absent. Throws the errors of the
   * store.
   */
  async open({ digest }: ReadRight, expectedSize?: number): Promise<StoredBlob | Absence> {
    const since = this.writes;
    if (this.isSuspect(digest)) this.doubts.raise(digest);
    const isInDoubt = this.doubts.has(digest) && !(await this.doubts.settled(digest));
    const blob = await this.store.open(digest);
    if (blob === undefined) return this.absence(digest, since);
    let isWhole = false;
    try {
      const isHere = !isInDoubt || blob.localPath !== undefined;
      const isExpected = expectedSize === undefined || blob.size === expectedSize;
      isWhole = isHere && (isExpected || (await this.proveSize(digest, blob)) === 'whole');
    } finally {
      if (!isWhole) await blob.close();
    }
    return isWhole ? this.watched(digest, blob, isInDoubt) : this.absence(digest, since);
  }

  /**
   * Opens a blob as the store has it, to verify its bytes; the caller closes it. Nothing is proven
   * while it is read. Throws the errors of the store.
   */
  async openToVerify({ digest }: ReadRight): Promise<StoredBlob | Absence> {
    const since = this.writes;
    return (await this.store.open(digest)) ?? this.absence(digest, since);
  }

  /**
   * Returns a link to a blob for clients that may be redirected, or undefined if no link can be
   * made at the moment. Never throws. The caller holds the blob meanwhile; see {@link
   * StoredBlobs.hold}.
   */
  async linkTo({ digest }: ReadRight): Promise<BlobLink | Absence | undefined> {
    const since = this.writes;
    if (this.doubts.has(digest)) return undefined;
    const link = await this.options.links?.linkTo(digest);
    return link === 'absent' ? this.absence(digest, since) : link;
  }

  /** Returns small content; see BlobStore.get. */
  get(digest: Digest, maxBytes: number): Promise<Buffer | undefined> {
    return this.store.get(digest, maxBytes);
  }

  /** Stores small content that the caller has verified; see BlobStore.put. */
  async put(digest: Digest, content: Buffer): Promise<void> {
    await this.store.put(digest, content);
    this.rememberWrite(digest, content.length);
  }

  /**
   * Starts to store a blob; see BlobStore.ingest. The blob is in use until the ingest has ended.
   */
  async ingest(digest: Digest, spoolFile: string): Promise<BlobIngest> {
    const ingest = await this.store.ingest(digest, spoolFile);
    return {
      advance: (writtenBytes) => ingest.advance(writtenBytes),
      commit: async (file, size) => {
        await ingest.commit(file, size);
        this.rememberWrite(digest, size);
      },
      abort: () => ingest.abort(),
    };
  }

  /** Lists stored blobs; see BlobStore.list. */
  list(after: string, limit: number): Promise<BlobPage> {
    return this.store.list(after, limit);
  }

  /** Deletes content that is not in use. Throws STORE_FAILED. */
  deleteUnused(digest: Digest): Promise<BlobDeletion> {
    return this.store.deleteUnused(digest, () => this.notifyRemoved(digest));
  }

  /**
   * Hashes an open blob, and moves it to quarantine if its bytes are damaged, or if its file cannot
   * be read. Concurrent callers share one pass over the bytes. Throws the errors of the store, and
   * CANCELLED if the signal aborts.
   */
  prove(digest: Digest, blob: StoredBlob, signal?: AbortSignal): Promise<Proof> {
    const inner = this.inner.get(blob) ?? blob;
    return this.proofs.run(`${digest} ${blob.size}`, async () => {
      if (await hasWholeBytes(inner, digest, signal)) {
        this.remembered.set(digest, { storedAt: this.storedAt(digest), provenSize: blob.size });
        return 'whole';
      }
      this.options.logger.error(
        { digest, bytes: blob.size },
        'A stored blob is damaged; Layover moves it to quarantine and will fetch it again',
      );
      return (await this.quarantine(digest, inner)) ? 'moved-aside' : 'replaced';
    });
  }

  /**
   * Has a blob examined in the background, because it may be damaged. Until that is over, it is not
   * opened and clients are not redirected to it.
   */
  doubt(digest: Digest): void {
    this.doubts.raise(digest);
  }

  /** Ends all examinations. Resolves when nothing of the store is read any more because of them. */
  stop(): Promise<void> {
    return this.doubts.stop();
  }

  /**
   * Moves exactly the bytes that `blob` reads to quarantine; see BlobStore.quarantine. Returns
   * false if they were replaced.
   */
  async quarantine(digest: Digest, blob: StoredBlob): Promise<boolean> {
    const moved = await this.store.quarantine(digest, this.inner.get(blob) ?? blob);
    this.options.onDamaged?.();
    if (!moved) return false;
    this.remembered.delete(digest);
    this.notifyRemoved(digest);
    return true;
  }

  /**
   * Prevents the deletion of content until the returned function is called. Resolves when no
   * deletion of it is running.
   */
  hold(digest: Digest): Promise<() => void> {
    return this.store.hold(digest);
  }

  /** Registers a listener for digests that are about to be deleted or were moved to quarantine. */
  whenRemoved(listener: (digest: Digest) => void): void {
    this.onRemoved.push(listener);
  }

  /** A file that this process has written or hashed is not suspect. */
  private isSuspect(digest: Digest): boolean {
    return this.options.isSuspect?.(digest) === true && this.remembered.peek(digest)?.provenSize === undefined;
  }

  private watched(digest: Digest, blob: StoredBlob, isInDoubt: boolean): StoredBlob {
    const reads = { digest, onDoubt: () => this.doubts.raise(digest) };
    const isTrusted = blob.localPath !== undefined && !isInDoubt && !this.isSuspect(digest);
    const watched = isTrusted ? watchedReads(blob, reads) : provenReads(blob, reads);
    this.inner.set(watched, blob);
    return watched;
  }

  private async examine(digest: Digest, signal: AbortSignal): Promise<void> {
    const blob = await this.store.open(digest);
    if (blob === undefined) return;
    try {
      await this.prove(digest, blob, signal);
    } finally {
      await blob.close();
    }
  }

  private async proveSize(digest: Digest, blob: StoredBlob): Promise<Proof> {
    return this.remembered.get(digest)?.provenSize === blob.size ? 'whole' : this.prove(digest, blob);
  }

  private rememberWrite(digest: Digest, size: number): void {
    this.writes += 1;
    this.remembered.set(digest, { storedAt: this.writes, provenSize: size });
  }

  private storedAt(digest: Digest): number {
    return this.remembered.peek(digest)?.storedAt ?? 0;
  }

  private absence(digest: Digest, since: number): Absence {
    return new Absence(digest, () => this.storedAt(digest) <= since);
  }

  private notifyRemoved(digest: Digest): void {
    for (const listener of this.onRemoved) listener(digest);
  }
}

async function hasWholeBytes(blob: StoredBlob, digest: Digest, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return await hasDigest(blob, digest, signal);
  } catch (error) {
    if (blob.localPath !== undefined && isUnreadable(error)) return false;
    throw error;
  }
}
