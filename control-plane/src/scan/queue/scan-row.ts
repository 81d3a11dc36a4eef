import type { ScanRow } from '../../../../schema/scan-tables';

/** Longest text of an error that is kept. */
const MAX_ERROR = 1000;

/** What is said of a manifest without layers of an image. */
export const NOTHING_TO_SCAN = 'None of its layers is one of an image (a tar archive): there is nothing to scan.';

/** The row of a manifest that was not known before. `at`: milliseconds since the epoch. */
export function newScanRow(
  digest: string,
  state: 'WAITING_FOR_LAYERS' | 'QUEUED' | 'UNSUPPORTED',
  at: number,
): ScanRow {
  const queued = state === 'QUEUED';
  return {
    digest,
    state,
    work: queued ? 'INDEX' : null,
    due_at: queued ? at : null,
    worker: null,
    attempts: 0,
    delete_first: 0,
    queued_at: queued ? at : null,
    started_at: null,
    finished_at: state === 'UNSUPPORTED' ? at : null,
    reported_at: null,
    indexer_state: null,
    tried_state: null,
    error: state === 'UNSUPPORTED' ? NOTHING_TO_SCAN : null,
    report_hash: null,
    total: 0,
    fixable: 0,
    critical: 0,
    high: 0,
    medium: 0,
    low: 0,
    negligible: 0,
    unknown: 0,
  };
}

/** The text of an error as it is kept. */
export function errorText(text: string): string {
  return text
    .slice(0, MAX_ERROR)
    .replace(/\0/g, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}
