import { HELD_ROLES_SQL } from '../../../../common/oci/held-role';
import { Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/**
 * Condition for manifests (as `m`) whose config and layers are all held by their own origin: in the
 * store, and proven for the organization. True for a manifest without blobs.
 */
export const HAS_ALL_BLOBS = `NOT EXISTS (
  SELECT 1 FROM manifest_references x
  WHERE x.manifest_id = m.id AND x.role IN (${HELD_ROLES_SQL}) AND NOT EXISTS (
    SELECT 1 FROM origin_holdings h JOIN blobs b ON b.digest = h.digest
    WHERE h.origin_version = m.origin_version AND h.digest = x.digest
      AND (h.state = 'HELD' OR h.manifest_repositories > 0) AND b.state = 'PRESENT'))`;

/** Returns the ids of those of these manifests whose own origin holds all their blobs. */
export async function completeManifests(queries: Queries, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const complete = new Set<number>();
  for (const part of chunks(ids)) {
    const rows = (await queries(`${Table.manifests} as m`)
      .whereIn('m.id', [...part])
      .whereRaw(HAS_ALL_BLOBS)
      .select({ id: 'm.id' })) as { id: number }[];
    for (const { id } of rows) complete.add(id);
  }
  return complete;
}
