import { Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { OriginKey } from '../holdings/origin-usage.store';

/** The present origin of an organization, with its retention settings. */
export interface CollectableOrigin extends OriginKey {
  readonly organizationName: string;
  readonly timeMachineSeconds: number;
  readonly expirationSeconds: number;
}

/** Returns the present origins that hold content, ordered by version, starting after `after`. */
export async function collectableOrigins(
  queries: Queries,
  after: string,
  limit: number,
): Promise<readonly CollectableOrigin[]> {
  return queries(`${Table.originUsage} as u`)
    .join(`${Table.proxyConfigs} as p`, 'p.origin_version', 'u.origin_version')
    .join(`${Table.organizations} as o`, 'o.uid', 'p.organization_uid')
    .where('u.origin_version', '>', after)
    .orderBy('u.origin_version')
    .limit(limit)
    .select<CollectableOrigin[]>({
      originVersion: 'u.origin_version',
      organizationUid: 'o.uid',
      organizationName: 'o.name',
      timeMachineSeconds: 'o.time_machine_seconds',
      expirationSeconds: 'p.expiration_seconds',
    });
}
