import type { Knex } from 'knex';
import { type RepositoryRow, Table } from '../../../../schema/tables';
import { bulkInsert, isMysql } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { type CursorKey, type Page, type PageRequest, toPage } from '../../db/page';
import { runForEach } from '../../db/run-for-each';
import { LIVE } from './live-repositories';

/**
 * The key by which data planes identify a repository: see RepositoryKey in
 * proto/layover/v1/catalog.proto.
 */
export interface RepositoryKey {
  readonly organizationUid: string;
  readonly originVersion: string;
  readonly repository: string;
}

/** Selects the repositories of a list. */
export interface RepositoryFilter {
  readonly organizationUid: string;
  readonly nameContains: string | undefined;
}

/**
 * Reads and writes repositories. Ended repositories (the upstream changed, or the organization was
 * deleted) are not found, except where stated.
 */
export class RepositoryStore {
  /** Returns the repository with this key, or undefined. */
  async find(queries: Queries, key: RepositoryKey): Promise<RepositoryRow | undefined> {
    return this.living(queries)
      .where({ organization_uid: key.organizationUid, origin_version: key.originVersion, name: key.repository })
      .first<RepositoryRow | undefined>();
  }

  /** Returns the repository with this key. Creates it if it does not exist. */
  async findOrCreate(queries: Queries, key: RepositoryKey, now: number): Promise<RepositoryRow> {
    const existing = await this.find(queries, key);
    if (existing !== undefined) return existing;
    const row: Omit<RepositoryRow, 'id'> = {
      organization_uid: key.organizationUid,
      origin_version: key.originVersion,
      name: key.repository,
      created_at: now,
      last_pulled_at: null,
      ended_at: null,
    };
    await bulkInsert(queries, Table.repositories, [row], { kind: 'keep' });
    const created = await this.find(queries, key);
    if (created === undefined)
      throw new Error('The repository was not found after its insertion: its upstream has ended.');
    return created;
  }

  /** Returns the repositories with these keys. Unknown ones are left out. */
  async findMany(queries: Queries, keys: readonly RepositoryKey[]): Promise<readonly RepositoryRow[]> {
    if (keys.length === 0) return [];
    return this.living(queries).whereIn(
      ['organization_uid', 'origin_version', 'name'],
      keys.map((key) => [key.organizationUid, key.originVersion, key.repository]),
    );
  }

  /** Returns the repositories with these ids. */
  async findByIds(queries: Queries, ids: readonly number[]): Promise<readonly RepositoryRow[]> {
    return this.living(queries).whereIn('id', ids);
  }

