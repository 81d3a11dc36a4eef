import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { isLayoverError } from '../../../../common/errors/layover-error';
import { parseDigest } from '../../../../common/oci/digest';
import { parseRepositoryName, parseTag } from '../../../../common/oci/reference';
import type { AdmitManifestRequest__Output } from '../../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { PullEvent__Output } from '../../../../proto/gen/layover/v1/PullEvent';
import type { PullRecord__Output } from '../../../../proto/gen/layover/v1/PullRecord';
import type { UpstreamStatusRow } from '../../../../schema/tables';
import { parseAdmission } from '../admission/admission';
import { admitManifest } from '../admission/admit-manifest';
import { believableTime } from '../content/believable-time';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import { type BlobProof, proofKey } from '../proofs/proof.store';
import type { Database, Queries } from '../../db/database';
import { isDataError } from '../../db/database-error';
import { UsageRangeError } from '../holdings/usage-range';
import { endMissing, missingBlob } from '../arrivals/end-missing';
import { type Arrival, originsAwaiting, settleArrivals } from '../arrivals/settle-arrivals';
import type { StatisticsStore } from './statistics.store';
import type { UpstreamStatusStore } from './upstream-status.store';
import type { RobotStore } from '../../tenancy/robots/robot.store';
import { applyPulls, isServed, type TimedPull } from './apply-pulls';
import { applyRobotUse } from './apply-robot-use';
import { PullCounters } from './count-pulls';
import { pullAuditRow } from './pull-audit-row';
import type { RecordedEventsStore } from './recorded-events.store';
import { endDeletedUpstream } from './upstream-deletions';
import { refusalAuditRow, refusalCount } from './refusal-audit-row';
import { type DeliveredRecord, distinctRecords, findUnknown, type UnknownRecords } from './unknown-records';
import { toUpstreamStatusRow } from './upstream-report';

/** Length of the uid of an organization. */
const MAX_UID = 36;
/** Maximum number of records in one transaction. */
const BATCH = 500;
/**
 * Maximum number of references in the admissions of one transaction, so that other transactions do
 * not wait long for it. A larger admission has a transaction of its own.
 */
