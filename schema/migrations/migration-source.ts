import type { Knex } from 'knex';
import { MIGRATIONS } from './migrations';

interface NamedMigration extends Knex.Migration {
  readonly name: string;
}

/**
 * The migrations in the form that knex expects. It is a list and not a folder scan, so that the
 * names are the same in sources and compiled code, and other files in the folder are ignored.
 */
export const migrationSource: Knex.MigrationSource<NamedMigration> = {
  getMigrations: () => Promise.resolve([...MIGRATIONS]),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) => Promise.resolve({ up: migration.up, down: migration.down }),
};
