import type { StoredContent } from '../holdings/blob.store';
import type { ContentStores } from '../content/content-stores';
import type { Transactions } from '../../db/database';
import { originsAwaiting, settleArrivals } from './settle-arrivals';

/**
 * Records content that was found in the store, in a transaction of its own. See {@link
 * settleArrivals}.
 */
export async function recordArrivals(
  database: Transactions,
  stores: ContentStores,
  found: readonly StoredContent[],
  now: number,
): Promise<void> {
  if (found.length === 0) return;
  await database.transaction(async (queries) => {
    const versions = await originsAwaiting(
      queries,
      stores,
      found.map(({ digest }) => digest),
    );
    const uids = await stores.originUsage.organizationsOf(queries, versions);
    const origins = await stores.origins.lockMany(queries, [...new Set(uids)]);
    await settleArrivals(queries, stores, origins, found, now);
  });
}
