import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CallEnd } from '../../../common/grpc/observe-calls';
import { BoundedLabels } from './bounded-labels';
import { watchProcess } from '../../../common/metrics/process-metrics';
import { readCounter, readGauge } from '../../../common/metrics/read-metrics';
import type { SpooledFills } from '../blobs/fills/create-fills';
import type { Configuration } from '../configuration/configuration';
import type { DurablePullJournal } from '../journal/durable-pull-journal';
import type { Scrub } from '../store/maintenance/scrub';

/**
 * Number of upstream hosts with their own label. Managers of organizations choose these hosts, so
 * there are few. The label shows which upstream fails or has used up its rate limit. Further hosts
 * count as "other", so no manager can create an unlimited number of series.
 */
const MAX_UPSTREAMS = 50;

/** State that is read when metrics are scraped. */
export interface WatchedParts {
  readonly configuration: Pick<Configuration, 'ageMs'>;
  readonly journal: Pick<DurablePullJournal, 'depth' | 'condition'>;
  readonly fills: Pick<SpooledFills, 'counts' | 'roomCounts'>;
  /** The background checks of stored files; undefined if this data plane makes none. */
  readonly scrub: Pick<Scrub, 'counts'> | undefined;
  /** Bytes of the local copies of blobs in a bucket; undefined if the store keeps none. */
  readonly copiesBytes: (() => number) | undefined;
  /** Connections of the byte channel; undefined if there is none. */
  readonly channel: { counts(): { readonly connections: number; readonly refused: number } } | undefined;
  /** Size and free bytes of the file system with the spool. */
  readonly disk: () => Promise<{ readonly size: number; readonly free: number }>;
  readonly ready: () => Promise<boolean>;
}

/**
 * The metrics of a data plane, in their own registry, so that several data planes can run in one
 * process. Labels contain no names of organizations or repositories, no tags and no digests.
 */
export class DataPlaneMetrics {
  readonly registry = new Registry();
  readonly upstreams = new BoundedLabels(MAX_UPSTREAMS);

  readonly pulls = new Counter({
    name: 'layover_data_pulls_total',
    help: 'Answered requests for manifests, served or refused, by cache status.',
    labelNames: ['cache'] as const,
    registers: [this.registry],
  });
  readonly callSeconds = new Histogram({
    name: 'layover_data_call_seconds',
    help: 'Duration of gRPC calls in seconds, until the end of their streams, by method and outcome (ok, or the key of the error).',
    labelNames: ['method', 'outcome'] as const,
    buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers: [this.registry],
  });
  readonly openStreams = new Gauge({
    name: 'layover_data_open_streams',
    help: 'Running calls that send a stream, for example a blob.',
    labelNames: ['method'] as const,
    registers: [this.registry],
  });
  readonly upstreamRequests = new Counter({
    name: 'layover_data_upstream_requests_total',
    help: 'Operations requested from an upstream. Token requests and redirects are part of an operation.',
    labelNames: ['upstream'] as const,
    registers: [this.registry],
  });
  readonly upstreamErrors = new Counter({
    name: 'layover_data_upstream_errors_total',
    help: 'Upstream operations that failed before the response headers, by the key of the error. Not-found answers are not errors.',
    labelNames: ['upstream', 'reason'] as const,
    registers: [this.registry],
  });
  readonly upstreamSeconds = new Histogram({
    name: 'layover_data_upstream_seconds',
    help: 'Duration of upstream operations in seconds; for a blob, until its first byte.',
    labelNames: ['operation'] as const,
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  });
  readonly fills = new Counter({
    name: 'layover_data_fills_total',
    help: 'Ended fills: kept, found (already in the store), or the key of the error. UPSTREAM_CONTENT: wrong size or digest.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly fillSeconds = new Histogram({
    name: 'layover_data_fill_seconds',
    help: 'Duration of successful fills in seconds, including the wait in the queue.',
    buckets: [0.05, 0.2, 1, 5, 20, 60, 300, 1800],
    registers: [this.registry],
  });
  readonly passedThrough = new Counter({
    name: 'layover_data_passed_through_total',
    help: 'Blobs that were passed through to one client without being kept, because the disk had no room.',
    registers: [this.registry],
  });
  readonly damagedBlobs = new Counter({
    name: 'layover_data_damaged_blobs_total',
    help: 'Stored blobs and manifests with damaged bytes, which were moved to quarantine.',
    registers: [this.registry],
  });
  /** Plain sums, because they grow with every chunk. */
  servedBytes = 0;
  fetchedBytes = 0;
  private readonly endProcess: () => void;

  constructor() {
    const { registry } = this;
    readCounter(
      registry,
      'layover_data_served_bytes_total',
      'Served bytes of blobs: sent to edges, or made readable to an edge as a file.',
      () => this.servedBytes,
    );
    readCounter(
      registry,
      'layover_data_fetched_bytes_total',
      'Bytes of blobs received from upstreams.',
      () => this.fetchedBytes,
    );
    this.endProcess = watchProcess(registry);
  }

