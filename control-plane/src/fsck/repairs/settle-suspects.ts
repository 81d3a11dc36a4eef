import type { BlobRow } from '../../../../schema/tables';
import { loseContent } from '../../cache/arrivals/lose-content';
import { adoptContent } from '../../cache/arrivals/adopt-content';
import { correctSize } from './correct-size';
import { formatCount, formatNumber } from '../report/format';
import type { FsckParts } from '../parts/fsck-parts';
import { countedSizes, judgeContent } from '../parts/judge-content';
import { type DamagedCopies, isStill } from './damaged-copies';
import type { Problem } from '../report/problem';
import type { StoredCopies } from '../parts/store-copies';
import type { Suspect } from '../parts/suspects';

/** Maximum number of checks of content in use before it is reported anyway. */
const MAX_CHECKS = 4;

/**
 * Checks suspects again. Those that still differ are reported, and repaired with `repair`. Returns
 * the suspects that are being filled or read, or that now differ in another way.
 */
export async function settleSuspects(
  parts: FsckParts,
  damaged: DamagedCopies,
  suspects: readonly Suspect[],
): Promise<readonly Suspect[]> {
  const { database, stores, copies } = parts;
  const digests = suspects.map(({ digest }) => digest);
  // Read before and after: a deletion or an arrival in between is not a difference.
  const before = await stores.blobs.find(database.reader, digests);
  const states = await copies.stat(digests);
  const after = await stores.blobs.find(database.reader, digests);
  const counted = await countedSizes(database.reader, digests);
  const undecided: Suspect[] = [];
  for (const suspect of suspects) {
    parts.signal.throwIfAborted();
    const state = states.get(suspect.digest)!;
    const row = after.get(suspect.digest);
    const found = judgeContent(row, state, counted);
    if (found === undefined || judgeContent(before.get(suspect.digest), state, counted) !== found) continue;
    const isLast = suspect.checks >= MAX_CHECKS;
    if (found !== suspect.disagreement && !isLast) undecided.push({ ...suspect, disagreement: found });
    else if (state.inUse && !isLast) undecided.push(suspect);
    else if (found === 'BYTES_WITHOUT_ROW') await bytesWithoutRow(parts, state, row);
    // Content that is being filled will soon be complete.
    else if (found === 'ROW_WITHOUT_BYTES' && !state.inUse) await rowWithoutBytes(parts, row!);
    else if (found === 'WRONG_SIZE') await wrongSize(parts, damaged, state, row!);
  }
  return undecided;
}

async function bytesWithoutRow(parts: FsckParts, state: StoredCopies, row: BlobRow | undefined): Promise<void> {
  const { database, stores, copies, clock, options, report } = parts;
  const { digest } = state;
  const { size, plane } = state.copies[0]!;
  if (options.repair) {
    const at = clock.now();
    await adoptContent(database, stores, { digest, size, at });
    if ((await copies.stat([digest])).get(digest)!.copies.length === 0) {
      // It was deleted just before, so it was no problem and must not become one.
      await loseContent(database, stores, digest, at, 'GONE', { onlyIf: (made) => made?.present_at === at });
      return;
    }
  }
  report.add({
    kind: 'BYTES_WITHOUT_ROW',
    digest,
    message:
      `the data plane ${plane.address} stores ${formatNumber(size)} bytes that ` +
      (row === undefined ? 'have no row' : 'are recorded as quarantined'),
    repaired: options.repair,
  });
}

async function rowWithoutBytes(parts: FsckParts, row: BlobRow): Promise<void> {
  const { database, stores, copies, clock, options, report } = parts;
  const { digest, present_at, size, holders } = row;
  if (options.repair) {
    const now = clock.now();
    await loseContent(database, stores, digest, now, 'GONE', { onlyIf: isStill(row) });
    // It may have arrived at this moment, and its arrival may have been recorded before the row was
    // removed.
    const [copy] = (await copies.stat([digest])).get(digest)!.copies;
    if (copy !== undefined) await adoptContent(database, stores, { digest, size: copy.size, at: now });
  }
  report.add({
    kind: 'ROW_WITHOUT_BYTES',
    digest,
    message:
      `no data plane has the ${formatNumber(size)} bytes that are recorded as stored since ` +
      `${new Date(present_at).toISOString()} and held by ${formatCount(holders, 'organization')}`,
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
    message: `${sizes} bytes are stored, but its row says ${formatNumber(row.size)}${message}`,
    repaired,
  });
  if (options.quick) {
    report.add(problem('; run fsck without --quick to find out which size is right', false));
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
  report.add(problem(`; the ${formatNumber(whole)} bytes match the digest`, options.repair));
}
