import { Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';
import { type CursorKey, type Page, type PageRequest, toPage } from '../../db/page';
import type { Organization } from './organization';
import {
  fromRows,
  joinedColumns,
  type JoinedRow,
  type OrganizationRow,
  type ProxyConfigRow,
  type QuotaRow,
  type ScanPolicyRow,
  toOrganizationRow,
  toProxyConfigRow,
  toQuotaRow,
  toScanPolicyRow,
} from './organization.rows';

/** A stored password as it stands in the database. */
export interface SealedPassword {
  readonly uid: string;
  /** The organization's name. */
  readonly organization: string;
  readonly sealed: Buffer;
}

/** Reads and writes organizations, each with its proxy configuration, quota and gate. */
export class OrganizationStore {
  /** The organization of that name, or undefined. */
  async findByName(queries: Queries, name: string): Promise<Organization | undefined> {
    const rows: JoinedRow[] = await this.joined(queries).where('o.name', name);
    return rows[0] && fromRows(rows[0]);
  }

  /** The same, and nobody else changes it before the transaction ends. */
  async lockByName(queries: Queries, name: string): Promise<Organization | undefined> {
    const rows: JoinedRow[] = await this.joined(queries).where('o.name', name).forUpdate();
    return rows[0] && fromRows(rows[0]);
  }

  /** The organizations with these uids, in no order; unknown ones are left out. */
  async findByUids(queries: Queries, uids: readonly string[]): Promise<readonly Organization[]> {
    const rows: JoinedRow[] = await this.joined(queries).whereIn('o.uid', uids);
    return rows.map(fromRows);
  }

  /** The name of the organization that answers for a mirror host, or undefined. */
  async nameByMirrorHost(queries: Queries, mirrorHost: string): Promise<string | undefined> {
    const row = await queries(`${Table.proxyConfigs} as p`)
      .join(`${Table.organizations} as o`, 'o.uid', 'p.organization_uid')
      .where('p.mirror_host', mirrorHost)
      .first<{ name: string } | undefined>('o.name as name');
    return row?.name;
  }

  /** All of them, by name: for a full read of the configuration. */
  async all(queries: Queries): Promise<readonly Organization[]> {
    const rows: JoinedRow[] = await this.joined(queries).orderBy('o.name');
    return rows.map(fromRows);
  }

  /** A page by name, bytewise; `uid` narrows it to one organization. */
  async page(
    queries: Queries,
    request: PageRequest,
    filter: { readonly nameContains: string | undefined; readonly uid: string | undefined },
  ): Promise<Page<Organization>> {
    const query = this.joined(queries)
      .orderBy('o.name')
      .limit(request.first + 1);
    if (request.after !== undefined) void query.where('o.name', '>', request.after[0]!);
    if (filter.nameContains !== undefined) void query.whereRaw('instr(o.name, ?) > 0', [filter.nameContains]);
    if (filter.uid !== undefined) void query.where('o.uid', filter.uid);
    const rows = (await query) as JoinedRow[];
    return toPage(rows.map(fromRows), request.first);
  }

  /** How many {@link page} goes through in all. */
  async count(
    queries: Queries,
    filter: { readonly nameContains: string | undefined; readonly uid: string | undefined },
  ): Promise<number> {
    const query = queries(`${Table.organizations} as o`).count({ n: '*' });
    if (filter.nameContains !== undefined) void query.whereRaw('instr(o.name, ?) > 0', [filter.nameContains]);
    if (filter.uid !== undefined) void query.where('o.uid', filter.uid);
    const [row] = (await query) as { n: number | string }[];
    return Number(row?.n ?? 0);
  }

  /** Writes a new one. Throws the driver's duplicate error when name or mirror host are taken. */
  async insert(queries: Queries, organization: Organization): Promise<void> {
    await queries<OrganizationRow>(Table.organizations).insert(toOrganizationRow(organization));
    await this.writeParts(queries, organization);
  }

  /** Replaces what is stored. Throws the driver's duplicate error when the mirror host is taken. */
  async update(queries: Queries, organization: Organization): Promise<void> {
    await queries<OrganizationRow>(Table.organizations)
      .where('uid', organization.uid)
      .update(toOrganizationRow(organization));
    await this.writeParts(queries, organization);
  }

  /** Takes an organization away with everything that configures it. What is cached of it is ended apart. */
  async delete(queries: Queries, uid: string): Promise<void> {
    await queries(Table.organizations).where('uid', uid).delete();
    const parts = [
      Table.proxyConfigs,
      Table.quotas,
      Table.scanPolicies,
      Table.robots,
      Table.apiTokens,
      Table.statistics,
    ];
    for (const table of parts) await queries(table).where('organization_uid', uid).delete();
  }

  /** At most `limit` stored passwords, by uid, of organizations after that one: for key rotation. */
  async sealedPasswords(queries: Queries, after: string, limit: number): Promise<readonly SealedPassword[]> {
    return queries(`${Table.proxyConfigs} as p`)
      .join(`${Table.organizations} as o`, 'o.uid', 'p.organization_uid')
      .whereNotNull('p.sealed_password')
      .where('p.organization_uid', '>', after)
      .orderBy('p.organization_uid')
      .limit(limit)
      .select<SealedPassword[]>({ uid: 'p.organization_uid', organization: 'o.name', sealed: 'p.sealed_password' });
  }

  /** Puts the same password back under another seal. */
  async replaceSeal(queries: Queries, uid: string, before: Buffer, after: Buffer): Promise<void> {
    await queries<ProxyConfigRow>(Table.proxyConfigs)
      .where({ organization_uid: uid, sealed_password: before })
      .update({ sealed_password: after });
  }

  private async writeParts(queries: Queries, organization: Organization): Promise<void> {
    const { uid, proxyCache, quota, scanPolicy } = organization;
    if (proxyCache === undefined) await queries(Table.proxyConfigs).where('organization_uid', uid).delete();
    else await replace(queries, Table.proxyConfigs, toProxyConfigRow(uid, proxyCache));
    if (quota === undefined) await queries(Table.quotas).where('organization_uid', uid).delete();
    else await replace(queries, Table.quotas, toQuotaRow(uid, quota));
    if (scanPolicy === undefined) await queries(Table.scanPolicies).where('organization_uid', uid).delete();
    else await replace(queries, Table.scanPolicies, toScanPolicyRow(uid, scanPolicy));
  }

  private joined(queries: Queries) {
    return queries(`${Table.organizations} as o`)
      .leftJoin(`${Table.proxyConfigs} as p`, 'p.organization_uid', 'o.uid')
      .leftJoin(`${Table.quotas} as q`, 'q.organization_uid', 'o.uid')
      .leftJoin(`${Table.scanPolicies} as g`, 'g.organization_uid', 'o.uid')
      .select<JoinedRow[]>(...joinedColumns(queries));
  }
}

/** Updates the row, or inserts it. Not an upsert: MySQL's would fire on another organization's mirror host as well. */
async function replace<Row extends ProxyConfigRow | QuotaRow | ScanPolicyRow>(
  queries: Queries,
  table: string,
  row: Row,
): Promise<void> {
  const { organization_uid: uid, ...columns } = row;
  const updated = await queries(table).where('organization_uid', uid).update(columns);
  if (updated === 0) await bulkInsert(queries, table, [row]);
}

/** The key of {@link OrganizationStore.page}. */
export function organizationKey(organization: Organization): CursorKey {
  return [organization.name];
}
