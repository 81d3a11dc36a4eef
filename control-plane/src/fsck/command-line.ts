import { parseArgs } from 'node:util';
import type { FsckOptions } from './parts/fsck-parts';

/** What the command line asks for. */
export interface CommandLine extends FsckOptions {
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the arguments. Throws an Error that says what is wrong with them. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      repair: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: false,
    strict: true,
  });
  return { repair: values.repair, quick: values.quick, json: values.json, help: values.help };
}
