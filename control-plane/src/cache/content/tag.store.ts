import { type ManifestRow, Table, type TagRow } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { type CursorKey, type Page, type PageRequest, toPage } from '../../db/page';

/** Which tags a list shows. `state` undefined = all of them. */
export interface TagFilter {
  readonly repositoryId: number;
  readonly nameContains: string | undefined;
  readonly state: 'ACTIVE' | 'TIME_MACHINE' | undefined;
  /** Milliseconds since the epoch: an expired tag is in the time machine. */
  readonly now: number;
}

/** The manifest that a tag points at, with what a data plane needs. */
export type TagWithManifest = TagRow & Pick<ManifestRow, 'media_type' | 'size'>;

/** Versions of tags that point at a manifest. */
export interface TagSummary {
  /** How many of them are live. */
  readonly live: number;
  /** When the last of the others ended, milliseconds since the epoch; 0 = none did. */
  readonly lastEndedAt: number;
}

/** Reads and writes tags: the live version of each, and those in the time machine. */
export class TagStore {
  /** The live version with its manifest, expired or not; undefined when there is none. */
  async findLive(queries: Queries, repositoryId: number, name: string): Promise<TagWithManifest | undefined> {
    return queries(`${Table.tags} as t`)
      .join(`${Table.manifests} as m`, 'm.id', 't.manifest_id')
      .where({ 't.repository_id': repositoryId, 't.name': name, 't.live': 1 })
      .first<TagWithManifest | undefined>('t.*', 'm.media_type', 'm.size');
  }

  /** The live version; nobody else changes it before the transaction ends. */
  async lockLive(queries: Queries, repositoryId: number, name: string): Promise<TagRow | undefined> {
    return queries<TagRow>(Table.tags)
      .where({ repository_id: repositoryId, name, live: 1 })
      .forUpdate()
      .first<TagRow | undefined>();
  }

  /** The live versions of these tags, in the order of their ids; nobody else changes them before the transaction ends. */
  async lockLiveMany(
    queries: Queries,
    keys: readonly { readonly repositoryId: number; readonly name: string }[],
  ): Promise<readonly TagRow[]> {
    if (keys.length === 0) return [];
    const rows: TagRow[] = await queries<TagRow>(Table.tags)
      .whereIn(
        ['repository_id', 'name'],
        keys.map((key) => [key.repositoryId, key.name]),
      )
      .where('live', 1)
      .orderBy('id')
      .forUpdate();
    return rows;
  }

  /** Whether a version of the tag ended as deleted after a time (milliseconds since the epoch). */
  async wasDeletedAfter(queries: Queries, repositoryId: number, name: string, at: number): Promise<boolean> {
    const row = await queries<TagRow>(Table.tags)
      .where({ repository_id: repositoryId, name, end_reason: 'DELETED' })
      .where('ended_at', '>', at)
      .first<{ id: number } | undefined>('id');
    return row !== undefined;
  }

  /** Every version of these (repository, name, digest) triples; on MySQL nobody else changes them before the transaction ends. */
  async lockMany(
    queries: Queries,
    keys: readonly { readonly repositoryId: number; readonly name: string; readonly digest: string }[],
  ): Promise<readonly TagRow[]> {
    if (keys.length === 0) return [];
    const digests = new Set(keys.map((key) => key.digest));
    const rows: TagRow[] = await queries<TagRow>(Table.tags)
      .whereIn(
        ['repository_id', 'name'],
        keys.map((key) => [key.repositoryId, key.name]),
      )
      .whereIn('digest', [...digests])
      .orderBy('id')
      .forUpdate();
    return rows;
  }

  /** The tag with that id, live or not. */
  async findById(queries: Queries, id: number): Promise<TagRow | undefined> {
    return queries<TagRow>(Table.tags).where('id', id).first<TagRow | undefined>();
  }

  /** Every version of every tag that points at these manifests. */
  async findByManifests(queries: Queries, manifestIds: readonly number[]): Promise<readonly TagRow[]> {
    const rows: TagRow[] = [];
    for (const part of chunks(manifestIds))
      rows.push(...(await queries<TagRow>(Table.tags).whereIn('manifest_id', part).orderBy(['name', 'id'])));
    return rows;
  }

  /** The versions that point at each manifest, of manifests that have any. */
  async summaries(queries: Queries, manifestIds: readonly number[]): Promise<ReadonlyMap<number, TagSummary>> {
    const found = new Map<number, TagSummary>();
    for (const part of chunks(manifestIds)) {
      const rows = (await queries<TagRow>(Table.tags)
        .whereIn('manifest_id', part)
        .groupBy('manifest_id')
        .select('manifest_id')
        .count({ live: 'live' })
        .max({ ended: 'ended_at' })) as unknown as {
        manifest_id: number;
        live: number | string;
        ended: number | string | null;
      }[];
      for (const row of rows)
        found.set(row.manifest_id, { live: Number(row.live), lastEndedAt: Number(row.ended ?? 0) });
    }
    return found;
  }

  /** The latest version that expired while it was live, where the tag has no live one: the next good check brings it back. */
  async findExpired(queries: Queries, repositoryId: number, name: string): Promise<TagWithManifest | undefined> {
    return queries(`${Table.tags} as t`)
      .join(`${Table.manifests} as m`, 'm.id', 't.manifest_id')
      .where({ 't.repository_id': repositoryId, 't.name': name, 't.end_reason': 'EXPIRED' })
      .whereNotExists((live) =>
        live
          .select(queries.raw('1'))
          .from(`${Table.tags} as l`)
          .where({ 'l.repository_id': repositoryId, 'l.name': name, 'l.live': 1 }),
      )
      .orderBy('t.id', 'desc')
      .first<TagWithManifest | undefined>('t.*', 'm.media_type', 'm.size');
  }

