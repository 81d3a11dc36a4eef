import { type BlobRow, Table } from '../../../../schema/tables';
import type { ProofStore } from '../proofs/proof.store';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** Content that a data plane has stored completely and verified. */
export interface StoredContent {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Reads and writes the content of the store, blobs and manifests alike, no matter which origins
 * hold it. A row is also the lock between collection and admissions that need the content: see
 * cache/collection/delete-blobs.ts.
 */
export class BlobRowStore {
  constructor(private readonly proofs: ProofStore) {}

  /** Returns the rows of these digests by digest. Unknown ones are left out. */
  async find(queries: Queries, digests: Iterable<string>): Promise<ReadonlyMap<string, BlobRow>> {
    const found = new Map<string, BlobRow>();
    for (const part of chunks([...new Set(digests)]))
      for (const row of (await queries<BlobRow>(Table.blobs).whereIn('digest', part)) as BlobRow[])
        found.set(row.digest, row);
    return found;
  }

  /** Returns the rows like {@link find}, locked until the transaction ends. */
  async lockMany(queries: Queries, digests: Iterable<string>): Promise<ReadonlyMap<string, BlobRow>> {
    const found = new Map<string, BlobRow>();
    for (const part of chunks([...new Set(digests)].sort()))
      for (const row of (await queries<BlobRow>(Table.blobs)
        .whereIn('digest', part)
        .orderBy('digest')
        .forUpdate()) as BlobRow[])
        found.set(row.digest, row);
    return found;
  }

  /** Returns the digests that are in the store, with their sizes in bytes. */
  async present(queries: Queries, digests: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    return presentOf(await this.find(queries, digests));
  }

  /**
   * Records that content is in the store, new or again. The number of holders does not change, and
   * is 0 for new content. The grace period of content without holders starts again.
   */
  async arrived(queries: Queries, contents: readonly StoredContent[]): Promise<void> {
    const rows: BlobRow[] = contents.map(({ digest, size, at }) => ({
      digest,
      size,
      state: 'PRESENT',
      created_at: at,
      present_at: at,
      holders: 0,
      unheld_at: at,
      deleting_at: null,
    }));
    await bulkInsert(queries, Table.blobs, rows, {
      kind: 'merge',
      key: ['digest'],
      columns: { size: 'replace', state: 'replace', present_at: 'replace', deleting_at: 'replace' },
    });
    const latest = Math.max(...contents.map(({ at }) => at));
    for (const part of chunks(contents))
      await queries(Table.blobs)
        .whereIn(
          'digest',
          part.map(({ digest }) => digest),
        )
        .where('unheld_at', '<', latest)
        .update({ unheld_at: latest });
  }

  /** Adds one holder to each of these digests. */
  async hold(queries: Queries, digests: readonly string[]): Promise<void> {
    for (const part of chunks(digests))
      await queries(Table.blobs)
        .whereIn('digest', part)
        .update({ unheld_at: null, holders: queries.raw('holders + 1') });
  }

  /** Removes one holder from each of these digests. */
  async release(queries: Queries, digests: readonly string[], now: number): Promise<void> {
    for (const part of chunks(digests)) {
      // MySQL assigns from left to right, and later assignments see earlier ones. So unheld_at
      // comes first.
      const marks = part.map(() => '?').join(', ');
      await queries.raw(
        `UPDATE blobs SET unheld_at = CASE WHEN holders <= 1 THEN ? ELSE unheld_at END, holders = holders - 1
         WHERE digest IN (${marks})`,
        [now, ...part],
      );
    }
  }

  /** Sets the number of origins that hold a digest, as counted by the caller. */
  async setHolders(queries: Queries, digest: string, holders: number, now: number): Promise<void> {
    await queries(Table.blobs)
      .where('digest', digest)
      .update({ holders, unheld_at: holders > 0 ? null : now });
  }

  /**
   * Returns up to `limit` rows without holders since `before` (milliseconds since the epoch), the
   * oldest first.
   */
  async unheld(queries: Queries, before: number, limit: number): Promise<readonly BlobRow[]> {
    return queries<BlobRow>(Table.blobs)
      .where('unheld_at', '<=', before)
      .whereIn('state', ['PRESENT', 'QUARANTINED'])
      .orderBy('unheld_at')
      .limit(limit);
  }

