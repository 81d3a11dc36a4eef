import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../common/runtime/logger';
import { Database } from '../../../../control-plane/src/db/database';
import { isDataError, isReadOnly, whyUnavailable } from '../../../../control-plane/src/db/database-error';
import { Table } from '../../../../schema/tables';

const home = mkdtempSync(join(tmpdir(), 'layover-database-'));
const log = createLogger('test', 'silent');
let database: Database;
beforeAll(async () => {
  database = Database.open({ dialect: 'sqlite', file: join(home, 'one.sqlite') }, log);
  await database.migrate();
});
afterEach(() => void jest.restoreAllMocks());
afterAll(async () => {
  await database.close();
  rmSync(home, { recursive: true, force: true });
});

const failure = (code: string): Error => Object.assign(new Error(code), { code });

describe('a transaction', () => {
  test.each(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'SQLITE_BUSY'])(
    'restarts from the beginning after %s',
    async (code) => {
      let tries = 0;
      const result = await database.transaction(async (queries) => {
        await queries(Table.configurationRevision).increment('revision', 1);
        if (++tries < 3) throw failure(code);
        return tries;
      });
      expect(result).toBe(3);
    },
  );

  test('fails after six attempts and leaves nothing behind', async () => {
    // Makes the random pauses between two tries as short as they can be.
    jest.spyOn(Math, 'random').mockReturnValue(1 - Number.EPSILON);
    const before = (await database.reader(Table.configurationRevision).first('revision')) as object;
    let tries = 0;
    const work = database.transaction(async (queries) => {
      tries++;
      await queries(Table.configurationRevision).increment('revision', 1);
      throw failure('ER_LOCK_DEADLOCK');
    });
    await expect(work).rejects.toMatchObject({ code: 'ER_LOCK_DEADLOCK' });
    expect(tries).toBe(6);
    expect(await database.reader(Table.configurationRevision).first('revision')).toEqual(before);
  });

  test('fails on a duplicate key, unless the duplicate is a race', async () => {
    for (const duplicateIsRace of [false, true]) {
      let tries = 0;
      const work = database.transaction(
        () => (++tries < 2 ? Promise.reject(failure('ER_DUP_ENTRY')) : Promise.resolve(tries)),
        { duplicateIsRace },
      );
      if (duplicateIsRace) expect(await work).toBe(2);
      else await expect(work).rejects.toMatchObject({ code: 'ER_DUP_ENTRY' });
    }
  });

  test('is not retried after other errors', async () => {
    let tries = 0;
    await expect(database.transaction(() => Promise.reject(new Error(`try ${++tries}`)))).rejects.toThrow('try 1');
  });

  test('keeps no row of statements that ran together with a failed one', async () => {
    const names = (): Promise<unknown> => database.reader('together').select('name');
    await database.transaction((queries) =>
      queries.schema.createTable('together', (table) => table.string('name').unique()),
    );
    for (let round = 0; round < 5; round += 1) {
      const work = database.transaction(async (queries) => {
        await queries('together').insert({ name: 'one' });
        // Uses up the time until statements pause.
        for (const end = performance.now() + 6; performance.now() < end;);
        await Promise.all(['one', 'two'].map((name) => queries('together').insert({ name })));
      });
      await expect(work).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
      // What ran outside the transaction is there by the next one.
      await database.transaction(() => Promise.resolve());
      expect(await names()).toEqual([]);
    }
    await database.transaction((queries) => queries.schema.dropTable('together'));
  });
});

test('a migration that was killed while it held its lock does not block the next start', async () => {
  const file = join(home, 'two.sqlite');
  const first = Database.open({ dialect: 'sqlite', file }, log);
  await first.migrate();
  await first.transaction(async (queries) => {
    await queries('knex_migrations_lock').update({ is_locked: 1 });
  });
  await first.close();
  const second = Database.open({ dialect: 'sqlite', file }, log);
  await second.migrate();
  await second.close();
});

test('a server is read-only if it refuses a statement for that reason, and not for another option', () => {
  const refusal = (option: string): Error =>
    Object.assign(
      new Error(`The MySQL server is running with the ${option} option so it cannot execute this statement`),
      {
        code: 'ER_OPTION_PREVENTS_STATEMENT',
      },
    );
  for (const error of [
    refusal('--read-only'),
    refusal('--super-read-only'),
    refusal('--innodb-read-only'),
    refusal('--read_only'),
    failure('ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION'),
    failure('ER_READ_ONLY_MODE'),
  ]) {
    expect(isReadOnly(error)).toBe(true);
    expect(whyUnavailable(error)).toContain('read-only');
  }
  for (const error of [refusal('--secure-file-priv'), failure('ER_DUP_ENTRY'), undefined, null, 'text'])
    expect(isReadOnly(error)).toBe(false);
  expect(whyUnavailable(refusal('--skip-grant-tables'))).toBe('The database does not answer. Try again later.');
});

test('whyUnavailable distinguishes outages from other errors', () => {
  const outages = ['PROTOCOL_CONNECTION_LOST', 'ECONNREFUSED', 'ER_CON_COUNT_ERROR', 'ER_LOCK_DEADLOCK', 'SQLITE_FULL'];
  for (const code of outages) expect([code, whyUnavailable(failure(code))]).toEqual([code, expect.any(String)]);
  expect(whyUnavailable(Object.assign(new Error(), { name: 'KnexTimeoutError' }))).toContain('LAYOVER_DATABASE_POOL');
  for (const thrown of [
    failure('ER_NO_SUCH_TABLE'),
    failure('SQLITE_CONSTRAINT_UNIQUE'),
    new Error('x'),
    'text',
    undefined,
    null,
  ])
    expect(whyUnavailable(thrown)).toBeUndefined();
  for (const code of outages) expect(isDataError(failure(code))).toBe(false);
  expect(isDataError(failure('ER_DATA_TOO_LONG'))).toBe(true);
});
