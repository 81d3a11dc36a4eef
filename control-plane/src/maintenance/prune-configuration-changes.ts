import { setImmediate as nextTurn } from 'node:timers/promises';
import { repeat } from '../../../common/async/repeat';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { Database } from '../db/database';
import { CHANGES_KEPT, type ConfigurationRevision } from '../tenancy/settings/configuration-revision';

const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;
/** Maximum number of changes that a transaction deletes. */
const STEP = 1000;

/**
 * Deletes old rows from the log of configuration changes, in short transactions, one minute after
 * the start and then every hour. The newest {@link CHANGES_KEPT} rows are kept. Returns a function
 * that stops this.
 */
export function pruneConfigurationChanges(
  database: Database,
  revision: ConfigurationRevision,
  clock: Clock,
  log: Logger,
): () => Promise<void> {
  const work = async (isStopped: () => boolean): Promise<void> => {
    while (!isStopped()) {
      const pruned = await database.transaction((queries) => revision.prune(queries, CHANGES_KEPT, STEP));
      if (pruned < STEP) break;
      // SQLite statements are synchronous, so this lets other work run between two steps.
      await nextTurn();
    }
  };
  const onError = (error: unknown): void =>
    log.warn({ err: error }, 'Deleting old configuration changes failed; it will be retried within an hour');
  return repeat({ clock, firstMs: FIRST_MS, everyMs: EVERY_MS, work, onError });
}