  /** Adds the metrics that are read from the parts at scrape time. Call it once. */
  watch({ configuration, journal, fills, scrub, copiesBytes, channel, disk, ready }: WatchedParts): void {
    const { registry } = this;
    readGauge(
      registry,
      'layover_data_configuration_age_seconds',
      'Time since a control plane last confirmed the configuration in seconds; +Inf if none ever did.',
      () => configuration.ageMs / 1000,
    );
    readGauge(registry, 'layover_data_fills_running', 'Running fills that read from an upstream.', () => {
      return fills.counts().running;
    });
    readGauge(registry, 'layover_data_fills_waiting', 'Fills that wait for a slot.', () => fills.counts().waiting);
    readGauge(
      registry,
      'layover_data_reserved_bytes',
      'Bytes on the disk with the spool that running fills and local copies have reserved and not written yet.',
      () => fills.roomCounts().reservedBytes,
    );
    readGauge(registry, 'layover_data_fills_without_room', 'Fills that wait for room on the disk.', () => {
      return fills.roomCounts().waiting;
    });
    readCounter(
      registry,
      'layover_data_room_waits_total',
      'Waits of fills for room on the disk.',
      () => fills.roomCounts().waits,
    );
    readGauge(
      registry,
      'layover_data_journal_records',
      'Pull records that were not delivered to the control plane yet.',
      () => {
        return journal.depth().records;
      },
    );
    readGauge(registry, 'layover_data_journal_age_seconds', 'Age of the oldest undelivered record in seconds.', () => {
      return journal.depth().oldestMs / 1000;
    });
    readCounter(
      registry,
      'layover_data_journal_dropped_total',
      'Records that were dropped because they could not be written to disk.',
      () => journal.depth().dropped,
    );
    readCounter(
      registry,
      'layover_data_checked_bytes_total',
      'Bytes of stored files that were checked in the background.',
      () => scrub?.counts().checkedBytes ?? 0,
    );
    readGauge(
      registry,
      'layover_data_check_age_seconds',
      'Time since the oldest check of a stored file in seconds; 0 if files are not checked.',
      () => (scrub?.counts().ageMs ?? 0) / 1000,
    );
    readGauge(
      registry,
      'layover_data_check_interval_seconds',
      'How often every stored file is to be checked, in seconds; 0 if files are not checked.',
      () => (scrub?.counts().intervalMs ?? 0) / 1000,
    );
    readGauge(
      registry,
      'layover_data_journal_writable',
      '1 if the last record could be written to disk, otherwise 0.',
      () => (journal.condition().failure === undefined ? 1 : 0),
    );
    readCounter(
      registry,
      'layover_data_journal_damaged_bytes_total',
      'Bytes in files of the journal that are not a record: damage, or an unfinished write.',
      () => journal.condition().damagedBytes,
    );
    readCounter(
      registry,
      'layover_data_journal_lost_records_total',
      'Records that were lost because their bytes on disk are damaged.',
      () => journal.condition().lostRecords,
    );
    readGauge(registry, 'layover_data_local_copies_bytes', 'Bytes of the local copies of blobs in a bucket.', () => {
      return copiesBytes?.() ?? 0;
    });
    readGauge(registry, 'layover_data_channel_connections', 'Open connections of the byte channel.', () => {
      return channel?.counts().connections ?? 0;
    });
    readCounter(
      registry,
      'layover_data_channel_refused_total',
      'Connections to the byte channel that were closed because of what the other side sent, or because it was silent.',
      () => channel?.counts().refused ?? 0,
    );
    readGauge(
      registry,
      'layover_data_disk_size_bytes',
      'Size of the file system with the spool in bytes.',
      async () => {
        return (await disk()).size;
      },
    );
    readGauge(
      registry,
      'layover_data_disk_free_bytes',
      'Bytes of that file system that are free for this user.',
      async () => {
        return (await disk()).free;
      },
    );
    readGauge(
      registry,
      'layover_data_ready',
      '1 if this data plane accepts requests (see /readyz), otherwise 0.',
      async () => {
        return (await ready()) ? 1 : 0;
      },
    );
  }

  /** Counts a fill that ended. */
  filled(outcome: string, seconds: number): void {
    this.fills.labels({ outcome }).inc();
    if (outcome === 'kept') this.fillSeconds.observe(seconds);
  }

  /** Counts the start of a call that sends a stream. */
  streamBegins(method: string): void {
    this.openStreams.labels({ method }).inc();
  }

  /** Counts a call that ended. */
  called({ method, outcome, seconds }: CallEnd, streamed: boolean): void {
    this.callSeconds.labels({ method, outcome }).observe(seconds);
    if (streamed) this.openStreams.labels({ method }).dec();
  }

  /** Stops watching the process. */
  close(): void {
    this.endProcess();
  }
}
