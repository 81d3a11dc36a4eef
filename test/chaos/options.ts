import {
  type ProgramDescription,
  type ProgramEnd,
  parseCommandLine,
  usageError,
} from '../../common/runtime/command-line';
import { allCases, type ChaosCase, pairsOf } from './cases/chaos-case';
import { type Round, roundsOf } from './loops/round';

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

/** The options of a run of kills and pauses. */
export interface LoopChoice {
  readonly rounds: readonly Round[];
  readonly seed: number;
  readonly publish: boolean;
}

const OPTIONS = {
  only: {
    type: 'string',
    multiple: true,
    value: '<case>',
    help: 'Run only the cases whose names begin with or contain this text. May be given more than once.',
  },
  pairs: { type: 'string', value: '<number>', help: 'Run this many cases with two random faults each, and no others.' },
  kills: {
    type: 'string',
    value: '<number>',
    help: 'Kill a plane under load this many times, and run no cases. May be given together with --pauses.',
  },
  pauses: {
    type: 'string',
    value: '<number>',
    help: 'Pause a plane under load this many times for a few seconds, and run no cases.',
  },
  seed: { type: 'string', value: '<number>', help: `Decides positions and the order. Default: ${DEFAULT_SEED}.` },
  workers: {
    type: 'string',
    value: '<number>',
    help: `Number of Layovers that run at the same time. Default: ${DEFAULT_WORKERS}.`,
  },
  publish: {
    type: 'boolean',
    help: 'Write the results to docs/reliability.md. Needs a run of all cases, or of kills and pauses.',
  },
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
  exitCodes: { 0: 'no check failed', 1: 'a check failed, or the run could not be completed' },
};

/** Reads the command line. Returns the options, or the text and exit code to end with. */
export function readChaosOptions(args: readonly string[]): ChaosOptions | LoopChoice | ProgramEnd {
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
    kills = '0',
    pauses = '0',
  } = line.values;
  for (const number of [seed, workers, pairs ?? '0', kills, pauses])
    if (!/^\d{1,9}$/.test(number)) return usageError(`Not a number: ${number}.`);
  const rounds = roundsOf(Number(kills), Number(pauses), Number(seed));
  if (rounds.length > 0) {
    if (only.length > 0 || pairs !== undefined || list) return usageError('--kills and --pauses run no cases.');
    return { rounds, seed: Number(seed), publish };
  }
  const all = pairs === undefined ? allCases() : pairsOf(Number(pairs), Number(seed));
  const cases = all.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
  if (cases.length === 0) return usageError(`No case has ${only.join(' or ')} in its name. See --list for the names.`);
  if (publish && (only.length > 0 || pairs !== undefined)) return usageError('--publish needs a run of all cases.');
  if (list) return { kind: 'end', stream: 'stdout', text: cases.map(({ name }) => `${name}\n`).join(''), exitCode: 0 };
  return { cases, seed: Number(seed), workers: Math.max(1, Number(workers)), publish, verbose };
}
