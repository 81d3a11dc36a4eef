import type { Knex } from 'knex';
import * as organizations from './0001-organizations';
import * as access from './0002-access';
import * as content from './0003-content';
import * as records from './0004-records';
import * as system from './0005-system';
import * as holdings from './0006-holdings';
import * as scans from './0007-scans';
import * as textIsBytes from './0008-text-is-bytes';

interface NamedMigration extends Knex.Migration {
  readonly name: string;
}

/** All migrations, oldest first. A released migration is never changed or renamed. */
const MIGRATIONS: readonly NamedMigration[] = [
  { name: '0001-organizations', ...organizations },
  { name: '0002-access', ...access },
  { name: '0003-content', ...content },
  { name: '0004-records', ...records },
  { name: '0005-system', ...system },
  { name: '0006-holdings', ...holdings },
  { name: '0007-scans', ...scans },
  { name: '0008-text-is-bytes', ...textIsBytes },
];

/**
 * The migrations in the form that knex expects. It is a list and not a folder scan, so that the
 * names are the same in sources and compiled code, and other files in the folder are ignored.
 */
export const migrationSource: Knex.MigrationSource<NamedMigration> = {
  getMigrations: () => Promise.resolve([...MIGRATIONS]),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) => Promise.resolve({ up: migration.up, down: migration.down }),
};
