import { LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { Digest } from '../../../../common/oci/digest';
import { NO_TRACER, type Tracer } from '../../../../common/tracing/tracer';
import type { BlobStore } from '../../store/blob-store';
import { throwIfAborted } from '../../store/read-file-range';
import { StoredBlobs } from '../../store/guard/stored-blobs';
import { untilAborted } from '../../async/abort-gate';
import { type FillDependencies, FillJob, type FillOver } from './fill-job';
import { DEFAULT_FILL_LIMITS, type FillLimits } from './fill-limits';
import { FillQueue } from './fill-queue';
import type { FillReader, FillRequest, Fills } from './fills';
import { isOutage } from './resume-policy';
import { createSpool, type Spool } from './spool';

/** What fills are made of. */
export interface FillsOptions {
  readonly store: BlobStore;
  /** This process's own folder; see createSpool. */
  readonly spoolDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What differs from DEFAULT_FILL_LIMITS. */
  readonly limits?: Partial<FillLimits>;
  /** In place of the spool in `spoolDirectory`. */
  readonly spool?: Spool;
  /** Told of every fill that is over. */
  readonly onOver?: FillOver;
  /** Default: fills are not traced. */
  readonly tracer?: Tracer;
}

/** Fills that have something to do before their first use. */
export interface SpooledFills extends Fills {
  /** Makes the spool folder and removes what a crash left in it. Before the first fill. Throws STORE_FAILED. */
  cleanSpool(): Promise<void>;
  /** How many fills read from upstreams, and how many wait for their turn. */
  counts(): { readonly running: number; readonly waiting: number };
}

/** Outages that a waiter sees others run into before it takes them for its own: not each of 200 waiters waits for a time-out of its own. */
const OUTAGES_BELIEVED = 2;
/** How long aborted fills are waited for. */
const ABORT_MS = 5_000;

/** Fills through a spool folder on this host (architecture, section 5). */
export function createFills(options: FillsOptions): SpooledFills {
  const { store, clock, logger, onOver, tracer = NO_TRACER } = options;
  const limits = { ...DEFAULT_FILL_LIMITS, ...options.limits };
  const spool = options.spool ?? createSpool(options.spoolDirectory);
  const stored = new StoredBlobs(store, logger);
  return new JobFills({ store, stored, spool, queue: new FillQueue(limits), clock, logger, limits, onOver, tracer });
}

class JobFills implements SpooledFills {
  private readonly jobs = new Map<string, FillJob>();
  private stopping = false;

  constructor(private readonly deps: FillDependencies) {}

  async cleanSpool(): Promise<void> {
    const files = await this.deps.spool.clean();
    if (files > 0) this.deps.logger.info({ files }, 'removed fills that a crash had left');
  }

  counts(): { readonly running: number; readonly waiting: number } {
    return this.deps.queue.counts();
  }

  open(request: FillRequest, signal?: AbortSignal): Promise<FillReader> {
    return this.attempt(request, signal, async (job) => {
      const seat = job.sit(request);
      try {
        await untilAborted(job.opened.promise, signal);
        if (job.fits(request.expectedSize)) return job.reader(seat);
        // One of the two sizes is wrong. When the fill is over the store, or an own try, tells which.
        await untilAborted(
          job.settled.promise.catch(() => undefined),
          signal,
        );
        await seat.leave();
        return undefined;
      } catch (error) {
        await seat.leave();
        throw error;
      }
    });
  }

  async complete(request: FillRequest): Promise<void> {
    await this.attempt(request, undefined, async (job) => {
      const seat = job.sit(request);
      try {
        await job.settled.promise;
        return job.fits(request.expectedSize) ? true : undefined;
      } finally {
        await seat.leave();
      }
    });
  }

  isActive(digest: Digest): boolean {
    for (const job of this.jobs.values()) if (job.digest === digest) return true;
    return false;
  }

  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    for (const job of [...this.jobs.values()]) job.dropIfWaiting(stopped());
    await this.allOver(graceMs);
    for (const job of [...this.jobs.values()]) job.abort(stopped());
    await this.allOver(ABORT_MS);
    await this.deps.spool.clean();
  }

  /** Joins or begins, as often as it takes: what failed for another requester's reasons is tried for this one's own. */
  private async attempt<T>(
    request: FillRequest,
    signal: AbortSignal | undefined,
    take: (job: FillJob) => Promise<T | undefined>,
  ): Promise<T> {
    for (let outages = 0; ;) {
      throwIfAborted(signal);
      if (this.stopping) throw stopped();
      const job = this.join(request);
      try {
        const taken = await take(job);
        if (taken !== undefined) return taken;
      } catch (thrown) {
        const error = toLayoverError(thrown);
        throwIfAborted(signal);
        if (job.isOpened || job.askedFor(request)) throw error;
        if (isOutage(error) && ++outages >= OUTAGES_BELIEVED) throw error;
      }
    }
  }

  private join(request: FillRequest): FillJob {
    const key = `${request.upstream} ${request.digest}`;
    const running = this.jobs.get(key);
    if (running !== undefined) return running;
    const job = new FillJob(this.deps, request, () => this.jobs.delete(key));
    this.jobs.set(key, job);
    job.start();
    return job;
  }

  private async allOver(withinMs: number): Promise<void> {
    const over = Promise.allSettled([...this.jobs.values()].map((job) => job.settled.promise));
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => (cancel = this.deps.clock.after(withinMs, resolve)));
    await Promise.race([over, late]);
    cancel();
  }
}

function stopped(): LayoverError {
  return new LayoverError('NOT_READY', { message: 'this data plane is stopping; the request can be made again' });
}
