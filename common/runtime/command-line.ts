import { parseArgs } from 'node:util';
import { formatBuildInfo, readBuildInfo } from './build-info';

/** Exit code for invalid arguments (EX_USAGE of sysexits.h). */
export const EXIT_USAGE = 64;

/** An option of a program, without its dashes. */
export interface OptionDescription {
  readonly type: 'boolean' | 'string';
  /** True if the option may be given more than once. */
  readonly multiple?: boolean;
  /** Placeholder for the value in the help text, for example `<file>`. Strings only. */
  readonly value?: string;
  readonly help: string;
}

/** Options of a program by name. */
export type OptionDescriptions = Readonly<Record<string, OptionDescription>>;

/** Arguments of a program, and its text for `--help`. */
export interface ProgramDescription<O extends OptionDescriptions = OptionDescriptions> {
  /** The command that starts the program from a checkout, for example `npm run fsck`. */
  readonly npmCommand: string;
  /** Compiled main file below dist/; undefined if the program only runs in a checkout. */
  readonly mainFile?: string;
  /** What the program does, in a few lines. */
  readonly summary: string;
  readonly options: O;
  /** Paragraphs between the options and the exit codes. */
  readonly details?: string;
  /** True if the program reads the settings in docs/configuration.md. */
  readonly readsSettings: boolean;
  /** Meaning of each exit code. Code 64 is added. */
  readonly exitCodes: Readonly<Record<number, string>>;
}

/** Values of the options. Options that are not given are false, undefined or empty lists. */
export type OptionValues<O extends OptionDescriptions> = {
  readonly [name in keyof O]: O[name]['type'] extends 'boolean'
    ? boolean
    : O[name]['multiple'] extends true
      ? readonly string[]
      : string | undefined;
};

/** Text to print before the program ends, and its exit code. */
export interface ProgramEnd {
  readonly kind: 'end';
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly exitCode: number;
}

/** Values to run the program with, or how to end it. */
export type CommandLine<O extends OptionDescriptions> =
  { readonly kind: 'run'; readonly values: OptionValues<O> } | ProgramEnd;

const COMMON_OPTIONS = {
  help: { type: 'boolean', help: 'Print this text and exit.' },
  version: { type: 'boolean', help: 'Print the version and the commit of the build and exit.' },
} as const satisfies OptionDescriptions;

/**
 * Parses arguments. `--help` and `--version` end the program with exit code 0, invalid arguments
 * with 64.
 */
export function parseCommandLine<O extends OptionDescriptions>(
  program: ProgramDescription<O>,
  args: readonly string[],
): CommandLine<O> {
  const known: OptionDescriptions = { ...program.options, ...COMMON_OPTIONS };
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { type, multiple = false }]) => [
      name,
      { type, multiple, ...(name === 'help' ? { short: 'h' } : {}) },
    ]),
  );
  let given: Readonly<Record<string, unknown>>;
  try {
    ({ values: given } = parseArgs({ args: [...args], options, allowPositionals: false, strict: true }));
  } catch (error) {
    return usageError(firstSentence((error as Error).message));
  }
  if (given['help'] === true) return { kind: 'end', stream: 'stdout', text: helpText(program), exitCode: 0 };
  if (given['version'] === true) {
    const text = `layover ${formatBuildInfo(readBuildInfo())}\n`;
    return { kind: 'end', stream: 'stdout', text, exitCode: 0 };
  }
  const values = Object.fromEntries(
    Object.entries(program.options).map(([name, { type, multiple }]) => [
      name,
      given[name] ?? (type === 'boolean' ? false : multiple ? [] : undefined),
    ]),
  );
  return { kind: 'run', values: values as OptionValues<O> };
}

/** Returns the end of a program with invalid arguments. The problem goes to stderr. */
export function usageError(problem: string): ProgramEnd {
  return { kind: 'end', stream: 'stderr', text: `${problem}\nRun with --help for usage.\n`, exitCode: EXIT_USAGE };
}

/**
 * Reads the arguments of this process. For `--help`, `--version` and invalid arguments, prints the
 * text, sets the exit code and returns undefined; the caller then returns.
 */
export function readCommandLine<O extends OptionDescriptions>(
  program: ProgramDescription<O>,
): OptionValues<O> | undefined {
  const line = parseCommandLine(program, process.argv.slice(2));
  if (line.kind === 'run') return line.values;
  endWith(line);
  return undefined;
}

/** Prints the text and sets the exit code of this process. */
export function endWith(end: ProgramEnd): void {
  process[end.stream].write(end.text);
  process.exitCode = end.exitCode;
}

/** Returns the text that `--help` prints. */
export function helpText(program: ProgramDescription): string {
  const described: OptionDescriptions = { ...program.options, ...COMMON_OPTIONS };
  const options = Object.entries(described);
  const names = options.map(([name, { value }]) => {
    const short = name === 'help' ? ', -h' : '';
    return `--${name}${short}${value === undefined ? '' : ` ${value}`}`;
  });
  const codes = Object.entries({ ...program.exitCodes, [EXIT_USAGE]: 'the arguments are invalid' });
  const commands = [
    `${program.npmCommand} -- [options]`,
    ...(program.mainFile === undefined ? [] : [`node dist/${program.mainFile} [options]`]),
  ];
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const sections = [
    commands.map((command, index) => `${index === 0 ? 'Usage: ' : '       '}${command}`).join('\n'),
    program.summary,
    `Options:\n${options.map(([, { help }], index) => `  ${names[index]!.padEnd(width)}${help}`).join('\n')}`,
    ...(program.details === undefined ? [] : [program.details]),
    ...(program.readsSettings
      ? ['Settings are environment variables. docs/configuration.md describes every one of them.']
      : []),
    `Exit codes:\n${codes.map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}`).join('\n')}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

/**
 * Returns the first sentence of a message of node:util, because its advice about positional
 * arguments does not apply.
 */
function firstSentence(message: string): string {
  return `${message.split('. ')[0]!.replace(/\.$/, '')}.`;
}
