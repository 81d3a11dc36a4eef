import { LRUCache } from 'lru-cache';
import { CoalescedRuns } from '../../../../common/async/coalesced-runs';
import type { Clock } from '../../../../common/runtime/clock';
import { dataVersion } from '../../db/data-version';
import type { Database } from '../../db/database';
import type { Names, Usage, UsageScope, UsageStore } from './usage.store';

/** A count and the time (milliseconds since the epoch) at which it changes without a write. */
interface Count<T> {
  readonly value: T;
  readonly until: number;
}

interface CachedCount {
  readonly version: number;
  readonly count: Promise<Count<unknown>>;
}

/** Maximum number of cached counts. Each consists of a few numbers. */
const MAX_CACHED = 2000;

/**
 * Reads exact usage without counting more often than it can change: many readers of one
 * organization share one count. On SQLite, a count is valid until the next commit or the next
 * expiration of a tag. On MySQL, where other processes write too, readers share a count that starts
 * after their request, so that no reader misses an earlier commit.
 */
export class UsageReader {
  private readonly cached = new LRUCache<string, CachedCount>({ max: MAX_CACHED });
  private readonly counts = new CoalescedRuns<Count<unknown>>();

  constructor(
    private readonly database: Database,
    private readonly store: UsageStore,
    private readonly clock: Clock,
  ) {}

  /** Returns {@link UsageStore.held}. */
  held(scope: UsageScope): Promise<Usage> {
    return this.read('held', scope, async () => ({
      value: await this.store.held(this.database.reader, scope),
      until: Infinity,
    }));
  }

  /** Returns {@link UsageStore.timeMachineBytes}. */
  timeMachineBytes(scope: UsageScope): Promise<bigint> {
    return this.read('time machine', scope, async () => {
      const now = this.clock.now();
      const { nextExpiry } = await this.store.names(this.database.reader, scope, now);
      const value = await this.store.timeMachineBytes(this.database.reader, scope, now);
      return { value, until: nextExpiry ?? Infinity };
    });
  }

  /** Returns {@link UsageStore.names}. */
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
    const cached = this.cached.get(key);
    if (cached?.version === version) {
      const { value, until } = await cached.count;
      if (this.clock.now() < until) return value as T;
    }
    // The version is read before the count starts. After a commit in between, the next reader
    // counts again.
    const fresh: CachedCount = { version, count: count() };
    this.cached.set(key, fresh);
    try {
      return (await fresh.count).value as T;
    } catch (error) {
      if (this.cached.get(key) === fresh) this.cached.delete(key);
      throw error;
    }
  }
}
