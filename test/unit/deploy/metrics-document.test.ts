import type { Registry } from 'prom-client';
import { Metrics } from '../../../control-plane/src/metrics';
import { DataPlaneMetrics } from '../../../data-plane/src/monitoring/metrics';
import { RateLimits } from '../../../data-plane/src/monitoring/rate-limits';
import { EdgeMetrics } from '../../../edge-http/src/metrics';
import { systemClock } from '../../../common/runtime/clock';
import { read } from '../../support/deployments';

interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames?: readonly string[];
}

/** Returns the expected table rows of a registry: name, type, labels, help (with its unit). */
function rowsOf(registry: Registry): string[] {
  const described = registry.getMetricsAsArray() as unknown as readonly Described[];
  return described.map(({ name, help, type, labelNames = [] }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
  });
}

function registries(): { readonly heading: string; readonly registry: Registry; readonly close: () => void }[] {
  const edge = new EdgeMetrics(() => 0);
  const data = new DataPlaneMetrics();
  const nothing = { records: 0, oldestMs: 0, dropped: 0 };
  data.watch({
    configuration: { ageMs: 0 },
    journal: { depth: () => nothing, condition: () => ({ failure: undefined, damagedBytes: 0, lostRecords: 0 }) },
    fills: {
      counts: () => ({ running: 0, waiting: 0 }),
      roomCounts: () => ({ reservedBytes: 0, waiting: 0, waits: 0 }),
    },
    copiesBytes: undefined,
    channel: undefined,
    disk: () => Promise.resolve({ size: 0, free: 0 }),
    ready: () => Promise.resolve(true),
  });
  new RateLimits(data, systemClock);
  const control = new Metrics(
    () => 0,
    () => 0,
  );
  control.watchClock(() => true);
  return [
    { heading: 'Edges', registry: edge.registry, close: () => edge.close() },
    { heading: 'Data planes', registry: data.registry, close: () => data.close() },
    { heading: 'Control planes', registry: control.registry, close: () => control.close() },
  ];
}

const isProcess = (row: string): boolean => /^\| `(process_|nodejs_|layover_build_info`)/.test(row);

/** Returns the table rows below a heading of docs/observability.md. */
function documented(heading: string): string[] {
  const text = read('docs/observability.md');
  const from = text.indexOf(`\n### ${heading}\n`);
  expect([heading, from > 0]).toEqual([heading, true]);
  const section = text.slice(from + 5).split(/\n#{2,3} /)[0]!;
  return section.split('\n').filter((line) => /^\| `/.test(line));
}

test('docs/observability.md lists exactly the metrics of each plane', () => {
  for (const { heading, registry, close } of registries()) {
    try {
      const rows = rowsOf(registry);
      expect(documented(heading)).toEqual(rows.filter((row) => !isProcess(row)));
      expect(documented('Every process')).toEqual(rows.filter(isProcess));
    } finally {
      close();
    }
  }
});
