import {
  type ProgramDescription,
  type ProgramEnd,
  parseCommandLine,
  usageError,
} from '../../common/runtime/command-line';
import { allCases, type ChaosCase, pairsOf } from './cases/chaos-case';

/** Decides positions of faults and the order of cases, unless `--seed` is given. */
const DEFAULT_SEED = 1;
const DEFAULT_WORKERS = 6;

/** The options of a run. */
export interface ChaosOptions {
  readonly cases: readonly ChaosCase[];
  readonly seed: number;
  readonly workers: number;
  readonly publish: boolean;
  /** Prints every case, not only those that failed. */
  readonly verbose: boolean;
}

const OPTIONS = {
  only: {
    type: 'string',
    multiple: true,
    value: '<case>',
    help: 'Run only the cases whose names begin with or contain this text. May be given more than once.',
  },
  pairs: { type: 'string', value: '<number>', help: 'Run this many cases with two random faults each, and no others.' },
  seed: { type: 'string', value: '<number>', help: `Decides positions and the order. Default: ${DEFAULT_SEED}.` },
  workers: {
    type: 'string',
    value: '<number>',
    help: `Number of Layovers that run at the same time. Default: ${DEFAULT_WORKERS}.`,
  },
  publish: { type: 'boolean', help: 'Write the table to docs/reliability.md. Needs a run of all cases.' },
  list: { type: 'boolean', help: 'Print the names of the cases and exit.' },
  verbose: { type: 'boolean', help: 'Print every case, not only those that failed.' },
} as const;

/** The description of `npm run chaos`, for `--help`. */
export const CHAOS_PROGRAM: ProgramDescription<typeof OPTIONS> = {
  npmCommand: 'npm run chaos',
  summary:
    'Lets faults happen between every two parts of Layover while a client pulls, and checks what the\n' +
    'client sees, the records, the store, and the next pull. See docs/reliability.md.',
  options: OPTIONS,
  details: 'A case has the name place/request/temperature/fault/moment.',
  readsSettings: false,
  exitCodes: { 0: 'no case failed', 1: 'a case failed, or the run could not be completed' },
};

/** Reads the command line. Returns the options, or the text and exit code to end with. */
export function readChaosOptions(args: readonly string[]): ChaosOptions | ProgramEnd {
  const line = parseCommandLine(CHAOS_PROGRAM, args);
  if (line.kind === 'end') return line;
  const {
    only,
    seed = String(DEFAULT_SEED),
    workers = String(DEFAULT_WORKERS),
    publish,
    list,
    verbose,
    pairs,
  } = line.values;
  for (const number of [seed, workers, pairs ?? '0'])
    if (!/^\d{1,9}$/.test(number)) return usageError(`Not a number: ${number}.`);
  const all = pairs === undefined ? allCases() : pairsOf(Number(pairs), Number(seed));
  const cases = all.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
  if (cases.length === 0) return usageError(`No case has ${only.join(' or ')} in its name. See --list for the names.`);
  if (publish && (only.length > 0 || pairs !== undefined)) return usageError('--publish needs a run of all cases.');
  if (list) return { kind: 'end', stream: 'stdout', text: cases.map(({ name }) => `${name}\n`).join(''), exitCode: 0 };
  return { cases, seed: Number(seed), workers: Math.max(1, Number(workers)), publish, verbose };
}
