import { Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';
import { type CursorKey, type Page, type PageRequest, toPage } from '../../db/page';
import type { Organization } from './organization';
import {
  fromRows,
  type IdentityColumns,
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

/** A stored password in its sealed form. */
export interface SealedPassword {
  readonly uid: string;
  /** Name of the organization. */
  readonly organization: string;
  readonly sealed: Buffer;
}

/** Reads and writes organizations with their proxy configuration, quota and scan policy. */
export class OrganizationStore {
  /** Returns the organization with this name, or undefined. */
  async findByName(queries: Queries, name: string): Promise<Organization | undefined> {
    const rows: JoinedRow[] = await this.joined(queries).where('o.name', name);
    return rows[0] && fromRows(rows[0]);
  }

  /** Returns the organization with this name, locked until the transaction ends, or undefined. */
  async lockByName(queries: Queries, name: string): Promise<Organization | undefined> {
    const rows: JoinedRow[] = await this.joined(queries).where('o.name', name).forUpdate();
    return rows[0] && fromRows(rows[0]);
  }

  /**
   * Returns the organizations with these names, sorted by name. They are locked in this order until
   * the transaction ends. Unknown ones are left out.
   */
  async lockByNames(queries: Queries, names: readonly string[]): Promise<readonly Organization[]> {
    const found: Organization[] = [];
    for (const name of [...new Set(names)].sort()) {
      const organization = await this.lockByName(queries, name);
      if (organization !== undefined) found.push(organization);
    }
    return found;
  }

  /** Returns the organizations with these uids, unordered. Unknown ones are left out. */
  async findByUids(queries: Queries, uids: readonly string[]): Promise<readonly Organization[]> {
    const rows: JoinedRow[] = await this.joined(queries).whereIn('o.uid', uids);
    return rows.map(fromRows);
  }

  /** Returns the name of the organization with this mirror host, or undefined. */
  async nameByMirrorHost(queries: Queries, mirrorHost: string): Promise<string | undefined> {
    const row = await queries(`${Table.proxyConfigs} as p`)
      .join(`${Table.organizations} as o`, 'o.uid', 'p.organization_uid')
      .where('p.mirror_host', mirrorHost)
      .first<{ name: string } | undefined>('o.name as name');
    return row?.name;
  }

  /** Returns all organizations ordered by name, for configuration snapshots. */
  async all(queries: Queries): Promise<readonly Organization[]> {
    const rows: JoinedRow[] = await this.joined(queries).orderBy('o.name');
    return rows.map(fromRows);
  }

  /** Returns a page ordered by name, bytewise. `uid` restricts it to one organization. */
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

  /** Returns the total number of organizations that {@link page} lists. */
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

  /**
   * Inserts an organization. Throws the duplicate error of the driver if the name or the mirror
   * host is taken.
   */
  async insert(queries: Queries, organization: Organization): Promise<void> {
    await queries<OrganizationRow>(Table.organizations).insert(toOrganizationRow(organization));
    await this.writeParts(queries, organization);
  }

  /**
   * Replaces a stored organization. Throws the duplicate error of the driver if the mirror host is
   * taken.
   */
  async update(queries: Queries, organization: Organization): Promise<void> {
    await queries<OrganizationRow>(Table.organizations)
      .where('uid', organization.uid)
      .update(toOrganizationRow(organization));
    await this.writeParts(queries, organization);
  }

  /**
   * Deletes an organization with its configuration, robots, tokens and statistics, and the grants
   * of its robots and of other robots to pull from it. The caller ends its cached content.
   */
  async delete(queries: Queries, uid: string): Promise<void> {
    await queries(Table.organizations).where('uid', uid).delete();
    const parts = [
      Table.proxyConfigs,
      Table.quotas,
      Table.scanPolicies,
      Table.robots,
      Table.robotGrants,
      Table.apiTokens,
      Table.statistics,
    ];
    for (const table of parts) await queries(table).where('organization_uid', uid).delete();
    await queries(Table.robotGrants).where('granted_uid', uid).delete();
  }

  /** Returns the uids of the organizations whose robots may pull from this one. */
  async uidsWithGrants(queries: Queries, grantedUid: string): Promise<readonly string[]> {
    const rows: { uid: string }[] = await queries(Table.robotGrants)
      .where('granted_uid', grantedUid)
      .distinct({ uid: 'organization_uid' });
    return rows.map(({ uid }) => uid);
  }

  /**
   * Returns up to `limit` sealed passwords ordered by organization uid, starting after `after`. For
   * key rotation.
   */
  async sealedPasswords(queries: Queries, after: string, limit: number): Promise<readonly SealedPassword[]> {
    return queries(`${Table.proxyConfigs} as p`)
      .join(`${Table.organizations} as o`, 'o.uid', 'p.organization_uid')
      .whereNotNull('p.sealed_password')
      .where('p.organization_uid', '>', after)
      .orderBy('p.organization_uid')
      .limit(limit)
      .select<SealedPassword[]>({ uid: 'p.organization_uid', organization: 'o.name', sealed: 'p.sealed_password' });
  }

  /** Replaces the sealed form of an unchanged password, if it is still `before`. */
  async replaceSeal(queries: Queries, uid: string, before: Buffer, after: Buffer): Promise<void> {
    await queries<ProxyConfigRow>(Table.proxyConfigs)
      .where({ organization_uid: uid, sealed_password: before })
      .update({ sealed_password: after });
  }

  /**
   * Replaces what the identities of an organization are derived from, if its credentials have not
   * changed meanwhile. Returns whether they were replaced.
   */
  async replaceIdentities(queries: Queries, uid: string, columns: IdentityColumns): Promise<boolean> {
    const { credential_version, ...identity } = columns;
    const changed = await queries<ProxyConfigRow>(Table.proxyConfigs)
      .where({ organization_uid: uid, credential_version })
      .update(identity);
    return changed > 0;
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

/**
 * Updates the row or inserts it. An upsert on MySQL would also match the mirror host of another
 * organization.
 */
async function replace<Row extends ProxyConfigRow | QuotaRow | ScanPolicyRow>(
  queries: Queries,
  table: string,
  row: Row,
): Promise<void> {
  const { organization_uid: uid, ...columns } = row;
  const updated = await queries(table).where('organization_uid', uid).update(columns);
  if (updated === 0) await bulkInsert(queries, table, [row]);
}

/** Returns the cursor of {@link OrganizationStore.page}. */
export function organizationKey(organization: Organization): CursorKey {
  return [organization.name];
}
