import { Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { HAS_ALL_BLOBS } from '../../cache/content/complete-manifests';
import { LIVE } from '../../cache/content/live-repositories';

/** A repository through which the whole image can be pulled at present. */
export interface LayerSource {
  readonly manifestId: number;
  readonly organization: string;
  /** Canonical, without the organization. */
  readonly repository: string;
}

/** Maximum number of sources. */
const MAX_SOURCES = 20;

/**
 * Returns the repositories through which an image can be pulled and whose organizations hold all of
 * it, the longest holder first. A scan belongs to a digest, but its layers are read like those of a
 * pull, through an organization that may read them.
 */
export async function layerSources(queries: Queries, digest: string): Promise<readonly LayerSource[]> {
  return queries(`${Table.manifests} as m`)
    .join(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
    .join(`${Table.organizations} as o`, 'o.uid', 'r.organization_uid')
    .join(`${Table.proxyConfigs} as p`, (on) =>
      on.on('p.organization_uid', 'o.uid').andOn('p.origin_version', 'r.origin_version'),
    )
    .where('m.digest', digest)
    .whereRaw(LIVE)
    .whereRaw(HAS_ALL_BLOBS)
    .where('p.enabled', 1)
    .orderBy('m.id')
    .limit(MAX_SOURCES)
    .select<LayerSource[]>({ manifestId: 'm.id', organization: 'o.name', repository: 'r.name' });
}
