import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { isLayoverError } from '../../../../common/errors/layover-error';
import { parseDigest } from '../../../../common/oci/digest';
import type { PullRecord__Output } from '../../../../proto/gen/layover/v1/PullRecord';
import type { UpstreamStatusRow } from '../../../../schema/tables';
import type { StoredContent } from '../holdings/blob.store';
import { parseAdmission } from '../admission/admission';
import { admitManifest } from '../admission/admit-manifest';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import { chunks } from '../../db/chunks';
import type { Database, Queries } from '../../db/database';
import { isDataError } from '../../db/database-error';
import { originsAwaiting, settleArrivals } from '../arrivals/settle-arrivals';
import type { StatisticsStore } from './statistics.store';
import type { UpstreamStatusStore } from './upstream-status.store';
import type { RobotStore } from '../../tenancy/robots/robot.store';
import { applyPulls, type TimedPull } from './apply-pulls';
import { applyRobotUse } from './apply-robot-use';
import { PullCounters } from './count-pulls';
import { pullAuditRow, recordId, recordTime } from './pull-audit-row';
import type { RecordedEventsStore } from './recorded-events.store';
import { endDeletedUpstream } from './upstream-deletions';
import { refusalAuditRow, refusalCount } from './refusal-audit-row';
import { toUpstreamStatusRow } from './upstream-report';

/** Records in one transaction. */
const BATCH = 500;

/** The dependencies of {@link PullRecorder}. */
export interface PullRecorderParts {
  readonly database: Database;
  readonly stores: ContentStores;
  readonly statistics: StatisticsStore;
  readonly upstreamStatus: UpstreamStatusStore;
  readonly recorded: RecordedEventsStore;
  readonly robots: RobotStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A record with its deduplication id and its time. */
interface Item {
  readonly id: string;
  readonly at: number;
  readonly record: PullRecord__Output;
}

/**
 * Records what data planes deliver, each record exactly once (docs/design/records.md#exactly-once).
 * The transaction that applies the new records skips known ids. After it resolves, the data plane
 * may delete its journal.
 *
 * If the database rejects a record because of its data, the batch is halved until the record is
 * found, logged and dropped: otherwise it would be delivered again forever. All other errors
 * (database unavailable, disk full) are thrown, and the data plane retries.
 */
export class PullRecorder {
  constructor(private readonly parts: PullRecorderParts) {}

  /** Records a delivery and resolves with the number of new records. */
  async record(records: readonly PullRecord__Output[]): Promise<number> {
    const now = this.parts.clock.now();
    const items = new Map<string, Item>();
    for (const record of records) {
      const id = recordId(record.id);
      if (!items.has(id)) items.set(id, { id, at: recordTime(record.at, now), record });
    }
    let recorded = 0;
    for (const part of chunks([...items.values()], BATCH)) recorded += await this.recordBatch(part);
    return recorded;
  }

  private async recordBatch(items: readonly Item[]): Promise<number> {
    try {
      // On MySQL, a concurrent delivery of the same record ends as a duplicate. The retry sees its
      // rows.
      return await this.parts.database.transaction((queries) => this.write(queries, items), {
        duplicateIsRace: true,
      });
    } catch (error) {
      if (!isDataError(error)) throw error;
      const [first] = items;
      if (items.length === 1) {
        this.parts.log.error(
          { err: error, record: first?.id, event: first?.record.event },
          'A record from a journal cannot be stored and is dropped',
        );
        return 0;
      }
      const middle = Math.ceil(items.length / 2);
      return (await this.recordBatch(items.slice(0, middle))) + (await this.recordBatch(items.slice(middle)));
    }
  }

  private async write(queries: Queries, items: readonly Item[]): Promise<number> {
    const { stores, recorded } = this.parts;
    const isPull = ({ record }: Item): boolean => record.event === 'pull';
    const knownPulls = await stores.audit.known(
      queries,
      items.filter(isPull).map(({ id }) => id),
    );
    // Includes pulls, because retention may have deleted their audit events.
    const known = await recorded.known(
      queries,
      items.map(({ id }) => id),
    );
    const fresh = items.filter((item) => !known.has(item.id) && !(isPull(item) && knownPulls.has(item.id)));
    await recorded.append(
      queries,
      fresh.filter((item) => !isPull(item)).map(({ id, at }) => ({ id, at })),
    );
    const arrived = arrivedContents(fresh);
    const origins = await this.origins(queries, fresh, arrived);
    for (const item of fresh) await this.admit(queries, item);
    await this.pulls(queries, fresh, origins);
    await settleArrivals(queries, stores, [...origins.values()], arrived, this.parts.clock.now());
    await this.upstreams(queries, fresh, origins);
    await this.count(queries, fresh, origins);
    return fresh.length;
  }

