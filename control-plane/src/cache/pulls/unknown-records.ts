import type { PullRecord__Output } from '../../../../proto/gen/layover/v1/PullRecord';
import type { AuditEventRow } from '../../../../schema/tables';
import type { AuditStore } from '../../audit/audit.store';
import type { Queries } from '../../db/database';
import { compareWithStored, idOfOther } from './delivered-again';
import { pullAuditRow, recordId, recordTime } from './pull-audit-row';
import type { RecordedEventsStore } from './recorded-events.store';

/** A record with its deduplication id and its time. */
export interface DeliveredRecord {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly record: PullRecord__Output;
}

/** The records of a delivery that are not stored yet. */
export interface UnknownRecords {
  readonly fresh: readonly DeliveredRecord[];
  /** Later attempts of requests that are stored; each replaces its event. */
  readonly later: readonly { readonly item: DeliveredRecord; readonly stored: AuditEventRow }[];
}

/**
 * Returns the records of a delivery, each id once and in order. Of several attempts of one request,
 * only the last is kept. `now` replaces missing times.
 */
export function distinctRecords(records: readonly PullRecord__Output[], now: number): readonly DeliveredRecord[] {
  const items = new Map<string, DeliveredRecord>();
  for (const record of records) {
    const item = { id: recordId(record.id), at: recordTime(record.at, now), record };
    const first = items.get(item.id);
    if (first === undefined) {
      items.set(item.id, item);
      continue;
    }
    const repetition = compare(item, first.record.pull ? rowOf(first) : undefined);
    if (repetition === 'later-attempt') items.set(item.id, item);
    if (repetition === 'other') {
      const other = withOtherId(item);
      items.set(other.id, other);
    }
  }
  return [...items.values()];
}

/** Leaves out the records that are stored already. */
export async function findUnknown(
  queries: Queries,
  stores: { readonly audit: AuditStore; readonly recorded: RecordedEventsStore },
  items: readonly DeliveredRecord[],
): Promise<UnknownRecords> {
  if (items.length === 0) return { fresh: [], later: [] };
  const stored = await stores.audit.lockMany(
    queries,
    items.filter(({ record }) => record.pull).map(({ id }) => id),
  );
  // Includes pulls, because retention may have deleted their audit events.
  const recorded = await stores.recorded.known(
    queries,
    items.map(({ id }) => id),
  );
  const fresh: DeliveredRecord[] = [];
  const later: UnknownRecords['later'][number][] = [];
  const others: DeliveredRecord[] = [];
  for (const item of items) {
    const row = stored.get(item.id);
    if (recorded.has(item.id)) continue;
    if (row === undefined) fresh.push(item);
    else {
      const repetition = compare(item, row);
      if (repetition === 'later-attempt') later.push({ item, stored: row });
      if (repetition === 'other') others.push(withOtherId(item));
    }
  }
  if (others.length === 0) return { fresh, later };
  const more = await findUnknown(queries, stores, others);
  return { fresh: [...fresh, ...more.fresh], later: [...later, ...more.later] };
}

function compare(
  { at, record }: DeliveredRecord,
  stored: AuditEventRow | undefined,
): ReturnType<typeof compareWithStored> {
  // The ids of other records are made by data planes, so the same id is the same record.
  return record.pull && stored ? compareWithStored({ at, event: record.pull }, stored) : 'known';
}

function rowOf({ id, at, record }: DeliveredRecord): AuditEventRow {
  return pullAuditRow(id, at, record.pull!, undefined);
}

function withOtherId({ id, at, record }: DeliveredRecord): DeliveredRecord {
  return { id: idOfOther(id, { at, event: record.pull! }), at, record };
}
