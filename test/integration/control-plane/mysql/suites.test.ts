import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MARIADB_PROGRAMS } from '../../../support/mariadb/mariadb-server';
import { describeWith } from '../../../support/real/programs';

// Where MariaDB is missing, jest.config.js has no project for it: this says so in the list of what was skipped.
describeWith(MARIADB_PROGRAMS, 'every suite of the control plane on MariaDB', () => {
  test('is a project of jest.config.js here', () => {
    const file = join(__dirname, '../../../../jest.config.js');
    const config = { exports: {} as { projects?: readonly { displayName: string }[] } };
    // Not required: jest would give it modules of its own.
    new Function('module', 'require', readFileSync(file, 'utf8'))(config, require);
    expect(config.exports.projects?.map(({ displayName }) => displayName)).toContain('mariadb');
  });
});
