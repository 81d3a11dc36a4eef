import type { Queries } from '../../db/database';

/**
 * How much has been checked: origins, rows, blobs that are stored or should be, and bytes read from
 * the stores.
 */
export interface Checked {
  origins: number;
  rows: number;
  blobs: number;
  bytes: number;
}

/** Returns the number of rows of a table. */
export async function countRows(queries: Queries, table: string): Promise<number> {
  const [row] = (await queries(table).count({ n: '*' })) as unknown as { n: number | string }[];
  return Number(row?.n ?? 0);
}
