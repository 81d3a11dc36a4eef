import type { StatJournalReply } from '../../../../proto/gen/layover/v1/StatJournalReply';
import type { DurablePullJournal } from '../../journal/durable-pull-journal';

/** What is read of a journal. */
export type StatedJournal = Pick<DurablePullJournal, 'depth' | 'condition' | 'keptDamage'>;

/**
 * Answers Storage.StatJournal (storage.proto). Never fails: a folder that cannot be read has no
 * files.
 */
export async function statJournalRpc(journal: StatedJournal): Promise<StatJournalReply> {
  const { records, dropped } = journal.depth();
  const { failure = '', lostRecords } = journal.condition();
  const { files, bytes } = await journal.keptDamage().catch(() => ({ files: 0, bytes: 0 }));
  return { records, failure, damagedFiles: files, damagedBytes: bytes, lostRecords, droppedRecords: dropped };
}
