import type { Knex } from 'knex';
import { Table } from '../../../schema/tables';
import { toBigInt } from '../db/big-numbers';
import type { Queries } from '../db/database';

/** Whose usage: a whole organization's, or one repository's. */
export type UsageScope =
  { readonly kind: 'organization'; readonly uid: string } | { readonly kind: 'repository'; readonly id: number };

/** What is held: distinct manifests and distinct blobs in the store, each counted once. */
export interface Usage {
  readonly usedBytes: bigint;
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

/** Counts what is held. A full count each time; ended repositories don't count. */
export class UsageStore {
  /** Bytes and numbers of everything held, time machine included. */
  async held(queries: Queries, scope: UsageScope): Promise<Usage> {
    const { where, bindings } = scoped(scope);
    return this.count(
      queries,
      `SELECT m.id FROM manifests m JOIN repositories r ON r.id = m.repository_id WHERE ${where}`,
      bindings,
    );
  }

  /**
   * The same without what only the time machine holds. Active are: manifests that an active tag points at, manifests that
   * never had a tag (pulled by digest), and what active indexes name.
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
    return this.count(queries, active, [...bindings, now]);
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

  /** Distinct digests over the manifests that `ids` selects and the present blobs that they name. */
  private async count(queries: Queries, ids: string, bindings: readonly (string | number)[]): Promise<Usage> {
    const row = await firstRow(
      queries.raw(
        `SELECT CAST(COALESCE(SUM(size), 0) AS CHAR) AS bytes,
           COALESCE(SUM(is_manifest), 0) AS manifests, COALESCE(SUM(1 - is_manifest), 0) AS blobs
         FROM (SELECT digest, MAX(size) AS size, MAX(is_manifest) AS is_manifest FROM (
             SELECT m.digest AS digest, m.size AS size, 1 AS is_manifest
             FROM manifests m WHERE m.id IN (SELECT id FROM (${ids}) held_manifests)
             UNION ALL
             SELECT b.digest, b.size, 0 FROM blobs b WHERE b.state = 'PRESENT' AND b.digest IN (
               SELECT x.digest FROM manifest_references x
               WHERE x.role IN ('LAYER', 'CONFIG') AND x.manifest_id IN (SELECT id FROM (${ids}) naming_manifests))
           ) everything GROUP BY digest) each_once`,
        [...bindings, ...bindings],
      ),
    );
    return {
      usedBytes: toBigInt(row['bytes']),
      manifestCount: Number(row['manifests']),
      blobCount: Number(row['blobs']),
    };
  }
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
