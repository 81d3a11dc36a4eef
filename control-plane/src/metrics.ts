import { Counter, Histogram, Registry } from 'prom-client';
import { watchProcess } from '../../common/metrics/process-metrics';
import { readGauge } from '../../common/metrics/read-metrics';
import type { PoolUse } from './db/watch-queries';
import type { Collected } from './cache/collection/garbage-parts';

/** What the control plane counts, in a registry of its own. Labels have few values: no names of users' things. */
export class Metrics {
  readonly registry = new Registry();

  readonly catalogSeconds = new Histogram({
    name: 'layover_catalog_call_seconds',
    help: 'Duration of Catalog calls in seconds, by method and outcome (ok, or the key of the error).',
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
    help: 'Records that data planes delivered and that were new.',
    registers: [this.registry],
  });

  readonly auditEvents = new Counter({
    name: 'layover_audit_events_total',
    help: 'Audit events written, by kind; QUOTA_EVICTED are evictions. One whose transaction had to be run again counts again.',
    labelNames: ['kind'] as const,
    registers: [this.registry],
  });

  readonly databaseSeconds = new Histogram({
    name: 'layover_database_query_seconds',
    help: 'Duration of statements in seconds, with their wait in the database.',
    buckets: [0.0002, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [this.registry],
  });

  readonly databaseErrors = new Counter({
    name: 'layover_database_errors_total',
    help: 'Statements that failed; deadlocks and duplicates that are dealt with are among them.',
    registers: [this.registry],
  });

  readonly garbageSeconds = new Histogram({
    name: 'layover_garbage_round_seconds',
    help: 'Duration of rounds of garbage collection in seconds.',
    buckets: [0.01, 0.05, 0.2, 1, 5, 20, 60, 300],
    registers: [this.registry],
  });

  readonly collectedBlobs = new Counter({
    name: 'layover_garbage_blobs_total',
    help: 'Blobs whose bytes were deleted because nobody holds them.',
    registers: [this.registry],
  });

  readonly collectedManifests = new Counter({
    name: 'layover_garbage_manifests_total',
    help: 'Manifests that were collected.',
    registers: [this.registry],
  });

  readonly collectedBytes = new Counter({
    name: 'layover_garbage_bytes_total',
    help: 'Bytes of the store that were given back.',
    registers: [this.registry],
  });

  private readonly endProcess: () => void;

  /** `watching` counts the open Watch streams, `revision` gives the revision of the configuration, `pool` what the database's connections do. */
  constructor(watching: () => number, revision: () => number, pool: () => PoolUse = () => ({ used: 0, waiting: 0 })) {
    const { registry } = this;
    readGauge(registry, 'layover_watching_data_planes', 'Data planes that watch the configuration.', watching);
    readGauge(registry, 'layover_configuration_revision', 'Revision of the configuration.', revision);
    readGauge(registry, 'layover_database_connections_used', 'Connections to the database in use.', () => pool().used);
    readGauge(registry, 'layover_database_waiting', 'Callers that wait for a connection.', () => pool().waiting);
    this.endProcess = watchProcess(registry);
  }

  /** Starts to time a call of the Catalog; the function returned ends that, with `ok` or the key of the error. */
  startCatalogCall(method: string): (outcome: string) => void {
    const done = this.catalogSeconds.startTimer({ method });
    return (outcome) => void done({ outcome });
  }

  /** Starts to time a GraphQL request; the function returned ends that, with the HTTP status. */
  startGraphqlRequest(): (status: number) => void {
    const done = this.graphqlSeconds.startTimer();
    return (status) => void done({ status });
  }

  /** Counts pull records that are new. */
  recorded(count: number): void {
    this.recordsTotal.inc(count);
  }

  /** A round of garbage collection is over. */
  collected({ blobs, manifests, bytes }: Readonly<Collected>, seconds: number): void {
    this.garbageSeconds.observe(seconds);
    this.collectedBlobs.inc(blobs);
    this.collectedManifests.inc(manifests);
    this.collectedBytes.inc(Number(bytes));
  }

  /** Audit events were written. */
  audited(kinds: readonly string[]): void {
    for (const kind of kinds) this.auditEvents.inc({ kind });
  }

  /** A statement is over. */
  queried(failed: boolean, seconds: number): void {
    this.databaseSeconds.observe(seconds);
    if (failed) this.databaseErrors.inc();
  }

  /** Ends what watches the process. */
  close(): void {
    this.endProcess();
  }
}
