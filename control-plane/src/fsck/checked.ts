import type { Queries } from '../db/database';

/** What has been checked. Bytes were read, or only counted where content was not read. */
export interface Checked {
  origins: number;
  rows: number;
  blobs: number;
  bytes: number;
}

/** How many rows a table has. */
export async function countRows(queries: Queries, table: string): Promise<number> {
  const [row] = (await queries(table).count({ n: '*' })) as unknown as { n: number | string }[];
  return Number(row?.n ?? 0);
}
