import { endWith } from '../../common/runtime/command-line';
import { packageRoot } from '../../common/runtime/package-root';
import { findProgram } from '../support/real/programs';
import { runLoopCommand } from './loops/loop-command';
import { readChaosOptions } from './options';
import { cellsOf, type ChaosRun } from './report/chaos-run';
import { publishChaos } from './report/publish';
import { surroundings } from '../support/surroundings';
import { type CaseOutcome, letterOf } from './run/outcome';
import { runCases } from './run/run-cases';
import { HOSTS_PROGRAMS } from './world/arrange-hosts';
import { PLACES } from './world/place';

/** Runs `npm run chaos`. Prints failed cases as they are found, and a summary. */
async function main(): Promise<void> {
  const options = readChaosOptions(process.argv.slice(2));
  if ('kind' in options) return endWith(options);
  if ('rounds' in options) {
    if (!(await runLoopCommand(options, print))) process.exitCode = 1;
    return;
  }
  const { seed, workers, publish, verbose } = options;
  const missing = HOSTS_PROGRAMS.filter((program) => findProgram(program) === undefined);
  const cases = options.cases.filter(({ place }) => PLACES[place].world !== 'hosts' || missing.length === 0);
  if (cases.length < options.cases.length)
    print(`Skipped ${options.cases.length - cases.length} cases, which need ${missing.join(', ')}.`);
  if (publish && missing.length > 0) throw new Error(`--publish needs ${missing.join(', ')}`);
  print(`${cases.length} cases, seed ${seed}, ${workers} Layovers at the same time`);

  const began = process.hrtime.bigint();
  const others: string[] = [];
  let done = 0;
  const onGroup = (outcomes: readonly CaseOutcome[], more: readonly string[]): void => {
    done += outcomes.length;
    others.push(...more);
    for (const outcome of outcomes) if (verbose || outcome.problems.length > 0) printOutcome(outcome);
    for (const one of more) print(`FAILED ${one}`);
    print(`… ${done}/${cases.length} cases`);
  };
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const outcomes = await runCases(cases, { seed, workers, onGroup, signal: interrupted.signal });
  if (interrupted.signal.aborted) throw new Error('The run was interrupted');
  const minutes = Number(process.hrtime.bigint() - began) / 60e9;

  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(letterOf(outcome), (counts.get(letterOf(outcome)) ?? 0) + 1);
  const count = (letter: string): number => counts.get(letter) ?? 0;
  print(
    `Right: ${count('.')}, clean errors: ${count('e')}, cut: ${count('c')}, not reached: ${count('-')}, ` +
      `failed: ${count('X')}. ${minutes.toFixed(1)} minutes.`,
  );
  if (publish) await publishChaos(runOf(outcomes, others, seed, minutes), packageRoot());
  if (count('X') > 0 || others.length > 0) process.exitCode = 1;
}

function runOf(outcomes: readonly CaseOutcome[], others: readonly string[], seed: number, minutes: number): ChaosRun {
  return {
    ...surroundings(),
    seed,
    minutes,
    pulls: outcomes.filter(({ isPull }) => isPull).reduce((sum, { sights }) => sum + sights.length, 0),
    others,
    cells: cellsOf(outcomes),
  };
}

function printOutcome(outcome: CaseOutcome): void {
  const { chaosCase, sight, problems } = outcome;
  const seen = sight === undefined ? 'not made' : `${sight.kind} ${sight.status} ${sight.seconds.toFixed(1)} s`;
  print(`${problems.length > 0 ? 'FAILED' : letterOf(outcome)} ${chaosCase.name}: ${seen}`);
  for (const problem of problems) print(`    ${problem}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
