import type { Backoff } from '../../../../common/async/backoff';
import { retry } from '../../../../common/async/retry';
import { sleep } from '../../../../common/async/sleep';
import { throwIfAborted } from '../../../../common/async/until-aborted';
import type { Clock } from '../../../../common/runtime/clock';
import type { ContentKeeper, ListedContent, Verification } from '../../data-planes/content-keeper';
import { isApiError } from '../../errors/api-error';
import { CannotRunError } from './stop-reasons';

/** How often a data plane that does not answer is asked in all, and the pauses in between. */
const ATTEMPTS = 6;
const BACKOFF: Backoff = { firstMs: 700, maxMs: 11_200 };

/** One data plane, asked alone. */
export interface AskedDataPlane {
  /** As in LAYOVER_DATA_PLANES. */
  readonly address: string;
  readonly keeper: ContentKeeper;
}

/** Content as one data plane has it. */
export interface Copy {
  readonly plane: AskedDataPlane;
  /** Bytes. */
  readonly size: number;
}

/** Content as all data planes have it. */
export interface StoredCopies {
  readonly digest: string;
  /** None = it is not there. */
  readonly copies: readonly Copy[];
  /** Somebody reads or fills it; unknown in a list. */
  readonly inUse: boolean;
}

/** What a copy turned out to be; `size` = bytes that were read. */
export interface VerifiedCopy {
  readonly digest: string;
  readonly outcome: Verification;
  readonly size: number;
}

/**
 * What data planes store, each asked for itself and every one of them needed: what one does not tell would look lost. One that does
 * not answer is asked again for a while, since it may be starting; then every method throws a CannotRunError. Data planes
 * that share a store each have a copy of everything here.
 */
export class StoreCopies {
  constructor(
    private readonly planes: readonly AskedDataPlane[],
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** Asks each data plane once. Throws a CannotRunError that names all that do not answer. */
  async reach(): Promise<void> {
    const answers = await Promise.allSettled(
      this.planes.map(({ keeper }) => keeper.list()[Symbol.asyncIterator]().next()),
    );
    const silent = this.planes.filter((_, index) => answers[index]!.status === 'rejected');
    if (silent.length > 0) throw unreachable(silent.map(({ address }) => address));
  }

  /** Everything that is stored, each digest once, in the order of their text, in pages. */
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
          const page = await this.persist(list.plane, async (again) => {
            if (again) list.pages = list.plane.keeper.list(list.last)[Symbol.asyncIterator]();
            return list.pages.next();
          });
          list.ended = page.done === true;
          list.waiting = page.done === true ? [] : page.value;
          list.last = list.waiting.at(-1)?.digest ?? list.last;
        }
      }
      if (lists.every(({ waiting }) => waiting.length === 0)) return;
      // As far as the shortest page goes, all of them have been asked.
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

  /** Where these digests are now, by digest. */
  async stat(digests: readonly string[]): Promise<ReadonlyMap<string, StoredCopies>> {
    const found = new Map<string, StoredCopies>(
      digests.map((digest) => [digest, { digest, copies: [], inUse: false }]),
    );
    for (const plane of this.planes) {
      const states = await this.persist(plane, () => plane.keeper.stat(digests));
      for (const { digest, size, inUse } of states.values()) {
        const before = found.get(digest);
        if (before === undefined) continue;
        const copies = size === undefined ? before.copies : [...before.copies, { plane, size }];
        found.set(digest, { digest, copies, inUse: before.inUse || inUse });
      }
    }
    return found;
  }

  /** Reads the copies of one data plane through, one after the other; with `quarantine` what is damaged is moved aside. */
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
        const next = await this.persist(plane, async (again) => {
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

  private async persist<T>(plane: AskedDataPlane, ask: (again: boolean) => Promise<T>): Promise<T> {
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
    `No answer from the data plane${addresses.length === 1 ? '' : 's'} at ${addresses.join(', ')}. Every data plane of ` +
      'LAYOVER_DATA_PLANES is needed, because what one does not tell would look lost: start it, or correct the list, and run fsck again.',
  );
}
