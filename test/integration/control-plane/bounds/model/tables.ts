import { type Knex, knex } from 'knex';
import { type AuditEventRow, type BlobRow, Table } from '../../../../../schema/tables';
import { type ContentTables, readContent } from '../../../../support/control-plane/recount';
import type { TestDatabase } from '../../../../support/control-plane/test-database';
import { mysqlConnection } from '../../../../support/mysql-server/mysql-connection';

/** The present owner of an origin. */
export interface OwnedOrigin {
  readonly name: string;
  readonly uid: string;
  readonly origin_version: string;
}

/** The rows of cached content, with their owners. */
export interface OwnedContent extends ContentTables {
  readonly owners: readonly OwnedOrigin[];
}

/** Reads the tables of a control plane over a connection of its own, whether it runs or not. */
export class Tables {
  private readonly connection: Knex;

  constructor(file: string, database: TestDatabase) {
    this.connection =
      database.url === ''
        ? knex({ client: 'better-sqlite3', connection: { filename: file }, useNullAsDefault: true })
        : knex({ client: 'mysql2', connection: mysqlConnection(database.url), pool: { min: 0, max: 1 } });
  }

  async content(): Promise<OwnedContent> {
    return {
      owners: await this.connection(`${Table.organizations} as o`)
        .join(`${Table.proxyConfigs} as p`, 'p.organization_uid', 'o.uid')
        .select<OwnedOrigin[]>('o.name', 'o.uid', 'p.origin_version'),
      ...(await readContent(this.connection)),
    };
  }

  /** Returns a text that changes whenever the content changes. */
  async fingerprint(): Promise<string> {
    const { tags, blobs, usage, manifests, holdings } = await this.content();
    return JSON.stringify([tags, blobs, usage, manifests.length, holdings]);
  }

  /** Returns the audit events of a kind. */
  async events(kind: string): Promise<readonly AuditEventRow[]> {
    return this.connection<AuditEventRow>(Table.auditEvents).where('kind', kind).orderBy('id');
  }

  /** Returns a few digests of content without holders, those being deleted first. */
  async endangered(): Promise<readonly string[]> {
    const rows = await this.connection<BlobRow>(Table.blobs)
      .where('holders', '<=', 0)
      .orderBy('state')
      .orderBy('unheld_at')
      .limit(10)
      .select('digest');
    return rows.map(({ digest }) => digest);
  }

  /** Returns whether a refused request for this repository has been recorded. */
  async hasRefusal(repository: string): Promise<boolean> {
    const row = await this.connection<AuditEventRow>(Table.auditEvents)
      .where({ repository, http_status: 403 })
      .first<{ id: string } | undefined>('id');
    return row !== undefined;
  }

  /** Takes the collection lease, so that only the test starts collections. */
  async holdCollections(): Promise<void> {
    await this.connection(Table.maintenanceLeases)
      .insert({ name: 'garbage', owner: 'the test', valid_until: Date.UTC(2100, 0, 1) })
      .onConflict('name')
      .merge();
  }

  close(): Promise<void> {
    return this.connection.destroy();
  }
}
