import type { Knex } from 'knex';
import { Table } from '../tables';
import { addColumn, addIndex, createTable, DIGEST_LENGTH, dropTables, UID_LENGTH } from './columns';

/**
 * Creates the tables that bound a cache: holdings and their sums, the order of eviction, content in
 * use, and invalidations. Existing content is counted with one statement per table, each of which
 * can be repeated.
 */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.originUsage, (columns, table) => {
    columns.key('origin_version', UID_LENGTH).notNullable().primary();
    columns.key('organization_uid', UID_LENGTH).notNullable();
    for (const sum of ['used_bytes', 'reserved_bytes', 'manifest_count', 'blob_count'])
      columns.number(sum).notNullable();
    columns.flag('prune_pending').notNullable();
    columns.flag('warned').notNullable();
    table.index(['prune_pending'], 'origin_usage_prune_pending');
  });
  await createTable(knex, Table.originHoldings, (columns, table) => {
    columns.key('origin_version', UID_LENGTH).notNullable();
    columns.key('digest', DIGEST_LENGTH).notNullable();
    for (const count of ['size', 'manifest_repositories', 'blob_repositories']) columns.number(count).notNullable();
    columns.key('state', 16).notNullable();
    columns.number('reserved_until').nullable();
    table.primary(['origin_version', 'digest']);
    table.index(['digest'], 'origin_holdings_digest');
    table.index(['reserved_until'], 'origin_holdings_reserved_until');
  });
  await createTable(knex, Table.repositoryHoldings, (columns, table) => {
    columns.key('origin_version', UID_LENGTH).notNullable();
    columns.key('digest', DIGEST_LENGTH).notNullable();
    columns.number('repository_id').notNullable();
    columns.flag('is_manifest').notNullable();
    columns.number('named_by').notNullable();
    table.primary(['origin_version', 'digest', 'repository_id']);
    table.index(['repository_id'], 'repository_holdings_repository');
  });
  await createTable(knex, Table.contentUses, (columns, table) => {
    columns.key('node', 128).notNullable();
    columns.key('organization_uid', UID_LENGTH).notNullable();
    columns.key('repository', 255).notNullable();
    columns.key('digest', DIGEST_LENGTH).notNullable();
    columns.number('started_at').notNullable();
    columns.number('valid_until').notNullable();
    table.primary(['node', 'organization_uid', 'repository', 'digest']);
    table.index(['organization_uid'], 'content_uses_organization');
    table.index(['digest'], 'content_uses_digest');
  });
  await createTable(knex, Table.invalidations, (columns, table) => {
    table.bigIncrements('id');
    columns.number('at').notNullable();
    columns.key('organization_uid', UID_LENGTH).notNullable();
    columns.text('repository', 255).notNullable();
    columns.text('tag', 128).notNullable();
    columns.text('digest', DIGEST_LENGTH).notNullable();
    table.index(['at'], 'invalidations_time');
  });
  await createTable(knex, Table.maintenanceLeases, (columns) => {
    columns.key('name', 64).notNullable().primary();
    columns.key('owner', UID_LENGTH).notNullable();
    columns.number('valid_until').notNullable();
  });
  await addColumns(knex);
  await fillColumns(knex);
  await countHoldings(knex);
  await addIndex(
    knex,
    Table.manifests,
    ['origin_version', 'eviction_class', 'eviction_at', 'id'],
    'manifests_eviction',
  );
  // Counts the live tags of an origin, and finds the next expiry, from the index alone.
  await addIndex(knex, Table.tags, ['origin_version', 'ended_at', 'expires_at'], 'tags_collection');
  await addIndex(knex, Table.repositories, ['origin_version'], 'repositories_origin');
  await addIndex(knex, Table.blobs, ['unheld_at'], 'blobs_unheld');
  await addIndex(knex, Table.blobs, ['deleting_at'], 'blobs_deleting');
}

async function addColumns(knex: Knex): Promise<void> {
  const key = (table: string, column: string): Promise<void> =>
    addColumn(knex, table, column, (columns) => columns.key(column, UID_LENGTH).nullable());
  const number = (table: string, column: string): Promise<void> =>
    addColumn(knex, table, column, (columns) => columns.number(column).nullable());
  await key(Table.manifests, 'origin_version');
  for (const column of ['used_at', 'eviction_class', 'eviction_at']) await number(Table.manifests, column);
  await key(Table.tags, 'origin_version');
  for (const column of ['holders', 'unheld_at', 'deleting_at']) await number(Table.blobs, column);
}