  /** Versions of a tag with that digest that are in the time machine, the latest first. */
  async findEnded(queries: Queries, repositoryId: number, name: string, digest: string): Promise<readonly TagRow[]> {
    return queries<TagRow>(Table.tags)
      .where({ repository_id: repositoryId, name, digest })
      .whereNull('live')
      .orderBy('id', 'desc');
  }

  /** Live versions that expired at or before `now`, the earliest first. */
  async expired(queries: Queries, now: number, limit: number): Promise<readonly TagRow[]> {
    return queries<TagRow>(Table.tags)
      .where('live', 1)
      .where('expires_at', '<=', now)
      .orderBy('expires_at')
      .limit(limit);
  }

  /** Those of these versions that are live and expired by `now`; nobody else changes them before the transaction ends. */
  async lockExpired(queries: Queries, ids: readonly number[], now: number): Promise<readonly TagRow[]> {
    // By their ids and nothing else: SQLite would read every expired tag there is to find these.
    const rows: TagRow[] = await queries<TagRow>(Table.tags).whereIn('id', ids).orderBy('id').forUpdate();
    return rows.filter(({ live, expires_at }) => live === 1 && expires_at !== null && expires_at <= now);
  }

  /** Expired versions leave service; they left it when they expired. */
  async expire(queries: Queries, ids: readonly number[]): Promise<void> {
    await queries(Table.tags)
      .whereIn('id', ids)
      .update({ live: null, ended_at: queries.raw('expires_at'), end_reason: 'EXPIRED' });
  }

  /** Versions of an origin that left service at or before `before`, the earliest first. */
  async endedBefore(
    queries: Queries,
    originVersion: string,
    before: number,
    limit: number,
  ): Promise<readonly TagRow[]> {
    return queries<TagRow>(Table.tags)
      .where('origin_version', originVersion)
      .where('ended_at', '<=', before)
      .orderBy('ended_at')
      .limit(limit);
  }

  /** Takes versions away for good. */
  async delete(queries: Queries, ids: readonly number[]): Promise<void> {
    for (const part of chunks(ids)) await queries(Table.tags).whereIn('id', part).delete();
  }

  /** Starts a version. Throws the driver's duplicate error when the tag has a live one. */
  async insert(queries: Queries, tag: Omit<TagRow, 'id'>): Promise<void> {
    await bulkInsert(queries, Table.tags, [tag]);
  }

  /** Changes one version. */
  async update(queries: Queries, id: number, change: Partial<Omit<TagRow, 'id'>>): Promise<void> {
    await queries<TagRow>(Table.tags).where('id', id).update(change);
  }

  /** Writes what pulls change into rows that {@link lockMany} gave. */
  async pulled(queries: Queries, rows: readonly TagRow[]): Promise<void> {
    await bulkInsert(queries, Table.tags, rows, {
      kind: 'merge',
      key: ['id'],
      columns: {
        checked_at: 'replace',
        expires_at: 'replace',
        refreshed_at: 'replace',
        expiration_set_at: 'replace',
        last_pulled_at: 'replace',
        pull_count: 'replace',
        live: 'replace',
        ended_at: 'replace',
        end_reason: 'replace',
      },
    });
  }

  /** Names of the tags that may be served, in bytewise order, after `last`. */
  async liveNames(
    queries: Queries,
    repositoryId: number,
    limit: number,
    last: string,
    now: number,
  ): Promise<readonly string[]> {
    const rows = await queries<TagRow>(Table.tags)
      .where({ repository_id: repositoryId, live: 1 })
      .where('name', '>', last)
      .where((unexpired) => unexpired.whereNull('expires_at').orWhere('expires_at', '>', now))
      .orderBy('name')
      .limit(limit)
      .select('name');
    return rows.map((row) => row.name);
  }

  /** A page by name, bytewise, and the latest version of a name first. */
  async page(queries: Queries, filter: TagFilter, request: PageRequest): Promise<Page<TagRow>> {
    const query = this.filtered(queries, filter)
      .orderBy([{ column: 'name' }, { column: 'id', order: 'desc' }])
      .limit(request.first + 1);
    if (request.after !== undefined) {
      const [name, id] = request.after as [string, number];
      void query.where('name', '>=', name).whereRaw('(name > ? OR id < ?)', [name, id]);
    }
    return toPage((await query) as TagRow[], request.first);
  }

  /** How many {@link page} goes through in all. */
  async count(queries: Queries, filter: TagFilter): Promise<number> {
    const [row] = (await this.filtered(queries, filter).count({ n: '*' })) as unknown as { n: number | string }[];
    return Number(row?.n ?? 0);
  }

  private filtered(queries: Queries, filter: TagFilter) {
    const query = queries<TagRow>(Table.tags).where('repository_id', filter.repositoryId);
    if (filter.nameContains !== undefined) void query.whereRaw('instr(name, ?) > 0', [filter.nameContains]);
    // With the +, SQLite does not take the index of all live tags of all repositories for it.
    if (filter.state === 'ACTIVE')
      void query.whereRaw('+live = 1 AND (expires_at IS NULL OR expires_at > ?)', [filter.now]);
    if (filter.state === 'TIME_MACHINE') void query.whereRaw('(live IS NULL OR expires_at <= ?)', [filter.now]);
    return query;
  }
}

/** The key of {@link TagStore.page}. */
export function tagKey(row: TagRow): CursorKey {
  return [row.name, row.id];
}
