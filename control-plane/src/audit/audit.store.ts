import { type AuditEventRow, Table } from '../../../schema/tables';
import { bulkInsert } from '../db/bulk-insert';
import { chunks } from '../db/chunks';
import type { Queries } from '../db/database';
import { whereValues } from '../db/where-values';
import { type CursorKey, type Page, type PageRequest, toPage } from '../db/page';
import type { AuditKind } from './audit-kind';
import type { AuditCacheStatus } from './cache-status';

/**
 * A filter for audit events. An undefined field does not narrow. Times are milliseconds since the
 * epoch.
 */
export interface AuditFilter {
  readonly organization?: string;
  /** Tells one organization from earlier organizations that had the same name. */
  readonly organizationUid?: string;
  readonly repository?: string;
  readonly reference?: string;
  readonly digest?: string;
  readonly kinds?: readonly AuditKind[];
  readonly cacheStatuses?: readonly AuditCacheStatus[];
  readonly actor?: string;
  /** Inclusive. */
  readonly since?: number;
  /** Exclusive. */
  readonly until?: number;
}

/** The order of a list of events by time. */
export type AuditOrder = 'newest' | 'oldest';

/**
 * Reads and writes the audit log. Events are never changed, except that the last attempt of a pull
 * replaces earlier ones.
 */
export class AuditStore {
  /**
   * `onAppended` is called with the kinds of events when they are written, inside their
   * transaction.
   */
  constructor(private readonly onAppended: (kinds: readonly string[]) => void = () => undefined) {}

  /** Inserts events. Throws the driver's duplicate-key error if an id already exists. */
  async append(queries: Queries, events: readonly AuditEventRow[]): Promise<void> {
    await bulkInsert(queries, Table.auditEvents, events);
    this.onAppended(events.map(({ kind }) => kind));
  }

  /** Returns the events with these ids, by id, locked until the transaction ends. */
  async lockMany(queries: Queries, ids: readonly string[]): Promise<ReadonlyMap<string, AuditEventRow>> {
    const found = new Map<string, AuditEventRow>();
    for (const part of chunks(ids, 1000)) {
      const query = whereValues(queries, queries(Table.auditEvents), 'id', part);
      const rows = (await query.forUpdate()) as AuditEventRow[];
      for (const row of rows) found.set(row.id, row);
    }
    return found;
  }

  /** Replaces the event of a pull by that of a later attempt of the same request. */
  async replace(queries: Queries, { id, ...columns }: AuditEventRow): Promise<void> {
    await queries<AuditEventRow>(Table.auditEvents).where('id', id).update(columns);
  }

  /** Returns the event with this id, or undefined. */
  async find(queries: Queries, id: string): Promise<AuditEventRow | undefined> {
    return queries<AuditEventRow>(Table.auditEvents).where('id', id).first<AuditEventRow | undefined>();
  }

  /**
   * Returns a page of events, newest first by default. The key of a page is the (time, id) of its
   * last event, so events that arrive later do not shift the pages. Uses the index on
   * (organization, at, id) or on (at, id).
   */
  async page(
    queries: Queries,
    filter: AuditFilter,
    request: PageRequest,
    order: AuditOrder = 'newest',
  ): Promise<Page<AuditEventRow>> {
    const direction = order === 'newest' ? 'desc' : 'asc';
    const query = queries<AuditEventRow>(Table.auditEvents)
      .orderBy([
        { column: 'at', order: direction },
        { column: 'id', order: direction },
      ])
      .limit(request.first + 1);
    const equal = {
      organization: filter.organization,
      organization_uid: filter.organizationUid,
      repository: filter.repository,
      reference: filter.reference,
      digest: filter.digest,
      actor: filter.actor,
    };
    for (const [column, value] of Object.entries(equal)) if (value !== undefined) void query.where(column, value);
    if (filter.kinds !== undefined) void query.whereIn('kind', filter.kinds);
    if (filter.cacheStatuses !== undefined) void query.whereIn('cache_status', filter.cacheStatuses);
    if (filter.since !== undefined) void query.where('at', '>=', filter.since);
    if (filter.until !== undefined) void query.where('at', '<', filter.until);
    if (request.after !== undefined) {
      const [at, id] = request.after as [number, string];
      // Only the first condition can use an index.
      if (order === 'newest') void query.where('at', '<=', at).whereRaw('(at < ? OR id < ?)', [at, id]);
      else void query.where('at', '>=', at).whereRaw('(at > ? OR id > ?)', [at, id]);
    }
    return toPage((await query) as AuditEventRow[], request.first);
  }

  /**
   * Returns the `limit` oldest events before `before` (milliseconds since the epoch), in order of
   * time. Uses the index on (at, id).
   */
  async oldest(
    queries: Queries,
    before: number,
    limit: number,
  ): Promise<readonly Pick<AuditEventRow, 'id' | 'at' | 'kind'>[]> {
    return queries<AuditEventRow>(Table.auditEvents)
      .where('at', '<', before)
      .orderBy(['at', 'id'])
      .limit(limit)
      .select('id', 'at', 'kind');
  }

  /**
   * Returns the time of the newest event until `until`, or undefined if there is none, and whether
   * there are later ones. Times are milliseconds since the epoch.
   */
  async latest(
    queries: Queries,
    until: number,
  ): Promise<{ readonly at: number | undefined; readonly hasLater: boolean }> {
    const newest = await queries(Table.auditEvents)
      .where('at', '<=', until)
      .orderBy('at', 'desc')
      .first<{ at: number } | undefined>('at');
    const later = await queries(Table.auditEvents).where('at', '>', until).first<{ at: number } | undefined>('at');
    return { at: newest?.at, hasLater: later !== undefined };
  }

  /** Deletes events. Only retention calls this. */
  async delete(queries: Queries, ids: readonly string[]): Promise<void> {
    for (const part of chunks(ids)) await queries(Table.auditEvents).whereIn('id', part).delete();
  }
}

/** Returns the cursor key of an event for {@link AuditStore.page}. */
export function auditEventKey(event: AuditEventRow): CursorKey {
  return [event.at, event.id];
}
