import type { BlobRow } from '../../../../schema/tables';
import type { ContentStores } from '../content/content-stores';
import type { Database, Queries } from '../../db/database';

/** What a caller of {@link loseContent} may add. */
export interface LossOptions {
  /** Nothing is changed unless the row, as it is under the lock, is one that this says yes to. */
  readonly onlyIf?: (row: BlobRow | undefined) => boolean;
  /** Is done in the same transaction, with the origins that hold it, also where `onlyIf` said no. */
  readonly also?: (queries: Queries, holders: readonly string[]) => Promise<void>;
}

/**
 * The bytes of this content are not in the store any more: whoever held it as a blob names it still, and it counts nothing until it
 * comes again. A manifest stays as it is: the next pull puts its bytes back. Gives back the origins that held it.
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
