import { Counter, Gauge, type Registry } from 'prom-client';

/** Registers a gauge whose value is read at each scrape. */
export function readGauge(registry: Registry, name: string, help: string, read: () => number | Promise<number>): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      gauge.set(await read());
    },
  });
}

/**
 * Registers a counter whose sum is kept elsewhere as a plain number, so that counting is cheap.
 * `read` returns the sum, which must never decrease.
 */
export function readCounter(registry: Registry, name: string, help: string, read: () => number): void {
  const counter: Counter = new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      counter.reset();
      counter.inc(read());
    },
  });
}
