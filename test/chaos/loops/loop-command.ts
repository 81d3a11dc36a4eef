import { loadavg } from 'node:os';
import { packageRoot } from '../../../common/runtime/package-root';
import type { LoopChoice } from '../options';
import { publishLoop } from '../report/publish';
import { surroundings } from '../../support/surroundings';
import { loopSummary } from './loop-report';
import type { LoopRun } from './loop-run';
import { runLoop } from './run-loop';

/** Runs `npm run chaos -- --kills`. Returns true if every check passed. */
export async function runLoopCommand(
  { rounds, seed, publish }: LoopChoice,
  print: (line: string) => void,
): Promise<boolean> {
  const loadBefore = loadavg()[1]!;
  print(`${rounds.length} rounds, seed ${seed}. The load average is ${loadBefore.toFixed(1)}.`);
  const began = process.hrtime.bigint();
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const result = await runLoop(rounds, { seed, signal: interrupted.signal, onProgress: print });
  const minutes = Number(process.hrtime.bigint() - began) / 60e9;
  const run: LoopRun = { ...surroundings(), loadBefore, seed, minutes, ...result };
  for (const problem of run.problems) print(`FAILED ${problem}`);
  for (const line of loopSummary(run)) print(line);
  if (interrupted.signal.aborted) throw new Error('The run was interrupted');
  if (publish) await publishLoop(run, packageRoot());
  return run.problems.length === 0;
}
