import type { BlobRow } from '../../../../schema/tables';
import { loseContent } from '../../cache/arrivals/lose-content';
import { adoptContent } from './adopt-content';
import { correctSize } from './correct-size';
import { formatCount, formatNumber } from '../report/format';
import type { FsckParts } from '../parts/fsck-parts';
import { countedSizes, judgeContent } from '../parts/judge-content';
import { type DamagedCopies, isStill } from './damaged-copies';
import type { Problem } from '../report/problem';
import type { StoredCopies } from '../parts/store-copies';
import type { Suspect } from '../parts/suspects';

/** Times that content which is read or filled is looked at, before it is called a problem all the same. */
const MAX_LOOKS = 4;

/**
 * Looks again at content about which tables and stores disagreed: what still does is a problem, and put right with --repair. Gives back
 * those that are being filled or read, or disagree in another way by now.
 */
export async function settleSuspects(
  parts: FsckParts,
  damaged: DamagedCopies,
  suspects: readonly Suspect[],
): Promise<readonly Suspect[]> {
  const { database, stores, copies } = parts;
  const digests = suspects.map(({ digest }) => digest);
  // Before and after: what is deleted or comes in between is no disagreement.
  const before = await stores.blobs.find(database.reader, digests);
  const states = await copies.stat(digests);
  const after = await stores.blobs.find(database.reader, digests);
  const counted = await countedSizes(database.reader, digests);
  const later: Suspect[] = [];
  for (const suspect of suspects) {
    parts.signal.throwIfAborted();
    const state = states.get(suspect.digest)!;
    const row = after.get(suspect.digest);
    const found = judgeContent(row, state, counted);
    if (found === undefined || judgeContent(before.get(suspect.digest), state, counted) !== found) continue;
    const isLast = suspect.looks >= MAX_LOOKS;
    if (found !== suspect.disagreement && !isLast) later.push({ ...suspect, disagreement: found });
    else if (state.inUse && !isLast) later.push(suspect);
    else if (found === 'BYTES_WITHOUT_ROW') await bytesWithoutRow(parts, state, row);
    // What is being filled is about to be whole again.
    else if (found === 'ROW_WITHOUT_BYTES' && !state.inUse) await rowWithoutBytes(parts, row!);
    else if (found === 'WRONG_SIZE') await wrongSize(parts, damaged, state, row!);
  }
  return later;
}

async function bytesWithoutRow(parts: FsckParts, state: StoredCopies, row: BlobRow | undefined): Promise<void> {
  const { database, stores, copies, clock, options, report } = parts;
  const { digest } = state;
  const { size, plane } = state.copies[0]!;
  if (options.repair) {
    const at = clock.now();
    await adoptContent(database, stores, { digest, size, at });
    if ((await copies.stat([digest])).get(digest)!.copies.length === 0) {
      // Deleted just before: it was no problem, and must not become one.
      await loseContent(database, stores, digest, at, 'GONE', { onlyIf: (made) => made?.present_at === at });
      return;
    }
  }
  report.add({
    kind: 'BYTES_WITHOUT_ROW',
    digest,
    message:
      `${formatNumber(size)} bytes at ${plane.address}, ` +
      (row === undefined ? 'and no row' : 'whose row says that they are quarantined'),
    repaired: options.repair,
  });
}

async function rowWithoutBytes(parts: FsckParts, row: BlobRow): Promise<void> {
  const { database, stores, copies, clock, options, report } = parts;
  const { digest, present_at, size, holders } = row;
  if (options.repair) {
    const now = clock.now();
    await loseContent(database, stores, digest, now, 'GONE', { onlyIf: isStill(row) });
    // It may have come in at this very moment, and its arrival been told before the row went.
    const [copy] = (await copies.stat([digest])).get(digest)!.copies;
    if (copy !== undefined) await adoptContent(database, stores, { digest, size: copy.size, at: now });
  }
  report.add({
    kind: 'ROW_WITHOUT_BYTES',
    digest,
    message: `${formatNumber(size)} bytes, stored since ${new Date(present_at).toISOString()} and held by ${formatCount(holders, 'organization')}, are nowhere`,
    repaired: options.repair,
  });
}

async function wrongSize(parts: FsckParts, damaged: DamagedCopies, state: StoredCopies, row: BlobRow): Promise<void> {
  const { database, stores, copies, clock, options, report } = parts;
  const { digest } = state;
  const sizes = [...new Set(state.copies.map(({ size }) => size))].map((size) => formatNumber(size)).join(' and ');
  const problem = (message: string, repaired: boolean): Problem => ({
    kind: 'WRONG_SIZE',
    digest,
    message: `${sizes} bytes are stored, its row says ${formatNumber(row.size)}${message}`,
    repaired,
  });
  if (options.quick) {
    report.add(problem(': only reading it can tell which is right, run fsck without --quick', false));
    return;
  }
  let whole: number | undefined;
  for (const { plane } of state.copies)
    for await (const { outcome, size } of copies.verify(plane, [digest], options.repair)) {
      if (outcome === 'WHOLE') whole = size;
      if (outcome === 'DAMAGED') await damaged.settle(plane, digest, size, row);
    }
  if (whole === undefined) return;
  if (options.repair) await correctSize(database, stores, digest, whole, clock.now());
  report.add(problem(`, and the ${formatNumber(whole)} bytes have the digest`, options.repair));
}
