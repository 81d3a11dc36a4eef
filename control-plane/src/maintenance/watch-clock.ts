import { repeat } from '../../../common/async/repeat';
import type { Clock } from '../../../common/runtime/clock';
import type { ClockWatch } from '../../../common/runtime/clock-watch';
import type { Logger } from '../../../common/runtime/logger';
import type { Database } from '../db/database';
import { correctFutureTimes } from './correct-times';

/** Interval of the looks at the clock, in milliseconds. */
const EVERY_MS = 10_000;

/**
 * Corrects the times in the database whenever the clock was set back, also before the start.
 * Returns a function that stops this.
 */
export function watchClock(database: Database, watch: ClockWatch, clock: Clock, log: Logger): () => Promise<void> {
  let isDue = false;
  const work = async (): Promise<void> => {
    isDue ||= watch.takeSetBack();
    if (!isDue) return;
    const rows = await correctFutureTimes(database, clock.now());
    isDue = false;
    if (rows > 0) log.warn({ rows }, 'Times in the future were corrected in the database');
  };
  const onError = (error: unknown): void =>
    log.warn({ err: error }, 'Correcting times in the future failed; it will be retried within seconds');
  return repeat({ clock, firstMs: 0, everyMs: EVERY_MS, work, onError });
}
