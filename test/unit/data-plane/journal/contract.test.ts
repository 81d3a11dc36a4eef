import { describePullJournal } from '../../../contract/pull-journal.contract';
import { MemoryJournal } from '../../../support/data-plane/fakes/memory-journal';
import { drain, openJournal, temporaryFolder } from '../../../support/data-plane/records';

describePullJournal('the durable journal', async (maxRecords) => {
  const folder = temporaryFolder();
  const journal = await openJournal(folder.path, { limits: { maxRecords } });
  return {
    journal,
    records: async () => (await drain(journal)).map(({ id: _id, at: _at, ...record }) => record),
    settle: () => journal.settle(),
    dispose: async () => {
      await journal.close();
      folder.remove();
    },
  };
});

describePullJournal('the journal in memory', async (maxRecords) => {
  const journal = new MemoryJournal();
  journal.room = maxRecords;
  return {
    journal,
    records: async () => journal.records.splice(0),
    settle: async () => journal.settle(),
    dispose: async () => undefined,
  };
});
