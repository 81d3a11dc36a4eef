import type { Queries } from '../../db/database';

/** What has been checked: upstreams of organizations, rows, blobs that are stored or should be, and bytes that were read for that. */
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
