import { type BlobRow, type ManifestRow, type OriginHoldingRow, Table } from '../../../../schema/tables';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Database } from '../../db/database';

/**
 * Sets the size of verified content in all tables and corrects the usage of organizations. Eviction
 * then checks whether a usage is over its limit.
 */
export async function correctSize(
  database: Database,
  stores: ContentStores,
  digest: string,
  size: number,
  now: number,
): Promise<void> {
  const rows: { origin_version: string }[] = await database
    .reader<OriginHoldingRow>(Table.originHoldings)
    .where('digest', digest)
    .orderBy('origin_version')
    .select('origin_version');
  const versions = rows.map(({ origin_version }) => origin_version);
  await database.transaction(async (queries) => {
    // Locks each origin. On SQLite, a transaction that writes first never has to restart.
    for (const version of versions) await stores.originUsage.mark(queries, version, { prunePending: true });
    await queries<ManifestRow>(Table.manifests).where('digest', digest).whereNot('size', size).update({ size });
    await queries<BlobRow>(Table.blobs).where('digest', digest).update({ size });
    for (const version of versions) {
      const before = (await stores.holdings.find(queries, version, [digest])).get(digest);
      if (before === undefined || before.size === size || before.state !== 'HELD') continue;
      await stores.ledger.change(queries, version, [{ before, after: { ...before, size } }], now);
    }
  });
}
