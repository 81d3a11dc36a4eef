import type { Knex } from 'knex';
import { Table } from '../tables';
import { createTable, DIGEST_LENGTH, dropTables, UID_LENGTH } from './columns';

/**
 * Creates the tables of records: the audit log, statistics, and the status of upstreams as data
 * planes see them.
 */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.auditEvents, (columns, table) => {
    columns.key('id', UID_LENGTH).notNullable().primary();
    columns.number('at').notNullable();
    columns.key('kind', 32).notNullable();
    columns.text('organization', 255).nullable();
    columns.key('organization_uid', UID_LENGTH).nullable();
    columns.text('repository', 255).nullable();
    columns.text('reference', 255).nullable();
    columns.key('digest', DIGEST_LENGTH).nullable();
    columns.key('cache_status', 16).nullable();
    columns.number('http_status').nullable();
    columns.number('upstream_status').nullable();
    columns.number('bytes').nullable();
    columns.text('actor', 255).notNullable();
    columns.text('client_address', 64).nullable();
    columns.text('user_agent', 256).nullable();
    columns.text('request_id', 64).nullable();
    columns.longText('detail').notNullable();
    table.index(['at', 'id'], 'audit_events_time');
    table.index(['organization', 'at', 'id'], 'audit_events_organization_time');
  });
  await createTable(knex, Table.recordedEvents, (columns, table) => {
    columns.key('id', UID_LENGTH).notNullable().primary();
    columns.number('at').notNullable();
    table.index(['at'], 'recorded_events_time');
  });
  await createTable(knex, Table.statistics, (columns, table) => {
    columns.key('organization_uid', UID_LENGTH).notNullable();
    columns.number('bucket').notNullable();
    for (const counter of ['pulls', 'hits', 'misses', 'stale', 'failures', 'bytes_served', 'bytes_fetched'])
      columns.number(counter).notNullable();
    table.primary(['organization_uid', 'bucket']);
  });
  await createTable(knex, Table.upstreamStatus, (columns) => {
    columns.key('organization_uid', UID_LENGTH).notNullable().primary();
    columns.flag('reachable').notNullable();
    columns.number('last_checked_at').notNullable();
    columns.text('last_error', 1024).nullable();
    columns.number('rate_limit').nullable();
    columns.number('rate_limit_remaining').nullable();
    columns.number('retry_after').nullable();
  });
}

/** Drops these tables. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, Table.upstreamStatus, Table.statistics, Table.recordedEvents, Table.auditEvents);
}