const BATCH_REFERENCES = 2_000;

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
    const items = distinctRecords(records, this.parts.clock.now());
    let recorded = 0;
    for (const part of batches(items)) recorded += await this.recordBatch(part);
    return recorded;
  }

  private async recordBatch(items: readonly DeliveredRecord[]): Promise<number> {
    try {
      // On MySQL, a concurrent delivery of the same record ends as a duplicate. The retry sees its
      // rows.
      return await this.parts.database.transaction((queries) => this.write(queries, items), {
        duplicateIsRace: true,
      });
    } catch (error) {
      if (!isDataError(error) && !(error instanceof UsageRangeError)) throw error;
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

  private async write(queries: Queries, items: readonly DeliveredRecord[]): Promise<number> {
    const { stores, recorded } = this.parts;
    const now = this.parts.clock.now();
    const { fresh, later } = await findUnknown(queries, { audit: stores.audit, recorded }, items);
    await recorded.append(
      queries,
      fresh.filter(({ record }) => !record.pull).map(({ id, at }) => ({ id, at })),
    );
    const reports = blobReports(fresh, now);
    const arrived = arrivalsOf(reports);
    const origins = await this.origins(queries, [...fresh, ...later.map(({ item }) => item)], reports);
    for (const item of fresh) await this.admit(queries, item);
    await this.pulls(queries, { fresh, later }, origins);
    await stores.proofs.record(queries, proofsOf(reports, origins));
    await settleArrivals(queries, stores, [...origins.values()], arrived, now);
    const missing = fresh.flatMap(({ record, at }) => missingBlob(record, at));
    await endMissing(queries, stores, missing, origins, now);
    await this.upstreams(queries, fresh, origins);
    await this.count(queries, { fresh, later }, origins);
    return fresh.length;
  }

  /**
   * Locks all origins that the records concern and those that wait for content which is proven for
   * them now, in one order.
   */
  private async origins(
    queries: Queries,
    items: readonly DeliveredRecord[],
    reports: readonly BlobReport[],
  ): Promise<ReadonlyMap<string, Origin>> {
    const { stores } = this.parts;
    const uids = new Set(
      await stores.originUsage.organizationsOf(
        queries,
        await originsAwaiting(
          queries,
          stores,
          reports.map(({ digest }) => digest),
          new Set(
            reports.flatMap(({ identities, digest }) => identities.map((identity) => proofKey({ identity, digest }))),
          ),
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

  private async admit(queries: Queries, { id, record }: DeliveredRecord): Promise<void> {
    if (!record.admission) return;
    const { stores, clock } = this.parts;
    try {
      const admission = parseAdmission(record.admission);
      const { decision } = await admitManifest(queries, stores, admission, clock);
      if (decision !== 'ADMITTED') await this.forget(queries, record.admission);
    } catch (error) {
      // The admission was rejected before anything was written. Database errors are rethrown.
      if (!isLayoverError(error)) throw error;
      this.parts.log.error({ err: error, record: id }, 'An admission from a journal is invalid and is ignored');
      await this.forget(queries, record.admission);
    }
  }

  /** Tells the data plane that wrote the record, which counts the manifest as cached (ADR 4). */
  private async forget(queries: Queries, admission: AdmitManifestRequest__Output): Promise<void> {
    const { organizationUid = '', repository = '' } = admission.repository ?? {};
    const digest = parseDigest(admission.manifest?.digest ?? '');
    const tag = parseTag(admission.tag) ?? '';
    if (organizationUid.length > MAX_UID || parseRepositoryName(repository) === undefined || !digest) return;
    const forgotten = { organizationUid, repository, tag, digest };
    await this.parts.stores.invalidations.append(queries, [forgotten], this.parts.clock.now());
  }

  private async pulls(
    queries: Queries,
    { fresh, later }: UnknownRecords,
    origins: ReadonlyMap<string, Origin>,
  ): Promise<void> {
    const now = this.parts.clock.now();
    const pulls: TimedPull[] = [];
    const rows = fresh.flatMap(({ id, at, record }) => {
      if (record.refusals) {
        const name = origins.get(record.refusals.organizationUid)?.organizationName;
        return [refusalAuditRow(id, at, record.refusals, name)];
      }
      if (!record.pull) return [];
      pulls.push(timedPull(at, record.pull, now));
      return [pullAuditRow(id, at, record.pull, origins.get(record.pull.organizationUid)?.organizationName)];
    });
    await this.parts.stores.audit.append(queries, rows);
    for (const { item, stored } of later) {
      const { at, record } = item;
      const event = record.pull!;
      const name = origins.get(event.organizationUid)?.organizationName;
      await this.parts.stores.audit.replace(queries, pullAuditRow(stored.id, at, event, name));
      pulls.push({ ...timedPull(at, event, now), isCounted: isServed(stored.cache_status) });
    }
    await applyPulls(queries, this.parts.stores, pulls, origins);
    await applyRobotUse(queries, this.parts.robots, pulls);
    // Runs last, so that a later answer in the same batch wins over one that found the tag.
    await endDeletedUpstream(queries, this.parts.stores, pulls, origins);
  }

  private async upstreams(
    queries: Queries,
    items: readonly DeliveredRecord[],
    origins: ReadonlyMap<string, Origin>,
  ): Promise<void> {
    const latest = new Map<string, UpstreamStatusRow>();
    for (const { at, record } of items) {
      if (!record.upstream) continue;
      const row = toUpstreamStatusRow(record.upstream, at, this.parts.clock.now());
      // The report is older than the present upstream of the organization, so it is about another
      // upstream.
      const since = origins.get(row.organization_uid)?.originSince ?? null;
      if (since === null || row.last_checked_at < since) continue;
      if ((latest.get(row.organization_uid)?.last_checked_at ?? 0) <= row.last_checked_at)
        latest.set(row.organization_uid, row);
    }
    await this.parts.upstreamStatus.report(queries, [...latest.values()]);
  }

  private async count(
    queries: Queries,
    { fresh, later }: UnknownRecords,
    origins: ReadonlyMap<string, Origin>,
  ): Promise<void> {
    const counters = new PullCounters();
    for (const { stored } of later) {
      if (stored.organization_uid !== null && origins.has(stored.organization_uid)) counters.takeBack(stored);
    }
    for (const { at, record } of [...fresh, ...later.map(({ item }) => item)]) {
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

/** Splits a delivery into transactions, in order. */
function batches(items: readonly DeliveredRecord[]): readonly (readonly DeliveredRecord[])[] {
  const parts: DeliveredRecord[][] = [];
  let references = 0;
  for (const item of items) {
    const own = item.record.admission?.references.length ?? 0;
    const last = parts.at(-1);
    if (last === undefined || last.length >= BATCH || references + own > BATCH_REFERENCES) {
      parts.push([item]);
      references = own;
    } else {
      last.push(item);
      references += own;
    }
  }
  return parts;
}

/** A report that a blob is in the store, with the proof for the organization that it is about. */
interface BlobReport {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly organizationUid: string;
  /** Empty in reports of older data planes: nothing is proven. */
  readonly identities: readonly string[];
  readonly upstreamRepository: string;
}

/**
 * Returns a pull with times that may have effects. Its audit event keeps the time that was
 * reported.
 */
function timedPull(at: number, event: PullEvent__Output, now: number): TimedPull {
  return {
    at: believableTime(at, now),
    event: { ...event, checkedAt: believableTime(event.checkedAt, now) },
  };
}

/** Returns the valid reports of stored blobs. */
function blobReports(items: readonly DeliveredRecord[], now: number): readonly BlobReport[] {
  return items.flatMap(({ at, record: { blob } }) => {
    const digest = parseDigest(blob?.digest ?? '');
    if (!blob || digest === undefined || !Number.isSafeInteger(blob.size) || blob.size < 0) return [];
    const { size, organizationUid, identities, upstreamRepository } = blob;
    return [{ digest, size, at: believableTime(at, now), organizationUid, identities, upstreamRepository }];
  });
}

/** Returns the blobs that data planes stored, each once. */
function arrivalsOf(reports: readonly BlobReport[]): readonly Arrival[] {
  const arrived = new Map<string, Arrival>();
  for (const { digest, size, at, organizationUid, identities } of reports) {
    const reportedFor = new Set(arrived.get(digest)?.reportedFor);
    if (identities.length === 0) reportedFor.add(organizationUid);
    arrived.set(digest, { digest, size, at, reportedFor });
  }
  return [...arrived.values()];
}

/** Maximum length of the complete name of a repository: namespace, slash and name. */
const MAX_UPSTREAM_REPOSITORY = 511;

/**
 * Returns the proofs of these reports. A report proves nothing for identities that its organization
 * does not have now: its account or upstream changed since the data plane got the bytes.
 */
function proofsOf(reports: readonly BlobReport[], origins: ReadonlyMap<string, Origin>): readonly BlobProof[] {
  return reports.flatMap(({ digest, at, organizationUid, identities, upstreamRepository }) => {
    if (!isRepositoryPath(upstreamRepository)) return [];
    const own = origins.get(organizationUid)?.rights.identities ?? [];
    return own
      .filter((identity) => identities.includes(identity))
      .map((identity) => ({ identity, digest, upstreamRepository, at }));
  });
}

function isRepositoryPath(name: string): boolean {
  return /^[a-z0-9][a-z0-9._/-]*$/.test(name) && name.length <= MAX_UPSTREAM_REPOSITORY;
}
