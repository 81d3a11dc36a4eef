import { Table } from '../../../schema/tables';
import type { Queries } from '../db/database';

/** What content of an organization depends on. The nulls: it proxies nothing. */
export interface Origin {
  readonly organizationUid: string;
  readonly organizationName: string;
  readonly originVersion: string | null;
  /** Milliseconds since the epoch. */
  readonly originSince: number | null;
  readonly expirationSeconds: number | null;
  /** What a tag that upstream has deleted becomes: PROPAGATE or KEEP. */
  readonly onUpstreamDelete: string | null;
}

/** Reads which upstream an organization has now. */
export class OriginStore {
  /** The organization's origin, undefined when it is gone. It stays so until the transaction ends. */
  async lock(queries: Queries, organizationUid: string): Promise<Origin | undefined> {
    const [origin] = await this.lockMany(queries, [organizationUid]);
    return origin;
  }

  /** The same for several organizations. */
  async lockMany(queries: Queries, organizationUids: readonly string[]): Promise<readonly Origin[]> {
    if (organizationUids.length === 0) return [];
    return queries(`${Table.organizations} as o`)
      .leftJoin(`${Table.proxyConfigs} as p`, 'p.organization_uid', 'o.uid')
      .whereIn('o.uid', organizationUids)
      .forShare()
      .select<Origin[]>({
        organizationUid: 'o.uid',
        organizationName: 'o.name',
        originVersion: 'p.origin_version',
        originSince: 'p.origin_since',
        expirationSeconds: 'p.expiration_seconds',
        onUpstreamDelete: 'p.on_upstream_delete',
      });
  }
}
