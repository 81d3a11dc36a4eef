import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { watchProcess } from '../../common/metrics/process-metrics';
import { readGauge } from '../../common/metrics/read-metrics';
import type { DeliveryKind, DeliveryMetrics } from './delivery/delivery-metrics';
import type { CacheStatus } from './registry/registry-reader';
import type { RequestKind } from './request/registry-request';

/** What one answer was, for counting. Every value is one of a small set: no names, no digests. */
export interface AnswerCount {
  readonly kind: RequestKind | 'invalid';
  readonly method: string;
  /** 0 = the client left before there was a head. */
  readonly status: number;
  /** Whether the answer went out whole. */
  readonly whole: boolean;
  readonly cacheStatus: CacheStatus | undefined;
  readonly seconds: number;
}

interface RunningDelivery {
  readonly delivery: DeliveryKind;
  readonly out: { readonly sent: number };
  counted: number;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** The edge's metrics, in a registry of their own: several edges can live in one process. */
export class EdgeMetrics implements DeliveryMetrics {
  readonly registry = new Registry();
  private readonly requests = new Counter({
    name: 'layover_edge_requests_total',
    help: 'Answered requests. whole=no: the connection ended before the answer did.',
    labelNames: ['endpoint', 'method', 'status', 'whole'] as const,
    registers: [this.registry],
  });
  private readonly cache = new Counter({
    name: 'layover_edge_cache_answers_total',
    help: 'Answers of the registry API by what the cache did.',
    labelNames: ['endpoint', 'cache'] as const,
    registers: [this.registry],
  });
  private readonly duration = new Histogram({
    name: 'layover_edge_request_seconds',
    help: 'Time from the head of the request to the end of the answer.',
    labelNames: ['endpoint'] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers: [this.registry],
  });
  private readonly bytes: Counter<'delivery'> = new Counter({
    name: 'layover_edge_blob_bytes_total',
    help: 'Bytes of blobs sent to clients.',
    labelNames: ['delivery'] as const,
    registers: [this.registry],
    collect: () => this.countRunning(),
  });
  private readonly open = new Gauge({
    name: 'layover_edge_open_deliveries',
    help: 'Blobs that are being sent.',
    labelNames: ['delivery'] as const,
    registers: [this.registry],
  });
  private readonly deliveries = new Counter({
    name: 'layover_edge_deliveries_total',
    help: 'Blobs, or parts of them, that were sent or began to be.',
    labelNames: ['delivery'] as const,
    registers: [this.registry],
  });
  private readonly fallbacks = new Counter({
    name: 'layover_edge_local_file_fallbacks_total',
    help: 'Local files that could not be read here, so that the bytes came over gRPC.',
    registers: [this.registry],
  });

  private readonly nodeFailures = new Counter({
    name: 'layover_edge_node_failures_total',
    help: 'Data planes that failed a request of which another one was then asked: before an answer (open), or in the middle of a blob.',
    labelNames: ['when'] as const,
    registers: [this.registry],
  });

  /** Deliveries that run, and how much of each is counted: what a slow client takes is seen while it does. */
  private readonly running = new Set<RunningDelivery>();
  private readonly endProcess: () => void;

  /** `dataPlanes` gives the number of data planes that take calls. */
  constructor(dataPlanes: () => number) {
    const help = 'Data planes that take calls, as this edge sees it.';
    readGauge(this.registry, 'layover_edge_data_planes', help, dataPlanes);
    this.endProcess = watchProcess(this.registry);
  }

  /** Ends what watches the process. */
  close(): void {
    this.endProcess();
  }

  /** Counts one answer that is over. */
  answered(count: AnswerCount): void {
    const { kind } = count;
    const method = METHODS.has(count.method) ? count.method : 'other';
    this.requests.inc({ endpoint: kind, method, status: count.status, whole: count.whole ? 'yes' : 'no' });
    this.duration.observe({ endpoint: kind }, count.seconds);
    if (count.cacheStatus !== undefined) this.cache.inc({ endpoint: kind, cache: count.cacheStatus });
  }

  /** Counts a delivery while `send` runs, and the bytes that `out` has sent more when they are asked for and when it is over, however it ends. */
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

  /** A client was sent to a signed URL. */
  redirected(): void {
    this.deliveries.inc({ delivery: 'redirect' });
  }

  /** A local file could not be used. */
  localFallback(): void {
    this.fallbacks.inc();
  }

  /** A data plane has failed, and another one is asked. */
  nodeFailed(when: 'open' | 'middle'): void {
    this.nodeFailures.inc({ when });
  }

  /** Everything, in Prometheus' text format. */
  async expose(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }
}
