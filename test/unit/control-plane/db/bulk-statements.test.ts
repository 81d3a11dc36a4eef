import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../common/runtime/logger';
import { bulkInsert } from '../../../../control-plane/src/db/bulk-insert';
import { isDuplicate } from '../../../../control-plane/src/db/database-error';
import { Database } from '../../../../control-plane/src/db/database';
import { whereValues } from '../../../../control-plane/src/db/where-values';
import { Table } from '../../../../schema/tables';

const home = mkdtempSync(join(tmpdir(), 'layover-bulk-'));
let database: Database;
beforeAll(async () => {
  const file = join(home, 'one.sqlite');
  database = Database.open({ dialect: 'sqlite', file }, createLogger('test', 'silent'));
  await database.migrate();
});
afterAll(async () => {
  await database.close();
  rmSync(home, { recursive: true, force: true });
});

const rows = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `id-${index}`, at: index }));
const stored = async (): Promise<number> => (await database.reader(Table.recordedEvents).select('id')).length;

test('many rows are one statement, which the metrics see once with its duration', async () => {
  const seen: [boolean, number][] = [];
  database.watch((failed, seconds) => seen.push([failed, seconds]));
  await database.transaction((queries) => bulkInsert(queries, Table.recordedEvents, rows(1000)));
  expect(await stored()).toBe(1000);
  // The INSERT and the SELECT.
  expect(seen).toHaveLength(2);
  expect(seen.every(([failed, seconds]) => !failed && seconds >= 0)).toBe(true);
});

test('a row that exists fails with the error of the driver, and the transaction leaves no row', async () => {
  const twice = [...rows(1002).slice(1000), ...rows(1)];
  const failed = await database
    .transaction((queries) => bulkInsert(queries, Table.recordedEvents, twice))
    .catch((error: unknown) => error);
  expect(isDuplicate(failed)).toBe(true);
  expect(await stored()).toBe(1000);
});

test('rows are found by any number of values, also none', async () => {
  const find = async (ids: readonly string[]): Promise<number> =>
    (await whereValues(database.reader, database.reader(Table.recordedEvents), 'id', ids).select('id')).length;
  expect(await find(rows(700).map(({ id }) => id))).toBe(700);
  expect(await find(["id-1'); --", 'id-2'])).toBe(1);
  expect(await find([])).toBe(0);
});
