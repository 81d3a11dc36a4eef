import { spawnSync } from 'node:child_process';
import { findProgram } from '../real/programs';
import type { Flavour } from './flavour';

/** MariaDB. On Debian its programs are in mariadb-server-core and mariadb-client-core. */
export const MARIADB: Flavour = {
  project: 'mariadb',
  title: 'MariaDB',
  programs: ['mariadbd', 'mariadb-install-db'],
  install(data) {
    const done = spawnSync(
      findProgram('mariadb-install-db')!,
      [
        '--no-defaults',
        '--user=root',
        `--datadir=${data}`,
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
        '--skip-name-resolve',
        '--innodb-flush-method=nosync',
      ],
      { encoding: 'utf8' },
    );
    if (done.status !== 0) throw new Error(`mariadb-install-db failed:\n${done.stdout}${done.stderr}`);
  },
  command: (data) => [
    findProgram('mariadbd')!,
    '--no-defaults',
    `--datadir=${data}`,
    '--debug-no-sync',
    '--sync-frm=0',
  ],
};
