import {
  type ProgramDescription,
  type ProgramEnd,
  parseCommandLine,
  usageError,
} from '../../common/runtime/command-line';
import type { FuzzTarget } from './engine/fuzz-target';
import { fuzzTargets } from './targets';

const DEFAULT_MINUTES = 1;
const DEFAULT_SEED = 1;

/** The options of `npm run fuzz`. */
export interface FuzzRunOptions {
  readonly targets: readonly FuzzTarget[];
  /** For each target. */
  readonly minutes: number;
  readonly seed: number;
  /** Writes the distilled corpus to the repository. */
  readonly keep: boolean;
  /** Runs only the input in this file. */
  readonly input: string | undefined;
}

const OPTIONS = {
  target: {
    type: 'string',
    multiple: true,
    value: '<name>',
    help: 'Fuzz only this target. May be given more than once.',
  },
  minutes: { type: 'string', value: '<number>', help: `Minutes for each target. Default: ${DEFAULT_MINUTES}.` },
  seed: { type: 'string', value: '<number>', help: `Decides the inputs. Default: ${DEFAULT_SEED}.` },
  keep: { type: 'boolean', help: 'Replace the corpus in test/fuzz/corpus by a small one that reaches what was found.' },
  input: { type: 'string', value: '<file>', help: 'Run one target on the input in this file, and nothing else.' },
} as const;

const FUZZ_PROGRAM: ProgramDescription<typeof OPTIONS> = {
  npmCommand: 'npm run fuzz',
  summary:
    'Searches for inputs with which parsers of Layover break their promises, guided by the coverage\n' +
    'of their code. See docs/contributing/testing.md.',
  options: OPTIONS,
  details: `Targets: ${fuzzTargets()
    .map(({ name }) => name)
    .join(', ')}.\nFindings are stored in .layover/fuzz.`,
  readsSettings: false,
  exitCodes: { 0: 'no target broke its promise', 1: 'a target broke its promise, or could not be run' },
};

/** Reads the command line. Returns the options, or the text and exit code to end with. */
export function readFuzzOptions(args: readonly string[]): FuzzRunOptions | ProgramEnd {
  const line = parseCommandLine(FUZZ_PROGRAM, args);
  if (line.kind === 'end') return line;
  const { target, minutes = String(DEFAULT_MINUTES), seed = String(DEFAULT_SEED), keep, input } = line.values;
  if (!/^\d{1,9}$/.test(seed)) return usageError(`Not a number: ${seed}.`);
  if (!/^\d{1,4}(\.\d+)?$/.test(minutes)) return usageError(`Not a number of minutes: ${minutes}.`);
  const all = fuzzTargets();
  const unknown = target.find((given) => all.every(({ name }) => name !== given));
  if (unknown !== undefined) return usageError(`There is no target ${unknown}.`);
  const targets = all.filter(({ name }) => target.length === 0 || target.includes(name));
  if (input !== undefined && targets.length !== 1) return usageError('--input needs one --target.');
  return { targets, minutes: Number(minutes), seed: Number(seed), keep, input };
}
