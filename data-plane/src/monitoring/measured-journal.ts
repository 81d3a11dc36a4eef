import type { NewRecord, PullJournal } from '../journal/pull-journal';
import { failureStatus } from '../../../common/errors/failure-status';
import type { DataPlaneMetrics } from './metrics';

/** Wraps the journal to count what passes through it: pulls by cache status, bytes in and out. */
export function measuredJournal(journal: PullJournal, metrics: DataPlaneMetrics): PullJournal {
  /** Counters by cache status, each created once. */
  const pulls = new Map<string, { inc(count: number): void }>();
  function countPulls(cache: string, count = 1): void {
    let counter = pulls.get(cache);
    if (counter === undefined) pulls.set(cache, (counter = metrics.pulls.labels({ cache })));
    counter.inc(count);
  }
  return {
    append(record: NewRecord) {
      const status = record.pull?.cacheStatus;
      if (status !== undefined) countPulls(String(status));
      if (record.refusals?.kind === 'PULL') {
        for (const { httpStatus = 0, count } of record.refusals.errors ?? [])
          countPulls(failureStatus(httpStatus), Number(count));
      }
      return journal.append(record);
    },
    count(bytes) {
      metrics.servedBytes += bytes.served ?? 0;
      metrics.fetchedBytes += bytes.fetched ?? 0;
      journal.count(bytes);
    },
    depth: () => journal.depth(),
  };
}
