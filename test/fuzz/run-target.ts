import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FuzzTarget } from './engine/fuzz-target';
import type { FuzzReport, FuzzWork } from './worker';

/** An input that runs for so long without an end hangs. */
const HANG_MS = 20_000;
const WATCH_MS = 1000;

/**
 * Fuzzes a target in a thread of its own, which can be ended when an input hangs. `onReport` gets
 * the progress. Resolves with the last report.
 */
export async function runTarget(
  target: FuzzTarget,
  work: Omit<FuzzWork, 'target' | 'current'>,
  onReport: (report: FuzzReport) => void,
): Promise<FuzzReport> {
  const current = new SharedArrayBuffer(8 + target.maxBytes);
  const header = new Uint32Array(current, 0, 2);
  let last: FuzzReport = { isDone: false, executions: 0, covered: 0, corpus: [], findings: [] };
  const worker = new Worker(join(__dirname, 'worker.js'), { workerData: { ...work, target: target.name, current } });
  const withFinding = (problem: string): FuzzReport => {
    const length = Math.min(header[1]!, target.maxBytes);
    const input = new Uint8Array(current, 8, length).slice();
    return { ...last, executions: header[0]!, findings: [...last.findings, { input, problem }] };
  };
  return new Promise<FuzzReport>((resolve, reject) => {
    let seen = -1;
    let since = performance.now();
    const watch = setInterval(() => {
      if (header[0] !== seen || header[1] === 0xffffffff) {
        seen = header[0]!;
        since = performance.now();
      } else if (performance.now() - since > HANG_MS) {
        end(withFinding(`An input runs for ${HANG_MS} ms without an end.`));
      }
    }, WATCH_MS);
    const end = (report: FuzzReport): void => {
      clearInterval(watch);
      worker.terminate().then(() => resolve(report), reject);
    };
    worker.on('message', (report: FuzzReport) => {
      last = report;
      if (report.isDone) end(report);
      else onReport(report);
    });
    // For example without memory: the input that was running is the one that grows.
    worker.on('error', (error) => end(withFinding(`The thread ended: ${error.message}`)));
  });
}
