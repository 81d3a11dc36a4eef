import { Table } from '../../../../schema/tables';
import { exactly, toBigInt } from '../../db/big-numbers';
import type { Queries } from '../../db/database';
import { difference, sum, type Totals } from '../../cache/holdings/holding';
import { formatNumber } from '../report/format';
import type { FsckParts } from '../parts/fsck-parts';
import { type FsckOrigin, underOrigin } from '../parts/origins';
import type { Unrepaired } from '../parts/unrepaired';

/**
 * Checks the sums of an origin against its rows, corrected by the faults in `unrepaired`. One
 * statement reads both, so that they are consistent. After a repair, eviction checks whether the
 * usage is over its limit.
 */
export async function checkSums(parts: FsckParts, origin: FsckOrigin, unrepaired: Unrepaired): Promise<void> {
  const { database, stores, options, report } = parts;
  const compareSums = async (queries: Queries) => {
    const { recorded, counted } = await readSums(queries, origin.originVersion);
    const expected = sum(counted, unrepaired.totalsOf(origin.originVersion));
    return { recorded, expected, isRight: recorded === undefined ? isNothing(expected) : isEqual(recorded, expected) };
  };
  const seen = await compareSums(database.reader);
  if (seen.isRight) return;
  if (options.repair)
    await underOrigin(parts, origin, async (queries) => {
      const { expected } = await compareSums(queries);
      await stores.originUsage.replace(queries, origin.originVersion, expected);
      await stores.originUsage.mark(queries, origin.originVersion, { prunePending: true });
    });
  report.add({
    kind: 'USAGE_SUMS',
    organization: origin.organization,
    message:
      `${seen.recorded === undefined ? 'no sums are recorded' : `recorded: ${describe(seen.recorded)}`}; ` +
      `counted: ${describe(seen.expected)}`,
    // Without an organization, there is no row that could be repaired.
    repaired: options.repair && (seen.recorded !== undefined || origin.organizationUid !== undefined),
  });
}

async function readSums(
  queries: Queries,
  originVersion: string,
): Promise<{ readonly recorded: Totals | undefined; readonly counted: Totals }> {
  const rows = queries(`${Table.originHoldings} as h`)
    .where('h.origin_version', originVersion)
    .whereRaw('(h.manifest_repositories > 0 OR h.blob_repositories > 0)')
    .select(
      queries.raw(`SUM(CASE WHEN h.manifest_repositories > 0 OR h.state = 'HELD' THEN h.size ELSE 0 END) AS used`),
      queries.raw(
        `SUM(CASE WHEN h.manifest_repositories <= 0 AND h.state = 'RESERVED' THEN h.size ELSE 0 END) AS reserved`,
      ),
      queries.raw('SUM(CASE WHEN h.manifest_repositories > 0 THEN 1 ELSE 0 END) AS manifests'),
      queries.raw(`SUM(CASE WHEN h.manifest_repositories <= 0 AND h.state = 'HELD' THEN 1 ELSE 0 END) AS blobs`),
    )
    .as('s');
  const row = await queries
    .from(rows)
    .leftJoin(`${Table.originUsage} as u`, (join) => void join.onVal('u.origin_version', originVersion))
    .first<Record<string, string | number | null>>(
      's.manifests',
      's.blobs',
      'u.origin_version',
      'u.manifest_count',
      'u.blob_count',
      exactly(queries, 's.used', 'used'),
      exactly(queries, 's.reserved', 'reserved'),
      exactly(queries, 'u.used_bytes', 'used_bytes'),
      exactly(queries, 'u.reserved_bytes', 'reserved_bytes'),
    );
  const totals = (used: string, reserved: string, manifests: string, blobs: string): Totals => ({
    used: toBigInt(row[used]),
    reserved: toBigInt(row[reserved]),
    manifests: Number(row[manifests] ?? 0),
    blobs: Number(row[blobs] ?? 0),
  });
  return {
    recorded:
      row['origin_version'] === null
        ? undefined
        : totals('used_bytes', 'reserved_bytes', 'manifest_count', 'blob_count'),
    counted: totals('used', 'reserved', 'manifests', 'blobs'),
  };
}

function isNothing(totals: Totals): boolean {
  return totals.used === 0n && totals.reserved === 0n && totals.manifests === 0 && totals.blobs === 0;
}

function isEqual(a: Totals, b: Totals): boolean {
  return isNothing(difference(a, b));
}

function describe({ used, reserved, manifests, blobs }: Totals): string {
  return `${formatNumber(used)} bytes used, ${formatNumber(reserved)} reserved, ${manifests} manifests, ${blobs} blobs`;
}
