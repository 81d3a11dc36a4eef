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
import type { FillRoom, RoomCounts } from './room/fill-room';
import { isOutage } from './resume-policy';
import type { FileHashes } from './hash/file-hashes';
import { createSpool, type Spool } from './spool';

/** Dependencies and settings of createFills. */
export interface FillsOptions {
  readonly stored: StoredBlobs;
  /** Learns which repositories a fill runs for. */
  readonly uses: Pick<ContentUses, 'begin'>;
  /** A folder that only this process uses; see createSpool. */
  readonly spoolDirectory: string;
  /** Room on the disk of the spool. */
  readonly room: FillRoom;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Limits that differ from DEFAULT_FILL_LIMITS. */
  readonly limits?: Partial<FillLimits>;
  /** Hashes large blobs in another thread. Default: they are hashed as they arrive. */
  readonly hashes?: FileHashes;
  /** Replaces the spool in `spoolDirectory`. */
  readonly spool?: Spool;
  /** Called when a fill ends. */
  readonly onOver?: FillOver;
  /**
   * Called for every blob that a fill stored or found in the store, before the fill cannot be
   * joined any more.
   */
  readonly onProven?: (blob: FilledBlob) => void;
  /**
   * Called for every blob that a fill stored or found in the store. The fill ends, and the blob
   * stops being in use, when the returned promise resolves.
   */
  readonly onFilled?: (blob: FilledBlob) => Promise<void>;
  /** Default: fills are not traced. */
  readonly tracer?: Tracer;
}

/** Fills with a spool that must be cleaned before the first fill. */
export interface SpooledFills extends Fills {
  /**
   * Creates the spool folder and removes files that a crash left in it. Call it before the first
   * fill. Throws STORE_FAILED.
   */
  cleanSpool(): Promise<void>;
  /** Returns how many fills read from upstreams, and how many wait for a slot. */
  counts(): { readonly running: number; readonly waiting: number };
  /** Returns how much room fills have reserved, and how many wait for it. */
  roomCounts(): RoomCounts;
}

/**
 * Number of outages of other requesters after which a waiting request fails too. Without this
 * limit, each of 200 waiting requests would run into its own timeout.
 */
const MAX_SHARED_OUTAGES = 2;
/** How long stop() waits for aborted fills, in milliseconds. */
const ABORT_MS = 5_000;

/** Creates fills with a spool folder on this host (docs/design/fills.md#spool). */
export function createFills(options: FillsOptions): SpooledFills {
  const { stored, uses, hashes, room, clock, logger, onOver, onProven, onFilled, tracer = NO_TRACER } = options;
  const limits = { ...DEFAULT_FILL_LIMITS, ...options.limits };
  const spool = options.spool ?? createSpool(options.spoolDirectory);
  const queue = new FillQueue(limits);
  const deps = { stored, uses, spool, hashes, room, queue, clock, logger, limits, onOver, onProven, onFilled, tracer };
  return new JobFills(deps);
}

class JobFills implements SpooledFills {
  /**
   * Fills that can be joined, by upstream identity and digest; several if they exclude each other.
   */
  private readonly jobs = new Map<string, FillJob[]>();
  /** Fills whose `settled` promise is pending. */
  private readonly unsettled = new Set<FillJob>();
  private stopping = false;

  constructor(private readonly deps: FillDependencies) {}

  async cleanSpool(): Promise<void> {
    const files = await this.deps.spool.clean();
    if (files > 0) this.deps.logger.info({ files }, 'Spool files of fills that a crash interrupted were removed');
  }

  counts(): { readonly running: number; readonly waiting: number } {
    return this.deps.queue.counts();
  }

  roomCounts(): RoomCounts {
    return this.deps.room.counts();
  }

