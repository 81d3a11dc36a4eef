import type { Knex } from 'knex';
import { Table } from '../tables';
import { createTable, dropTables, UID_LENGTH } from './columns';

/**
 * Creates the tables of access control: robots, API tokens, and the signing keys of pull tokens.
 */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.robots, (columns, table) => {
    columns.key('organization_uid', UID_LENGTH).notNullable();
    columns.key('name', 64).notNullable();
    columns.text('description', 1024).notNullable();
    columns.key('secret_sha256', 64).notNullable();
    columns.number('created_at').notNullable();
    columns.number('last_used_at').nullable();
    table.primary(['organization_uid', 'name']);
  });
  await createTable(knex, Table.apiTokens, (columns, table) => {
    columns.key('id', UID_LENGTH).notNullable().primary();
    columns.text('name', 128).notNullable();
    columns.key('role', 16).notNullable();
    columns.key('organization_uid', UID_LENGTH).nullable();
    columns.key('token_sha256', 64).notNullable().unique({ indexName: 'api_tokens_token_sha256_unique' });
    columns.number('created_at').notNullable();
    columns.number('expires_at').nullable();
    columns.number('revoked_at').nullable();
    table.index(['organization_uid'], 'api_tokens_organization');
  });
  await createTable(knex, Table.tokenKeys, (columns, table) => {
    columns.key('id', UID_LENGTH).notNullable().primary();
    table.binary('sealed_secret', 255).notNullable();
    columns.number('created_at').notNullable();
    columns.number('retired_at').nullable();
  });
}

/** Drops these tables. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, Table.tokenKeys, Table.apiTokens, Table.robots);
}