  /** Returns names by id, including ended repositories. */
  async namesOf(queries: Queries, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const rows = await queries<RepositoryRow>(Table.repositories).whereIn('id', ids).select('id', 'name');
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** Deletes those of these repositories that hold no manifest. */
  async removeEmpty(queries: Queries, ids: readonly number[]): Promise<void> {
    for (const part of chunks(ids)) {
      const empty = await queries<RepositoryRow>(Table.repositories)
        .whereIn('id', part)
        .whereNotExists((held) => heldManifest(queries, held))
        .select('id');
      if (empty.length === 0) continue;
      await queries(Table.repositories)
        .whereIn(
          'id',
          empty.map(({ id }) => id),
        )
        .delete();
    }
  }

  /**
   * Returns names and owners by id. Leaves out ended repositories and those of deleted
   * organizations.
   */
  async withOrganizations(
    queries: Queries,
    ids: readonly number[],
  ): Promise<
    readonly { readonly id: number; readonly repository: string; readonly uid: string; readonly name: string }[]
  > {
    return queries(`${Table.repositories} as r`)
      .join(`${Table.organizations} as o`, 'o.uid', 'r.organization_uid')
      .whereIn('r.id', ids)
      .whereNull('r.ended_at')
      .select({ id: 'r.id', repository: 'r.name', uid: 'o.uid', name: 'o.name' });
  }

  /** Returns the uids and names of those of these organizations that still exist. */
  async organizations(
    queries: Queries,
    uids: readonly string[],
  ): Promise<readonly { readonly uid: string; readonly name: string }[]> {
    return queries(Table.organizations).whereIn('uid', uids).select('uid', 'name');
  }

  /** Returns up to `limit` ended repositories, the earliest first. */
  async ended(queries: Queries, limit: number): Promise<readonly RepositoryRow[]> {
    return queries<RepositoryRow>(Table.repositories).whereNotNull('ended_at').orderBy('ended_at').limit(limit);
  }

  /** Returns the repository of an organization by name, under its present upstream. */
  async findByName(queries: Queries, organizationUid: string, name: string): Promise<RepositoryRow | undefined> {
    return this.living(queries).where({ organization_uid: organizationUid, name }).first<RepositoryRow | undefined>();
  }

  /**
   * Returns the repository of an organization under its present upstream by both names, or
   * undefined if either does not exist.
   */
  async findByNames(queries: Queries, organization: string, name: string): Promise<RepositoryRow | undefined> {
    return queries(`${Table.repositories} as r`)
      .join(`${Table.organizations} as o`, 'o.uid', 'r.organization_uid')
      .where({ 'o.name': organization, 'r.name': name })
      .whereRaw(LIVE)
      .first<RepositoryRow | undefined>('r.*');
  }

  /** Returns a page ordered by name, bytewise. */
  async page(queries: Queries, filter: RepositoryFilter, request: PageRequest): Promise<Page<RepositoryRow>> {
    const query = this.filtered(queries, filter)
      .orderBy('name')
      .limit(request.first + 1);
    if (request.after !== undefined) void query.where('name', '>', request.after[0]!);
    return toPage((await query) as RepositoryRow[], request.first);
  }

  /**
   * Returns the names of the repositories of an origin that hold a manifest, after `after`, in
   * bytewise order.
   */
  async filledNames(
    queries: Queries,
    origin: Pick<RepositoryKey, 'organizationUid' | 'originVersion'>,
    after: string,
    limit: number,
  ): Promise<readonly string[]> {
    return this.living(queries)
      .where({ organization_uid: origin.organizationUid, origin_version: origin.originVersion })
      .where('name', '>', after)
      .whereExists((held) => heldManifest(queries, held))
      .orderBy('name')
      .limit(limit)
      .pluck('name');
  }

  /** Returns the total number of repositories that {@link page} lists. */
  async count(queries: Queries, filter: RepositoryFilter): Promise<number> {
    const [row] = (await this.filtered(queries, filter).count({ n: '*' })) as unknown as { n: number | string }[];
    return Number(row?.n ?? 0);
  }

  /** Ends all repositories of an organization, because its upstream changed or it was deleted. */
  async endAll(queries: Queries, organizationUid: string, now: number): Promise<void> {
    await this.living(queries).where('organization_uid', organizationUid).update({ ended_at: now });
  }

  /** Records the last pull of repositories. Ignores times before the stored ones. */
  async pulled(queries: Queries, lastPulled: ReadonlyMap<number, number>): Promise<void> {
    const pulled = [...lastPulled].sort(([a], [b]) => a - b);
    if (!isMysql(queries)) {
      const sql = `UPDATE ${Table.repositories} SET last_pulled_at = ? WHERE id = ? AND coalesce(last_pulled_at, 0) < ?`;
      return runForEach(
        queries,
        sql,
        pulled.map(([id, at]) => [at, id, at]),
      );
    }
    for (const part of chunks(pulled)) {
      // UNION ALL, because MySQL and MariaDB write VALUES as a table in different ways.
      const news = part.map(() => 'SELECT ? AS id, ? AS at').join(' UNION ALL ');
      await queries.raw(
        `UPDATE ${Table.repositories} r JOIN (${news}) n ON n.id = r.id
         SET r.last_pulled_at = n.at WHERE coalesce(r.last_pulled_at, 0) < n.at`,
        part.flat(),
      );
    }
  }

  private living(queries: Queries) {
    // The + keeps SQLite from the index by ended_at: almost all rows match it.
    return queries<RepositoryRow>(Table.repositories).whereRaw('+ended_at IS NULL');
  }

  private filtered(queries: Queries, filter: RepositoryFilter) {
    const query = this.living(queries).where('organization_uid', filter.organizationUid);
    if (filter.nameContains !== undefined) void query.whereRaw('instr(name, ?) > 0', [filter.nameContains]);
    return query;
  }
}

/** Completes a subquery that returns a row for each manifest of a repository. */
function heldManifest(queries: Queries, held: Knex.QueryBuilder): Knex.QueryBuilder {
  return held
    .select(queries.raw('1'))
    .from(Table.manifests)
    .where('repository_id', queries.ref(`${Table.repositories}.id`));
}

/** Returns the cursor of {@link RepositoryStore.page}. */
export function repositoryKey(row: RepositoryRow): CursorKey {
  return [row.name];
}
