import { HELD_ROLES, HELD_ROLES_SQL } from '../../../../common/oci/held-role';
import { Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { ContentStores } from '../content/content-stores';
import { provenKeys } from './proven-keys';

/** Images whose references are read by one statement. */
const STEP = 20;

/**
 * Condition for manifests (as `m`) whose origin holds all their blobs. They are proven. It does not
 * ask whether the bytes are still there, and costs half of `HAS_ALL_BLOBS`.
 */
export const HOLDS_ALL_BLOBS = `NOT EXISTS (
  SELECT 1 FROM manifest_references x
  WHERE x.manifest_id = m.id AND x.role IN (${HELD_ROLES_SQL}) AND NOT EXISTS (
    SELECT 1 FROM origin_holdings h WHERE h.origin_version = m.origin_version AND h.digest = x.digest
      AND (h.state = 'HELD' OR h.manifest_repositories > 0)))`;

interface MissingBlob {
  readonly id: number;
  readonly originVersion: string;
  readonly digest: string;
}

/**
 * Returns the ids of those of these manifests whose organization got every blob of the image at
 * some time: the blob is held now, or a proof is good for the organization. In contrast to
 * `completeManifests`, an image whose bytes were lost stays among them.
 */
export async function provenManifests(
  queries: Queries,
  stores: Pick<ContentStores, 'origins' | 'proofs'>,
  ids: readonly number[],
): Promise<ReadonlySet<number>> {
  const rows: HoldsAllBlobs[] = [];
  for (const part of chunks(ids))
    rows.push(
      ...((await queries(`${Table.manifests} as m`)
        .whereIn('m.id', [...part])
        .select({ id: 'm.id', holds_all_blobs: queries.raw(HOLDS_ALL_BLOBS) })) as HoldsAllBlobs[]),
    );
  return provenAmong(queries, stores, rows);
}

/** A manifest with the value of {@link HOLDS_ALL_BLOBS}. */
export interface HoldsAllBlobs {
  readonly id: number;
  readonly holds_all_blobs: 0 | 1;
}

/** Returns the ids of those of these manifests that {@link provenManifests} would return. */
export async function provenAmong(
  queries: Queries,
  stores: Pick<ContentStores, 'origins' | 'proofs'>,
  manifests: readonly HoldsAllBlobs[],
): Promise<ReadonlySet<number>> {
  const proven = new Set(manifests.filter((row) => row.holds_all_blobs === 1).map(({ id }) => id));
  const others = manifests.filter((row) => row.holds_all_blobs === 0).map(({ id }) => id);
  for (const id of await provenByProofs(queries, stores, others)) proven.add(id);
  return proven;
}

async function provenByProofs(
  queries: Queries,
  stores: Pick<ContentStores, 'origins' | 'proofs'>,
  ids: readonly number[],
): Promise<ReadonlySet<number>> {
  const proven = new Set<number>();
  for (const part of chunks([...new Set(ids)], STEP)) {
    const missing = await missingBlobs(queries, part);
    const found = new Set(await provenKeys(queries, stores, missing));
    const unproven = new Set(missing.filter((blob) => !found.has(blob)).map(({ id }) => id));
    // An image that has no missing blob by now was completed in the meantime.
    for (const id of part) if (!unproven.has(id)) proven.add(id);
  }
  return proven;
}

/** Returns the blobs of these images that their origin does not hold. */
async function missingBlobs(queries: Queries, ids: readonly number[]): Promise<readonly MissingBlob[]> {
  return queries(`${Table.manifests} as m`)
    .join(`${Table.manifestReferences} as x`, 'x.manifest_id', 'm.id')
    .leftJoin(`${Table.originHoldings} as h`, (on) =>
      on.on('h.origin_version', 'm.origin_version').andOn('h.digest', 'x.digest'),
    )
    .whereIn('m.id', [...ids])
    .whereIn('x.role', HELD_ROLES)
    .where((missing) =>
      missing
        .whereNull('h.digest')
        .orWhere((named) => named.whereNot('h.state', 'HELD').where('h.manifest_repositories', '<=', 0)),
    )
    .select<MissingBlob[]>({ id: 'm.id', originVersion: 'm.origin_version', digest: 'x.digest' });
}
