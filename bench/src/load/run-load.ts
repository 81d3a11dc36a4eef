import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { LoadJobs } from './jobs';
import type { LoadOrder, LoadReport } from './load-program';

/**
 * Runs a job of the load client in a process of its own, so that neither the benchmark nor an
 * earlier job takes part of its time. Throws an Error if the job fails or the process ends.
 */
export function runLoad<Name extends keyof LoadJobs>(
  name: Name,
  job: LoadJobs[Name]['job'],
): Promise<LoadJobs[Name]['result']> {
  return new Promise((resolve, reject) => {
    const child = fork(join(__dirname, 'load-program.js'), { execArgv: [] });
    child.once('message', (report: LoadReport) => {
      if ('failure' in report) reject(new Error(report.failure));
      else resolve(report.result as LoadJobs[Name]['result']);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`The load client ended with ${code ?? signal}`)));
    child.send({ name, job } satisfies LoadOrder);
  });
}
