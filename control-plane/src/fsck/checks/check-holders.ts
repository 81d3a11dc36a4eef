import { type BlobRow, Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { FsckParts } from '../parts/fsck-parts';
import { hasHolders, recountHolders } from '../../cache/arrivals/recount-holders';
import type { Unrepaired } from '../parts/unrepaired';

/** Blobs read by one statement, and blobs repaired in one transaction. */
const PAGE = 500;
const STEP = 100;

interface CountedBlob extends Pick<BlobRow, 'digest' | 'holders' | 'unheld_at'> {
  readonly counted: number | string;
}

/**
 * Checks the number of origins that hold each blob. A blob and its holders are read by one
 * statement, so that they are consistent.
 */
export async function checkHolders(parts: FsckParts, unrepaired: Unrepaired): Promise<void> {
  const { database, stores, clock, options, report, progress, signal } = parts;
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const page = (await database
      .reader(`${Table.blobs} as b`)
      .where('b.digest', '>', after)
      .orderBy('b.digest')
      .limit(PAGE)
      .select(
        'b.digest',
        'b.holders',
        'b.unheld_at',
        database.reader.raw(
          `(SELECT COUNT(*) FROM origin_holdings h
            WHERE h.digest = b.digest AND (h.state = 'HELD' OR h.manifest_repositories > 0)) AS counted`,
        ),
      )) as CountedBlob[];
    const countOf = ({ digest, counted }: CountedBlob): number => Number(counted) + unrepaired.holdersOf(digest);
    const wrong = page.filter((row) => !hasHolders(row, countOf(row)));
    for (const step of chunks(wrong, STEP)) {
      const digests = step.map(({ digest }) => digest);
      if (options.repair)
        await database.transaction((queries) => recountHolders(queries, stores, digests, clock.now()));
      for (const row of step) {
        const { digest, holders, unheld_at } = row;
        report.add({
          kind: 'BLOB_HOLDERS',
          digest,
          message:
            holders === countOf(row)
              ? `its row says that ${holders} origins hold it, and marks it as ` +
                `${unheld_at === null ? 'held' : 'not held'}`
              : `its row says that ${holders} origins hold it, but ${countOf(row)} do`,
          repaired: options.repair,
        });
      }
    }
    progress.advance(page.length);
    if (page.length < PAGE) return;
    after = page.at(-1)!.digest;
  }
}
