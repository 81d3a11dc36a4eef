import type { Knex } from 'knex';
import { MIGRATIONS } from './migrations';

interface NamedMigration extends Knex.Migration {
  readonly name: string;
}

/**
 * The migrations as knex takes them. A list instead of a directory scan: names stay the same whether the code runs
 * from its sources or compiled, and nothing else in the folder is taken for a migration.
 */
export const migrationSource: Knex.MigrationSource<NamedMigration> = {
  getMigrations: () => Promise.resolve([...MIGRATIONS]),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) => Promise.resolve({ up: migration.up, down: migration.down }),
};
