import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../common/runtime/clock';
import type { ClockWatch } from '../../../common/runtime/clock-watch';
import type { Logger } from '../../../common/runtime/logger';
import type { Database } from '../db/database';
import type { RecordedEventsStore } from '../cache/pulls/recorded-events.store';
import { repeat } from '../../../common/async/repeat';

/** Interval in milliseconds. */
const EVERY_MS = 3_600_000;
/**
 * How long ids of records are kept, in milliseconds: far longer than a record stays in a journal.
 */
export const RECORD_IDS_KEPT_MS = 90 * 24 * 3_600_000;
/** Ids deleted in one transaction. */
const STEP = 1000;

/** Dependencies of {@link pruneRecordedEvents}. */
export interface RecordRetentionParts {
  readonly database: Database;
  readonly recorded: RecordedEventsStore;
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
  readonly log: Logger;
}

/**
 * Deletes the ids of records that cannot be delivered again, every hour and in short transactions.
 * Returns a function that stops the work.
 */
export function pruneRecordedEvents({
  database,
  recorded,
  clock,
  clockWatch,
  log,
}: RecordRetentionParts): () => Promise<void> {
  const work = async (stopped: () => boolean): Promise<void> => {
    if (!clockWatch.isTrusted()) return;
    const before = clock.now() - RECORD_IDS_KEPT_MS;
    while (!stopped()) {
      const pruned = await database.transaction((queries) => recorded.prune(queries, before, STEP));
      if (pruned < STEP) break;
      // SQLite statements are synchronous: other work gets a turn between two steps.
      await nextTurn();
    }
  };
  const onError = (error: unknown): void =>
    log.warn({ err: error }, 'Deleting old record ids failed; it will be retried within an hour');
  return repeat({ clock, everyMs: EVERY_MS, work, onError });
}
