import type { Knex } from 'knex';
import { Table } from '../../../../schema/tables';
import { toBigInt } from '../../db/big-numbers';
import { isMysql } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';
import type { OriginUsageStore } from '../holdings/origin-usage.store';
import { bytesByActive, bytesByInactive, countInactive, IS_HELD, type ScopeColumn } from './time-machine-sql';

/** The scope of a usage: a whole organization or one repository. */
export type UsageScope =
  { readonly kind: 'organization'; readonly uid: string } | { readonly kind: 'repository'; readonly id: number };

/** What a scope holds: distinct manifests and distinct blobs in the store, each counted once. */
export interface Usage {
  readonly usedBytes: bigint;
  /** Reserved for blobs that have not arrived. */
  readonly reservedBytes: bigint;
  readonly manifestCount: number;
  readonly blobCount: number;
}

/** Number of repositories and of their active tags. */
export interface Names {
  readonly repositories: number;
  readonly tags: number;
  /**
   * When the next of these tags expires, in milliseconds since the epoch. undefined if none
   * expires.
   */
  readonly nextExpiry: number | undefined;
}

const NOTHING: Usage = { usedBytes: 0n, reservedBytes: 0n, manifestCount: 0, blobCount: 0 };

/**
 * Cost of counting an inactive manifest, relative to an active one: other users of its blobs have
 * to be looked up.
 */
const INACTIVE_COST = 3;

/** Reads usage. Ended repositories do not count. */
export class UsageStore {
  constructor(private readonly origins: OriginUsageStore) {}

  /**
   * Returns bytes and counts of everything held, including the time machine: for an organization
   * from its stored sums, for a repository from its rows.
   */
  async held(queries: Queries, scope: UsageScope): Promise<Usage> {
    if (scope.kind === 'organization') return (await this.origins.findByOrganization(queries, scope.uid)) ?? NOTHING;
    return toUsage(
      await firstRow(
        queries.raw(
          `SELECT ${SUMS} FROM repository_holdings p
           JOIN repositories r ON r.id = p.repository_id
           JOIN origin_holdings h ON h.origin_version = p.origin_version AND h.digest = p.digest
           WHERE p.repository_id = ? AND r.ended_at IS NULL`,
          [scope.id],
        ),
      ),
    );
  }

  /**
   * Returns the bytes of {@link held} that only the time machine needs at `now` (milliseconds since
   * the epoch). Active are manifests with an active tag, manifests that never had a tag (pulled by
   * digest), and the children of active indexes. Counts from the side with fewer manifests.
   */
  async timeMachineBytes(queries: Queries, scope: UsageScope, now: number): Promise<bigint> {
    const found = await this.scopeKey(queries, scope);
    if (found === undefined) return 0n;
    const { column, key } = found;
    const join = isMysql(queries) ? 'STRAIGHT_JOIN' : 'CROSS JOIN';
    const counts = await firstRow(queries.raw(countInactive(column), { key }));
    const fewInactive = Number(counts['inactive']) * INACTIVE_COST <= Number(counts['total']);
    const sql = fewInactive ? bytesByInactive(column, join) : bytesByActive(column, join);
    return toBigInt((await firstRow(queries.raw(sql, { key, now })))['bytes']);
  }

  /** Returns the number of repositories and of their active tags. */
  async names(queries: Queries, scope: UsageScope, now: number): Promise<Names> {
    const { where, bindings } = scoped(scope);
    const repositories = await firstRow(
      queries.raw(`SELECT COUNT(*) AS n FROM ${Table.repositories} r WHERE ${where}`, bindings),
    );
    // Versions that have not ended are live. Those of an organization belong to its present origin
    // and are read from an index.
    const live =
      scope.kind === 'organization'
        ? 't.origin_version IN (SELECT p.origin_version FROM proxy_configs p WHERE p.organization_uid = ?)'
        : 't.repository_id IN (SELECT r.id FROM repositories r WHERE r.id = ? AND r.ended_at IS NULL)';
    // The + keeps SQLite from the index of all versions that have not ended.
    const ended = scope.kind === 'organization' ? 't.ended_at' : '+t.ended_at';
    const tags = await firstRow(
      queries.raw(
        `SELECT COUNT(*) AS n, MIN(t.expires_at) AS next_expiry FROM ${Table.tags} t
         WHERE ${live} AND ${ended} IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)`,
        [...bindings, now],
      ),
    );
    const nextExpiry = tags['next_expiry'] === null ? undefined : Number(tags['next_expiry']);
    return { repositories: Number(repositories['n']), tags: Number(tags['n']), nextExpiry };
  }

  /**
   * Returns the column and key that select the rows of a scope, or undefined if it holds nothing.
   */
  private async scopeKey(
    queries: Queries,
    scope: UsageScope,
  ): Promise<{ readonly column: ScopeColumn; readonly key: string | number } | undefined> {
    if (scope.kind === 'organization') {
      const usage = await this.origins.findByOrganization(queries, scope.uid);
      return usage && { column: 'origin_version', key: usage.originVersion };
    }
    const living = await queries(Table.repositories).where('id', scope.id).whereNull('ended_at').first('id');
    return living && { column: 'repository_id', key: scope.id };
  }
}

/** Sums over rows `h` of origin_holdings. Each row counts once. */
const SUMS = `CAST(COALESCE(SUM(CASE WHEN ${IS_HELD} THEN h.size ELSE 0 END), 0) AS CHAR) AS used,
  CAST(COALESCE(SUM(CASE WHEN h.manifest_repositories = 0 AND h.state = 'RESERVED' THEN h.size ELSE 0 END), 0) AS CHAR) AS reserved,
  COALESCE(SUM(CASE WHEN h.manifest_repositories > 0 THEN 1 ELSE 0 END), 0) AS manifests,
  COALESCE(SUM(CASE WHEN h.manifest_repositories = 0 AND h.state = 'HELD' THEN 1 ELSE 0 END), 0) AS blobs`;

function toUsage(row: Readonly<Record<string, unknown>>): Usage {
  return {
    usedBytes: toBigInt(row['used']),
    reservedBytes: toBigInt(row['reserved']),
    manifestCount: Number(row['manifests']),
    blobCount: Number(row['blobs']),
  };
}

function scoped(scope: UsageScope): { readonly where: string; readonly bindings: readonly (string | number)[] } {
  return scope.kind === 'organization'
    ? { where: 'r.organization_uid = ? AND r.ended_at IS NULL', bindings: [scope.uid] }
    : { where: 'r.id = ? AND r.ended_at IS NULL', bindings: [scope.id] };
}

/**
 * Returns the first row of a raw statement. mysql2 returns [rows, fields], better-sqlite3 returns
 * rows.
 */
async function firstRow(raw: Knex.Raw): Promise<Readonly<Record<string, unknown>>> {
  const result = (await raw) as readonly unknown[];
  const rows = (Array.isArray(result[0]) ? result[0] : result) as Record<string, unknown>[];
  return rows[0] ?? {};
}