  open(request: FillRequest, signal?: AbortSignal): Promise<FillReader> {
    return this.attempt(request, signal, async (job, joined) => {
      const seat = job.takeSeat(request);
      try {
        const size = await job.sizeFor(request, signal);
        if (job.isFor(request)) return job.reader(seat, joined, size);
        seat.withdraw();
        // The blob was found in the store, and the request has no proof. After this fill has ended,
        // a fill of this request decides.
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
      const seat = job.takeSeat(request);
      const stopListening = onAbort(urgent, () => seat.lower());
      try {
        await job.settled.promise;
        if (job.isFor(request)) return true;
        seat.withdraw();
        return undefined;
      } finally {
        stopListening();
        await seat.leave();
      }
    });
    // The fill continues after the last caller has left. Nobody handles its failure then.
    whole.catch(() => undefined);
    await untilAborted(whole, urgent);
  }

  follow(request: FillRequest): boolean {
    return this.joinable(request)?.follow(request) ?? false;
  }

  received(request: FillRequest): number {
    return this.joinable(request)?.received ?? 0;
  }

  isActive(digest: Digest): boolean {
    return this.all().some((job) => job.digest === digest);
  }

  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    for (const job of this.all()) job.dropIfWaiting(stopped());
    await this.allOver(graceMs);
    for (const job of this.all()) job.abort(stopped());
    await this.allOver(ABORT_MS);
    await this.deps.spool.clean();
  }

  /**
   * Joins or starts a fill, and repeats this as long as needed. If a fill fails for reasons of
   * another requester, this request tries again with its own credentials.
   */
  private async attempt<T>(
    request: FillRequest,
    signal: AbortSignal | undefined,
    take: (job: FillJob, joined: boolean) => Promise<T | undefined>,
  ): Promise<T> {
    // The absence is only valid for the first attempt; later attempts may run much later.
    let { absence } = request;
    let isForOwnSize = false;
    for (let outages = 0; ;) {
      throwIfAborted(signal);
      if (this.stopping) throw stopped();
      const running = this.joinable(request, isForOwnSize);
      const job = running ?? this.begin(request, absence);
      absence = undefined;
      try {
        const taken = await take(job, running !== undefined);
        if (taken !== undefined) return taken;
      } catch (thrown) {
        const error = toLayoverError(thrown);
        throwIfAborted(signal);
        if (job.concernsAll(error) || job.isAskingFor(request)) throw error;
        if (isOutage(error) && ++outages >= MAX_SHARED_OUTAGES) throw error;
        if (error.key !== 'STORE_FULL') continue;
        // The disk is too full for everybody who expects this size: each would wait once more.
        if (job.asksForSizeOf(request)) throw error;
        // A manifest may name the blob with any size, so that its fill finds no room.
        isForOwnSize = true;
      }
    }
  }

  private begin(request: FillRequest, absence: Absence | undefined): FillJob {
    const key = keyOf(request);
    const job: FillJob = new FillJob(this.deps, { request, absence }, () => {
      const others = (this.jobs.get(key) ?? []).filter((other) => other !== job);
      if (others.length > 0) this.jobs.set(key, others);
      else this.jobs.delete(key);
    });
    this.jobs.set(key, [...(this.jobs.get(key) ?? []), job]);
    this.unsettled.add(job);
    const settled = (): void => void this.unsettled.delete(job);
    job.settled.promise.then(settled, settled);
    job.start();
    return job;
  }

  private joinable(request: FillRequest, isForOwnSize = false): FillJob | undefined {
    const jobs = this.jobs.get(keyOf(request));
    return jobs?.find((job) => job.admits(request) && (!isForOwnSize || job.asksForSizeOf(request)));
  }

  private all(): FillJob[] {
    return [...this.jobs.values()].flat();
  }

  private async allOver(withinMs: number): Promise<void> {
    const over = Promise.allSettled([...this.unsettled].map((job) => job.settled.promise));
    await withTimeout(this.deps.clock, withinMs, over, () => undefined);
  }
}

function keyOf({ identities, digest }: FillRequest): string {
  return `${digest} ${identities.at(-1)}`;
}

function stopped(): LayoverError {
  return new LayoverError('NOT_READY', { message: 'This data plane is stopping. Retry the request.' });
}
