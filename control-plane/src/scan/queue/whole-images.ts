import { Table } from '../../../../schema/tables';
import { HAS_ALL_BLOBS } from '../../cache/content/complete-manifests';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { LIVE } from '../../cache/content/live-repositories';

/**
 * Returns the digests of the images that at least one organization holds completely, so that Clair
 * can read all layers through it. Blobs that several organizations hold in parts are not enough:
 * none of them may read all of them.
 */
export async function wholeImages(queries: Queries, digests: readonly string[]): Promise<ReadonlySet<string>> {
  const whole = new Set<string>();
  for (const part of chunks(digests)) {
    const rows = (await queries(`${Table.manifests} as m`)
      .join(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
      .whereIn('m.digest', [...part])
      .whereRaw(LIVE)
      .whereRaw(HAS_ALL_BLOBS)
      .distinct({ digest: 'm.digest' })) as { digest: string }[];
    for (const { digest } of rows) whole.add(digest);
  }
  return whole;
}
