import { join } from 'node:path';
import { type SyncWatch, watchSyncs } from '../../../support/real/synced-paths';
import { openJournal, recordOf, RECORDS, temporaryFolder } from '../../../support/data-plane/records';

/**
 * A test cannot cause a power cut. Files survive one if they and the folders with their names were
 * synced.
 */
let folder: ReturnType<typeof temporaryFolder>;
let syncs: SyncWatch;

beforeEach(async () => {
  folder = temporaryFolder();
  syncs = await watchSyncs();
});

afterEach(() => {
  syncs.stop();
  folder.remove();
});

test('syncs the name of every folder that it creates before it acknowledges a record', async () => {
  const home = join(folder.path, 'home');
  const directory = join(home, 'journal');
  const journal = await openJournal(directory);
  await journal.append(recordOf('first'));
  expect(syncs.paths.slice(0, -1)).toEqual(expect.arrayContaining([folder.path, home, directory]));
  expect(syncs.paths.at(-1)).toMatch(/\.records$/);
  await journal.close();
});

test('syncs the name of a new file before its first record', async () => {
  const journal = await openJournal(folder.path, { limits: { segmentBytes: 1 } });
  for (const reference of ['first', 'second']) {
    const before = syncs.paths.length;
    await journal.append(recordOf(reference));
    expect(syncs.paths.slice(before)).toEqual([folder.path, expect.stringMatching(/\.records$/)]);
  }
  await journal.close();
});

test('syncs a refused record and the name of its file', async () => {
  const journal = await openJournal(folder.path);
  const record = RECORDS.encode({ id: 'record', at: 1 });
  await journal.setAside(record, 'no such organization');
  expect(syncs.paths).toEqual([join(folder.path, 'refused.jsonl'), folder.path]);
  await journal.setAside(record, 'no such organization');
  expect(syncs.paths.slice(2)).toEqual([join(folder.path, 'refused.jsonl')]);
  await journal.close();
});
