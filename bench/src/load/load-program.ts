import { LOAD_JOBS, type LoadJobs } from './jobs';

/** A job for the load program, sent as a message. */
export interface LoadOrder {
  readonly name: keyof LoadJobs;
  readonly job: LoadJobs[keyof LoadJobs]['job'];
}

/** The answer of the load program. */
export type LoadReport = { readonly result: LoadJobs[keyof LoadJobs]['result'] } | { readonly failure: string };

/** Runs one job of its parent in this process, and ends. */
function main(): void {
  process.once('message', ({ name, job }: LoadOrder) => {
    (LOAD_JOBS[name] as (job: LoadOrder['job']) => Promise<LoadJobs[keyof LoadJobs]['result']>)(job)
      .then(
        (result): LoadReport => ({ result }),
        (error: Error): LoadReport => ({ failure: error.message }),
      )
      .then((report) => process.send!(report, () => process.disconnect()))
      .catch(() => process.exit(1));
  });
  process.on('disconnect', () => process.exit());
}

main();
