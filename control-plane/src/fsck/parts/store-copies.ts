import type { Backoff } from '../../../../common/async/backoff';
import { retry } from '../../../../common/async/retry';
import { sleep } from '../../../../common/async/sleep';
import { throwIfAborted } from '../../../../common/async/until-aborted';
import type { Clock } from '../../../../common/runtime/clock';
import type { ContentKeeper, ListedContent, Verification } from '../../data-planes/content-keeper';
import { isApiError } from '../../errors/api-error';
import { CannotRunError } from './stop-reasons';

/** Attempts to reach a data plane, and the pauses between them. */
const ATTEMPTS = 6;
const BACKOFF: Backoff = { firstMs: 700, maxMs: 11_200 };

/** One data plane, called separately. */
export interface AskedDataPlane {
  /** As written in LAYOVER_DATA_PLANES. */
  readonly address: string;
  readonly keeper: ContentKeeper;
}

/** The copy of content on one data plane. */
export interface Copy {
  readonly plane: AskedDataPlane;
  /** In bytes. */
  readonly size: number;
}

/** The copies of content on all data planes. */
export interface StoredCopies {
  readonly digest: string;
  /** Empty if no data plane has it. */
  readonly copies: readonly Copy[];
  /** Whether a data plane reads or fills it; always false in a list. */
  readonly inUse: boolean;
}

/** The result of verifying a copy. `size` is the number of bytes read. */
export interface VerifiedCopy {
  readonly digest: string;
  readonly outcome: Verification;
  readonly size: number;
}

/**
 * The stored content of all data planes. Each data plane is called separately and all must answer,
 * because the content of a missing one would look lost. A data plane that does not answer is
 * retried for a while, since it may be starting; after that, every method throws a CannotRunError.
 * Data planes that share a store each count as having a copy.
 */
export class StoreCopies {
  constructor(
    private readonly planes: readonly AskedDataPlane[],
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** Calls each data plane once. Throws a CannotRunError that names all that do not answer. */
  async reach(): Promise<void> {
    const answers = await Promise.allSettled(
      this.planes.map(({ keeper }) => keeper.list()[Symbol.asyncIterator]().next()),
    );
    const silent = this.planes.filter((_, index) => answers[index]!.status === 'rejected');
    if (silent.length > 0) throw unreachable(silent.map(({ address }) => address));
  }

  /** Lists all stored content in pages, each digest once, in the order of the digests as text. */
  async *list(): AsyncGenerator<readonly StoredCopies[], void, undefined> {
    const lists = this.planes.map((plane) => ({
      plane,
      pages: plane.keeper.list()[Symbol.asyncIterator](),
      last: '',
      waiting: [] as readonly ListedContent[],
      ended: false,
    }));
    for (;;) {
      for (const list of lists) {
        while (!list.ended && list.waiting.length === 0) {
          const page = await this.withRetries(list.plane, async (again) => {
            if (again) list.pages = list.plane.keeper.list(list.last)[Symbol.asyncIterator]();
            return list.pages.next();
          });
          list.ended = page.done === true;
          list.waiting = page.done === true ? [] : page.value;
          list.last = list.waiting.at(-1)?.digest ?? list.last;
        }
      }
      if (lists.every(({ waiting }) => waiting.length === 0)) return;
      // Up to the end of the shortest page, the pages of all data planes are complete.
      const open = lists.filter(({ ended }) => !ended).map(({ last }) => last);
      const end = open.length === 0 ? undefined : open.reduce((a, b) => (a < b ? a : b));
      const page = new Map<string, Copy[]>();
      for (const list of lists) {
        const count =
          end === undefined ? list.waiting.length : list.waiting.filter(({ digest }) => digest <= end).length;
        for (const { digest, size } of list.waiting.slice(0, count))
          page.set(digest, [...(page.get(digest) ?? []), { plane: list.plane, size }]);
        list.waiting = list.waiting.slice(count);
      }
      yield [...page]
        .map(([digest, copies]) => ({ digest, copies, inUse: false }))
        .sort((a, b) => (a.digest < b.digest ? -1 : 1));
    }
  }

  /** Returns the present copies of these digests, by digest. */
  async stat(digests: readonly string[]): Promise<ReadonlyMap<string, StoredCopies>> {
    const found = new Map<string, StoredCopies>(
      digests.map((digest) => [digest, { digest, copies: [], inUse: false }]),
    );
    for (const plane of this.planes) {
      const states = await this.withRetries(plane, () => plane.keeper.stat(digests));
      for (const { digest, size, inUse } of states.values()) {
        const before = found.get(digest);
        if (before === undefined) continue;
        const copies = size === undefined ? before.copies : [...before.copies, { plane, size }];
        found.set(digest, { digest, copies, inUse: before.inUse || inUse });
      }
    }
    return found;
  }

  /**
   * Verifies the copies on one data plane, one after the other. With `quarantine`, damaged copies
   * are quarantined.
   */
  async *verify(
    plane: AskedDataPlane,
    digests: readonly string[],
    quarantine: boolean,
  ): AsyncGenerator<VerifiedCopy, void, undefined> {
    const left = new Set(digests);
    const read = (): AsyncIterator<VerifiedCopy> =>
      plane.keeper.verify([...left], quarantine, this.signal)[Symbol.asyncIterator]();
    let outcomes = read();
    try {
      for (;;) {
        const next = await this.withRetries(plane, async (again) => {
          if (again) outcomes = read();
          return outcomes.next();
        });
        if (next.done === true) return;
        left.delete(next.value.digest);
        yield next.value;
      }
    } finally {
      await outcomes.return?.();
    }
  }

  private async withRetries<T>(plane: AskedDataPlane, ask: (again: boolean) => Promise<T>): Promise<T> {
    const { clock, signal } = this;
    try {
      return await retry(
        { attempts: ATTEMPTS, backoff: BACKOFF, isRetryable: isUnavailable, wait: (ms) => sleep(clock, ms, signal) },
        (attempt) => {
          throwIfAborted(signal);
          return ask(attempt > 1);
        },
      );
    } catch (error) {
      throw isUnavailable(error) ? unreachable([plane.address]) : error;
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return isApiError(error) && error.code === 'UNAVAILABLE';
}

function unreachable(addresses: readonly string[]): CannotRunError {
  return new CannotRunError(
    `No answer from the data plane${addresses.length === 1 ? '' : 's'} at ` +
      `${addresses.join(', ')}. Every data plane in LAYOVER_DATA_PLANES must answer, because the ` +
      'content of a missing one would look lost. Start it or correct the list, then run fsck ' +
      'again.',
  );
}
