import { type Backoff, backoffDelay } from '../../../../common/async/backoff';
import type { ScanDeletionRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import { isClairError } from '../clair/clair-error';
import type { ScanParts } from './scan-parts';

/** Manifests in one step. */
const STEP = 50;
/** Pauses after failures. */
const BACKOFF: Backoff = { firstMs: 10_000, maxMs: 3_600_000 };

/**
 * Deletes the reports of images that nobody holds any more, in Clair and in the tables. Images that
 * are held again are kept. Failed deletions are retried until they succeed. Returns false if
 * nothing more is due now.
 */
export async function forgetDeleted(parts: ScanParts, signal: AbortSignal): Promise<boolean> {
  const { database, clair, clock } = parts;
  if (clair.circuit.reason !== undefined) return false;
  const due = (await database
    .reader<ScanDeletionRow>(Table.scanDeletions)
    .where('due_at', '<=', clock.now())
    .orderBy('due_at')
    .limit(STEP)) as ScanDeletionRow[];
  for (const row of due) {
    try {
      if (!(await isHeld(parts, row.digest))) await clair.forget(row.digest, signal);
      await settle(parts, row.digest);
    } catch (error) {
      if (!isClairError(error)) throw error;
      const pause = backoffDelay(BACKOFF, row.attempts + 1);
      await database.transaction((queries) =>
        queries<ScanDeletionRow>(Table.scanDeletions)
          .where('digest', row.digest)
          .update({ attempts: row.attempts + 1, due_at: clock.now() + pause }),
      );
      parts.log.warn(
        { err: error, digest: row.digest },
        'Deleting an index report in Clair failed; it will be retried',
      );
      if (error.trouble === 'AWAY') return false;
    }
  }
  return due.length === STEP;
}

async function isHeld({ database }: ScanParts, digest: string): Promise<boolean> {
  return (await database.reader(Table.manifests).where('digest', digest).first('id')) !== undefined;
}

/**
 * Deletes the rows of an image after Clair was told. If it was admitted again in the meantime, its
 * rows stay: the next refresh finds that Clair does not know it and indexes it again.
 */
async function settle({ database }: ScanParts, digest: string): Promise<void> {
  await database.transaction(async (queries) => {
    // A concurrent admission waits for this row, or has already written its manifest.
    await queries(Table.scans).where('digest', digest).forUpdate().first('digest');
    const held = await queries(Table.manifests).where('digest', digest).first('id');
    await queries(Table.scanDeletions).where('digest', digest).delete();
    if (held !== undefined) return;
    await queries(Table.scanFindings).where('digest', digest).delete();
    await queries(Table.scans).where('digest', digest).delete();
  });
}
