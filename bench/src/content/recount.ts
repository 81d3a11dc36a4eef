import { toBigInt } from '../../../control-plane/src/db/big-numbers';
import type { Database } from '../../../control-plane/src/db/database';
import { UsageStore } from '../../../control-plane/src/cache/usage/usage.store';
import { OriginUsageStore } from '../../../control-plane/src/cache/holdings/origin-usage.store';
import type { SeedOrganization } from './seed-organization';

/**
 * Throws an Error if the stored sums of an organization differ from a recount of its manifests and
 * stored blobs. In that case a measure did not measure admissions only.
 */
export async function checkUsage(database: Database, { name, uid, originVersion }: SeedOrganization): Promise<void> {
  const kept = await new UsageStore(new OriginUsageStore()).held(database.reader, { kind: 'organization', uid });
  const rows = (await database.reader
    .with('needed', (needed) =>
      needed
        .select({ digest: 'm.digest', manifest: database.reader.raw('1') })
        .from('manifests as m')
        .where('m.origin_version', originVersion)
        .unionAll((blobs) =>
          blobs
            .select({ digest: 'x.digest', manifest: database.reader.raw('0') })
            .from('manifests as n')
            .join('manifest_references as x', 'x.manifest_id', 'n.id')
            .where('n.origin_version', originVersion)
            .whereIn('x.role', ['LAYER', 'CONFIG']),
        ),
    )
    .with('each_one', (each) => each.select('digest').max({ manifest: 'manifest' }).from('needed').groupBy('digest'))
    .from('each_one as e')
    .join('blobs as b', 'b.digest', 'e.digest')
    .where('b.state', 'PRESENT')
    .sum({ manifests: 'e.manifest' })
    .count({ all: '*' })
    .select(database.reader.raw('CAST(SUM(b.size) AS CHAR) AS bytes'))) as Readonly<Record<string, unknown>>[];
  const [row = {}] = rows;
  const counted = [toBigInt(row['bytes']), Number(row['manifests'] ?? 0), Number(row['all'] ?? 0)].join(' ');
  const sums = [kept.usedBytes, kept.manifestCount, kept.manifestCount + kept.blobCount].join(' ');
  if (counted !== sums) throw new Error(`The usage of ${name} is ${sums}, but a recount gives ${counted}`);
}
