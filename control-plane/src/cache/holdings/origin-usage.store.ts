import type { Knex } from 'knex';
import { type OriginUsageRow, Table } from '../../../../schema/tables';
import { exactly, toBigInt } from '../../db/big-numbers';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { Totals } from './holding';
import { MAX_USAGE_BYTES, UsageRangeError } from './usage-range';

/** One upstream of one organization. */
export interface OriginKey {
  readonly originVersion: string;
  readonly organizationUid: string;
}

/** The sums of what an origin holds. */
export interface OriginUsage extends OriginKey {
  readonly usedBytes: bigint;
  readonly reservedBytes: bigint;
  readonly manifestCount: number;
  readonly blobCount: number;
  /**
   * Whether the usage exceeds a lowered limit, so that eviction has to continue in the background.
   */
  readonly prunePending: boolean;
  /** Whether a warning was written since the usage was last below the warning share. */
  readonly warned: boolean;
}

/**
 * Reads and writes the sums of origins. The row is also the lock of the origin: every writer of its
 * content or tags locks it first. Several origins are locked in the order of their versions, to
 * avoid deadlocks.
 */
export class OriginUsageStore {
  /** Returns the sums of these origins, locked until the transaction ends. Creates missing rows. */
  async lock(queries: Queries, keys: readonly OriginKey[]): Promise<ReadonlyMap<string, OriginUsage>> {
    const wanted = [...new Map(keys.map((key) => [key.originVersion, key])).values()];
    const found = await this.lockFound(
      queries,
      wanted.map(({ originVersion }) => originVersion),
    );
    const missing = wanted.filter(({ originVersion }) => !found.has(originVersion));
    if (missing.length === 0) return found;
    await bulkInsert(queries, Table.originUsage, missing.sort(byVersion).map(toEmptyRow), { kind: 'keep' });
    return this.lockFound(
      queries,
      wanted.map(({ originVersion }) => originVersion),
    );
  }

  /** Returns the sums like {@link lock}, but leaves out origins without a row. */
  async lockFound(queries: Queries, versions: readonly string[]): Promise<ReadonlyMap<string, OriginUsage>> {
    const usage = new Map<string, OriginUsage>();
    for (const part of chunks([...versions].sort())) {
      const rows = await this.rows(queries).whereIn('origin_version', part).orderBy('origin_version').forUpdate();
      for (const row of rows as UsageRow[]) usage.set(row.origin_version, toUsage(row));
    }
    return usage;
  }

  /** Returns the sums of an origin, or undefined if it never held anything. */
  async find(queries: Queries, originVersion: string): Promise<OriginUsage | undefined> {
    const [row] = (await this.rows(queries).where('origin_version', originVersion)) as UsageRow[];
    return row && toUsage(row);
  }

  /**
   * Returns the sums of the present origin of an organization, or undefined if it has no origin or
   * never held anything.
   */
  async findByOrganization(queries: Queries, organizationUid: string): Promise<OriginUsage | undefined> {
    const [row] = (await this.rows(queries)
      .join(`${Table.proxyConfigs} as p`, 'p.origin_version', `${Table.originUsage}.origin_version`)
      .where('p.organization_uid', organizationUid)) as UsageRow[];
    return row && toUsage(row);
  }

  /**
   * Adds to the sums. Parts of `change` may be negative. Throws a UsageRangeError that names
   * `digests`, the cause of the change, and writes nothing if a sum would leave its range.
   */
  async add(queries: Queries, originVersion: string, change: Totals, digests: readonly string[]): Promise<void> {
    if (change.used === 0n && change.reserved === 0n && change.manifests === 0 && change.blobs === 0) return;
    // Written as literals: drivers round numbers above 2^53, and MySQL converts text to doubles.
    const plus = (column: string, part: bigint | number) => queries.raw(`${column} + (${part.toString()})`);
    const inRange = (update: Knex.QueryBuilder, column: string, part: bigint): void => {
      // Written so that the comparison itself cannot overflow.
      if (part > 0n) void update.whereRaw(`${column} <= ${MAX_USAGE_BYTES - part}`);
      if (part < 0n) void update.whereRaw(`${column} >= ${-part}`);
    };
    const changed = await queries(Table.originUsage)
      .where('origin_version', originVersion)
      .modify(inRange, 'used_bytes', change.used)
      .modify(inRange, 'reserved_bytes', change.reserved)
      .update({
        used_bytes: plus('used_bytes', change.used),
        reserved_bytes: plus('reserved_bytes', change.reserved),
        manifest_count: plus('manifest_count', change.manifests),
        blob_count: plus('blob_count', change.blobs),
      });
    if (changed > 0) return;
    const usage = await this.find(queries, originVersion);
    if (usage === undefined) return;
    const { usedBytes, reservedBytes } = usage;
    const what = `${usedBytes} + ${change.used} used or ${reservedBytes} + ${change.reserved} reserved is out of range`;
    throw new UsageRangeError(originVersion, digests, what);
  }

