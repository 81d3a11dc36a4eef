import { type BlobRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** Content that a data plane has stored whole and verified. */
export interface StoredContent {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Reads and writes what is in the store, blobs and manifests alike, whoever holds it. A row is also the lock between a
 * collection and those who need the content: see cache/collection/delete-blobs.ts.
 */
export class BlobStore {
  /** The rows of these digests, by digest; unknown ones are left out. */
  async find(queries: Queries, digests: Iterable<string>): Promise<ReadonlyMap<string, BlobRow>> {
    const found = new Map<string, BlobRow>();
    for (const part of chunks([...new Set(digests)]))
      for (const row of (await queries<BlobRow>(Table.blobs).whereIn('digest', part)) as BlobRow[])
        found.set(row.digest, row);
    return found;
  }

  /** The same; nobody else changes them before the transaction ends. */
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

  /** Which of these digests are in the store, with their sizes in bytes. */
  async present(queries: Queries, digests: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    return presentOf(await this.find(queries, digests));
  }

  /**
   * Content came into the store, or is there again. Who holds it is left as it is; nobody does where it was not known. What nobody holds
   * has its grace period from then on.
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

  /** One more origin holds each of these. */
  async hold(queries: Queries, digests: readonly string[]): Promise<void> {
    for (const part of chunks(digests))
      await queries(Table.blobs)
        .whereIn('digest', part)
        .update({ unheld_at: null, holders: queries.raw('holders + 1') });
  }

  /** One origin less holds each of these. */
  async release(queries: Queries, digests: readonly string[], now: number): Promise<void> {
    for (const part of chunks(digests)) {
      // MySQL assigns from left to right and shows the next assignment what the one before wrote: unheld_at goes first.
      const marks = part.map(() => '?').join(', ');
      await queries.raw(
        `UPDATE blobs SET unheld_at = CASE WHEN holders <= 1 THEN ? ELSE unheld_at END, holders = holders - 1
         WHERE digest IN (${marks})`,
        [now, ...part],
      );
    }
  }

  /** Sets how many origins hold a digest, as counted. */
  async setHolders(queries: Queries, digest: string, holders: number, now: number): Promise<void> {
    await queries(Table.blobs)
      .where('digest', digest)
      .update({ holders, unheld_at: holders > 0 ? null : now });
  }

  /** Content that nobody has held since `before` (milliseconds since the epoch), longest first. */
  async unheld(queries: Queries, before: number, limit: number): Promise<readonly BlobRow[]> {
    return queries<BlobRow>(Table.blobs)
      .where('unheld_at', '<=', before)
      .whereIn('state', ['PRESENT', 'QUARANTINED'])
      .orderBy('unheld_at')
      .limit(limit);
  }

  /** Content whose deletion began before `before` and has not ended: the process that did it is gone. */
  async stuck(queries: Queries, before: number, limit: number): Promise<readonly BlobRow[]> {
    return queries<BlobRow>(Table.blobs)
      .where('deleting_at', '<=', before)
      .where('state', 'DELETING')
      .orderBy('deleting_at')
      .limit(limit);
  }

  /**
   * Takes those that nobody has held since `unheldBefore` out of use, before their bytes go: from now on they count as not there. Those
   * that somebody else deletes are left, unless that began before `stuckBefore`. Gives back which were taken.
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

  /** The row, which nobody else changes before the transaction ends; undefined = unknown. */
  async lock(queries: Queries, digest: string): Promise<BlobRow | undefined> {
    return queries<BlobRow>(Table.blobs).where('digest', digest).forUpdate().first<BlobRow | undefined>();
  }

  /** Its bytes are gone. */
  async remove(queries: Queries, digests: readonly string[]): Promise<void> {
    for (const part of chunks(digests)) await queries(Table.blobs).whereIn('digest', part).delete();
  }

  /** Removes those of these rows that are still DELETING since `startedAt`; gives back which. */
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

  /** They are looked at again when nobody has held them for as long as others from `now` on. */
  async postpone(queries: Queries, digests: readonly string[], now: number): Promise<void> {
    for (const part of chunks(digests))
      await queries(Table.blobs).whereIn('digest', part).whereNotNull('unheld_at').update({ unheld_at: now });
  }

  /** Its bytes were found damaged and moved aside. */
  async quarantine(queries: Queries, digest: string): Promise<void> {
    await queries(Table.blobs).where('digest', digest).update({ state: 'QUARANTINED' });
  }

  /** Rows in the order of the digests' text, after `after`. */
  async page(queries: Queries, after: string, limit: number): Promise<readonly BlobRow[]> {
    return queries<BlobRow>(Table.blobs).where('digest', '>', after).orderBy('digest').limit(limit);
  }

  /** How many there are, and their bytes. */
  async count(queries: Queries): Promise<{ readonly blobs: number; readonly bytes: number }> {
    const [row] = (await queries(Table.blobs).count({ n: '*' }).sum({ bytes: 'size' })) as unknown as {
      n: number | string;
      bytes: number | string | null;
    }[];
    return { blobs: Number(row?.n ?? 0), bytes: Number(row?.bytes ?? 0) };
  }
}

/** Those of these rows whose content is in the store, with their sizes in bytes. */
export function presentOf(rows: ReadonlyMap<string, BlobRow>): ReadonlyMap<string, number> {
  const present = [...rows.values()].filter(({ state }) => state === 'PRESENT');
  return new Map(present.map(({ digest, size }) => [digest, size]));
}
