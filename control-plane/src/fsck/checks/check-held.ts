import { type BlobRow, type OriginHoldingRow, Table } from '../../../../schema/tables';
import type { FsckParts } from '../parts/fsck-parts';
import { everyOrigin, type FsckOrigin, underOrigin } from '../parts/origins';

/** Holdings read by one statement. */
const PAGE = 500;

interface UnbackedHolding extends Pick<OriginHoldingRow, 'digest' | 'state' | 'manifest_repositories'> {
  /** The state in `blobs`; null if there is no row. */
  readonly stored: string | null;
}

/**
 * Checks that content that counts as used is known as stored. If only the row in `blobs` is
 * missing, {@link checkStore} has reported it. A missing manifest is allowed: it counts as used
 * anyway, and the next pull stores its bytes again.
 */
export async function checkHeld(parts: FsckParts): Promise<void> {
  for await (const origin of everyOrigin(parts.database.reader)) await checkOrigin(parts, origin);
}

async function checkOrigin(parts: FsckParts, origin: FsckOrigin): Promise<void> {
  const { database, copies, signal, progress } = parts;
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const page: UnbackedHolding[] = await database
      .reader(`${Table.originHoldings} as h`)
      .leftJoin(`${Table.blobs} as b`, 'b.digest', 'h.digest')
      .where('h.origin_version', origin.originVersion)
      .where('h.digest', '>', after)
      .orderBy('h.digest')
      .limit(PAGE)
      .select('h.digest', 'h.state', 'h.manifest_repositories', 'b.state as stored');
    const unbacked = page.filter(
      ({ state, manifest_repositories, stored }) =>
        state === 'HELD' && manifest_repositories <= 0 && stored !== 'PRESENT' && stored !== 'DELETING',
    );
    const states = await copies.stat(unbacked.map(({ digest }) => digest));
    for (const { digest } of unbacked) {
      const { copies: found, inUse } = states.get(digest)!;
      if (found.length === 0 && !inUse) await settle(parts, origin, digest);
    }
    progress.advance(page.length);
    if (page.length < PAGE) return;
    after = page.at(-1)!.digest;
  }
}

async function settle(parts: FsckParts, origin: FsckOrigin, digest: string): Promise<void> {
  const { stores, clock, options, report } = parts;
  const { originVersion } = origin;
  const isWrong = await underOrigin(parts, origin, async (queries) => {
    const before = (await stores.holdings.find(queries, originVersion, [digest])).get(digest);
    const row: BlobRow | undefined = (await stores.blobs.find(queries, [digest])).get(digest);
    if (before?.state !== 'HELD' || before.manifestRepositories > 0) return false;
    if (row?.state === 'PRESENT' || row?.state === 'DELETING') return false;
    if (!options.repair) return true;
    const after = { ...before, state: 'LAPSED' as const, reservedUntil: undefined };
    await stores.ledger.change(queries, originVersion, [{ before, after }], clock.now());
    return true;
  });
  if (!isWrong) return;
  report.add({
    kind: 'HELD_WITHOUT_BYTES',
    digest,
    organization: origin.organization,
    message: 'it counts as used, but has no row in blobs and no data plane stores it',
    repaired: options.repair,
  });
}
