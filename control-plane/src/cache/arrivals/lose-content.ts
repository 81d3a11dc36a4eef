import type { BlobRow } from '../../../../schema/tables';
import type { ContentStores } from '../content/content-stores';
import type { Database, Queries } from '../../db/database';

/** Options of {@link loseContent}. */
export interface LossOptions {
  /** Decides about the locked row. If it returns false, nothing is changed. */
  readonly onlyIf?: (row: BlobRow | undefined) => boolean;
  /**
   * Runs in the same transaction with the origins that hold the content, even if `onlyIf` returned
   * false.
   */
  readonly also?: (queries: Queries, holders: readonly string[]) => Promise<void>;
}

/**
 * Records that the bytes of a digest are no longer in the store. Origins that held it as a blob
 * still name it, but it counts nothing until it arrives again. A manifest stays held: the next pull
 * restores its bytes. Returns the versions of the origins that held it.
 */
export async function loseContent(
  database: Database,
  stores: ContentStores,
  digest: string,
  now: number,
  state: 'GONE' | 'QUARANTINED' = 'GONE',
  { onlyIf = () => true, also }: LossOptions = {},
): Promise<readonly string[]> {
  const before = await stores.holdings.holdersOf(database.reader, digest);
  return database.transaction(async (queries) => {
    const versions = before.map(({ originVersion }) => originVersion);
    await stores.originUsage.lockFound(queries, versions);
    const row = await stores.blobs.lock(queries, digest);
    const isLost = onlyIf(row);
    const holders: string[] = [];
    for (const originVersion of [...versions].sort()) {
      const holding = (await stores.holdings.find(queries, originVersion, [digest])).get(digest);
      if (holding?.state !== 'HELD') continue;
      holders.push(originVersion);
      if (!isLost || holding.manifestRepositories > 0) continue;
      const after = { ...holding, state: 'LAPSED' as const, reservedUntil: undefined };
      await stores.ledger.change(queries, originVersion, [{ before: holding, after }], now);
    }
    await also?.(queries, holders);
    if (row === undefined || !isLost) return holders;
    if (state === 'QUARANTINED') await stores.blobs.quarantine(queries, digest);
    else await stores.blobs.remove(queries, [digest]);
    return holders;
  });
}
