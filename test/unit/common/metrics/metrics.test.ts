import { Registry } from 'prom-client';
import { watchProcess } from '../../../../common/metrics/process-metrics';
import { readCounter } from '../../../../common/metrics/read-metrics';

test('readCounter exports the current sum at every scrape and not the sum of all scrapes', async () => {
  const registry = new Registry();
  let sum = 5;
  readCounter(registry, 'things_total', 'Things.', () => sum);
  expect(await registry.metrics()).toContain('things_total 5\n');
  sum = 7;
  expect(await registry.metrics()).toContain('things_total 7\n');
});

test('the event loop lag is in the next scrape and reset afterwards', async () => {
  const registry = new Registry();
  const end = watchProcess(registry);
  try {
    const longest = async (): Promise<number> =>
      Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await registry.metrics())![1]);
    // A sample is taken every few milliseconds: the first block may come before the first sample.
    let blocked = 0;
    while (blocked < 0.15) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const end = process.hrtime.bigint() + 200_000_000n;
      while (process.hrtime.bigint() < end);
      await new Promise((resolve) => setTimeout(resolve, 20));
      blocked = await longest();
    }
    // Each scrape starts a new maximum.
    expect(await longest()).toBeLessThan(blocked);
  } finally {
    end();
  }
});
