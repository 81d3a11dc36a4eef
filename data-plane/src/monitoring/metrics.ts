import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CallEnd } from '../../../common/grpc/observe-calls';
import { BoundedLabels } from './bounded-labels';
import { watchProcess } from '../../../common/metrics/process-metrics';
import { readCounter, readGauge } from '../../../common/metrics/read-metrics';
import type { SpooledFills } from '../blobs/fills/create-fills';
import type { PullJournal } from '../journal/pull-journal';

/**
 * Hosts of upstreams that are told apart. They are names that organizations were given by their managers, few in number; without them nobody could see which
 * upstream fails or has used its rate limit up. What comes after so many is "other", so that no manager can make series without end.
 */
const MAX_UPSTREAMS = 50;

/** What is looked at when somebody asks for metrics. */
export interface WatchedParts {
  readonly journal: Pick<PullJournal, 'depth'>;
  readonly fills: Pick<SpooledFills, 'counts'>;
  /** Bytes of local copies of a bucket's blobs; undefined = there are none. */
  readonly copiesBytes: (() => number) | undefined;
  /** Bytes of the disk that is filled: all, and those that are free. */
  readonly disk: () => Promise<{ readonly size: number; readonly free: number }>;
  readonly ready: () => Promise<boolean>;
}

/** A data plane's metrics, in a registry of their own: several can live in one process. No names of organizations, repositories, tags or digests are in labels. */
export class DataPlaneMetrics {
  readonly registry = new Registry();
  readonly upstreams = new BoundedLabels(MAX_UPSTREAMS);

  readonly pulls = new Counter({
    name: 'layover_data_pulls_total',
    help: 'Answered requests for manifests, served or refused, by what the cache did.',
    labelNames: ['cache'] as const,
    registers: [this.registry],
  });
  readonly callSeconds = new Histogram({
    name: 'layover_data_call_seconds',
    help: 'Duration of gRPC calls in seconds, to the end of their streams, by method and outcome (ok, or the key of the error).',
    labelNames: ['method', 'outcome'] as const,
    buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers: [this.registry],
  });
  readonly openStreams = new Gauge({
    name: 'layover_data_open_streams',
    help: 'Calls that send a stream now: blobs on their way.',
    labelNames: ['method'] as const,
    registers: [this.registry],
  });
  readonly upstreamRequests = new Counter({
    name: 'layover_data_upstream_requests_total',
    help: 'Operations that an upstream was asked for (a token or a redirect is part of one).',
    labelNames: ['upstream'] as const,
    registers: [this.registry],
  });
  readonly upstreamErrors = new Counter({
    name: 'layover_data_upstream_errors_total',
    help: 'Operations of upstreams that failed before their answer was there, by the key of the error. What an upstream does not have is none.',
    labelNames: ['upstream', 'reason'] as const,
    registers: [this.registry],
  });
  readonly upstreamSeconds = new Histogram({
    name: 'layover_data_upstream_seconds',
    help: 'Duration of operations of upstreams in seconds; of a blob, until its bytes begin.',
    labelNames: ['operation'] as const,
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  });
  readonly fills = new Counter({
    name: 'layover_data_fills_total',
    help: 'Fills that are over: kept, found (in the store when it was their turn), or the key of the error. UPSTREAM_CONTENT: wrong size or digest.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly fillSeconds = new Histogram({
    name: 'layover_data_fill_seconds',
    help: 'Duration of fills that were kept, in seconds, with their wait in the queue.',
    buckets: [0.05, 0.2, 1, 5, 20, 60, 300, 1800],
    registers: [this.registry],
  });
  /** Plain sums: counting a chunk is an addition. */
  servedBytes = 0;
  fetchedBytes = 0;
  private readonly endProcess: () => void;

  constructor() {
    const { registry } = this;
    readCounter(
      registry,
      'layover_data_served_bytes_total',
      'Bytes of blobs given out: sent over calls, or made readable to an edge as a file.',
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

  /** Adds what is read from the parts when metrics are asked for. Called once. */
  watch({ journal, fills, copiesBytes, disk, ready }: WatchedParts): void {
    const { registry } = this;
    readGauge(registry, 'layover_data_fills_running', 'Fills that read from an upstream now.', () => {
      return fills.counts().running;
    });
    readGauge(registry, 'layover_data_fills_waiting', 'Fills that wait for their turn.', () => fills.counts().waiting);
    readGauge(registry, 'layover_data_journal_records', 'Pull records that wait for the control plane.', () => {
      return journal.depth().records;
    });
    readGauge(registry, 'layover_data_journal_age_seconds', 'Age of the oldest record that waits, in seconds.', () => {
      return journal.depth().oldestMs / 1000;
    });
    readCounter(
      registry,
      'layover_data_journal_dropped_total',
      'Records that found no room on disk and are lost.',
      () => journal.depth().dropped,
    );
    readGauge(registry, 'layover_data_local_copies_bytes', "Bytes of local copies of a bucket's blobs.", () => {
      return copiesBytes?.() ?? 0;
    });
    readGauge(
      registry,
      'layover_data_disk_size_bytes',
      'Size of the file system with the spool, in bytes.',
      async () => {
        return (await disk()).size;
      },
    );
    readGauge(registry, 'layover_data_disk_free_bytes', 'Bytes of it that this user may still fill.', async () => {
      return (await disk()).free;
    });
    readGauge(registry, 'layover_data_ready', '1 when requests may come here (as /readyz says), else 0.', async () => {
      return (await ready()) ? 1 : 0;
    });
  }

  /** A fill is over. */
  filled(outcome: string, seconds: number): void {
    this.fills.labels({ outcome }).inc();
    if (outcome === 'kept') this.fillSeconds.observe(seconds);
  }

  /** A call that sends a stream begins. */
  streamBegins(method: string): void {
    this.openStreams.labels({ method }).inc();
  }

  /** A call is over. */
  called({ method, outcome, seconds }: CallEnd, streamed: boolean): void {
    this.callSeconds.labels({ method, outcome }).observe(seconds);
    if (streamed) this.openStreams.labels({ method }).dec();
  }

  /** Ends what watches the process. */
  close(): void {
    this.endProcess();
  }
}
