import { onAbort } from '../../../../common/async/until-aborted';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import { HAS_ALL_BLOBS } from '../../cache/content/complete-manifests';
import type { Queries } from '../../db/database';

/**
 * Interval of the checks whether scans have ended, in milliseconds. One read serves all callers.
 */
const LOOK_MS = 200;
/** Maximum number of waiting callers. Further callers get the present state at once. */
const MAX_WAITING = 1000;

/** The image of one repository. */
export interface AwaitedImage {
  readonly manifestId: number;
  readonly digest: string;
  /**
   * Whether all its bytes were proven for the organization when the wait began. Otherwise the wait
   * goes on until the organization holds all of them.
   */
  readonly isProven: boolean;
}

interface Waiting extends AwaitedImage {
  readonly end: () => void;
}

/**
 * Lets callers wait until a scan has ended, no matter which process runs it, and all bytes of the
 * image are proven for their organization. Before that, the organization may not know of the scan.
 */
export class ScanWaits {
  private readonly waiting = new Set<Waiting>();
  private looks: (() => void) | undefined;

  constructor(
    private readonly queries: Queries,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Number of waiting callers. */
  get size(): number {
    return this.waiting.size;
  }

  /**
   * Resolves when the image is proven and its scan has ended, the time is over, or the caller has
   * disconnected; at once if too many callers wait. Never rejects.
   */
  async wait(image: AwaitedImage, waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.waiting.size >= MAX_WAITING || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const cancel = this.clock.after(waitMs, () => end());
      const end = (): void => {
        if (!this.waiting.delete(entry)) return;
        cancel();
        stopListening();
        resolve();
      };
      const entry: Waiting = { ...image, end };
      this.waiting.add(entry);
      const stopListening = onAbort(signal, end);
      this.schedule();
    });
  }

  /** Ends all waits, because the process stops. */
  endAll(): void {
    this.looks?.();
    this.looks = undefined;
    for (const { end } of [...this.waiting]) end();
  }

  /** Checks now. Never rejects. */
  async look(): Promise<void> {
    try {
      const ended = new Set<number>();
      for (const isProven of [true, false]) {
        const waiting = [...this.waiting].filter((image) => image.isProven === isProven);
        for (const part of chunks([...new Set(waiting.map(({ manifestId }) => manifestId))]))
          for (const { id } of await endedScans(this.queries, part, isProven)) ended.add(id);
      }
      for (const { manifestId, end } of [...this.waiting]) if (ended.has(manifestId)) end();
    } catch (error) {
      this.log.warn({ err: error }, 'Checking whether scans have ended failed; it will be retried');
    }
  }

  private schedule(): void {
    if (this.looks !== undefined || this.waiting.size === 0) return;
    this.looks = this.clock.after(LOOK_MS, () => {
      void this.look().finally(() => {
        this.looks = undefined;
        this.schedule();
      });
    });
  }
}

/**
 * Returns those of these manifests whose scans have a result or will never have one. Unless they
 * are proven, their origin must hold all their blobs.
 */
async function endedScans(
  queries: Queries,
  manifestIds: readonly number[],
  areProven: boolean,
): Promise<readonly { readonly id: number }[]> {
  const query = queries(`${Table.manifests} as m`)
    .join(`${Table.scans} as s`, 's.digest', 'm.digest')
    .whereIn('m.id', [...manifestIds])
    .where((ended) =>
      ended
        .whereNotNull('s.reported_at')
        .orWhere('s.state', 'UNSUPPORTED')
        .orWhere((failed) => failed.where('s.state', 'FAILED').whereNull('s.work')),
    )
    .select<{ id: number }[]>({ id: 'm.id' });
  if (!areProven) void query.whereRaw(HAS_ALL_BLOBS);
  return query;
}
