import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../../common/runtime/logger';
import { bulkInsert } from '../../../../../control-plane/src/db/bulk-insert';
import { Database } from '../../../../../control-plane/src/db/database';
import { parseDatabaseUrl } from '../../../../../control-plane/src/db/database-address';
import { pruneConfigurationChanges } from '../../../../../control-plane/src/maintenance/prune-configuration-changes';
import { ConfigurationRevision } from '../../../../../control-plane/src/tenancy/settings/configuration-revision';
import { Table } from '../../../../../schema/tables';
import { TestClock } from '../../../../support/test-clock';
import { waitUntil } from '../../../../support/real/wait-until';
import { createTestDatabase, type TestDatabase } from '../../../../support/control-plane/test-database';

const home = mkdtempSync(join(tmpdir(), 'layover-revision-'));
let created: TestDatabase;
let database: Database;
const revision = new ConfigurationRevision();

beforeEach(async () => {
  created = await createTestDatabase();
  const url = created.url === '' ? `sqlite:${join(mkdtempSync(join(home, 'one-')), 'layover.sqlite')}` : created.url;
  database = Database.open(parseDatabaseUrl(url)!, createLogger('test', 'silent'));
  await database.migrate();
});
afterEach(async () => {
  await database.close();
  await created.drop();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const bump = (uid: string | undefined) =>
  database.transaction((queries) => revision.bump(queries, uid === undefined ? 'shared' : { uid }));

test('a new database has a mark for its revision', async () => {
  expect(await revision.head(database.reader)).toEqual({ revision: 1, mark: expect.stringMatching(/.{16}/) as string });
});

test('every change is logged with a unique mark, in the transaction that makes the change', async () => {
  await bump('a');
  await bump(undefined);
  await expect(
    database.transaction(async (queries) => {
      await revision.bump(queries, { uid: 'rolled back' });
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await bump('b');
  const changes = await revision.changesFrom(database.reader, 2);
  expect(changes.map(({ revision: at, organization_uid: uid }) => [at, uid])).toEqual([
    [2, 'a'],
    [3, null],
    [4, 'b'],
  ]);
  expect(new Set(changes.map(({ mark }) => mark)).size).toBe(3);
  expect(await revision.head(database.reader)).toEqual({ revision: 4, mark: changes.at(-1)!.mark });
});

test('concurrent changes have revisions without gaps, in the order of their commits', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => bump(`uid-${i}`)));
  const changes = await revision.changesFrom(database.reader, 2);
  expect(changes.map((change) => change.revision)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
  expect(new Set(changes.map(({ organization_uid: uid }) => uid)).size).toBe(20);
});

test('pruning keeps the newest changes and deletes a bounded number at a time', async () => {
  for (let i = 0; i < 20; i += 1) await bump('a');
  const prune = (limit: number) => database.transaction((queries) => revision.prune(queries, 5, limit));
  expect(await prune(7)).toBe(7);
  expect(await prune(100)).toBe(9);
  expect(await prune(100)).toBe(0);
  const changes = await revision.changesFrom(database.reader, 0);
  expect(changes.map((change) => change.revision)).toEqual([17, 18, 19, 20, 21]);
});

test('maintenance deletes all but the newest 20,000 changes, one minute after the start', async () => {
  await database.transaction(async (queries) => {
    const revisions = Array.from({ length: 1500 }, (_, i) => i + 2);
    await bulkInsert(
      queries,
      Table.configurationChanges,
      [...revisions, 2000, 21_500].map((at) => ({ revision: at, mark: `m${at}`, organization_uid: null })),
    );
    await queries(Table.configurationRevision).update({ revision: 21_500 });
  });
  const clock = new TestClock();
  const stop = pruneConfigurationChanges(database, revision, clock, createLogger('test', 'silent'));
  clock.advance(60_000);
  await stop();
  const left = async () => (await revision.changesFrom(database.reader, 0)).map((change) => change.revision);
  // stop() ends the work after the running step; the next start continues.
  expect((await left()).length).toBe(503);
  const goOn = pruneConfigurationChanges(database, revision, clock, createLogger('test', 'silent'));
  clock.advance(60_000);
  await waitUntil('the second step', async () => (await left()).length === 3);
  await goOn();
  expect(await left()).toEqual([1501, 2000, 21_500]);
});

test('listeners are called after the commit, and the transaction waits for them', async () => {
  const seen: number[] = [];
  const stop = revision.onAnnounce(async () => {
    seen.push((await revision.head(database.reader)).revision);
  });
  await bump('a');
  expect(seen).toEqual([2]);
  stop();
  await bump('a');
  expect(seen).toEqual([2]);
});

test('readOneMoment does not see data that is committed between its reads', async () => {
  const revisions = await database.readOneMoment(async (queries) => {
    const before = await revision.head(queries);
    await bump('a');
    return [before, await revision.head(queries), (await revision.changesFrom(queries, 2)).length];
  });
  expect(revisions[1]).toEqual(revisions[0]);
  expect(revisions[2]).toBe(0);
  expect((await revision.head(database.reader)).revision).toBe(2);
});
