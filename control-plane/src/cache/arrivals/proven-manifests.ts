import { HELD_ROLES } from '../../../../common/oci/held-role';
import { Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { completeManifests } from '../content/complete-manifests';
import type { ContentStores } from '../content/content-stores';
import { provenKeys } from './proven-keys';

/** Images whose references are read by one statement. */
const STEP = 20;

interface MissingBlob {
  readonly id: number;
  readonly originVersion: string;
  readonly digest: string;
}

/**
 * Returns the ids of those of these manifests whose organization got every blob of the image at
 * some time: the blob is held now, or a proof is good for the organization. In contrast to {@link
 * completeManifests}, an image whose bytes were lost stays among them.
 */
export async function provenManifests(
  queries: Queries,
  stores: Pick<ContentStores, 'origins' | 'proofs'>,
  ids: readonly number[],
): Promise<ReadonlySet<number>> {
  const proven = new Set(await completeManifests(queries, ids));
  for (const part of chunks(
    [...new Set(ids)].filter((id) => !proven.has(id)),
    STEP,
  )) {
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
