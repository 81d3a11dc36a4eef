import { type Backoff, backoffDelay } from '../../../../common/async/backoff';
import type { ScanDeletionRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import { isClairError } from '../clair/clair-error';
import type { ScanParts } from './scan-parts';

/** Manifests in one step. */
const STEP = 50;
/** After a failure. */
const BACKOFF: Backoff = { firstMs: 10_000, maxMs: 3_600_000 };

/**
 * Has Clair forget images that nobody holds any more, and forgets them here. What is held again by now stays, with all that is known of it. Tried
 * until it is done; while Clair is away nothing is lost. False = there are no more to do now.
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
      parts.log.warn({ err: error, digest: row.digest }, 'Clair does not forget an image; it is tried again');
      if (error.trouble === 'AWAY') return false;
    }
  }
  return due.length === STEP;
}

async function isHeld({ database }: ScanParts, digest: string): Promise<boolean> {
  return (await database.reader(Table.manifests).where('digest', digest).first('id')) !== undefined;
}

/**
 * Clair was told. Somebody may have admitted it meanwhile: then it stays, and when its report is next read, Clair does not know it and it is
 * indexed again.
 */
async function settle({ database }: ScanParts, digest: string): Promise<void> {
  await database.transaction(async (queries) => {
    // Whoever admits it beside this waits for the row, or has written its manifest by now.
    await queries(Table.scans).where('digest', digest).forUpdate().first('digest');
    const held = await queries(Table.manifests).where('digest', digest).first('id');
    await queries(Table.scanDeletions).where('digest', digest).delete();
    if (held !== undefined) return;
    await queries(Table.scanFindings).where('digest', digest).delete();
    await queries(Table.scans).where('digest', digest).delete();
  });
}
