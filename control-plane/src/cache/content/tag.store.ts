import { type ManifestRow, Table, type TagRow } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { bulkUpdate } from '../../db/bulk-update';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { type CursorKey, type Page, type PageRequest, toPage } from '../../db/page';
import { hooksOf } from '../../db/transaction-hooks';
import { CLASSIFICATION, summarizeTags, type TagSummary } from './classify-manifests';
import { hasExpired, startTag, type TagChange, type TagStart } from './tag-life';
import {
  expiredColumns,
  HAS_EXPIRED,
  HAS_NOT_EXPIRED,
  IS_ACTIVE,
  IS_IN_TIME_MACHINE,
  IS_OVER,
  WAS_DELETED_AFTER,
} from './tag-life-sql';

/** Selects the tags of a list. `state` undefined = all. */
export interface TagFilter {
  readonly repositoryId: number;
  readonly nameContains: string | undefined;
  readonly state: 'ACTIVE' | 'TIME_MACHINE' | undefined;
  /** Milliseconds since the epoch. An expired tag counts as in the time machine. */
  readonly now: number;
}

/** A tag version with the descriptor of its manifest. */
export type TagWithManifest = TagRow & Pick<ManifestRow, 'media_type' | 'size'>;

/** The columns of a version that a pull changes. */
const CHANGED_BY_PULLS = [
  'checked_at',
  'expires_at',
  'refreshed_at',
  'expiration_set_at',
  'last_pulled_at',
  'pull_count',
] as const;
/** Those that a pull changes if it begins or ends the version: more indexes contain them. */
const CHANGED_BY_BEGINNINGS = [...CHANGED_BY_PULLS, 'live', 'ended_at', 'end_reason'] as const;

/**
 * Reads and writes tag versions: the live version of each tag, and those in the time machine. Every
 * change that can move a manifest in the eviction order schedules its classification before the
 * commit.
 */
export class TagStore {
  /** Returns the live version with its manifest, expired or not, or undefined. */
  async findLive(queries: Queries, repositoryId: number, name: string): Promise<TagWithManifest | undefined> {
    return queries(`${Table.tags} as t`)
      .join(`${Table.manifests} as m`, 'm.id', 't.manifest_id')
      .where({ 't.repository_id': repositoryId, 't.name': name, 't.live': 1 })
      .first<TagWithManifest | undefined>('t.*', 'm.media_type', 'm.size');
  }

  /** Returns the live version, locked until the transaction ends. */
  async lockLive(queries: Queries, repositoryId: number, name: string): Promise<TagRow | undefined> {
    return queries<TagRow>(Table.tags)
      .where({ repository_id: repositoryId, name, live: 1 })
      .forUpdate()
      .first<TagRow | undefined>();
  }

  /** Returns the live versions of these tags ordered by id, locked until the transaction ends. */
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

  /**
   * Returns whether a version of the tag was deleted after a time (milliseconds since the epoch).
   */
  async wasDeletedAfter(queries: Queries, repositoryId: number, name: string, at: number): Promise<boolean> {
    const row = await queries<TagRow>(Table.tags)
      .where({ repository_id: repositoryId, name })
      .whereRaw(WAS_DELETED_AFTER, [at])
      .first<{ id: number } | undefined>('id');
    return row !== undefined;
  }

