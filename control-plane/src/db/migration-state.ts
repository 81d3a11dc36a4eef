import { migrationSource } from '../../../schema/migrations/migration-source';
import type { Queries } from './database';

/** The table in which knex records migrations. */
const MIGRATIONS = 'knex_migrations';

/**
 * The difference between a database and one that this version has migrated. Two empty lists mean
 * that there is none.
 */
export interface MigrationState {
  /** Migrations of this version that have not run. */
  readonly missing: readonly string[];
  /**
   * Migrations that have run and that this version does not know: a newer Layover has migrated the
   * database.
   */
  readonly unknown: readonly string[];
}

/** Reads which migrations have run. Creates and changes nothing. */
export async function migrationState(queries: Queries): Promise<MigrationState> {
  const names = (await migrationSource.getMigrations([])).map((migration) =>
    migrationSource.getMigrationName(migration),
  );
  const done = (await queries.schema.hasTable(MIGRATIONS))
    ? ((await queries(MIGRATIONS).select('name')) as { readonly name: string }[]).map(({ name }) => name)
    : [];
  return {
    missing: names.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !names.includes(name)),
  };
}
