import { LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { Digest } from '../../../../common/oci/digest';
import { NO_TRACER, type Tracer } from '../../../../common/tracing/tracer';
import { withTimeout } from '../../../../common/async/deadline';
import { onAbort, throwIfAborted, untilAborted } from '../../../../common/async/until-aborted';
import type { Absence } from '../../store/guard/absence';
import type { StoredBlobs } from '../../store/guard/stored-blobs';
import type { ContentUses } from '../../store/uses/content-uses';
import { type FillDependencies, FillJob, type FillOver } from './fill-job';
import { DEFAULT_FILL_LIMITS, type FillLimits } from './fill-limits';
import { FillQueue } from './fill-queue';
import type { FillReader, FillRequest, Fills } from './fills';
import type { FilledBlob } from './requesters';
import { isOutage } from './resume-policy';
import { createSpool, type Spool } from './spool';

/** What fills are made of. */
export interface FillsOptions {
  readonly stored: StoredBlobs;
  /** Told which repositories a fill runs for. */
  readonly uses: Pick<ContentUses, 'begin'>;
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
  /**
   * Told of every blob that a fill stored, or that was stored when it was the fill's turn. The fill is
   * over, and its blob no longer in use, when this resolves.
   */
  readonly onFilled?: (blob: FilledBlob) => Promise<void>;
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

/** Fills through a spool folder on this host (docs/design/fills.md#spool). */
export function createFills(options: FillsOptions): SpooledFills {
  const { stored, uses, clock, logger, onOver, onFilled, tracer = NO_TRACER } = options;
  const limits = { ...DEFAULT_FILL_LIMITS, ...options.limits };
  const spool = options.spool ?? createSpool(options.spoolDirectory);
  const queue = new FillQueue(limits);
  return new JobFills({ stored, uses, spool, queue, clock, logger, limits, onOver, onFilled, tracer });
}

class JobFills implements SpooledFills {
  /** Fills that can be joined, by upstream and digest. */
  private readonly jobs = new Map<string, FillJob>();
  /** Fills that have not settled. */
  private readonly unsettled = new Set<FillJob>();
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
    return this.attempt(request, signal, async (job, joined) => {
      const seat = job.sit(request);
      try {
        await untilAborted(job.opened.promise, signal);
        if (job.fits(request.expectedSize)) return job.reader(seat, joined);
        seat.withdraw();
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

  async complete(request: FillRequest, urgent?: AbortSignal): Promise<void> {
    const whole = this.attempt(request, undefined, async (job) => {
      const seat = job.sit(request);
      const stopListening = onAbort(urgent, () => seat.lower());
      try {
        await job.settled.promise;
        if (job.fits(request.expectedSize)) return true;
        seat.withdraw();
        return undefined;
      } finally {
        stopListening();
        await seat.leave();
      }
    });
    // It goes on when nobody waits any more; its failure is then nobody's.
    whole.catch(() => undefined);
    await untilAborted(whole, urgent);
  }

  follow(request: FillRequest): boolean {
    return this.jobs.get(keyOf(request))?.follow(request) ?? false;
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
    take: (job: FillJob, joined: boolean) => Promise<T | undefined>,
  ): Promise<T> {
    // The store's answer is good for the first try; those after it may come much later.
    let { absence } = request;
    for (let outages = 0; ;) {
      throwIfAborted(signal);
      if (this.stopping) throw stopped();
      const running = this.jobs.get(keyOf(request));
      const job = running ?? this.begin(request, absence);
      absence = undefined;
      try {
        const taken = await take(job, running !== undefined);
        if (taken !== undefined) return taken;
      } catch (thrown) {
        const error = toLayoverError(thrown);
        throwIfAborted(signal);
        if (job.isOpened || job.askedFor(request)) throw error;
        if (isOutage(error) && ++outages >= OUTAGES_BELIEVED) throw error;
      }
    }
  }

  private begin(request: FillRequest, absence: Absence | undefined): FillJob {
    const key = keyOf(request);
    const job = new FillJob(this.deps, { request, absence }, () => this.jobs.delete(key));
    this.jobs.set(key, job);
    this.unsettled.add(job);
    const settled = (): void => void this.unsettled.delete(job);
    job.settled.promise.then(settled, settled);
    job.start();
    return job;
  }

  private async allOver(withinMs: number): Promise<void> {
    const over = Promise.allSettled([...this.unsettled].map((job) => job.settled.promise));
    await withTimeout(this.deps.clock, withinMs, over, () => undefined);
  }
}

function keyOf({ upstream, digest }: FillRequest): string {
  return `${upstream} ${digest}`;
}

function stopped(): LayoverError {
  return new LayoverError('NOT_READY', { message: 'this data plane is stopping; the request can be made again' });
}
