import { formatBuildInfo, readBuildInfo } from '../../../common/runtime/build-info';
import { helpText, parseCommandLine, type ProgramDescription } from '../../../common/runtime/command-line';

const OPTIONS = {
  repair: { type: 'boolean', help: 'Repair problems.' },
  only: { type: 'string', multiple: true, value: '<list>', help: 'Run these only.' },
  json: { type: 'string', value: '<file>', help: 'Write JSON.' },
} as const;
const program: ProgramDescription<typeof OPTIONS> = {
  npmCommand: 'npm run sample',
  mainFile: 'sample/src/main.js',
  summary: 'Does something.',
  options: OPTIONS,
  details: 'More about it.',
  readsSettings: true,
  exitCodes: { 0: 'done', 78: 'the configuration is invalid' },
};

test('options that are not given are false, empty or undefined', () => {
  expect(parseCommandLine(program, [])).toEqual({ kind: 'run', values: { repair: false, only: [], json: undefined } });
});

test('options are read by type', () => {
  const args = ['--repair', '--only', 'a', '--only=b', '--json', 'out.json'];
  expect(parseCommandLine(program, args)).toEqual({
    kind: 'run',
    values: { repair: true, only: ['a', 'b'], json: 'out.json' },
  });
});

test.each([
  [['--repiar'], "Unknown option '--repiar'."],
  [['-x'], "Unknown option '-x'."],
  [['now'], "Unexpected argument 'now'."],
  [['--json'], "Option '--json <value>' argument missing."],
  [['--repair=yes'], "Option '--repair' does not take an argument."],
])('%j ends with exit code 64 and the problem', (args, problem) => {
  expect(parseCommandLine(program, args)).toEqual({
    kind: 'end',
    stream: 'stderr',
    exitCode: 64,
    text: `${problem}\nRun with --help for usage.\n`,
  });
});

test('--version prints version and commit', () => {
  const text = `layover ${formatBuildInfo(readBuildInfo())}\n`;
  expect(parseCommandLine(program, ['--version'])).toEqual({ kind: 'end', stream: 'stdout', text, exitCode: 0 });
});

test.each(['--help', '-h'])('%s prints usage, options, where settings are documented, and exit codes', (flag) => {
  expect(parseCommandLine(program, [flag])).toEqual({
    kind: 'end',
    stream: 'stdout',
    text: helpText(program),
    exitCode: 0,
  });
  expect(helpText(program)).toBe(`Usage: npm run sample -- [options]
       node dist/sample/src/main.js [options]

Does something.

Options:
  --repair       Repair problems.
  --only <list>  Run these only.
  --json <file>  Write JSON.
  --help, -h     Print this text and exit.
  --version      Print the version and the commit of the build and exit.

More about it.

Settings are environment variables. docs/configuration.md describes every one of them.

Exit codes:
  0    done
  64   the arguments are invalid
  78   the configuration is invalid
`);
});
