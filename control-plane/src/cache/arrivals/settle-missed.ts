import type { ContentStores } from '../content/content-stores';
import type { Database } from '../../db/database';
import { recordArrivals } from './record-arrivals';

/**
 * To be called after a transaction that promised room for content, or that said that it arrived: on MySQL two such transactions can run side
 * by side without either seeing what the other wrote, and the content would count as on its way until the promise ends. Whichever looks
 * here last sees both. SQLite has one writer.
 */
export async function settleMissed(
  database: Database,
  stores: ContentStores,
  digests: readonly string[],
  now: number,
): Promise<void> {
  if (database.dialect === 'sqlite' || digests.length === 0) return;
  await recordArrivals(database, stores, await stores.holdings.missed(database.reader, digests), now);
}
