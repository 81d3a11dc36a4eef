import { type OriginUsageRow, type RepositoryRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { ProxyConfigRow } from '../../tenancy/organizations/organization.rows';
import type { FsckParts } from './fsck-parts';

/** An origin with cached content, or with rows about it. */
export interface FsckOrigin {
  readonly originVersion: string;
  /** Undefined if no row names the organization. */
  readonly organizationUid: string | undefined;
  /** Undefined if the organization was deleted. */
  readonly organization: string | undefined;
}

const TABLES = [Table.originUsage, Table.repositories, Table.originHoldings, Table.repositoryHoldings];

/**
 * Yields every origin that any table names. Each one is found with an index, no matter how many
 * rows are between them.
 */
export async function* everyOrigin(queries: Queries): AsyncGenerator<FsckOrigin, void, undefined> {
  for (let after = ''; ;) {
    const firsts = await Promise.all(TABLES.map((table) => firstOrigin(queries, table, after)));
    const found = firsts.filter((version) => version !== undefined).sort()[0];
    if (found === undefined) return;
    yield await describeOrigin(queries, found);
    after = found;
  }
}

/** Returns the origin with the organization that it belongs to. */
export async function describeOrigin(queries: Queries, originVersion: string): Promise<FsckOrigin> {
  const of = (table: string): Promise<{ organization_uid: string } | undefined> =>
    queries<OriginUsageRow | RepositoryRow | ProxyConfigRow>(table)
      .where('origin_version', originVersion)
      .first<{ organization_uid: string } | undefined>('organization_uid');
  const owner = (await of(Table.repositories)) ?? (await of(Table.proxyConfigs)) ?? (await of(Table.originUsage));
  const organizationUid = owner?.organization_uid;
  const row =
    organizationUid === undefined
      ? undefined
      : await queries(Table.organizations).where('uid', organizationUid).first<{ name: string } | undefined>('name');
  return { originVersion, organizationUid, organization: row?.name };
}

/**
 * Runs `work` for an origin while nobody else changes its holdings. With `repair`, it runs in a
 * transaction whose first statement writes, because on SQLite a transaction that reads first must
 * restart if the control plane writes in between. Otherwise it only reads.
 */
export function underOrigin<T>(
  { database, stores, options }: FsckParts,
  origin: FsckOrigin,
  work: (queries: Queries) => Promise<T>,
): Promise<T> {
  const { originVersion, organizationUid } = origin;
  if (!options.repair)
    return database.readTogether(async (queries) => {
      await stores.originUsage.lockFound(queries, [originVersion]);
      return work(queries);
    });
  return database.transaction(async (queries) => {
    await queries(Table.originUsage).where('origin_version', originVersion).update({ origin_version: originVersion });
    if (organizationUid === undefined) await stores.originUsage.lockFound(queries, [originVersion]);
    else await stores.originUsage.lock(queries, [{ originVersion, organizationUid }]);
    return work(queries);
  });
}

async function firstOrigin(queries: Queries, table: string, after: string): Promise<string | undefined> {
  const row = await queries(table)
    .where('origin_version', '>', after)
    .orderBy('origin_version')
    .first<{ origin_version: string } | undefined>('origin_version');
  return row?.origin_version;
}
