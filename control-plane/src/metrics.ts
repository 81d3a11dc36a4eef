import { Counter, Gauge, Histogram, Registry } from 'prom-client';

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

  /** `watching` counts the open Watch streams, `revision` gives the revision of the configuration. */
  constructor(watching: () => number, revision: () => number) {
    const gauge = (name: string, help: string, read: () => number): Gauge =>
      new Gauge({
        name,
        help,
        registers: [this.registry],
        collect() {
          this.set(read());
        },
      });
    gauge('layover_watching_data_planes', 'Data planes that watch the configuration.', watching);
    gauge('layover_configuration_revision', 'Revision of the configuration.', revision);
    gauge('process_resident_memory_bytes', 'Resident memory in bytes.', () => process.memoryUsage.rss());
    gauge('process_cpu_seconds', 'CPU time used, in seconds.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
  }
}
