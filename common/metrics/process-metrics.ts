import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Gauge, type Registry } from 'prom-client';
import { readBuildInfo } from '../runtime/build-info';
import { readCounter, readGauge } from './read-metrics';

/** Sampling interval of the event loop monitor, in milliseconds. */
const SAMPLE_MS = 20;
const NANOSECONDS = 1e9;

/**
 * Registers metrics of the process under the names of prom-client's default metrics. Those are not
 * used because they cannot be stopped: each call leaves a timer and an observer in the process, and
 * tests start many planes in one process. The event loop lag covers the time since the previous
 * scrape. Returns a function that stops the measurement.
 */
export function watchProcess(registry: Registry): () => void {
  const build = { ...readBuildInfo(), node_version: process.versions.node };
  new Gauge({
    name: 'layover_build_info',
    help: 'Always 1. The labels name the build: version, git commit and Node.js version.',
    labelNames: Object.keys(build),
    registers: [registry],
  }).set(build, 1);
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delay.enable();
  let longest = 0;
  // Collected before the maximum, in the order of registration. Each scrape resets the histogram.
  readGauge(registry, 'nodejs_eventloop_lag_p99_seconds', '99th percentile of the event loop lag, in seconds.', () => {
    const p99 = delay.count === 0 ? 0 : delay.percentile(99);
    longest = delay.count === 0 ? 0 : delay.max;
    delay.reset();
    return lag(p99);
  });
  readGauge(registry, 'nodejs_eventloop_lag_max_seconds', 'Longest event loop lag, in seconds.', () => lag(longest));
  readCounter(registry, 'process_cpu_seconds_total', 'User and system CPU time, in seconds.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  readGauge(registry, 'process_resident_memory_bytes', 'Resident memory, in bytes.', () => process.memoryUsage.rss());
  readGauge(
    registry,
    'nodejs_heap_size_used_bytes',
    'JavaScript heap in use, in bytes.',
    () => getHeapStatistics().used_heap_size,
  );
  readGauge(registry, 'nodejs_external_memory_bytes', 'Memory of buffers outside the heap, in bytes.', () => {
    return process.memoryUsage().external;
  });
  readGauge(
    registry,
    'process_open_fds',
    'Open file descriptors; 0 if the operating system does not report them.',
    openFiles,
  );
  const startedAt = Date.now() / 1000 - process.uptime();
  readGauge(
    registry,
    'process_start_time_seconds',
    'When the process started, in seconds since the epoch.',
    () => startedAt,
  );
  return () => delay.disable();
}

/** Returns the lag in seconds: the time between two samples beyond the sampling interval. */
function lag(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NANOSECONDS - SAMPLE_MS / 1000);
}

async function openFiles(): Promise<number> {
  return readdir('/proc/self/fd').then(
    (names) => names.length,
    () => 0,
  );
}
