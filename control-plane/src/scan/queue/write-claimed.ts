import type { ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { Database } from '../../db/database';
import type { ClaimedScan } from './claim-scans';

/** What may be written of a row; whoever writes it gives the claim back. */
export type ScanChange = Partial<Omit<ScanRow, 'digest' | 'worker'>>;

/**
 * Writes a row that is claimed, and gives the claim back, with what `also` writes in the same transaction; false when somebody else has the row by
 * now, or it is gone: then nothing is written.
 */
export async function writeClaimed(
  database: Database,
  claim: ClaimedScan,
  change: (row: ScanRow) => ScanChange,
  also: (queries: Queries, row: ScanRow) => Promise<void> = () => Promise.resolve(),
): Promise<boolean> {
  return database.transaction(async (queries) => {
    const row = await queries<ScanRow>(Table.scans)
      .where({ digest: claim.digest, worker: claim.worker })
      .forUpdate()
      .first<ScanRow | undefined>();
    if (row === undefined) return false;
    await queries<ScanRow>(Table.scans)
      .where('digest', claim.digest)
      .update({ ...change(row), worker: null });
    await also(queries, row);
    return true;
  });
}
