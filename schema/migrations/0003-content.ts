import type { Knex } from 'knex';
import { Table } from '../tables';
import { createTable, DIGEST_LENGTH, dropTables, UID_LENGTH } from './columns';

/**
 * Creates the tables of cached content. They have no foreign keys: content of a deleted
 * organization stays until it is collected in steps. Writers keep the order (repository, manifest,
 * references, tag) within one transaction.
 */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.repositories, (columns, table) => {
    table.bigIncrements('id');
    columns.key('organization_uid', UID_LENGTH).notNullable();
    columns.key('origin_version', UID_LENGTH).notNullable();
    columns.key('name', 255).notNullable();
    columns.number('created_at').notNullable();
    columns.number('last_pulled_at').nullable();
    columns.number('ended_at').nullable();
    table.unique(['organization_uid', 'origin_version', 'name'], { indexName: 'repositories_key' });
    table.index(['ended_at'], 'repositories_ended');
  });
  await createTable(knex, Table.manifests, (columns, table) => {
    table.bigIncrements('id');
    columns.number('repository_id').notNullable();
    columns.key('digest', DIGEST_LENGTH).notNullable();
    columns.text('media_type', 255).notNullable();
    columns.number('size').notNullable();
    columns.text('artifact_type', 255).nullable();
    columns.number('created_at').notNullable();
    columns.number('last_pulled_at').nullable();
    table.unique(['repository_id', 'digest'], { indexName: 'manifests_key' });
    table.index(['digest'], 'manifests_digest');
  });
  await createTable(knex, Table.manifestReferences, (columns, table) => {
    columns.number('manifest_id').notNullable();
    columns.number('repository_id').notNullable();
    columns.key('role', 16).notNullable();
    columns.number('position').notNullable();
    columns.key('digest', DIGEST_LENGTH).notNullable();
    columns.text('media_type', 255).notNullable();
    columns.number('size').notNullable();
    columns.text('platform_os', 64).nullable();
    columns.text('platform_architecture', 64).nullable();
    columns.text('platform_variant', 64).nullable();
    table.primary(['manifest_id', 'role', 'position']);
    table.index(['repository_id', 'digest'], 'manifest_references_repository_digest');
    table.index(['digest'], 'manifest_references_digest');
  });
  await createTable(knex, Table.blobs, (columns) => {
    columns.key('digest', DIGEST_LENGTH).notNullable().primary();
    columns.number('size').notNullable();
    columns.key('state', 16).notNullable();
    columns.number('created_at').notNullable();
    columns.number('present_at').notNullable();
  });
  await createTable(knex, Table.tags, (columns, table) => {
    table.bigIncrements('id');
    columns.number('repository_id').notNullable();
    columns.key('name', 128).notNullable();
    columns.number('manifest_id').notNullable();
    columns.key('digest', DIGEST_LENGTH).notNullable();
    columns.flag('live').nullable();
    columns.number('started_at').notNullable();
    columns.number('ended_at').nullable();
    columns.key('end_reason', 16).nullable();
    columns.number('checked_at').notNullable();
    columns.number('expires_at').nullable();
    columns.number('refreshed_at').notNullable();
    columns.number('expiration_set_at').nullable();
    columns.number('last_pulled_at').nullable();
    columns.number('pull_count').notNullable();
    table.unique(['repository_id', 'name', 'live'], { indexName: 'tags_live' });
    table.index(['manifest_id'], 'tags_manifest');
    table.index(['live', 'expires_at'], 'tags_expiry');
    table.index(['ended_at'], 'tags_ended');
  });
}

/** Drops these tables. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, Table.tags, Table.blobs, Table.manifestReferences, Table.manifests, Table.repositories);
}
