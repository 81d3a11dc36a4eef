import type { NewRecord, PullJournal } from '../journal/pull-journal';
import type { DataPlaneMetrics } from './metrics';

/** Wraps the journal to count what passes through it: pulls by cache status, bytes in and out. */
export function measuredJournal(journal: PullJournal, metrics: DataPlaneMetrics): PullJournal {
  /** Counters by cache status, each created once. */
  const pulls = new Map<string, { inc(): void }>();
  function countPull(cache: string): void {
    let counter = pulls.get(cache);
    if (counter === undefined) pulls.set(cache, (counter = metrics.pulls.labels({ cache })));
    counter.inc();
  }
  return {
    append(record: NewRecord) {
      const status = record.pull?.cacheStatus;
      if (status !== undefined) countPull(String(status));
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
