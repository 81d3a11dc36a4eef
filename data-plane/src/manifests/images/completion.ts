import { LRUCache } from 'lru-cache';
import type { Descriptor } from '../../../../common/oci/descriptor';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { PullTarget } from '../../access/pull-target';
import { blobsOf } from './image-blobs';
import { repositoryScope } from '../../access/repository-scope';

/**
 * Fills one blob in the background and resolves when it is in the store. Does nothing if the store
 * already has the blob. `urgent`: a client is waiting, so the fill has the priority of a client
 * until that signal aborts. The fill continues after the abort.
 */
export type CompleteBlob = (target: PullTarget, blob: Descriptor, urgent?: AbortSignal) => Promise<void>;

/** The limits of the background work. */
export interface CompletionLimits {
  /**
   * Maximum number of waiting blobs. Further blobs are dropped; a client, or the next pull after a
   * restart, fills them.
   */
  readonly maxWaiting: number;
  /** Number of blobs that are filled at the same time. */
  readonly concurrency: number;
  /**
   * Head start of the client, in milliseconds. The client requests the layers that it needs first,
   * and completion joins those fills.
   */
  readonly delayMs: number;
}

interface Waiting {
  readonly target: PullTarget;
  readonly blob: Descriptor;
  /** The key in `considered` of the manifest that names the blob. */
  readonly manifestKey: string;
}

const MAX_REMEMBERED = 10_000;

/**
 * Completes images in the cache (docs/design/pull-semantics.md#completion): after a manifest was
 * served, the blobs that the client did not request are filled at low priority. All requests share
 * a fill, so nothing is fetched twice. An index of manifests completes nothing: a platform is
 * completed when a client requests its manifest.
 */
export class Completion {
  private readonly waiting = new Map<string, Waiting>();
  private readonly considered = new LRUCache<string, true>({ max: MAX_REMEMBERED });
  private running = 0;
  private stopped = false;

  constructor(
    private readonly complete: CompleteBlob,
    private readonly limits: CompletionLimits,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Schedules the completion of a served manifest. Each manifest is considered once in the lifetime
   * of the process; again after a failure, so that the next pull resumes what an outage
   * interrupted; and again if it is `fresh`: it was just fetched from the upstream, perhaps after
   * its image was evicted. With a scan policy, images are always completed, regardless of the
   * configuration, because an incomplete image cannot be scanned. Never throws and never waits.
   */
  consider(target: PullTarget, manifest: Descriptor, content: Buffer, fresh: boolean): void {
    const wanted = target.proxy.completeImages || target.organization.scanPolicy !== undefined;
    if (this.stopped || !wanted) return;
    const key = `${repositoryScope(target)}\n${manifest.digest}`;
    if (!fresh && this.considered.has(key)) return;
    this.considered.set(key, true);
    this.clock.after(this.limits.delayMs, () => this.enqueue(target, manifest, content, key));
  }

  /** Returns the number of blobs that wait or are being filled. */
  depth(): number {
    return this.waiting.size + this.running;
  }

  /** Starts no further blobs. Running fills are stopped by their owner. */
  stop(): void {
    this.stopped = true;
    this.waiting.clear();
  }

  private enqueue(target: PullTarget, manifest: Descriptor, content: Buffer, manifestKey: string): void {
    if (this.stopped) return;
    let dropped = 0;
    for (const blob of this.blobsToFill(manifest, content)) {
      if (this.waiting.size >= this.limits.maxWaiting) dropped += 1;
      else this.waiting.set(`${repositoryScope(target)}\n${blob.digest}`, { target, blob, manifestKey });
    }
    if (dropped > 0) {
      this.considered.delete(manifestKey);
      this.logger.warn({ dropped }, 'Too many blobs wait for completion; some were dropped');
    }
    this.next();
  }

  /** Returns no blobs for a manifest that an earlier version cached and this one would refuse. */
  private blobsToFill(manifest: Descriptor, content: Buffer): readonly Descriptor[] {
    try {
      return blobsOf(manifest, content);
    } catch (error) {
      this.logger.debug({ err: error, digest: manifest.digest }, 'A cached manifest is not completed');
      return [];
    }
  }

  private next(): void {
    while (this.running < this.limits.concurrency) {
      const [entry] = this.waiting;
      if (entry === undefined) return;
      const [key, { target, blob, manifestKey }] = entry;
      this.waiting.delete(key);
      this.running += 1;
      this.complete(target, blob)
        .catch((error: unknown) => {
          this.considered.delete(manifestKey);
          const { organization, key: repository } = target;
          const where = { organization: organization.name, repository: repository.repository, digest: blob.digest };
          if (!this.stopped) this.logger.warn({ err: error, ...where }, 'Completing a blob failed');
        })
        .finally(() => {
          this.running -= 1;
          this.next();
        });
    }
  }
}
