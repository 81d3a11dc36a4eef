import type { JournalState } from '../../data-planes/stat-journal';
import { formatBytes, formatCount } from './format';

/** The journal of one data plane. */
export interface SeenJournal {
  /** As written in LAYOVER_DATA_PLANES. */
  readonly address: string;
  readonly state: JournalState;
}

/**
 * Returns one line for each journal that is or was damaged or that cannot be written. They are no
 * problems that fsck counts: the kept bytes stay until an operator deletes them, and lost records
 * cannot be repaired.
 */
export function describeJournals(journals: readonly SeenJournal[]): readonly string[] {
  return journals.flatMap(({ address, state }) => {
    const { failure, damagedFiles, damagedBytes, lostRecords, droppedRecords } = state;
    const found = [
      failure === '' ? undefined : `cannot be written (${failure})`,
      damagedFiles === 0
        ? undefined
        : `keeps ${formatCount(damagedFiles, 'damaged part')} (${formatBytes(damagedBytes)}) in *.damaged`,
      lostRecords === 0 ? undefined : `lost ${formatCount(lostRecords, 'damaged record')} since its start`,
      droppedRecords === 0 ? undefined : `dropped ${formatCount(droppedRecords, 'record')} since its start`,
    ].filter((text) => text !== undefined);
    return found.length === 0 ? [] : [`The journal of ${address} ${found.join(', ')}.`];
  });
}
