import type { Database } from './database';

/**
 * Returns a number that changes whenever a commit becomes visible to the reader, comparable within
 * this process. Returns undefined on MySQL, which has no such number; then results must not be
 * cached.
 */
export async function dataVersion(database: Database): Promise<number | undefined> {
  if (database.dialect !== 'sqlite') return undefined;
  const rows = (await database.reader.raw('PRAGMA data_version')) as readonly { readonly data_version: number }[];
  return rows[0]?.data_version;
}
