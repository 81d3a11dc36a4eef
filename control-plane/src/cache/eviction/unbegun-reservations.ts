import type { Holding } from '../holdings/holding';
import type { HoldingOrigin } from '../holdings/ledger';
import type { ContentStores } from '../content/content-stores';
import type { Queries } from '../../db/database';

/** Maximum number of reservations that one search considers, the largest first. */
const MAX_CONSIDERED = 1_000;

/** Reservations that can end, and the bytes that they reserve together. */
export interface UnbegunReservations {
  readonly holdings: readonly Holding[];
  readonly bytes: bigint;
}

/**
 * Returns the reservations of an origin whose blobs nobody fills, the largest first. Nobody has
 * seen their bytes: the size is only what a manifest declares. If such a blob arrives after its
 * reservation has ended, it must fit like an admission (docs/design/bounds.md#reservations).
 * `except` are digests that are being filled, or that the new content needs. A blob that is stored
 * and proven for the organization is about to be settled and is left out; a blob that is stored for
 * others only is treated like one that nobody has, because the sums would tell them apart. The
 * caller has locked the origin.
 */
export async function unbegunReservations(
  queries: Queries,
  { holdings, proofs, blobs }: Pick<ContentStores, 'holdings' | 'proofs' | 'blobs'>,
  { originVersion, rights }: HoldingOrigin,
  except: ReadonlySet<string>,
): Promise<readonly Holding[]> {
  const largest = (await holdings.largestReserved(queries, originVersion, MAX_CONSIDERED)).filter(
    ({ digest }) => !except.has(digest),
  );
  const proven = await proofs.provenTo(
    queries,
    rights,
    largest.map(({ digest }) => digest),
  );
  const arrived = await blobs.present(queries, proven);
  return largest.filter(({ digest }) => !arrived.has(digest));
}

/** Returns the first of these reservations that free `bytes` together, or all of them. */
export function upTo(bytes: bigint, holdings: readonly Holding[]): UnbegunReservations {
  const taken: Holding[] = [];
  let freed = 0n;
  for (const holding of holdings) {
    if (freed >= bytes) break;
    taken.push(holding);
    freed += BigInt(holding.size);
  }
  return { holdings: taken, bytes: freed };
}

/** Returns a reservation as it is after its end. */
export function lapsed(before: Holding): Holding {
  return { ...before, state: 'LAPSED', reservedUntil: undefined };
}
