import type { BlobRow } from '../../../../schema/tables';
import { DamagedCopies } from '../repairs/damaged-copies';
import type { FsckParts } from '../parts/fsck-parts';
import { countedSizes, judgeContent } from '../parts/judge-content';
import { settleSuspects } from '../repairs/settle-suspects';
import type { AskedDataPlane, StoredCopies } from '../parts/store-copies';
import { Suspects } from '../parts/suspects';

/** Rows read by one statement. */
const PAGE = 500;

/**
 * Compares the stored content of all data planes with the rows in `blobs`, page by page in the
 * order of digests. Verifies every copy unless `quick` is set. Differences are checked again later;
 * damaged bytes are handled immediately.
 */
export async function checkStore(parts: FsckParts): Promise<void> {
  const damaged = new DamagedCopies(parts);
  const suspects = new Suspects(
    parts,
    (found) => settleSuspects(parts, damaged, found),
    (count, ms) => parts.progress.wait(count, ms),
  );
  let after = '';
  for await (const page of parts.copies.list()) {
    const to = page.at(-1)!.digest;
    const rows = await compareRows(parts, suspects, page, after, to);
    await comparePage(parts, damaged, suspects, page, rows);
    await suspects.settleDue();
    after = to;
  }
  await compareRows(parts, suspects, [], after, undefined);
  await suspects.settleAll();
}

/**
 * Compares the rows from after `after` to `to` (undefined for the end) with the page. Returns the
 * rows of the digests in the page.
 */
async function compareRows(
  { database, stores, signal, progress }: FsckParts,
  suspects: Suspects,
  page: readonly StoredCopies[],
  after: string,
  to: string | undefined,
): Promise<ReadonlyMap<string, BlobRow>> {
  const stored = new Set(page.map(({ digest }) => digest));
  const found = new Map<string, BlobRow>();
  for (let last = after; ;) {
    signal.throwIfAborted();
    const rows = await stores.blobs.page(database.reader, last, PAGE);
    const within = rows.filter(({ digest }) => to === undefined || digest <= to);
    for (const row of within) {
      if (stored.has(row.digest)) {
        found.set(row.digest, row);
        continue;
      }
      if (row.state === 'PRESENT') await suspects.add(row.digest, 'ROW_WITHOUT_BYTES');
      progress.advance(1, row.size);
    }
    if (within.length < rows.length || rows.length < PAGE) return found;
    last = rows.at(-1)!.digest;
  }
}

async function comparePage(
  parts: FsckParts,
  damaged: DamagedCopies,
  suspects: Suspects,
  page: readonly StoredCopies[],
  rows: ReadonlyMap<string, BlobRow>,
): Promise<void> {
  const { database, options, progress } = parts;
  const readable = options.quick ? page : await verifyPage(parts, damaged, page, rows);
  const counted = await countedSizes(
    database.reader,
    page.map(({ digest }) => digest),
  );
  for (const content of readable) {
    const disagreement = judgeContent(rows.get(content.digest), content, counted);
    if (disagreement !== undefined) await suspects.add(content.digest, disagreement);
  }
  if (options.quick)
    for (const { digest, copies } of page) progress.advance(1, rows.get(digest)?.size ?? copies[0]!.size);
}

/** Verifies every copy of a page. Returns the content that remains to be compared with the rows. */
async function verifyPage(
  parts: FsckParts,
  damaged: DamagedCopies,
  page: readonly StoredCopies[],
  rows: ReadonlyMap<string, BlobRow>,
): Promise<readonly StoredCopies[]> {
  const { copies, options, report, progress, checked } = parts;
  const unsound = new Map<string, Set<AskedDataPlane>>();
  const reported = new Set<string>();
  const planes = new Set(page.flatMap((content) => content.copies.map(({ plane }) => plane)));
  const begun = new Set<string>();
  for (const plane of planes) {
    const digests = page.filter((content) => content.copies.some((copy) => copy.plane === plane));
    for await (const { digest, outcome, size } of copies.verify(
      plane,
      digests.map((content) => content.digest),
      options.repair,
    )) {
      progress.advance(begun.has(digest) ? 0 : 1, size);
      begun.add(digest);
      checked.bytes += size;
      if (outcome === 'WHOLE') continue;
      unsound.set(digest, (unsound.get(digest) ?? new Set()).add(plane));
      if (outcome !== 'MISSING') reported.add(digest);
      if (outcome === 'DAMAGED') await damaged.settle(plane, digest, size, rows.get(digest));
      if (outcome === 'UNREADABLE')
        report.add({
          kind: 'UNREADABLE',
          digest,
          message: `the data plane ${plane.address} cannot read it; check its log and its disk`,
          repaired: false,
        });
    }
  }
  return page.flatMap((content) => {
    const bad = unsound.get(content.digest);
    if (bad === undefined) return [content];
    const left = content.copies.filter(({ plane }) => !bad.has(plane));
    // A copy that was reported and not repaired must not be reported a second time as a difference.
    return reported.has(content.digest) && (left.length === 0 || !options.repair) ? [] : [{ ...content, copies: left }];
  });
}
