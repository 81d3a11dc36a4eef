import { type OptionValues, type ProgramDescription, readCommandLine } from '../../../common/runtime/command-line';
import { EXIT_BAD_CONFIGURATION } from '../../../common/runtime/env';
import { FSCK_DETAILS, FSCK_SUMMARY } from './help';
import { EXIT } from './summary';

const OPTIONS = {
  repair: {
    type: 'boolean',
    help: 'Repair problems. Damaged content is moved aside; valid content and images are never deleted.',
  },
  quick: {
    type: 'boolean',
    help: 'Do not read stored content: finds everything except damaged bytes, in seconds instead of hours.',
  },
  json: {
    type: 'boolean',
    help: 'Print one JSON object per line: {"type":"problem",…}, then {"type":"summary",…}.',
  },
} as const;

/** What the command line asks for. */
export type CommandLine = OptionValues<typeof OPTIONS>;

/** `npm run fsck`, for `--help`. */
export const FSCK_PROGRAM: ProgramDescription<typeof OPTIONS> = {
  npmCommand: 'npm run fsck',
  mainFile: 'control-plane/src/fsck/main.js',
  summary: FSCK_SUMMARY,
  options: OPTIONS,
  details: FSCK_DETAILS,
  readsSettings: true,
  exitCodes: {
    [EXIT.CLEAN]: 'no problems, or all problems were repaired',
    [EXIT.PROBLEMS]: 'problems are left',
    [EXIT.FAILED]: 'fsck could not run, or was stopped early; what it printed before that is still true',
    [EXIT_BAD_CONFIGURATION]: 'the configuration is not valid',
  },
};

/** Reads the arguments of this process; undefined after `--help`, `--version` or arguments that are not valid. */
export function readFsckOptions(): CommandLine | undefined {
  return readCommandLine(FSCK_PROGRAM);
}
