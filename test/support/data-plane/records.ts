import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../common/runtime/clock';
import { createLogger, type Logger } from '../../../common/runtime/logger';
import type { PullRecord, PullRecord__Output } from '../../../proto/gen/layover/v1/PullRecord';
import { createGrpcRecordCodec } from '../../../data-plane/src/catalog/grpc-record-codec';
import {
  createPullJournal,
  type DurablePullJournal,
  type JournalOptions,
} from '../../../data-plane/src/journal/durable-pull-journal';
import type { NewRecord } from '../../../data-plane/src/journal/pull-journal';

/** Creates a logger that stores its lines. */
export function keepingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  return { logger: createLogger('test', 'trace', { write: (line: string) => void lines.push(line) }), lines };
}

/** Creates a temporary directory with a function that removes it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'layover-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Creates a pull record that can be recognized by its reference. */
export function recordOf(reference: string): NewRecord {
  return { pull: { organization: 'docker', repository: 'library/alpine', reference } };
}

/** The codec of data planes. */
export const RECORDS = createGrpcRecordCodec();

/**
 * Opens a journal with the system clock, without logging and without a reserve, unless the options
 * differ.
 */
export function openJournal(directory: string, options: Partial<JournalOptions> = {}): Promise<DurablePullJournal> {
  const defaults = { codec: RECORDS, clock: systemClock, logger: createLogger('test', 'silent') };
  return createPullJournal({ directory, ...defaults, ...options, limits: { reserveBytes: 0, ...options.limits } });
}

/** Returns all waiting records, oldest first, and acknowledges them. */
export async function drain(journal: DurablePullJournal): Promise<PullRecord__Output[]> {
  const records: PullRecord__Output[] = [];
  for (;;) {
    const batch = await journal.read(500, 512 * 1024);
    if (batch === undefined) return records;
    records.push(...batch.records.map((record) => RECORDS.decode(record)));
    await journal.acknowledge(batch);
  }
}

/** Returns the references of pulls, in order. */
export function referencesOf(records: Iterable<PullRecord>): string[] {
  return [...records].map(({ pull }) => pull?.reference ?? '');
}
