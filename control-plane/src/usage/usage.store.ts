import type { Knex } from 'knex';
import { Table } from '../../../schema/tables';
import { toBigInt } from '../db/big-numbers';
import type { Queries } from '../db/database';
import type { OriginUsageStore } from '../holdings/origin-usage.store';

/** Whose usage: a whole organization's, or one repository's. */
export type UsageScope =
  { readonly kind: 'organization'; readonly uid: string } | { readonly kind: 'repository'; readonly id: number };

/** What is held: distinct manifests and distinct blobs in the store, each counted once. */
export interface Usage {
  readonly usedBytes: bigint;
  /** Promised to blobs that are on their way. */
  readonly reservedBytes: bigint;
  readonly manifestCount: number;
  readonly blobCount: number;
}

/** How many repositories there are, and how many active tags in them. */
export interface Names {
  readonly repositories: number;
  readonly tags: number;
  /** When the next of these tags expires, milliseconds since the epoch; undefined = none does. */
  readonly nextExpiry: number | undefined;
}

const NOTHING: Usage = { usedBytes: 0n, reservedBytes: 0n, manifestCount: 0, blobCount: 0 };

/** Holdings that count as used; `h` is a row of origin_holdings. */
const IS_HELD = `(h.manifest_repositories > 0 OR h.state = 'HELD')`;

/** Reads what is held. Ended repositories don't count. */
export class UsageStore {
  constructor(private readonly origins: OriginUsageStore) {}

  /** Bytes and numbers of everything held, time machine included: of an organization the sums that are kept, of a repository its rows. */
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
   * The same without what only the time machine holds. Active are: manifests that an active tag points at, manifests that
   * never had a tag (pulled by digest), and what active indexes name. Counted each time.
   */
  async active(queries: Queries, scope: UsageScope, now: number): Promise<Usage> {
    const { where, bindings } = scoped(scope);
    const active = `WITH RECURSIVE active (id) AS (
      SELECT m.id FROM manifests m JOIN repositories r ON r.id = m.repository_id
      WHERE ${where} AND (
        EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = m.id AND t.live = 1 AND (t.expires_at IS NULL OR t.expires_at > ?))
        OR (NOT EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = m.id)
          AND NOT EXISTS (SELECT 1 FROM manifest_references p
            WHERE p.repository_id = m.repository_id AND p.digest = m.digest AND p.role = 'CHILD')))
      UNION
      SELECT c.id FROM active a
      JOIN manifest_references x ON x.manifest_id = a.id AND x.role = 'CHILD'
      JOIN manifests c ON c.repository_id = x.repository_id AND c.digest = x.digest)
    SELECT id FROM active`;
    return toUsage(
      await firstRow(
        queries.raw(
          `SELECT ${SUMS} FROM (
             SELECT m.origin_version, m.digest FROM manifests m WHERE m.id IN (SELECT id FROM (${active}) active_manifests)
             UNION
             SELECT n.origin_version, x.digest FROM manifest_references x JOIN manifests n ON n.id = x.manifest_id
             WHERE x.role IN ('LAYER', 'CONFIG') AND x.manifest_id IN (SELECT id FROM (${active}) naming_manifests)
           ) needed JOIN origin_holdings h ON h.origin_version = needed.origin_version AND h.digest = needed.digest`,
          [...bindings, now, ...bindings, now],
        ),
      ),
    );
  }

  /** How many repositories there are, and how many active tags in them. */
  async names(queries: Queries, scope: UsageScope, now: number): Promise<Names> {
    const { where, bindings } = scoped(scope);
    const repositories = await firstRow(
      queries.raw(`SELECT COUNT(*) AS n FROM ${Table.repositories} r WHERE ${where}`, bindings),
    );
    const tags = await firstRow(
      queries.raw(
        `SELECT COUNT(*) AS n, MIN(t.expires_at) AS next_expiry FROM ${Table.tags} t JOIN ${Table.repositories} r ON r.id = t.repository_id
         WHERE ${where} AND t.live = 1 AND (t.expires_at IS NULL OR t.expires_at > ?)`,
        [...bindings, now],
      ),
    );
    const nextExpiry = tags['next_expiry'] === null ? undefined : Number(tags['next_expiry']);
    return { repositories: Number(repositories['n']), tags: Number(tags['n']), nextExpiry };
  }
}

/** Sums over rows `h` of origin_holdings, each of which counts once. */
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

/** The first row of a raw statement: mysql2 gives [rows, fields], better-sqlite3 the rows. */
async function firstRow(raw: Knex.Raw): Promise<Readonly<Record<string, unknown>>> {
  const result = (await raw) as readonly unknown[];
  const rows = (Array.isArray(result[0]) ? result[0] : result) as Record<string, unknown>[];
  return rows[0] ?? {};
}
