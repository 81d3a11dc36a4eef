import { Counter, Gauge, type Registry } from 'prom-client';

/** A gauge that is read when it is asked for: nothing is to be kept up to date meanwhile. */
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

/** A counter whose sum is kept elsewhere, as a plain number: counting costs an addition. `read` gives a sum that never falls. */
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
