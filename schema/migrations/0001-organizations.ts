import type { Knex } from 'knex';
import { Table } from '../tables';
import { createTable, dropTables, UID_LENGTH } from './columns';

/** Creates the tables of organizations, their proxy cache settings and their quotas. */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.organizations, (columns) => {
    columns.key('uid', UID_LENGTH).notNullable().primary();
    columns.key('name', 64).notNullable().unique({ indexName: 'organizations_name_unique' });
    columns.text('description', 1024).notNullable();
    columns.key('visibility', 16).notNullable();
    columns.number('time_machine_seconds').notNullable();
    columns.number('version').notNullable();
    columns.number('created_at').notNullable();
    columns.number('updated_at').notNullable();
  });
  await createTable(knex, Table.proxyConfigs, (columns, table) => {
    columns.key('organization_uid', UID_LENGTH).notNullable().primary();
    columns.flag('enabled').notNullable();
    columns.key('upstream_host', 260).notNullable();
    columns.key('upstream_namespace', 255).notNullable();
    columns.key('mirror_host', 260).nullable().unique({ indexName: 'proxy_configs_mirror_host_unique' });
    columns.text('username', 255).nullable();
    table.binary('sealed_password', 20000).nullable();
    columns.key('credential_version', UID_LENGTH).notNullable();
    columns.key('origin_version', UID_LENGTH).notNullable();
    columns.number('origin_since').notNullable();
    columns.flag('insecure').notNullable();
    columns.longText('ca_certificate').nullable();
    columns.number('expiration_seconds').notNullable();
    columns.number('revalidate_after_seconds').notNullable();
    columns.number('stale_if_error_seconds').nullable();
    columns.key('on_upstream_delete', 16).notNullable();
    columns.flag('complete_images').notNullable();
    columns.longText('allow_repositories').notNullable();
    columns.longText('deny_repositories').notNullable();
  });
  await createTable(knex, Table.quotas, (columns) => {
    columns.key('organization_uid', UID_LENGTH).notNullable().primary();
    columns.number('limit_bytes').notNullable();
    columns.flag('auto_prune').notNullable();
    columns.key('on_oversize', 16).notNullable();
    columns.number('warning_percent').nullable();
  });
}

/** Drops these tables. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, Table.quotas, Table.proxyConfigs, Table.organizations);
}