  /**
   * Returns up to `limit` rows whose deletion began before `before` and has not ended, because its
   * process died.
   */
  async stuck(queries: Queries, before: number, limit: number): Promise<readonly BlobRow[]> {
    return queries<BlobRow>(Table.blobs)
      .where('deleting_at', '<=', before)
      .where('state', 'DELETING')
      .orderBy('deleting_at')
      .limit(limit);
  }

  /**
   * Sets rows without holders since `unheldBefore` to DELETING, before their bytes are deleted.
   * From then on they count as missing. Skips rows that another process is deleting, unless that
   * deletion began before `stuckBefore`. Returns the rows that were set.
   */
  async beginDeleting(
    queries: Queries,
    digests: readonly string[],
    {
      unheldBefore,
      stuckBefore,
      now,
    }: { readonly unheldBefore: number; readonly stuckBefore: number; readonly now: number },
  ): Promise<readonly BlobRow[]> {
    const taken: BlobRow[] = [];
    for (const part of chunks([...digests].sort())) {
      const rows = (await queries<BlobRow>(Table.blobs)
        .whereIn('digest', part)
        .where('holders', '<=', 0)
        .where('unheld_at', '<=', unheldBefore)
        .where((free) => free.where('state', '<>', 'DELETING').orWhere('deleting_at', '<=', stuckBefore))
        .orderBy('digest')
        .forUpdate()) as BlobRow[];
      await queries(Table.blobs)
        .whereIn(
          'digest',
          rows.map(({ digest }) => digest),
        )
        .update({ state: 'DELETING', deleting_at: now });
      taken.push(...rows.map((row) => ({ ...row, state: 'DELETING', deleting_at: now })));
    }
    return taken;
  }

  /** Returns the row, locked until the transaction ends, or undefined if it does not exist. */
  async lock(queries: Queries, digest: string): Promise<BlobRow | undefined> {
    return queries<BlobRow>(Table.blobs).where('digest', digest).forUpdate().first<BlobRow | undefined>();
  }

  /** Deletes rows whose bytes are gone, and their proofs unless an origin names the digest. */
  async remove(queries: Queries, digests: readonly string[]): Promise<void> {
    for (const part of chunks(digests)) await queries(Table.blobs).whereIn('digest', part).delete();
    await this.proofs.removeUnneeded(queries, digests);
  }

  /**
   * Deletes those of these rows that are still DELETING since `startedAt`. Returns their digests.
   */
  async removeDeleted(queries: Queries, digests: readonly string[], startedAt: number): Promise<ReadonlySet<string>> {
    const removed = new Set<string>();
    for (const part of chunks([...digests].sort())) {
      const rows = await queries<BlobRow>(Table.blobs)
        .whereIn('digest', part)
        .where({ state: 'DELETING', deleting_at: startedAt })
        .orderBy('digest')
        .forUpdate()
        .select('digest');
      for (const { digest } of rows) removed.add(digest);
      await this.remove(
        queries,
        rows.map(({ digest }) => digest),
      );
    }
    return removed;
  }

  /** Restarts the grace period of rows without holders at `now`. */
  async postpone(queries: Queries, digests: readonly string[], now: number): Promise<void> {
    for (const part of chunks(digests))
      await queries(Table.blobs).whereIn('digest', part).whereNotNull('unheld_at').update({ unheld_at: now });
  }

  /** Records that damaged bytes were moved to the quarantine. */
  async quarantine(queries: Queries, digest: string): Promise<void> {
    await queries(Table.blobs).where('digest', digest).update({ state: 'QUARANTINED' });
  }

  /** Returns up to `limit` rows ordered by digest, starting after `after`. */
  async page(queries: Queries, after: string, limit: number): Promise<readonly BlobRow[]> {
    return queries<BlobRow>(Table.blobs).where('digest', '>', after).orderBy('digest').limit(limit);
  }

  /** Returns the number of rows and the sum of their bytes. */
  async count(queries: Queries): Promise<{ readonly blobs: number; readonly bytes: number }> {
    const [row] = (await queries(Table.blobs).count({ n: '*' }).sum({ bytes: 'size' })) as unknown as {
      n: number | string;
      bytes: number | string | null;
    }[];
    return { blobs: Number(row?.n ?? 0), bytes: Number(row?.bytes ?? 0) };
  }
}

/** Returns the digests of these rows whose content is in the store, with their sizes in bytes. */
export function presentOf(rows: ReadonlyMap<string, BlobRow>): ReadonlyMap<string, number> {
  const present = [...rows.values()].filter(({ state }) => state === 'PRESENT');
  return new Map(present.map(({ digest, size }) => [digest, size]));
}
