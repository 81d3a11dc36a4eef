import { type BlobRow, type ManifestRow, type OriginHoldingRow, Table } from '../../../../schema/tables';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Database } from '../../db/database';

/**
 * The bytes of this content have its digest, and this size: the tables say so everywhere from now on, and what organizations use is that
 * much more or less. Eviction looks whether that is over a limit.
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
    // Locks each; and on SQLite a transaction that writes first is never told to begin again.
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
