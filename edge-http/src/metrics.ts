import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { watchProcess } from '../../common/metrics/process-metrics';
import { readGauge } from '../../common/metrics/read-metrics';
import { exposeWithSiblings } from '../../common/metrics/sibling-metrics';
import type { Siblings } from '../../common/runtime/siblings';
import type { DeliveryKind, DeliveryMetrics } from './delivery/delivery-metrics';
import type { CacheStatus } from './registry/registry-reader';
import type { RequestKind } from './request/registry-request';

/** Labels of one response. Every value is from a small set: no names, no digests. */
export interface AnswerCount {
  readonly kind: RequestKind | 'invalid';
  readonly method: string;
  /** 0 if the client left before the head of the response. */
  readonly status: number;
  /** True if the response was sent completely. */
  readonly whole: boolean;
  readonly cacheStatus: CacheStatus | undefined;
  readonly seconds: number;
}

/** What is read at each scrape. */
export interface EdgeReadings {
  /** Returns the number of data planes that accept calls. */
  readonly dataPlanes: () => number;
  /** Returns the number of manifest requests whose answers no data plane has recorded yet. */
  readonly unrecorded: () => number;
}

interface RunningDelivery {
  readonly delivery: DeliveryKind;
  readonly out: { readonly sent: number };
  counted: number;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Metrics of an edge in a registry of their own, because a process may contain several edges. */
export class EdgeMetrics implements DeliveryMetrics {
  readonly registry = new Registry();
  private readonly requests = new Counter({
    name: 'layover_edge_requests_total',
    help: 'Answered requests. whole="no": the connection ended before the response was complete.',
    labelNames: ['endpoint', 'method', 'status', 'whole'] as const,
    registers: [this.registry],
  });
  private readonly cache = new Counter({
    name: 'layover_edge_cache_answers_total',
    help: 'Responses of the registry API by cache status.',
    labelNames: ['endpoint', 'cache'] as const,
    registers: [this.registry],
  });
  private readonly duration = new Histogram({
    name: 'layover_edge_request_seconds',
    help: 'Time from the head of the request to the end of the response.',
    labelNames: ['endpoint'] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers: [this.registry],
  });
  private readonly bytes: Counter<'delivery'> = new Counter({
    name: 'layover_edge_blob_bytes_total',
    help: 'Bytes of blobs sent to clients. delivery="offload": bytes that nginx was told to send.',
    labelNames: ['delivery'] as const,
    registers: [this.registry],
    collect: () => this.countRunning(),
  });
  private readonly open = new Gauge({
    name: 'layover_edge_open_deliveries',
    help: 'Blob deliveries in progress.',
    labelNames: ['delivery'] as const,
    registers: [this.registry],
  });
  private readonly deliveries = new Counter({
    name: 'layover_edge_deliveries_total',
    help: 'Deliveries of blobs or ranges of blobs, finished or in progress.',
    labelNames: ['delivery'] as const,
    registers: [this.registry],
  });
  private readonly fallbacks = new Counter({
    name: 'layover_edge_local_file_fallbacks_total',
    help: 'Local files that the edge could not read, so that the bytes came over gRPC.',
    registers: [this.registry],
  });
  private readonly channelFallbacks = new Counter({
    name: 'layover_edge_channel_fallbacks_total',
    help: 'Deliveries for which the byte channel of a data plane could not be used, so that the bytes came over gRPC.',
    registers: [this.registry],
  });
  private readonly offloadFailures = new Counter({
    name: 'layover_edge_offload_failures_total',
    help: 'Files that nginx could not open, so that the edge answered the request.',
    registers: [this.registry],
  });

  private readonly spreads = new Counter({
    name: 'layover_edge_spread_reads_total',
    help: 'Reads of blobs that went to another data plane than the first one, because that was busy with the blob.',
    registers: [this.registry],
  });
  private readonly nodeFailures = new Counter({
    name: 'layover_edge_node_failures_total',
    help: 'Failures of data planes after which another data plane was asked: before the response (open) or in the middle of a blob.',
    labelNames: ['when'] as const,
    registers: [this.registry],
  });

  /**
   * Running deliveries with the number of bytes counted so far, so that the bytes of slow clients
   * are counted while they are sent.
   */
  private readonly running = new Set<RunningDelivery>();
  private readonly endProcess: () => void;

  constructor({ dataPlanes, unrecorded }: EdgeReadings) {
    const help = 'Data planes that accept calls, as seen by this edge.';
    readGauge(this.registry, 'layover_edge_data_planes', help, dataPlanes);
    const unrecordedHelp = 'Manifest requests that this edge answered by itself and no data plane has recorded yet.';
    readGauge(this.registry, 'layover_edge_unrecorded_answers', unrecordedHelp, unrecorded);
    this.endProcess = watchProcess(this.registry);
  }

  /** Stops the measurement of the process. */
  close(): void {
    this.endProcess();
  }

  /** Counts a read of a blob from another data plane than the first one. */
  blobSpread(): void {
    this.spreads.inc();
  }

  /** Counts one finished response. */
  answered(count: AnswerCount): void {
    const { kind } = count;
    const method = METHODS.has(count.method) ? count.method : 'other';
    this.requests.inc({ endpoint: kind, method, status: count.status, whole: count.whole ? 'yes' : 'no' });
    this.duration.observe({ endpoint: kind }, count.seconds);
    if (count.cacheStatus !== undefined) this.cache.inc({ endpoint: kind, cache: count.cacheStatus });
  }

  /**
   * Counts a delivery while `send` runs. Counts the bytes of `out` at each scrape and when `send`
   * settles.
   */
  async delivering<T>(delivery: DeliveryKind, out: { readonly sent: number }, send: () => Promise<T>): Promise<T> {
    const running: RunningDelivery = { delivery, out, counted: out.sent };
    this.running.add(running);
    this.deliveries.inc({ delivery });
    this.open.inc({ delivery });
    try {
      return await send();
    } finally {
      this.open.dec({ delivery });
      this.countOne(running);
      this.running.delete(running);
    }
  }

  private countRunning(): void {
    for (const running of this.running) this.countOne(running);
  }

  private countOne(running: RunningDelivery): void {
    const { sent } = running.out;
    this.bytes.inc({ delivery: running.delivery }, sent - running.counted);
    running.counted = sent;
  }

  /** Counts a client that was redirected to a signed URL. */
  redirected(): void {
    this.deliveries.inc({ delivery: 'redirect' });
  }

  /** Counts an answer that nginx sends, and the bytes that it was told to send. */
  offloaded(bytes: number): void {
    this.deliveries.inc({ delivery: 'offload' });
    this.bytes.inc({ delivery: 'offload' }, bytes);
  }

  /** Counts a file that nginx could not open. */
  offloadFailed(): void {
    this.offloadFailures.inc();
  }

  /** Counts a local file that could not be used. */
  localFallback(): void {
    this.fallbacks.inc();
  }

  /** Counts a byte channel that could not be used. */
  channelFallback(): void {
    this.channelFallbacks.inc();
  }

  /** Counts a data plane that failed and was replaced by another one. */
  nodeFailed(when: 'open' | 'middle'): void {
    this.nodeFailures.inc({ when });
  }

  /**
   * Returns all metrics in the Prometheus text format, together with those of the edges that share
   * the port of this one.
   */
  async expose(siblings?: Siblings): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.registry.contentType, text: await exposeWithSiblings(this.registry, siblings) };
  }
}
