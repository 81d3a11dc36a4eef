import { Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { OriginKey } from '../holdings/origin-usage.store';

/** The present origin of an organization, with how long it keeps what. */
export interface CollectableOrigin extends OriginKey {
  readonly organizationName: string;
  readonly timeMachineSeconds: number;
  readonly expirationSeconds: number;
}

/** Present origins that hold something, after `after`, in the order of their version. */
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
