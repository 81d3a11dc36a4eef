import type { Knex } from 'knex';
import * as organizations from './0001-organizations';
import * as access from './0002-access';
import * as content from './0003-content';
import * as records from './0004-records';
import * as system from './0005-system';
import * as holdings from './0006-holdings';
import * as scans from './0007-scans';
import * as configurationChanges from './0009-configuration-changes';

interface NamedMigration extends Knex.Migration {
  readonly name: string;
}

/** Every migration, oldest first. A released one is never changed or renamed. */
const MIGRATIONS: readonly NamedMigration[] = [
  { name: '0001-organizations', ...organizations },
  { name: '0002-access', ...access },
  { name: '0003-content', ...content },
  { name: '0004-records', ...records },
  { name: '0005-system', ...system },
  { name: '0006-holdings', ...holdings },
  { name: '0007-scans', ...scans },
  { name: '0009-configuration-changes', ...configurationChanges },
];

/**
 * The migrations as knex takes them. A list instead of a directory scan: names stay the same whether the code runs
 * from its sources or compiled, and nothing else in the folder is taken for a migration.
 */
export const migrationSource: Knex.MigrationSource<NamedMigration> = {
  getMigrations: () => Promise.resolve([...MIGRATIONS]),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) => Promise.resolve({ up: migration.up, down: migration.down }),
};
