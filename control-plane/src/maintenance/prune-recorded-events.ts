import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { Database } from '../db/database';
import type { RecordedEventsStore } from '../records/recorded-events.store';

/** How often, in milliseconds. */
const EVERY_MS = 3_600_000;
/** How long ids are remembered: far longer than a journal can wait. */
const KEEP_MS = 90 * 24 * 3_600_000;
/** Ids that one transaction forgets. */
const STEP = 1000;

/** Forgets, every hour and in short transactions, ids of records that can't be delivered again any more. The function returned ends that. */
export function pruneRecordedEvents(
  database: Database,
  recorded: RecordedEventsStore,
  clock: Clock,
  log: Logger,
): () => Promise<void> {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;
  const run = async (): Promise<void> => {
    try {
      const before = clock.now() - KEEP_MS;
      while (!stopped) {
        const pruned = await database.transaction((queries) => recorded.prune(queries, before, STEP));
        if (pruned < STEP) break;
      }
    } catch (error) {
      log.warn({ err: error }, 'old record ids were not forgotten; the next hour tries again');
    }
  };
  const schedule = (): void => {
    cancel = clock.after(EVERY_MS, () => {
      running = run().then(() => {
        if (!stopped) schedule();
      });
    });
  };
  schedule();
  return async () => {
    stopped = true;
    cancel();
    await running;
  };
}
