import type { StoredContent } from '../../cache/holdings/blob.store';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Database } from '../../db/database';
import { originsAwaiting, settleArrivals } from '../../cache/arrivals/settle-arrivals';
import { recountHolders } from './recount-holders';

/**
 * Content is in the store and the tables did not know: from now on they do. Whoever waits for it has it, as after the report of its arrival;
 * whoever counted it all along is counted; what nobody holds is collected after the grace period.
 */
export async function adoptContent(database: Database, stores: ContentStores, content: StoredContent): Promise<void> {
  const { digest, at } = content;
  await database.transaction(async (queries) => {
    const versions = await originsAwaiting(queries, stores, [digest]);
    const uids = await stores.originUsage.organizationsOf(queries, versions);
    const origins = await stores.origins.lockMany(queries, [...new Set(uids)]);
    await settleArrivals(queries, stores, origins, [content], at);
    // A row that is made says that nobody holds it.
    await recountHolders(queries, stores, [digest], at);
  });
}
