import BetterSqlite3 from 'better-sqlite3';
import type { PreparingConnection } from '../../../../control-plane/src/db/event-loop-turns';
import { keepStatements } from '../../../../control-plane/src/db/kept-statements';

/** Returns a connection to a new database in memory, and the statements that it prepared. */
function open(): { readonly connection: PreparingConnection; readonly prepared: string[] } {
  const database = new BetterSqlite3(':memory:');
  const prepared: string[] = [];
  const connection: PreparingConnection = {
    prepare(sql) {
      prepared.push(sql);
      const statement = database.prepare(sql);
      return { all: (bindings) => statement.all(bindings), run: (bindings) => statement.run(bindings) };
    },
  };
  keepStatements(connection);
  return { connection, prepared };
}

test('a statement is prepared once and runs with the values of each call', () => {
  const { connection, prepared } = open();
  connection.prepare('create table images (name)').run([]);
  for (const name of ['a', 'b', 'c']) connection.prepare('insert into images values (?)').run([name]);
  const found = ['b', 'x', 'c'].map((name) => connection.prepare('select * from images where name = ?').all([name]));
  expect(found).toEqual([[{ name: 'b' }], [], [{ name: 'c' }]]);
  expect(prepared).toHaveLength(3);
});

test('after a change of a table, statements return its new columns', () => {
  const { connection } = open();
  connection.prepare('create table images (name)').run([]);
  connection.prepare('insert into images values (?)').run(['a']);
  expect(connection.prepare('select * from images').all([])).toEqual([{ name: 'a' }]);
  connection.prepare('alter table images add column size default 5').run([]);
  expect(connection.prepare('select * from images').all([])).toEqual([{ name: 'a', size: 5 }]);
});

test('a statement that begins with a common table expression is kept, and so are the others', () => {
  const { connection, prepared } = open();
  const statements = ['select 1', 'with recursive n (i) as (select 1) select i from n'];
  for (let round = 0; round < 3; round += 1) for (const sql of statements) connection.prepare(sql).all([]);
  expect(prepared).toEqual(statements);
});

test('a statement that fails can run again', () => {
  const { connection } = open();
  connection.prepare('create table images (name unique)').run([]);
  const insert = (name: string): unknown => connection.prepare('insert into images values (?)').run([name]);
  insert('a');
  expect(() => insert('a')).toThrow('UNIQUE constraint failed');
  insert('b');
  expect(connection.prepare('select count(*) as n from images').all([])).toEqual([{ n: 2 }]);
});

test('statements with many values, and more than 200 of them, are not kept', () => {
  const { connection, prepared } = open();
  const long = `select 1 where 1 in (${Array.from({ length: 2000 }, (_, index) => index).join(', ')})`;
  for (let round = 0; round < 3; round += 1) connection.prepare(long);
  expect(prepared).toHaveLength(3);
  for (let index = 0; index < 201; index += 1) connection.prepare(`select ${index}`);
  prepared.length = 0;
  connection.prepare('select 0');
  connection.prepare('select 200');
  expect(prepared).toEqual(['select 0']);
});
