import type { ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { Database } from '../../db/database';
import type { ClaimedScan } from './claim-scans';

/** The columns that a claim holder may write. Writing them ends the claim. */
export type ScanChange = Partial<Omit<ScanRow, 'digest' | 'worker'>>;

/**
 * Writes a claimed row and ends the claim, in one transaction with `also`. Returns false and writes
 * nothing if another process has the claim by now, or if the row does not exist.
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
