import type { Database } from './database';

/**
 * A number that differs from an earlier one of this process whenever anything was committed in between, as the reader sees
 * it; undefined where the database has none (MySQL), so that nothing may be kept from an earlier read.
 */
export async function dataVersion(database: Database): Promise<number | undefined> {
  if (database.dialect !== 'sqlite') return undefined;
  const rows = (await database.reader.raw('PRAGMA data_version')) as readonly { readonly data_version: number }[];
  return rows[0]?.data_version;
}
