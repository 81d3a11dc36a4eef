import { type RepositoryRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { type CursorKey, type Page, type PageRequest, toPage } from '../../db/page';

/** Under which key a data plane knows content: see RepositoryKey in proto/layover/v1/catalog.proto. */
export interface RepositoryKey {
  readonly organizationUid: string;
  readonly originVersion: string;
  readonly repository: string;
}

/** Which repositories of an organization a list shows. */
export interface RepositoryFilter {
  readonly organizationUid: string;
  readonly nameContains: string | undefined;
}

/** Reads and writes repositories. Ended ones (another upstream, or a deleted organization) are never found. */
export class RepositoryStore {
  /** The repository of that key, or undefined. */
  async find(queries: Queries, key: RepositoryKey): Promise<RepositoryRow | undefined> {
    return this.living(queries)
      .where({ organization_uid: key.organizationUid, origin_version: key.originVersion, name: key.repository })
      .first<RepositoryRow | undefined>();
  }

  /** The repository of that key, made when there is none. */
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
    if (created === undefined) throw new Error('a repository that was just made is not there: its upstream has ended');
    return created;
  }

  /** The repositories of these keys; unknown ones are left out. */
  async findMany(queries: Queries, keys: readonly RepositoryKey[]): Promise<readonly RepositoryRow[]> {
    if (keys.length === 0) return [];
    return this.living(queries).whereIn(
      ['organization_uid', 'origin_version', 'name'],
      keys.map((key) => [key.organizationUid, key.originVersion, key.repository]),
    );
  }

  /** The repositories with these ids. */
  async findByIds(queries: Queries, ids: readonly number[]): Promise<readonly RepositoryRow[]> {
    return this.living(queries).whereIn('id', ids);
  }

  /** Names by id, of ended repositories as well. */
  async namesOf(queries: Queries, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const rows = await queries<RepositoryRow>(Table.repositories).whereIn('id', ids).select('id', 'name');
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** Takes away those of these repositories that hold no manifest. */
  async removeEmpty(queries: Queries, ids: readonly number[]): Promise<void> {
    for (const part of chunks(ids)) {
      const empty = await queries<RepositoryRow>(Table.repositories)
        .whereIn('id', part)
        .whereNotExists((held) =>
          held
            .select(queries.raw('1'))
            .from(Table.manifests)
            .where('repository_id', queries.ref(`${Table.repositories}.id`)),
        )
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

  /** Names and owners by id; ended repositories, and those whose organization is gone, are left out. */
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

  /** Names of those of these organizations that are still there. */
  async organizations(
    queries: Queries,
    uids: readonly string[],
  ): Promise<readonly { readonly uid: string; readonly name: string }[]> {
    return queries(Table.organizations).whereIn('uid', uids).select('uid', 'name');
  }

  /** Repositories that have ended, the earliest first. */
  async ended(queries: Queries, limit: number): Promise<readonly RepositoryRow[]> {
    return queries<RepositoryRow>(Table.repositories).whereNotNull('ended_at').orderBy('ended_at').limit(limit);
  }

  /** The organization's repository of that name, under its present upstream. */
  async findByName(queries: Queries, organizationUid: string, name: string): Promise<RepositoryRow | undefined> {
    return this.living(queries).where({ organization_uid: organizationUid, name }).first<RepositoryRow | undefined>();
  }

  /** A page by name, bytewise. */
  async page(queries: Queries, filter: RepositoryFilter, request: PageRequest): Promise<Page<RepositoryRow>> {
    const query = this.filtered(queries, filter)
      .orderBy('name')
      .limit(request.first + 1);
    if (request.after !== undefined) void query.where('name', '>', request.after[0]!);
    return toPage((await query) as RepositoryRow[], request.first);
  }

  /** How many {@link page} goes through in all. */
  async count(queries: Queries, filter: RepositoryFilter): Promise<number> {
    const [row] = (await this.filtered(queries, filter).count({ n: '*' })) as unknown as { n: number | string }[];
    return Number(row?.n ?? 0);
  }

  /** Ends everything cached of an organization: its upstream is another one now, or it was deleted. */
  async endAll(queries: Queries, organizationUid: string, now: number): Promise<void> {
    await this.living(queries).where('organization_uid', organizationUid).update({ ended_at: now });
  }

  /** Notes when repositories were last pulled; an earlier time than the one stored is ignored. */
  async pulled(queries: Queries, lastPulled: ReadonlyMap<number, number>): Promise<void> {
    for (const [id, at] of [...lastPulled].sort(([a], [b]) => a - b)) {
      await queries<RepositoryRow>(Table.repositories)
        .where('id', id)
        .where((older) => older.whereNull('last_pulled_at').orWhere('last_pulled_at', '<', at))
        .update({ last_pulled_at: at });
    }
  }

  private living(queries: Queries) {
    // With the +, SQLite does not take the index of all that have not ended for it, which are all of them.
    return queries<RepositoryRow>(Table.repositories).whereRaw('+ended_at IS NULL');
  }

  private filtered(queries: Queries, filter: RepositoryFilter) {
    const query = this.living(queries).where('organization_uid', filter.organizationUid);
    if (filter.nameContains !== undefined) void query.whereRaw('instr(name, ?) > 0', [filter.nameContains]);
    return query;
  }
}

/** The key of {@link RepositoryStore.page}. */
export function repositoryKey(row: RepositoryRow): CursorKey {
  return [row.name];
}
