import { type OptionValues, type ProgramDescription, readCommandLine } from '../../../common/runtime/command-line';
import { EXIT_BAD_CONFIGURATION } from '../../../common/runtime/env';
import { FSCK_DETAILS, FSCK_SUMMARY } from './help';
import { EXIT } from './summary';

const OPTIONS = {
  repair: {
    type: 'boolean',
    help: 'Repair problems. Damaged content is quarantined; valid content and images are never deleted.',
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

/** The parsed command line. */
export type FsckCommandLine = OptionValues<typeof OPTIONS>;

/** The description of `npm run fsck`, for `--help`. */
export const FSCK_PROGRAM: ProgramDescription<typeof OPTIONS> = {
  npmCommand: 'npm run fsck',
  mainFile: 'control-plane/src/fsck/main.js',
  summary: FSCK_SUMMARY,
  options: OPTIONS,
  details: FSCK_DETAILS,
  readsSettings: true,
  exitCodes: {
    [EXIT.CLEAN]: 'no problems, or all problems were repaired',
    [EXIT.PROBLEMS]: 'some problems were not repaired',
    [EXIT.FAILED]: 'fsck could not run or was stopped early; the problems it printed are valid',
    [EXIT_BAD_CONFIGURATION]: 'the configuration is invalid',
  },
};

/**
 * Parses the arguments of this process. Returns undefined after `--help`, `--version` or invalid
 * arguments.
 */
export function readFsckOptions(): FsckCommandLine | undefined {
  return readCommandLine(FSCK_PROGRAM);
}
