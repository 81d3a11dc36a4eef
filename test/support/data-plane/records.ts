import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../common/runtime/clock';
import { createLogger, type Logger } from '../../../common/runtime/logger';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';
import {
  createPullJournal,
  type DurablePullJournal,
  type JournalOptions,
} from '../../../data-plane/src/journal/durable-pull-journal';
import type { NewRecord } from '../../../data-plane/src/journal/pull-journal';

/** A logger that keeps its lines. */
export function keepingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  return { logger: createLogger('test', 'trace', { write: (line: string) => void lines.push(line) }), lines };
}

/** A temporary folder with what takes it away. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'layover-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A pull of a reference: enough to know it again. */
export function recordOf(reference: string): NewRecord {
  return { pull: { organization: 'docker', repository: 'library/alpine', reference } };
}

/** A journal with the machine's clock and nothing logged, unless told otherwise. */
export function openJournal(directory: string, options: Partial<JournalOptions> = {}): Promise<DurablePullJournal> {
  return createPullJournal({ directory, clock: systemClock, logger: createLogger('test', 'silent'), ...options });
}

/** Everything that waits, oldest first, acknowledged. */
export async function drain(journal: DurablePullJournal): Promise<PullRecord[]> {
  const records: PullRecord[] = [];
  for (;;) {
    const batch = await journal.read(500, 512 * 1024);
    if (batch === undefined) return records;
    records.push(...batch.records);
    await journal.acknowledge(batch);
  }
}

/** The references of pulls, in order. */
export function referencesOf(records: Iterable<PullRecord>): string[] {
  return [...records].map(({ pull }) => pull?.reference ?? '');
}
