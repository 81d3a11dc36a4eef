import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { runProgram } from '../../support/real/run-program';
import { temporaryFolder, type TemporaryFolder } from '../../support/real/temporary-folder';

/** What suites of the unit tier may do, and what they may not. */
const SUITE = `
const { spawn } = require('node:child_process');
const { connect, createServer } = require('node:net');
const { setTimeout: pause } = require('node:timers/promises');

test('listens', () => void createServer().listen(0));
test('connects and ignores the failure', () => {
  try {
    connect(1);
  } catch {}
});
test('starts a process', () => void spawn('true'));
test('waits', () => new Promise((resolve) => setTimeout(resolve, 150)));
test('pauses', () => pause(150));
test('sets a deadline', () => clearTimeout(setTimeout(() => undefined, 60000)));
test('waits for a moment', () => pause(10));
test('leaves background work alone', async () => {
  setTimeout(() => undefined, 110).unref();
  const until = Date.now() + 200;
  while (Date.now() < until) await pause(20);
});
`;

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly failureMessages: readonly string[] }[];
  }[];
}

let folder: TemporaryFolder;
beforeEach(async () => (folder = await temporaryFolder('unit-tier')));
afterEach(() => folder.remove());

test('the unit tier fails what listens, connects, starts a process or waits for long, and nothing else', async () => {
  const root = packageRoot();
  const config = {
    rootDir: folder.path,
    testMatch: ['<rootDir>/*.test.js'],
    testEnvironment: join(root, 'test', 'support', 'jest', 'unit-environment.js'),
    cacheDirectory: join(folder.path, 'cache'),
    transform: {},
  };
  await writeFile(join(folder.path, 'some.test.js'), SUITE);
  const output = join(folder.path, 'report.json');
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const { code } = await runProgram(
    process.execPath,
    [jest, '--config', JSON.stringify(config), '--json', '--outputFile', output, '--no-watchman', '-i'],
    { cwd: folder.path, env: { PATH: process.env['PATH'], TMPDIR: folder.path } },
  );
  expect(code).toBe(1);
  const { testResults } = JSON.parse(await readFile(output, 'utf8')) as Report;
  const failures = testResults[0]!.assertionResults.map(({ title, failureMessages }) => [
    title,
    /Unit tests [a-z ]+/.exec(failureMessages[0] ?? '')?.[0],
  ]);
  expect(failures).toEqual([
    ['listens', 'Unit tests start no servers and open no connections'],
    ['connects and ignores the failure', 'Unit tests start no servers and open no connections'],
    ['starts a process', 'Unit tests start no processes'],
    ['waits', 'Unit tests do not wait longer than '],
    ['pauses', 'Unit tests do not wait longer than '],
    ['sets a deadline', undefined],
    ['waits for a moment', undefined],
    ['leaves background work alone', undefined],
  ]);
});
