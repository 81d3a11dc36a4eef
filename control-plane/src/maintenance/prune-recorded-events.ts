import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { Database } from '../db/database';
import type { RecordedEventsStore } from '../cache/pulls/recorded-events.store';
import { repeat } from '../../../common/async/repeat';

/** How often, in milliseconds. */
const EVERY_MS = 3_600_000;
/** How long ids are remembered, in milliseconds: far longer than a journal can wait. */
export const RECORD_IDS_KEPT_MS = 90 * 24 * 3_600_000;
/** Ids that one transaction forgets. */
const STEP = 1000;

/** Forgets, every hour and in short transactions, ids of records that can't be delivered again any more. The function returned ends that. */
export function pruneRecordedEvents(
  database: Database,
  recorded: RecordedEventsStore,
  clock: Clock,
  log: Logger,
): () => Promise<void> {
  const work = async (stopped: () => boolean): Promise<void> => {
    const before = clock.now() - RECORD_IDS_KEPT_MS;
    while (!stopped()) {
      const pruned = await database.transaction((queries) => recorded.prune(queries, before, STEP));
      if (pruned < STEP) break;
      // SQLite's statements are synchronous: others get a turn between two steps.
      await nextTurn();
    }
  };
  const onError = (error: unknown): void =>
    log.warn({ err: error }, 'forgetting old record ids failed; it is tried again later');
  return repeat({ clock, everyMs: EVERY_MS, work, onError });
}
