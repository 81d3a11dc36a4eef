import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../real/programs';
import type { Flavour } from './flavour';

/**
 * MySQL 8. `mysqld8` is a link to bin/mysqld of an unpacked server, as created by .ci/run. Debian
 * has no MySQL package, and its MariaDB uses the name mysqld.
 */
export const MYSQL8: Flavour = {
  project: 'mysql8',
  title: 'MySQL 8',
  programs: ['mysqld8'],
  install(data) {
    // The root user that MySQL creates can only connect over the unix socket.
    const statements = `${data}.sql`;
    writeFileSync(
      statements,
      "CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '';\nGRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n",
    );
    mkdirSync(data);
    const [program, ...args] = command(data);
    const done = spawnSync(
      program,
      [...args, '--user=root', '--initialize-insecure', `--init-file=${statements}`, '--innodb-log-file-size=16M'],
      { encoding: 'utf8' },
    );
    rmSync(statements);
    if (done.status !== 0) throw new Error(`mysqld8 --initialize-insecure failed:\n${done.stdout}${done.stderr}`);
  },
  command: (data) => [...command(data), '--mysqlx=OFF'],
};

/**
 * Returns the program with the locations of its files. An unpacked server does not find them by
 * itself.
 */
function command(data: string): readonly [string, ...string[]] {
  const program = realpathSync(findProgram('mysqld8')!);
  const base = dirname(dirname(program));
  return [
    program,
    '--no-defaults',
    `--basedir=${base}`,
    `--lc-messages-dir=${join(base, 'share')}`,
    `--character-sets-dir=${join(base, 'share', 'charsets')}`,
    '--secure-file-priv=',
    `--datadir=${data}`,
  ];
}
