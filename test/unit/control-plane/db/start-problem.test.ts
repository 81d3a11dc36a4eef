import { parseDatabaseUrl } from '../../../../control-plane/src/db/database-address';
import { describeDatabaseProblem } from '../../../../control-plane/src/db/start-problem';

const sqlite = parseDatabaseUrl('sqlite:/srv/layover.sqlite')!;
const mysql = parseDatabaseUrl('mysql://user:hidden@db.example:3306/layover')!;
const failure = (code: string): Error => Object.assign(new Error(`select 1 - ${code}`), { code });

test.each(['SQLITE_CORRUPT', 'SQLITE_CORRUPT_VTAB', 'SQLITE_NOTADB'])(
  'a damaged file is named with the command that moves it: %s',
  (code) => {
    const text = describeDatabaseProblem(sqlite, failure(code));
    expect(text).toContain(`The database file /srv/layover.sqlite is damaged (${code}). Nothing was changed.`);
    expect(text).toContain('npm run move-database');
  },
);

test('a file that cannot be written is not called damaged', () => {
  for (const code of ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_CANTOPEN', 'SQLITE_READONLY'])
    expect(describeDatabaseProblem(sqlite, failure(code))).toBe(
      `The database file /srv/layover.sqlite cannot be read or written (${code}). Check its disk: it may be full, ` +
        'read-only or broken.',
    );
});

test('a server that does not answer is named without its password', () => {
  const text = describeDatabaseProblem(mysql, failure('ECONNREFUSED'));
  expect(text).toContain('mysql://db.example:3306/layover does not answer or cannot be written (ECONNREFUSED)');
  expect(describeDatabaseProblem(mysql, failure('ER_ACCESS_DENIED_ERROR'))).toContain(
    'mysql://db.example:3306/layover refuses the connection (ER_ACCESS_DENIED_ERROR). Check the user, the password',
  );
});

test('other errors are no problem of the database', () => {
  expect(describeDatabaseProblem(sqlite, new TypeError('bug'))).toBeUndefined();
  expect(describeDatabaseProblem(mysql, failure('ER_PARSE_ERROR'))).toBeUndefined();
  expect(describeDatabaseProblem(sqlite, failure('SQLITE_ERROR'))).toBeUndefined();
});
