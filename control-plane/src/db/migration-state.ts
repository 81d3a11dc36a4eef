import { migrationSource } from '../../../schema/migrations/migration-source';
import type { Queries } from './database';

/** knex's own table. */
const MIGRATIONS = 'knex_migrations';

/** What sets a database apart from one that this version has migrated; two empty lists = nothing does. */
export interface MigrationState {
  /** Migrations of this version that it has not had. */
  readonly missing: readonly string[];
  /** Migrations that it has had and this version does not know: a newer Layover has been here. */
  readonly unknown: readonly string[];
}

/** Looks how far a database was migrated. Reads only: nothing is created or changed. */
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
