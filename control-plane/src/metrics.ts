import { Counter, Histogram, Registry } from 'prom-client';
import { watchProcess } from '../../common/metrics/process-metrics';
import { readGauge } from '../../common/metrics/read-metrics';
import type { PoolUse } from './db/watch-queries';
import type { Collected } from './cache/collection/garbage-parts';

/**
 * The metrics of the control plane, in their own registry. Labels have few values; names of
 * organizations, repositories and users are never labels.
 */
export class Metrics {
  readonly registry = new Registry();

  readonly catalogSeconds = new Histogram({
    name: 'layover_catalog_call_seconds',
    help: 'Duration of Catalog calls in seconds, by method and outcome (ok, or the error key).',
    labelNames: ['method', 'outcome'] as const,
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers: [this.registry],
  });

  readonly graphqlSeconds = new Histogram({
    name: 'layover_graphql_request_seconds',
    help: 'Duration of GraphQL requests in seconds, by HTTP status.',
    labelNames: ['status'] as const,
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers: [this.registry],
  });

  readonly recordsTotal = new Counter({
    name: 'layover_pull_records_total',
    help: 'New pull records delivered by data planes.',
    registers: [this.registry],
  });

  readonly auditEvents = new Counter({
    name: 'layover_audit_events_total',
    help:
      'Audit events written, by kind; QUOTA_EVICTED counts evictions. Events of a retried ' +
      'transaction are counted again.',
    labelNames: ['kind'] as const,
    registers: [this.registry],
  });

  readonly databaseSeconds = new Histogram({
    name: 'layover_database_query_seconds',
    help: 'Duration of database statements in seconds, including lock waits.',
    buckets: [0.0002, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [this.registry],
  });

  readonly databaseErrors = new Counter({
    name: 'layover_database_errors_total',
    help: 'Failed database statements, including deadlocks and duplicate keys that are handled.',
    registers: [this.registry],
  });

  readonly garbageSeconds = new Histogram({
    name: 'layover_garbage_round_seconds',
    help: 'Duration of garbage collection rounds in seconds.',
    buckets: [0.01, 0.05, 0.2, 1, 5, 20, 60, 300],
    registers: [this.registry],
  });

  readonly collectedBlobs = new Counter({
    name: 'layover_garbage_blobs_total',
    help: 'Blobs deleted from the store because no origin holds them.',
    registers: [this.registry],
  });

  readonly collectedManifests = new Counter({
    name: 'layover_garbage_manifests_total',
    help: 'Manifests collected.',
    registers: [this.registry],
  });

  readonly collectedBytes = new Counter({
    name: 'layover_garbage_bytes_total',
    help: 'Bytes of the store freed by garbage collection.',
    registers: [this.registry],
  });

  readonly unrecordedBlobs = new Counter({
    name: 'layover_garbage_unrecorded_total',
    help: 'Blobs and manifests found in a store without a row. They are deleted after the grace period.',
    registers: [this.registry],
  });

  private readonly endProcess: () => void;

  /**
   * `watching` returns the number of open Watch streams, `revision` the revision of the
   * configuration, and `pool` the use of database connections.
   */
  constructor(watching: () => number, revision: () => number, pool: () => PoolUse = () => ({ used: 0, waiting: 0 })) {
    const { registry } = this;
    readGauge(registry, 'layover_watching_data_planes', 'Data planes that watch the configuration.', watching);
    readGauge(registry, 'layover_configuration_revision', 'Revision of the configuration.', revision);
    readGauge(registry, 'layover_database_connections_used', 'Database connections in use.', () => pool().used);
    readGauge(registry, 'layover_database_waiting', 'Callers waiting for a database connection.', () => pool().waiting);
    this.endProcess = watchProcess(registry);
  }

  /**
   * Starts the timer of a Catalog call. Call the returned function with `ok` or the error key at
   * the end.
   */
  startCatalogCall(method: string): (outcome: string) => void {
    const done = this.catalogSeconds.startTimer({ method });
    return (outcome) => void done({ outcome });
  }

  /**
   * Starts the timer of a GraphQL request. Call the returned function with the HTTP status at the
   * end.
   */
  startGraphqlRequest(): (status: number) => void {
    const done = this.graphqlSeconds.startTimer();
    return (status) => void done({ status });
  }

  /** Counts new pull records. */
  recorded(count: number): void {
    this.recordsTotal.inc(count);
  }

  /** Counts a completed round of garbage collection. */
  collected({ blobs, manifests, bytes, unrecorded }: Readonly<Collected>, seconds: number): void {
    this.garbageSeconds.observe(seconds);
    this.collectedBlobs.inc(blobs);
    this.collectedManifests.inc(manifests);
    this.collectedBytes.inc(Number(bytes));
    this.unrecordedBlobs.inc(unrecorded);
  }

  /** Counts audit events that were written. */
  audited(kinds: readonly string[]): void {
    for (const kind of kinds) this.auditEvents.inc({ kind });
  }

  /** Counts a completed database statement. */
  queried(failed: boolean, seconds: number): void {
    this.databaseSeconds.observe(seconds);
    if (failed) this.databaseErrors.inc();
  }

  /** Adds the metric of the clock. Call it once. */
  watchClock(isTrusted: () => boolean): void {
    readGauge(
      this.registry,
      'layover_clock_trusted',
      '0 for an hour after the clock of this machine was set forward: nothing is deleted by age. Otherwise 1.',
      () => (isTrusted() ? 1 : 0),
    );
  }

  /** Stops the metrics of the process. */
  close(): void {
    this.endProcess();
  }
}
