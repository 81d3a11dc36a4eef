import { Table } from '../../../../schema/tables';
import { exactly, toBigInt } from '../../db/big-numbers';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { OriginUsage, OriginUsageStore } from '../holdings/origin-usage.store';
import type { OversizePolicy } from '../../tenancy/organizations/enums';
import { type IdentityColumns, fromIdentityColumns } from '../../tenancy/organizations/organization.rows';
import type { Quota } from '../../tenancy/organizations/quota';
import { identitiesOf } from '../../tenancy/organizations/upstream-identities';
import { NO_RIGHTS, type UpstreamRights } from '../proofs/proof.store';
import { compileUpstreamRule, type UpstreamRule } from '../../../../common/oci/upstream-rule';

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
  /** Which proofs are good for the organization. */
  readonly rights: UpstreamRights;
}

/** The columns that {@link UpstreamRights} are derived from. All are null without an upstream. */
interface RightsRow extends IdentityColumns {
  readonly upstream_host: string;
  readonly upstream_namespace: string;
  /** JSON arrays. */
  readonly allow_repositories: string;
  readonly deny_repositories: string;
}

const RIGHTS_COLUMNS = [
  'p.credential_version',
  'p.account_version',
  'p.shared_identity',
  'p.identified_version',
  'p.upstream_host',
  'p.upstream_namespace',
  'p.allow_repositories',
  'p.deny_repositories',
] as const;

interface OriginRow extends Omit<Origin, 'quota' | 'usage' | 'rights'>, RightsRow {
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
      .select<OriginRow[]>(...RIGHTS_COLUMNS)
      .select(exactly(queries, 'q.limit_bytes', 'limitBytes'));
    const usage = await this.usage.lock(
      queries,
      rows.flatMap(({ originVersion, organizationUid }) =>
        originVersion === null ? [] : [{ originVersion, organizationUid }],
      ),
    );
    return rows.map((row) => ({
      organizationUid: row.organizationUid,
      organizationName: row.organizationName,
      originVersion: row.originVersion,
      originSince: row.originSince,
      expirationSeconds: row.expirationSeconds,
      onUpstreamDelete: row.onUpstreamDelete,
      timeMachineSeconds: row.timeMachineSeconds,
      quota: toQuota(row),
      usage: row.originVersion === null ? undefined : usage.get(row.originVersion),
      rights: row.originVersion === null ? NO_RIGHTS : toRights(row),
    }));
  }

  /**
   * Returns the rights of the organizations that use these origins, by origin version. Former
   * origins are left out.
   */
  async rightsOf(queries: Queries, versions: readonly string[]): Promise<ReadonlyMap<string, UpstreamRights>> {
    const rights = new Map<string, UpstreamRights>();
    for (const part of chunks([...new Set(versions)])) {
      const rows = await queries(`${Table.proxyConfigs} as p`)
        .whereIn('p.origin_version', part)
        .select<(RightsRow & { readonly origin_version: string })[]>('p.origin_version', ...RIGHTS_COLUMNS);
      for (const row of rows) rights.set(row.origin_version, toRights(row));
    }
    return rights;
  }
}

function toQuota({ limitBytes, autoPrune, onOversize, warningPercent }: OriginRow): Quota | undefined {
  if (limitBytes === null) return undefined;
  return {
    limitBytes: toBigInt(limitBytes),
    autoPrune: autoPrune === 1,
    onOversize: onOversize as OversizePolicy,
    warningPercent: warningPercent ?? undefined,
  };
}

function toRights(row: RightsRow): UpstreamRights {
  let rule: UpstreamRule | undefined;
  return {
    identities: identitiesOf(fromIdentityColumns(row)),
    mayPull: (upstreamRepository) => {
      // Few organizations that are locked have a proof to be checked.
      rule ??= compileUpstreamRule({
        upstreamHost: row.upstream_host,
        upstreamNamespace: row.upstream_namespace,
        allowRepositories: JSON.parse(row.allow_repositories) as string[],
        denyRepositories: JSON.parse(row.deny_repositories) as string[],
      });
      return rule(upstreamRepository);
    },
  };
}