  /**
   * Returns the versions of these (repository, name) pairs that are live or have one of the
   * digests. On MySQL, they are locked until the transaction ends.
   */
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
      .where((either) => either.whereIn('digest', [...digests]).orWhere('live', 1))
      .orderBy('id')
      .forUpdate();
    return rows;
  }

  /** Returns the version with this id, live or not. */
  async findById(queries: Queries, id: number): Promise<TagRow | undefined> {
    return queries<TagRow>(Table.tags).where('id', id).first<TagRow | undefined>();
  }

  /** Returns all versions of all tags that point to these manifests. */
  async findByManifests(queries: Queries, manifestIds: readonly number[]): Promise<readonly TagRow[]> {
    const rows: TagRow[] = [];
    for (const part of chunks(manifestIds))
      rows.push(...(await queries<TagRow>(Table.tags).whereIn('manifest_id', part).orderBy(['name', 'id'])));
    return rows;
  }

  /**
   * Summarizes the versions that point to each manifest. Manifests without versions are left out.
   */
  async summaries(queries: Queries, manifestIds: readonly number[]): Promise<ReadonlyMap<number, TagSummary>> {
    return summarizeTags(queries, manifestIds);
  }

  /**
   * Returns the latest version that expired while it was live, if the tag has no live version. The
   * next successful revalidation revives it.
   */
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

  /** Returns the ended versions of a tag with this digest, the latest first. */
  async findEnded(queries: Queries, repositoryId: number, name: string, digest: string): Promise<readonly TagRow[]> {
    return queries<TagRow>(Table.tags)
      .where({ repository_id: repositoryId, name, digest })
      .whereNull('live')
      .orderBy('id', 'desc');
  }

  /** Returns up to `limit` live versions that expired at or before `now`, the earliest first. */
  async expired(queries: Queries, now: number, limit: number): Promise<readonly TagRow[]> {
    return queries<TagRow>(Table.tags).whereRaw(HAS_EXPIRED, [now]).orderBy('expires_at').limit(limit);
  }

  /**
   * Returns those of these versions that are live and expired at `now`, locked until the
   * transaction ends.
   */
  async lockExpired(queries: Queries, ids: readonly number[], now: number): Promise<readonly TagRow[]> {
    // Selects by id only: with more conditions, SQLite would read all expired tags.
    const rows: TagRow[] = await queries<TagRow>(Table.tags).whereIn('id', ids).orderBy('id').forUpdate();
    return rows.filter((row) => hasExpired(row, now));
  }

  /** Ends expired versions in one statement, like the event EXPIRED in tag-life.ts. */
  async expire(queries: Queries, tags: readonly Pick<TagRow, 'id' | 'manifest_id'>[]): Promise<void> {
    await queries(Table.tags)
      .whereIn(
        'id',
        tags.map(({ id }) => id),
      )
      .update(expiredColumns(queries));
    classify(queries, tags);
  }

  /**
   * Returns up to `limit` versions of an origin that left service at or before `before`, the
   * earliest first.
   */
  async endedBefore(
    queries: Queries,
    originVersion: string,
    before: number,
    limit: number,
  ): Promise<readonly TagRow[]> {
    return queries<TagRow>(Table.tags)
      .where('origin_version', originVersion)
      .whereRaw(IS_OVER, [before])
      .orderBy('ended_at')
      .limit(limit);
  }

  /** Deletes versions permanently. */
  async delete(queries: Queries, tags: readonly Pick<TagRow, 'id' | 'manifest_id'>[]): Promise<void> {
    for (const part of chunks(tags))
      await queries(Table.tags)
        .whereIn(
          'id',
          part.map(({ id }) => id),
        )
        .delete();
    classify(queries, tags);
  }

  /** Starts a version. Throws the duplicate error of the driver if the tag has a live version. */
  async start(queries: Queries, start: TagStart): Promise<void> {
    await bulkInsert(queries, Table.tags, [startTag(start)]);
    classify(queries, [{ manifest_id: start.manifestId }]);
  }

  /** Writes a change of one version. */
  async update(queries: Queries, change: TagChange): Promise<void> {
    const { before, columns } = change;
    await queries<TagRow>(Table.tags).where('id', before.id).update(columns);
    if (change.beginsOrEnds) classify(queries, [before]);
  }

  /** Writes the changes that pulls make to versions that {@link lockMany} returned. */
  async pulled(queries: Queries, changes: readonly TagChange[]): Promise<void> {
    const others = changes.filter(({ beginsOrEnds }) => !beginsOrEnds).map(({ after }) => after);
    const begun = changes.filter(({ beginsOrEnds }) => beginsOrEnds).map(({ after }) => after);
    await bulkUpdate(queries, Table.tags, others, CHANGED_BY_PULLS);
    await bulkUpdate(queries, Table.tags, begun, CHANGED_BY_BEGINNINGS);
    classify(queries, begun);
  }

  /** Returns up to `limit` names of active tags in bytewise order, starting after `last`. */
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
      .whereRaw(HAS_NOT_EXPIRED, [now])
      .orderBy('name')
      .limit(limit)
      .select('name');
    return rows.map((row) => row.name);
  }

  /** Returns a page ordered by name, bytewise, with the latest version of a name first. */
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

  /** Returns the total number of versions that {@link page} lists. */
  async count(queries: Queries, filter: TagFilter): Promise<number> {
    const [row] = (await this.filtered(queries, filter).count({ n: '*' })) as unknown as { n: number | string }[];
    return Number(row?.n ?? 0);
  }

  private filtered(queries: Queries, filter: TagFilter) {
    const query = queries<TagRow>(Table.tags).where('repository_id', filter.repositoryId);
    if (filter.nameContains !== undefined) void query.whereRaw('instr(name, ?) > 0', [filter.nameContains]);
    if (filter.state === 'ACTIVE') void query.whereRaw(IS_ACTIVE, [filter.now]);
    if (filter.state === 'TIME_MACHINE') void query.whereRaw(IS_IN_TIME_MACHINE, [filter.now]);
    return query;
  }
}

function classify(queries: Queries, tags: readonly Pick<TagRow, 'manifest_id'>[]): void {
  hooksOf(queries).beforeCommit(
    CLASSIFICATION,
    tags.map(({ manifest_id }) => manifest_id),
  );
}

/** Returns the cursor of {@link TagStore.page}. */
export function tagKey(row: TagRow): CursorKey {
  return [row.name, row.id];
}
