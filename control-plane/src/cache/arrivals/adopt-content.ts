import type { StoredContent } from '../holdings/blob.store';
import type { ContentStores } from '../content/content-stores';
import type { Database } from '../../db/database';
import { originsAwaiting, settleArrivals } from './settle-arrivals';
import { recountHolders } from './recount-holders';

/**
 * Adds stored content that the tables do not know. Origins that wait for it hold it, as after a
 * report of its arrival; origins that hold it are counted; content that nobody holds is collected
 * after the grace period.
 */
export async function adoptContent(database: Database, stores: ContentStores, content: StoredContent): Promise<void> {
  const { digest, at } = content;
  await database.transaction(async (queries) => {
    const versions = await originsAwaiting(queries, stores, [digest]);
    const uids = await stores.originUsage.organizationsOf(queries, versions);
    const origins = await stores.origins.lockMany(queries, [...new Set(uids)]);
    await settleArrivals(queries, stores, origins, [content], at);
    // A new row has no holders.
    await recountHolders(queries, stores, [digest], at);
  });
}
