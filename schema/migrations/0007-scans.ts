import type { Knex } from 'knex';
import { Table } from '../tables';
import { createTable, DIGEST_LENGTH, dropTables, UID_LENGTH } from './columns';

/**
 * Creates the tables of scans: one row per image manifest, independent of its holders, which is
 * also the queue; the findings; pending deletions and notifications of Clair; and the scan policies
 * of organizations (ADR 19).
 */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.scans, (columns, table) => {
    columns.key('digest', DIGEST_LENGTH).notNullable().primary();
    columns.key('state', 24).notNullable();
    columns.key('work', 8).nullable();
    columns.number('due_at').nullable();
    columns.key('worker', UID_LENGTH).nullable();
    columns.number('attempts').notNullable();
    columns.flag('delete_first').notNullable();
    for (const time of ['queued_at', 'started_at', 'finished_at', 'reported_at']) columns.number(time).nullable();
    columns.key('indexer_state', 128).nullable();
    columns.key('tried_state', 128).nullable();
    columns.text('error', 1024).nullable();
    columns.key('report_hash', 64).nullable();
    for (const count of ['total', 'fixable', 'critical', 'high', 'medium', 'low', 'negligible', 'unknown'])
      columns.number(count).notNullable();
    table.index(['work', 'due_at'], 'scans_due');
    table.index(['state', 'digest'], 'scans_state');
    table.index(['state', 'tried_state'], 'scans_tried_state');
  });
  await createTable(knex, Table.scanFindings, (columns, table) => {
    columns.key('digest', DIGEST_LENGTH).notNullable();
    columns.number('position').notNullable();
    columns.key('vulnerability', 255).notNullable();
    columns.key('advisory', 64).notNullable();
    columns.number('severity').notNullable();
    columns.flag('fixable').notNullable();
    columns.text('package_name', 255).notNullable();
    columns.text('package_version', 255).notNullable();
    columns.text('fixed_in', 255).nullable();
    columns.text('introduced_in', DIGEST_LENGTH).nullable();
    columns.text('distribution', 255).nullable();
    table.primary(['digest', 'position']);
    table.index(['vulnerability', 'digest'], 'scan_findings_vulnerability');
    table.index(['advisory'], 'scan_findings_advisory');
  });
  await createTable(knex, Table.advisories, (columns, table) => {
    columns.key('hash', 64).notNullable().primary();
    columns.longText('description').notNullable();
    columns.longText('links').notNullable();
    columns.number('used_at').notNullable();
    table.index(['used_at'], 'advisories_used');
  });
  await createTable(knex, Table.knownVulnerabilities, (columns) => {
    columns.key('name', 255).notNullable().primary();
    columns.number('first_seen_at').notNullable();
  });
  await createTable(knex, Table.scanDeletions, (columns, table) => {
    columns.key('digest', DIGEST_LENGTH).notNullable().primary();
    columns.number('attempts').notNullable();
    columns.number('due_at').notNullable();
    table.index(['due_at'], 'scan_deletions_due');
  });
  await createTable(knex, Table.scanNotifications, (columns, table) => {
    columns.key('id', UID_LENGTH).notNullable().primary();
    columns.number('attempts').notNullable();
    columns.number('due_at').notNullable();
    table.index(['due_at'], 'scan_notifications_due');
  });
  await createTable(knex, Table.scanPolicies, (columns) => {
    columns.key('organization_uid', UID_LENGTH).notNullable().primary();
    columns.key('block_from', 16).notNullable();
    columns.flag('only_fixable').notNullable();
    columns.number('grace_seconds').notNullable();
    columns.key('unscanned', 8).notNullable();
    columns.number('wait_seconds').notNullable();
    columns.longText('allowed_vulnerabilities').notNullable();
  });
  // Scanning was not possible before, so the stored switch had no meaning. Whoever configures a
  // Clair wants it to scan.
  await knex(Table.systemSettings).update({ scanning_enabled: 1 });
}

/** Drops these tables. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(
    knex,
    Table.scanPolicies,
    Table.scanNotifications,
    Table.scanDeletions,
    Table.knownVulnerabilities,
    Table.advisories,
    Table.scanFindings,
    Table.scans,
  );
}
