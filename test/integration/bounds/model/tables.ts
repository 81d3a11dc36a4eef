import { type Knex, knex } from 'knex';
import {
  type AuditEventRow,
  type BlobRow,
  type ManifestReferenceRow,
  type ManifestRow,
  type OriginHoldingRow,
  type OriginUsageRow,
  type RepositoryHoldingRow,
  type RepositoryRow,
  Table,
  type TagRow,
} from '../../../../schema/tables';
import type { TestDatabase } from '../../../support/control-plane/test-database';
import { mysqlConnection } from '../../../support/mysql-server/mysql-connection';

/** Who owns an origin now. */
export interface OwnedOrigin {
  readonly name: string;
  readonly uid: string;
  readonly origin_version: string;
}

/** The rows that content is made of, at one moment. */
export interface ContentTables {
  readonly owners: readonly OwnedOrigin[];
  readonly repositories: readonly RepositoryRow[];
  readonly manifests: readonly ManifestRow[];
  readonly references: readonly ManifestReferenceRow[];
  readonly tags: readonly TagRow[];
  readonly blobs: readonly BlobRow[];
  readonly holdings: readonly OriginHoldingRow[];
  readonly parts: readonly RepositoryHoldingRow[];
  readonly usage: readonly OriginUsageRow[];
}

/** Reads a control plane's tables behind its back, whether it runs or not. */
export class Tables {
  private readonly connection: Knex;

  constructor(file: string, database: TestDatabase) {
    this.connection =
      database.url === ''
        ? knex({ client: 'better-sqlite3', connection: { filename: file }, useNullAsDefault: true })
        : knex({ client: 'mysql2', connection: mysqlConnection(database.url), pool: { min: 0, max: 1 } });
  }

  async content(): Promise<ContentTables> {
    const all = async <T>(table: string): Promise<readonly T[]> => (await this.connection(table)) as T[];
    return {
      owners: await this.connection(`${Table.organizations} as o`)
        .join(`${Table.proxyConfigs} as p`, 'p.organization_uid', 'o.uid')
        .select<OwnedOrigin[]>('o.name', 'o.uid', 'p.origin_version'),
      repositories: await all(Table.repositories),
      manifests: await all(Table.manifests),
      references: await all(Table.manifestReferences),
      tags: await all(Table.tags),
      blobs: await all(Table.blobs),
      holdings: await all(Table.originHoldings),
      parts: await all(Table.repositoryHoldings),
      usage: await all(Table.originUsage),
    };
  }

  /** Changes whenever what content is made of does. */
  async fingerprint(): Promise<string> {
    const { tags, blobs, usage, manifests, holdings } = await this.content();
    return JSON.stringify([tags, blobs, usage, manifests.length, holdings]);
  }

  /** Audit events of a kind. */
  async events(kind: string): Promise<readonly AuditEventRow[]> {
    return this.connection<AuditEventRow>(Table.auditEvents).where('kind', kind).orderBy('id');
  }

  /** Content that nobody holds, what is being deleted first: a few digests. */
  async endangered(): Promise<readonly string[]> {
    const rows = await this.connection<BlobRow>(Table.blobs)
      .where('holders', '<=', 0)
      .orderBy('state')
      .orderBy('unheld_at')
      .limit(10)
      .select('digest');
    return rows.map(({ digest }) => digest);
  }

  /** Whether a refused request for a repository of that name has been recorded. */
  async hasRefusal(repository: string): Promise<boolean> {
    const row = await this.connection<AuditEventRow>(Table.auditEvents)
      .where({ repository, http_status: 403 })
      .first<{ id: string } | undefined>('id');
    return row !== undefined;
  }

  /** Garbage is collected when the test says so, and never by itself. */
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
