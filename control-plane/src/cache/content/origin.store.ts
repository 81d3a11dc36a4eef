import { Table } from '../../../../schema/tables';
import { exactly, toBigInt } from '../../db/big-numbers';
import type { Queries } from '../../db/database';
import type { OriginUsage, OriginUsageStore } from '../holdings/origin-usage.store';
import type { OversizePolicy } from '../../tenancy/organizations/enums';
import type { Quota } from '../../tenancy/organizations/quota';

/**
 * An organization with the settings that its content depends on. Fields are null if it has no
 * upstream.
 */
export interface Origin {
  readonly organizationUid: string;
  readonly organizationName: string;
  readonly originVersion: string | null;
  /** Milliseconds since the epoch. */
  readonly originSince: number | null;
  readonly expirationSeconds: number | null;
  /** What happens to a tag that the upstream has deleted: PROPAGATE or KEEP. */
  readonly onUpstreamDelete: string | null;
  readonly timeMachineSeconds: number;
  /** undefined = no limit. */
  readonly quota: Quota | undefined;
  /** What the origin holds. undefined if the organization has no upstream. */
  readonly usage: OriginUsage | undefined;
}

interface OriginRow extends Omit<Origin, 'quota' | 'usage'> {
  readonly limitBytes: string | null;
  readonly autoPrune: number | null;
  readonly onOversize: string | null;
  readonly warningPercent: number | null;
}

/** Reads and locks the present origin of an organization. */
export class OriginStore {
  constructor(private readonly usage: OriginUsageStore) {}

  /**
   * Returns the origin of an organization, or undefined if the organization does not exist. Until
   * the transaction ends, the origin cannot change and no other transaction can change its content.
   */
  async lock(queries: Queries, organizationUid: string): Promise<Origin | undefined> {
    const [origin] = await this.lockMany(queries, [organizationUid]);
    return origin;
  }

  /**
   * Locks several origins like {@link lock}: first the organizations, then the usage rows, ordered
   * by origin.
   */
  async lockMany(queries: Queries, organizationUids: readonly string[]): Promise<readonly Origin[]> {
    if (organizationUids.length === 0) return [];
    const rows = await queries(`${Table.organizations} as o`)
      .leftJoin(`${Table.proxyConfigs} as p`, 'p.organization_uid', 'o.uid')
      .leftJoin(`${Table.quotas} as q`, 'q.organization_uid', 'o.uid')
      .whereIn('o.uid', [...organizationUids])
      .orderBy('o.uid')
      .forShare()
      .select<OriginRow[]>({
        organizationUid: 'o.uid',
        organizationName: 'o.name',
        timeMachineSeconds: 'o.time_machine_seconds',
        originVersion: 'p.origin_version',
        originSince: 'p.origin_since',
        expirationSeconds: 'p.expiration_seconds',
        onUpstreamDelete: 'p.on_upstream_delete',
        autoPrune: 'q.auto_prune',
        onOversize: 'q.on_oversize',
        warningPercent: 'q.warning_percent',
      })
      .select(exactly(queries, 'q.limit_bytes', 'limitBytes'));
    const usage = await this.usage.lock(
      queries,
      rows.flatMap(({ originVersion, organizationUid }) =>
        originVersion === null ? [] : [{ originVersion, organizationUid }],
      ),
    );
    return rows.map(({ limitBytes, autoPrune, onOversize, warningPercent, ...origin }) => ({
      ...origin,
      quota:
        limitBytes === null
          ? undefined
          : {
              limitBytes: toBigInt(limitBytes),
              autoPrune: autoPrune === 1,
              onOversize: onOversize as OversizePolicy,
              warningPercent: warningPercent ?? undefined,
            },
      usage: origin.originVersion === null ? undefined : usage.get(origin.originVersion),
    }));
  }
}