async function fillColumns(knex: Knex): Promise<void> {
  for (const table of [Table.manifests, Table.tags])
    await knex.raw(
      `UPDATE ${table} SET origin_version =
         (SELECT r.origin_version FROM repositories r WHERE r.id = ${table}.repository_id)`,
    );
  await knex.raw(
    `UPDATE manifests SET
       used_at = CASE WHEN last_pulled_at > created_at THEN last_pulled_at ELSE created_at END,
       eviction_class = CASE
         WHEN EXISTS (SELECT 1 FROM manifest_references p WHERE p.repository_id = manifests.repository_id
           AND p.digest = manifests.digest AND p.role = 'CHILD') THEN NULL
         WHEN EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = manifests.id AND t.live = 1) THEN 1
         WHEN EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = manifests.id) THEN 0
         ELSE 2 END`,
  );
  await knex.raw(
    `UPDATE manifests SET eviction_at = CASE WHEN eviction_class = 0
       THEN (SELECT MAX(t.ended_at) FROM tags t WHERE t.manifest_id = manifests.id) ELSE used_at END`,
  );
}

/** Counts existing content. From this version on, manifests have rows in `blobs` too. */
async function countHoldings(knex: Knex): Promise<void> {
  await knex.raw(
    `INSERT INTO blobs (digest, size, state, created_at, present_at)
     SELECT m.digest, MAX(m.size), 'PRESENT', MIN(m.created_at), MIN(m.created_at) FROM manifests m
     WHERE NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = m.digest) GROUP BY m.digest`,
  );
  await knex(Table.repositoryHoldings).delete();
  await knex.raw(
    `INSERT INTO repository_holdings (origin_version, digest, repository_id, is_manifest, named_by)
     SELECT r.origin_version, each_one.digest, each_one.repository_id, MAX(each_one.is_manifest), SUM(each_one.names)
     FROM (
       SELECT m.digest AS digest, m.repository_id AS repository_id, 1 AS is_manifest, 0 AS names FROM manifests m
       UNION ALL
       SELECT y.digest, y.repository_id, 0, COUNT(*) FROM (
         SELECT DISTINCT digest, repository_id, manifest_id FROM manifest_references WHERE role IN ('LAYER', 'CONFIG')
       ) y GROUP BY y.digest, y.repository_id
     ) each_one JOIN repositories r ON r.id = each_one.repository_id
     GROUP BY r.origin_version, each_one.digest, each_one.repository_id`,
  );
  await knex(Table.originHoldings).delete();
  await knex.raw(
    `INSERT INTO origin_holdings
       (origin_version, digest, size, manifest_repositories, blob_repositories, state, reserved_until)
     SELECT h.origin_version, h.digest,
       COALESCE(MAX(b.size), (SELECT MAX(x.size) FROM manifest_references x WHERE x.digest = h.digest)),
       SUM(h.is_manifest), SUM(CASE WHEN h.named_by > 0 THEN 1 ELSE 0 END),
       CASE WHEN MAX(b.state) = 'PRESENT' OR SUM(h.is_manifest) > 0 THEN 'HELD' ELSE 'LAPSED' END, NULL
     FROM repository_holdings h LEFT JOIN blobs b ON b.digest = h.digest
     GROUP BY h.origin_version, h.digest`,
  );
  await knex.raw(
    `UPDATE blobs SET
       holders = (SELECT COUNT(*) FROM origin_holdings h WHERE h.digest = blobs.digest AND h.state = 'HELD'),
       unheld_at = CASE WHEN EXISTS (SELECT 1 FROM origin_holdings h WHERE h.digest = blobs.digest AND h.state = 'HELD')
         THEN NULL ELSE present_at END`,
  );
  await knex(Table.originUsage).delete();
  await knex.raw(
    `INSERT INTO origin_usage
       (origin_version, organization_uid, used_bytes, reserved_bytes, manifest_count, blob_count, prune_pending, warned)
     SELECT h.origin_version,
       (SELECT MAX(r.organization_uid) FROM repositories r WHERE r.origin_version = h.origin_version),
       COALESCE(SUM(CASE WHEN h.state = 'HELD' THEN h.size ELSE 0 END), 0), 0,
       COALESCE(SUM(CASE WHEN h.manifest_repositories > 0 THEN 1 ELSE 0 END), 0),
       COALESCE(SUM(CASE WHEN h.manifest_repositories = 0 AND h.state = 'HELD' THEN 1 ELSE 0 END), 0), 0, 0
     FROM origin_holdings h GROUP BY h.origin_version`,
  );
}

/** Drops the new tables. The new columns stay unused. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(
    knex,
    Table.maintenanceLeases,
    Table.invalidations,
    Table.contentUses,
    Table.repositoryHoldings,
    Table.originHoldings,
    Table.originUsage,
  );
}
