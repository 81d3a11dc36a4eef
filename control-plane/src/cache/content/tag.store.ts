import { type ManifestRow, Table, type TagRow } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
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

/** What a pull may change of a version. */
const CHANGED_BY_PULLS = {
  checked_at: 'replace',
  expires_at: 'replace',
  refreshed_at: 'replace',
  expiration_set_at: 'replace',
  last_pulled_at: 'replace',
  pull_count: 'replace',
  live: 'replace',
  ended_at: 'replace',
  end_reason: 'replace',
} as const;

/**
 * Reads and writes versions of tags: the live version of each tag, and those in the time machine.
 * Every change that can move a manifest in the eviction order has it classified before the commit.
 */
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
      .where({ repository_id: repositoryId, name })
      .whereRaw(WAS_DELETED_AFTER, [at])
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
    return summarizeTags(queries, manifestIds);
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
    return queries<TagRow>(Table.tags).whereRaw(HAS_EXPIRED, [now]).orderBy('expires_at').limit(limit);
  }

  /** Those of these versions that are live and expired by `now`; nobody else changes them before the transaction ends. */
  async lockExpired(queries: Queries, ids: readonly number[], now: number): Promise<readonly TagRow[]> {
    // By their ids and nothing else: SQLite would read every expired tag there is to find these.
    const rows: TagRow[] = await queries<TagRow>(Table.tags).whereIn('id', ids).orderBy('id').forUpdate();
    return rows.filter((row) => hasExpired(row, now));
  }

  /** Ends expired versions, as the event EXPIRED of tag-life.ts does, in one statement. */
  async expire(queries: Queries, tags: readonly Pick<TagRow, 'id' | 'manifest_id'>[]): Promise<void> {
    await queries(Table.tags)
      .whereIn(
        'id',
        tags.map(({ id }) => id),
      )
      .update(expiredColumns(queries));
    classify(queries, tags);
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
      .whereRaw(IS_OVER, [before])
      .orderBy('ended_at')
      .limit(limit);
  }

  /** Deletes versions for good. */
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

  /** Starts a version. Throws the driver's duplicate error when the tag has a live one. */
  async start(queries: Queries, start: TagStart): Promise<void> {
    await bulkInsert(queries, Table.tags, [startTag(start)]);
    classify(queries, [{ manifest_id: start.manifestId }]);
  }

  /** Writes a change of one version. */
  async update(queries: Queries, change: TagChange): Promise<void> {
    const { before, columns } = change;
    await queries<TagRow>(Table.tags).where('id', before.id).update(columns);
    if (change.isTurn) classify(queries, [before]);
  }

  /** Writes the changes that pulls make of versions that {@link lockMany} returned. */
  async pulled(queries: Queries, changes: readonly TagChange[]): Promise<void> {
    await bulkInsert(
      queries,
      Table.tags,
      changes.map(({ after }) => after),
      { kind: 'merge', key: ['id'], columns: CHANGED_BY_PULLS },
    );
    classify(
      queries,
      changes.filter(({ isTurn }) => isTurn).map(({ after }) => after),
    );
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
      .whereRaw(HAS_NOT_EXPIRED, [now])
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

/** The key of {@link TagStore.page}. */
export function tagKey(row: TagRow): CursorKey {
  return [row.name, row.id];
}