  /**
   * Locks all origins that the records concern and those that wait for arrived content, in one
   * order.
   */
  private async origins(
    queries: Queries,
    items: readonly Item[],
    arrived: readonly StoredContent[],
  ): Promise<ReadonlyMap<string, Origin>> {
    const { stores } = this.parts;
    const uids = new Set(
      await stores.originUsage.organizationsOf(
        queries,
        await originsAwaiting(
          queries,
          stores,
          arrived.map(({ digest }) => digest),
        ),
      ),
    );
    for (const { record } of items) {
      const uid =
        record.pull?.organizationUid ??
        record.refusals?.organizationUid ??
        record.blob?.organizationUid ??
        record.upstream?.organizationUid ??
        record.admission?.repository?.organizationUid;
      if (uid) uids.add(uid);
    }
    const origins = await stores.origins.lockMany(queries, [...uids]);
    return new Map(origins.map((origin) => [origin.organizationUid, origin]));
  }

  private async admit(queries: Queries, { id, record }: Item): Promise<void> {
    if (!record.admission) return;
    const { stores, clock } = this.parts;
    try {
      const admission = parseAdmission(record.admission);
      const { decision } = await admitManifest(queries, stores, admission, clock);
      if (decision === 'ADMITTED') return;
      // The data plane that wrote the record counts the manifest as cached (ADR 4).
      const { organizationUid, repository } = admission.key;
      const forget = { organizationUid, repository, tag: admission.tag ?? '', digest: admission.manifest.digest };
      await stores.invalidations.append(queries, [forget], clock.now());
    } catch (error) {
      // The admission was rejected before anything was written. Database errors are rethrown.
      if (!isLayoverError(error)) throw error;
      this.parts.log.error({ err: error, record: id }, 'An admission from a journal is invalid and is ignored');
    }
  }

  private async pulls(queries: Queries, items: readonly Item[], origins: ReadonlyMap<string, Origin>): Promise<void> {
    const pulls: TimedPull[] = [];
    const rows = items.flatMap(({ id, at, record }) => {
      if (record.refusals) {
        const name = origins.get(record.refusals.organizationUid)?.organizationName;
        return [refusalAuditRow(id, at, record.refusals, name)];
      }
      if (!record.pull) return [];
      pulls.push({ at, event: record.pull });
      return [pullAuditRow(id, at, record.pull, origins.get(record.pull.organizationUid)?.organizationName)];
    });
    await this.parts.stores.audit.append(queries, rows);
    await applyPulls(queries, this.parts.stores, pulls, origins);
    await applyRobotUse(queries, this.parts.robots, pulls);
    // Runs last, so that a later answer in the same batch wins over one that found the tag.
    await endDeletedUpstream(queries, this.parts.stores, pulls, origins);
  }

  private async upstreams(
    queries: Queries,
    items: readonly Item[],
    origins: ReadonlyMap<string, Origin>,
  ): Promise<void> {
    const latest = new Map<string, UpstreamStatusRow>();
    for (const { at, record } of items) {
      if (!record.upstream) continue;
      const row = toUpstreamStatusRow(record.upstream, at);
      // The report is older than the present upstream of the organization, so it is about another
      // upstream.
      const since = origins.get(row.organization_uid)?.originSince ?? null;
      if (since === null || row.last_checked_at < since) continue;
      if ((latest.get(row.organization_uid)?.last_checked_at ?? 0) <= row.last_checked_at)
        latest.set(row.organization_uid, row);
    }
    await this.parts.upstreamStatus.report(queries, [...latest.values()]);
  }

  private async count(queries: Queries, items: readonly Item[], origins: ReadonlyMap<string, Origin>): Promise<void> {
    const counters = new PullCounters();
    for (const { at, record } of items) {
      const uid =
        record.pull?.organizationUid ?? record.refusals?.organizationUid ?? record.blob?.organizationUid ?? '';
      if (!origins.has(uid)) continue;
      if (record.pull) counters.pull(uid, at, record.pull);
      if (record.refusals?.kind === 'PULL') counters.refused(uid, at, refusalCount(record.refusals));
      if (record.blob) counters.blob(uid, at, record.blob);
    }
    await this.parts.statistics.add(queries, counters.toRows());
  }
}

/** Returns the blobs that data planes stored, each once. */
function arrivedContents(items: readonly Item[]): readonly StoredContent[] {
  const arrived = new Map<string, StoredContent>();
  for (const { at, record } of items) {
    const digest = parseDigest(record.blob?.digest ?? '');
    const size = record.blob?.size ?? -1;
    if (digest === undefined || !Number.isSafeInteger(size) || size < 0) continue;
    arrived.set(digest, { digest, size, at });
  }
  return [...arrived.values()];
}