  /** Replaces the sums by recounted ones. */
  async replace(queries: Queries, originVersion: string, totals: Totals): Promise<void> {
    await queries(Table.originUsage)
      .where('origin_version', originVersion)
      .update({
        used_bytes: queries.raw(totals.used.toString()),
        reserved_bytes: queries.raw(totals.reserved.toString()),
        manifest_count: totals.manifests,
        blob_count: totals.blobs,
      });
  }

  /** Sets whether eviction has to continue, and whether a warning was written. */
  async mark(
    queries: Queries,
    originVersion: string,
    flags: { readonly prunePending?: boolean; readonly warned?: boolean },
  ): Promise<void> {
    await queries(Table.originUsage)
      .where('origin_version', originVersion)
      .update({
        ...(flags.prunePending === undefined ? {} : { prune_pending: flags.prunePending ? 1 : 0 }),
        ...(flags.warned === undefined ? {} : { warned: flags.warned ? 1 : 0 }),
      });
  }

  /** Marks every origin with automatic pruning for eviction, because quotas were switched on. */
  async markAll(queries: Queries): Promise<void> {
    await queries(Table.originUsage)
      .whereIn('organization_uid', queries(Table.quotas).where('auto_prune', 1).select('organization_uid'))
      .update({ prune_pending: 1 });
  }

  /** Returns the uids of organizations whose eviction has to continue. */
  async prunePending(queries: Queries): Promise<readonly string[]> {
    const rows = await queries<OriginUsageRow>(Table.originUsage).where('prune_pending', 1).select('organization_uid');
    return rows.map((row) => row.organization_uid);
  }

  /** Returns the uids of the organizations of these origins. */
  async organizationsOf(queries: Queries, versions: readonly string[]): Promise<readonly string[]> {
    const uids: string[] = [];
    for (const part of chunks(versions)) {
      const rows = await queries<OriginUsageRow>(Table.originUsage)
        .whereIn('origin_version', part)
        .select('organization_uid');
      uids.push(...rows.map((row) => row.organization_uid));
    }
    return uids;
  }

  /** Returns up to `limit` origins with sums, ordered by version, starting after `after`. */
  async page(queries: Queries, after: string, limit: number): Promise<readonly OriginUsage[]> {
    const rows = (await this.rows(queries)
      .where('origin_version', '>', after)
      .orderBy('origin_version')
      .limit(limit)) as UsageRow[];
    return rows.map(toUsage);
  }

  /**
   * Returns up to `limit` origins that no organization uses and that hold nothing. They will not be
   * locked again.
   */
  async ended(queries: Queries, limit: number): Promise<readonly string[]> {
    const rows = await queries<OriginUsageRow>(Table.originUsage)
      .whereNotExists((config) =>
        config.from(Table.proxyConfigs).whereRaw('proxy_configs.origin_version = origin_usage.origin_version'),
      )
      .whereNotExists((held) =>
        held.from(Table.repositories).whereRaw('repositories.origin_version = origin_usage.origin_version'),
      )
      .limit(limit)
      .select('origin_version');
    return rows.map((row) => row.origin_version);
  }

  /** Deletes the sums of an origin that holds nothing. */
  async remove(queries: Queries, originVersion: string): Promise<void> {
    await queries(Table.originUsage).where('origin_version', originVersion).delete();
  }

  private rows(queries: Queries) {
    return queries(Table.originUsage).select(
      `${Table.originUsage}.origin_version`,
      `${Table.originUsage}.organization_uid`,
      exactly(queries, 'used_bytes', 'used_bytes'),
      exactly(queries, 'reserved_bytes', 'reserved_bytes'),
      'manifest_count',
      'blob_count',
      'prune_pending',
      'warned',
    );
  }
}

type UsageRow = OriginUsageRow;

function byVersion(a: OriginKey, b: OriginKey): number {
  return a.originVersion < b.originVersion ? -1 : 1;
}

function toEmptyRow({ originVersion, organizationUid }: OriginKey): Omit<
  OriginUsageRow,
  'used_bytes' | 'reserved_bytes'
> & {
  readonly used_bytes: number;
  readonly reserved_bytes: number;
} {
  return {
    origin_version: originVersion,
    organization_uid: organizationUid,
    used_bytes: 0,
    reserved_bytes: 0,
    manifest_count: 0,
    blob_count: 0,
    prune_pending: 0,
    warned: 0,
  };
}

function toUsage(row: UsageRow): OriginUsage {
  return {
    originVersion: row.origin_version,
    organizationUid: row.organization_uid,
    usedBytes: toBigInt(row.used_bytes),
    reservedBytes: toBigInt(row.reserved_bytes),
    manifestCount: Number(row.manifest_count),
    blobCount: Number(row.blob_count),
    prunePending: row.prune_pending === 1,
    warned: row.warned === 1,
  };
}
