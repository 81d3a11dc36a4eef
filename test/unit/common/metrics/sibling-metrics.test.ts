import { Counter, Histogram, Registry } from 'prom-client';
import { exposeWithSiblings, mergeMetrics } from '../../../../common/metrics/sibling-metrics';
import type { SiblingAnswers, Siblings } from '../../../../common/runtime/siblings';

function registryWith(pulls: number): Registry {
  const registry = new Registry();
  new Counter({ name: 'pulls_total', help: 'Pulls.', registers: [registry] }).inc(pulls);
  new Histogram({
    name: 'seconds',
    help: 'Time, "quoted".',
    labelNames: ['kind'],
    buckets: [1],
    registers: [registry],
  }).observe({ kind: '{a} b' }, pulls);
  return registry;
}

function siblingsThatAnswer(answers: SiblingAnswers): Siblings {
  return { ask: () => Promise.resolve(answers), onQuestion: () => undefined };
}

test('a single process exposes its metrics without a label', async () => {
  const registry = registryWith(3);
  expect(await exposeWithSiblings(registry, undefined)).toBe(await registry.metrics());
  const alone = siblingsThatAnswer({ member: 1, members: 1, others: [] });
  expect(await exposeWithSiblings(registry, alone)).toBe(await registry.metrics());
});

test('metrics of several processes are grouped by metric and labelled by process', async () => {
  const siblings = siblingsThatAnswer({
    member: 2,
    members: 3,
    others: [
      { member: 1, lines: [await registryWith(5).metrics()] },
      { member: 3, lines: undefined },
    ],
  });
  expect((await exposeWithSiblings(registryWith(3), siblings)).split('\n')).toEqual([
    '# HELP pulls_total Pulls.',
    '# TYPE pulls_total counter',
    'pulls_total{process="1"} 5',
    'pulls_total{process="2"} 3',
    '',
    '# HELP seconds Time, "quoted".',
    '# TYPE seconds histogram',
    ...['1', '2'].flatMap((process) => [
      `seconds_bucket{process="${process}",le="1",kind="{a} b"} 0`,
      `seconds_bucket{process="${process}",le="+Inf",kind="{a} b"} 1`,
      `seconds_sum{process="${process}",kind="{a} b"} ${process === '1' ? 5 : 3}`,
      `seconds_count{process="${process}",kind="{a} b"} 1`,
    ]),
    '',
  ]);
});

test('a metric that only one process has is kept', () => {
  const merged = mergeMetrics([
    { member: 1, text: '# HELP a A.\n# TYPE a gauge\na 1\n' },
    { member: 2, text: '# HELP b B.\n# TYPE b gauge\nb 2\n' },
  ]);
  expect(merged).toBe(
    '# HELP a A.\n# TYPE a gauge\na{process="1"} 1\n\n# HELP b B.\n# TYPE b gauge\nb{process="2"} 2\n',
  );
});
