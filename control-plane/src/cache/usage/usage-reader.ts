import { LRUCache } from 'lru-cache';
import { CoalescedRuns } from '../../../../common/async/coalesced-runs';
import type { Clock } from '../../../../common/runtime/clock';
import { dataVersion } from '../../db/data-version';
import type { Database } from '../../db/database';
import type { Names, Usage, UsageScope, UsageStore } from './usage.store';

/** A count with the time (milliseconds since the epoch) at which it changes although nothing was written. */
interface Count<T> {
  readonly value: T;
  readonly until: number;
}

interface Kept {
  readonly version: number;
  readonly count: Promise<Count<unknown>>;
}

/** Counts that are kept; each is a few numbers. */
const MAX_KEPT = 2000;

/**
 * Reads usage exactly, and counts no oftener than it can have changed: many readers of one organization cost one count.
 * On SQLite a count is good until something is committed or the next tag expires. On MySQL, where others write as well,
 * readers share a count that has not begun when they ask: none of them sees less than was committed before.
 */
export class UsageReader {
  private readonly kept = new LRUCache<string, Kept>({ max: MAX_KEPT });
  private readonly counts = new CoalescedRuns<Count<unknown>>();

  constructor(
    private readonly database: Database,
    private readonly store: UsageStore,
    private readonly clock: Clock,
  ) {}

  /** See {@link UsageStore.held}. */
  held(scope: UsageScope): Promise<Usage> {
    return this.read('held', scope, async () => ({
      value: await this.store.held(this.database.reader, scope),
      until: Infinity,
    }));
  }

  /** See {@link UsageStore.timeMachineBytes}. */
  timeMachineBytes(scope: UsageScope): Promise<bigint> {
    return this.read('time machine', scope, async () => {
      const now = this.clock.now();
      const { nextExpiry } = await this.store.names(this.database.reader, scope, now);
      const value = await this.store.timeMachineBytes(this.database.reader, scope, now);
      return { value, until: nextExpiry ?? Infinity };
    });
  }

  /** See {@link UsageStore.names}. */
  names(scope: UsageScope): Promise<Names> {
    return this.read('names', scope, async () => {
      const value = await this.store.names(this.database.reader, scope, this.clock.now());
      return { value, until: value.nextExpiry ?? Infinity };
    });
  }

  private async read<T>(what: string, scope: UsageScope, count: () => Promise<Count<T>>): Promise<T> {
    const key = `${what} ${scope.kind} ${scope.kind === 'organization' ? scope.uid : scope.id}`;
    const version = await dataVersion(this.database);
    if (version === undefined) return (await this.counts.run(key, count)).value as T;
    const kept = this.kept.get(key);
    if (kept?.version === version) {
      const { value, until } = await kept.count;
      if (this.clock.now() < until) return value as T;
    }
    // The version was read before the count begins: what is committed in between makes the next reader count again.
    const fresh: Kept = { version, count: count() };
    this.kept.set(key, fresh);
    try {
      return (await fresh.count).value as T;
    } catch (error) {
      if (this.kept.get(key) === fresh) this.kept.delete(key);
      throw error;
    }
  }
}
