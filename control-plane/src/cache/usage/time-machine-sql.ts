import { HELD_ROLES_SQL } from '../../../../common/oci/held-role';

/**
 * The column that identifies an organization (by its origin) or a repository in manifests, tags and
 * repository_holdings.
 */
export type ScopeColumn = 'origin_version' | 'repository_id';

/**
 * A join that is executed in the written order, from a small set to its related rows. By default,
 * both databases read all manifests and look each up in the set.
 */
export type OrderedJoin = 'CROSS JOIN' | 'STRAIGHT_JOIN';

/**
 * Condition: manifest `m` has a live tag version that has not expired. The + keeps both databases
 * on the index by manifest.
 */
const HAS_ACTIVE_TAG = `EXISTS (SELECT 1 FROM tags u
  WHERE u.manifest_id = m.id AND +u.ended_at IS NULL AND (u.expires_at IS NULL OR u.expires_at > :now))`;

/** Condition: the content counts as used. `h` is a row of origin_holdings. */
export const IS_HELD = `(h.manifest_repositories > 0 OR h.state = 'HELD')`;

/**
 * Selects manifests whose live tags have all expired but were not moved into the time machine yet.
 */
function expired(column: ScopeColumn, join: OrderedJoin): string {
  const ended = column === 'origin_version' ? 't.ended_at' : '+t.ended_at';
  return `SELECT m.id FROM tags t ${join} manifests m ON m.id = t.manifest_id
    WHERE t.${column} = :key AND ${ended} IS NULL AND t.expires_at <= :now AND m.eviction_class = 1 AND NOT ${HAS_ACTIVE_TAG}`;
}

/** Selects the children of a set of manifests. */
function childrenOf(set: string, join: OrderedJoin): string {
  return `SELECT c.id FROM ${set} a ${join} manifest_references x ON x.manifest_id = a.id AND x.role = 'CHILD'
    ${join} manifests c ON c.repository_id = x.repository_id AND c.digest = x.digest`;
}

/**
 * Counts all manifests (total) and those that only the time machine keeps, without children
 * (inactive).
 */
export function countInactive(column: ScopeColumn): string {
  return `SELECT COUNT(*) AS total, COALESCE(SUM(CASE WHEN m.eviction_class = 0 THEN 1 ELSE 0 END), 0) AS inactive
    FROM manifests m WHERE m.${column} = :key`;
}

/**
 * Sums the bytes that only the time machine needs, starting from inactive manifests: manifests that
 * left service, the children that only their indexes name, and every digest that only these need.
 * The cost grows with the inactive content. Bindings: key, now (milliseconds since the epoch).
 */
export function bytesByInactive(column: ScopeColumn, join: OrderedJoin): string {
  const part = column === 'repository_id' ? 'AND p.repository_id = :key' : '';
  return `WITH RECURSIVE reached (id) AS (
      SELECT m.id FROM manifests m WHERE m.${column} = :key AND m.eviction_class = 0
      UNION ${expired(column, join)}
      UNION ${childrenOf('reached', join)}
    ), kept (id) AS (
      SELECT m.id FROM reached a ${join} manifests m ON m.id = a.id
      WHERE m.eviction_class IS NULL AND (${HAS_ACTIVE_TAG} OR EXISTS (SELECT 1 FROM manifest_references p
        WHERE p.repository_id = m.repository_id AND p.digest = m.digest AND p.role = 'CHILD'
          AND p.manifest_id NOT IN (SELECT id FROM reached)))
      UNION ${childrenOf('kept', join)}
    ), inactive (id, origin_version, digest) AS (
      SELECT m.id, m.origin_version, m.digest FROM reached a ${join} manifests m ON m.id = a.id
      WHERE a.id NOT IN (SELECT id FROM kept)
    ), needed (origin_version, digest, manifests, names) AS (
      SELECT n.origin_version, n.digest, SUM(n.manifests), SUM(n.names) FROM (
        SELECT i.origin_version, i.digest, 1 AS manifests, 0 AS names FROM inactive i
        UNION ALL
        SELECT i.origin_version, x.digest, 0, COUNT(DISTINCT i.id) FROM inactive i
        ${join} manifest_references x ON x.manifest_id = i.id AND x.role IN (${HELD_ROLES_SQL})
        GROUP BY i.origin_version, x.digest
      ) n GROUP BY n.origin_version, n.digest
    )
    SELECT CAST(COALESCE(SUM(h.size), 0) AS CHAR) AS bytes FROM needed n
    ${join} origin_holdings h ON h.origin_version = n.origin_version AND h.digest = n.digest
    WHERE ${IS_HELD} AND EXISTS (SELECT 1 FROM repository_holdings p
      WHERE p.origin_version = n.origin_version AND p.digest = n.digest ${part}
      GROUP BY p.digest HAVING SUM(p.is_manifest) = n.manifests AND SUM(p.named_by) = n.names)`;
}

/**
 * Sums the same bytes starting from active manifests, as held bytes minus the bytes that active
 * manifests need. The cost grows with the active content.
 */
export function bytesByActive(column: ScopeColumn, join: OrderedJoin): string {
  const held =
    column === 'origin_version'
      ? 'SELECT u.used_bytes FROM origin_usage u WHERE u.origin_version = :key'
      : `SELECT COALESCE(SUM(h.size), 0) FROM repository_holdings p
         JOIN origin_holdings h ON h.origin_version = p.origin_version AND h.digest = p.digest
         WHERE p.repository_id = :key AND ${IS_HELD}`;
  return `WITH RECURSIVE active (id) AS (
      SELECT m.id FROM manifests m
      WHERE m.${column} = :key AND m.eviction_class IN (1, 2) AND m.id NOT IN (${expired(column, join)})
      UNION SELECT m.id FROM manifests m WHERE m.${column} = :key AND m.eviction_class IS NULL AND ${HAS_ACTIVE_TAG}
      UNION ${childrenOf('active', join)}
    ), active_manifests (id, origin_version, digest) AS (
      SELECT m.id, m.origin_version, m.digest FROM active a ${join} manifests m ON m.id = a.id
    ), needed (origin_version, digest) AS (
      SELECT m.origin_version, m.digest FROM active_manifests m
      UNION
      SELECT m.origin_version, x.digest FROM active_manifests m
      ${join} manifest_references x ON x.manifest_id = m.id AND x.role IN (${HELD_ROLES_SQL})
    )
    SELECT CAST((${held}) - COALESCE(SUM(h.size), 0) AS CHAR) AS bytes FROM needed n
    ${join} origin_holdings h ON h.origin_version = n.origin_version AND h.digest = n.digest WHERE ${IS_HELD}`;
}
