import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../common/runtime/clock';
import type { ClockWatch } from '../../../common/runtime/clock-watch';
import type { Logger } from '../../../common/runtime/logger';
import type { AuditStore } from '../audit/audit.store';
import type { Database } from '../db/database';
import type { RecordedEventsStore } from '../cache/pulls/recorded-events.store';
import { RECORD_IDS_KEPT_MS } from './prune-recorded-events';
import { repeat } from '../../../common/async/repeat';

const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;
/** Events deleted in one transaction. It takes a few milliseconds, so writers hardly wait. */
const STEP = 200;

/** Dependencies of {@link pruneAuditEvents}. */
export interface RetentionParts {
  readonly database: Database;
  readonly audit: AuditStore;
  readonly recorded: RecordedEventsStore;
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
  readonly log: Logger;
}

/**
 * Deletes audit events older than `retentionMs`, oldest first and in short transactions. Runs one
 * minute after the start and then every hour; does nothing if `retentionMs` is undefined. The ids
 * of pulls that could be delivered again are kept separately, so that a repeated delivery is
 * recognized after its event is deleted. Statistics stay, because they are sums without names.
 * Returns a function that stops the work.
 */
export function pruneAuditEvents(parts: RetentionParts, retentionMs: number | undefined): () => Promise<void> {
  if (retentionMs === undefined) return () => Promise.resolve();
  const { clock, clockWatch, log } = parts;
  const work = async (stopped: () => boolean): Promise<void> => {
    if (!clockWatch.isTrusted()) return;
    const start = clock.now();
    const before = start - retentionMs;
    let deleted = 0;
    try {
      for (let step = STEP; step === STEP && !stopped();) {
        step = await deleteStep(parts, before);
        deleted += step;
        // SQLite statements are synchronous: without a turn of the event loop, no request would be
        // handled.
        await nextTurn();
      }
    } finally {
      if (deleted > 0)
        log.info(
          { deleted, before: new Date(before).toISOString(), ms: clock.now() - start },
          'Old audit events were deleted',
        );
    }
  };
  const onError = (error: unknown): void =>
    log.warn({ err: error }, 'Deleting old audit events failed; it will be retried within an hour');
  return repeat({ clock, firstMs: FIRST_MS, everyMs: EVERY_MS, work, onError });
}

function deleteStep({ database, audit, recorded, clock }: RetentionParts, before: number): Promise<number> {
  return database.transaction(async (queries) => {
    const events = await audit.oldest(queries, before, STEP);
    const since = clock.now() - RECORD_IDS_KEPT_MS;
    await recorded.remember(
      queries,
      events.filter(({ kind, at }) => kind === 'PULL' && at >= since).map(({ id, at }) => ({ id, at })),
    );
    await audit.delete(
      queries,
      events.map(({ id }) => id),
    );
    return events.length;
  });
}
