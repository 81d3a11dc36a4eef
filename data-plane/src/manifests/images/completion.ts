import { LRUCache } from 'lru-cache';
import type { Descriptor } from '../../../../common/oci/descriptor';
import { isIndex } from '../../../../common/oci/media-types';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { PullTarget } from '../../access/pull-target';
import { blobsOf } from './image-blobs';
import { repositoryScope } from '../../access/repository-scope';

/**
 * Brings one blob into the store in the background; resolves when it is there. Harmless when it was there already. `urgent`: somebody waits for it, so it counts as a client's until that
 * signal aborts; the fill goes on nevertheless.
 */
export type CompleteBlob = (target: PullTarget, blob: Descriptor, urgent?: AbortSignal) => Promise<void>;

/** Bounds of the background work. */
export interface CompletionLimits {
  /** Blobs that may wait; more are dropped (the next pull after a restart, or a client, brings them). */
  readonly maxWaiting: number;
  /** Blobs that are brought in at a time. */
  readonly concurrency: number;
  /** Head start that the client has: it asks for the layers it lacks first, and completion then finds them running. */
  readonly delayMs: number;
}

interface Waiting {
  readonly target: PullTarget;
  readonly blob: Descriptor;
  /** Of the manifest that names it, in `considered`. */
  readonly manifestKey: string;
}

const MAX_REMEMBERED = 10_000;

/**
 * Makes images whole in the cache (docs/design/pull-semantics.md#completion): after a manifest was
 * served, the blobs that the client did not ask for are filled at low priority. Fills are
 * single-flight, so nothing is fetched twice. An index brings nothing by itself: platforms come
 * when a client asks for their manifests.
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
   * Called for every manifest that was served from or into the cache. Looks at each one once in the life of the process, again
   * after a failure (what a crash or an outage interrupted is taken up by the next pull), and again when it is `fresh`: it came from
   * upstream just now, perhaps after its image was evicted. With a scan policy images are completed whatever the configuration says: half of one can't be scanned.
   * Never throws, never waits.
   */
  consider(target: PullTarget, manifest: Descriptor, content: Buffer, fresh: boolean): void {
    const wanted = target.proxy.completeImages || target.organization.scanPolicy !== undefined;
    if (this.stopped || !wanted || isIndex(manifest.mediaType)) return;
    const key = `${repositoryScope(target)}\n${manifest.digest}`;
    if (!fresh && this.considered.has(key)) return;
    this.considered.set(key, true);
    this.clock.after(this.limits.delayMs, () => this.enqueue(target, manifest, content, key));
  }

  /** Blobs that wait or are on their way. */
  depth(): number {
    return this.waiting.size + this.running;
  }

  /** Begins nothing more. What is on its way belongs to the fills, which are stopped by themselves. */
  stop(): void {
    this.stopped = true;
    this.waiting.clear();
  }

  private enqueue(target: PullTarget, manifest: Descriptor, content: Buffer, manifestKey: string): void {
    if (this.stopped) return;
    let dropped = 0;
    for (const blob of blobsOf(manifest, content)) {
      if (this.waiting.size >= this.limits.maxWaiting) dropped += 1;
      else this.waiting.set(`${repositoryScope(target)}\n${blob.digest}`, { target, blob, manifestKey });
    }
    if (dropped > 0) {
      this.considered.delete(manifestKey);
      this.logger.warn({ dropped }, 'too many blobs wait for completion; some are left out');
    }
    this.next();
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
          if (!this.stopped) this.logger.warn({ err: error, ...where }, 'a blob could not be completed');
        })
        .finally(() => {
          this.running -= 1;
          this.next();
        });
    }
  }
}
