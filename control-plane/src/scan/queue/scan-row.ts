import type { ScanRow } from '../../../../schema/scan-tables';

/** Maximum length of a stored error. */
const MAX_ERROR = 1000;

/** The error text of a manifest without image layers. */
export const NOTHING_TO_SCAN =
  'No layer of this manifest is an image layer (a tar archive), so there is nothing to scan.';

/** Returns a new row for a manifest. `at` is in milliseconds since the epoch. */
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

/** Returns an error text in the form in which it is stored. */
export function errorText(text: string): string {
  return text
    .slice(0, MAX_ERROR)
    .replace(/\0/g, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}
