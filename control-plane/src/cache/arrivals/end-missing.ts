import { parseDigest } from '../../../../common/oci/digest';
import type { PullRecord__Output } from '../../../../proto/gen/layover/v1/PullRecord';
import { RESERVED_MS } from '../holdings/holding';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import { lapsed } from '../eviction/unbegun-reservations';
import type { Queries } from '../../db/database';

/**
 * Tolerated difference between the clocks of a data plane and the control plane, in milliseconds.
 */
const CLOCK_SKEW_MS = 60_000;

/** A blob that an upstream does not have, as a data plane reported it. */
export interface MissingBlob {
  readonly organizationUid: string;
  /** The upstream that was asked. */
  readonly originVersion: string;
  readonly digest: string;
  /** When the upstream was asked, in milliseconds since the epoch. */
  readonly at: number;
}

/** Returns what a record reports as missing: nothing or one blob. */
export function missingBlob(record: PullRecord__Output, at: number): readonly MissingBlob[] {
  const digest = parseDigest(record.blob?.missingDigest ?? '');
  if (!record.blob || digest === undefined) return [];
  return [
    {
      organizationUid: record.blob.organizationUid,
      originVersion: record.blob.missingOriginVersion,
      digest,
      at,
    },
  ];
}

/**
 * Ends the reservations of blobs that the upstream does not have. A reservation that was made after
 * the upstream was asked stays. The caller has locked the origins.
 */
export async function endMissing(
  queries: Queries,
  stores: ContentStores,
  missing: readonly MissingBlob[],
  origins: ReadonlyMap<string, Origin>,
  now: number,
): Promise<void> {
  const byOrigin = new Map<string, Map<string, number>>();
  for (const { organizationUid, originVersion, digest, at } of missing) {
    if (originVersion === '' || origins.get(organizationUid)?.originVersion !== originVersion) continue;
    const asked = byOrigin.get(originVersion) ?? new Map<string, number>();
    byOrigin.set(originVersion, asked.set(digest, Math.max(at, asked.get(digest) ?? 0)));
  }
  for (const [originVersion, asked] of byOrigin) {
    const holdings = await stores.holdings.find(queries, originVersion, asked.keys());
    const ended = [...holdings.values()].filter(
      ({ state, digest, reservedUntil = 0 }) =>
        state === 'RESERVED' && reservedUntil - RESERVED_MS - CLOCK_SKEW_MS <= asked.get(digest)!,
    );
    await stores.ledger.change(
      queries,
      originVersion,
      ended.map((before) => ({ before, after: lapsed(before) })),
      now,
    );
  }
}
