import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { watchProcess } from '../../../../common/metrics/process-metrics';
import { formatBuildInfo, readBuildInfo } from '../../../../common/runtime/build-info';
import { createLogger, logBuild } from '../../../../common/runtime/logger';
import { packageRoot } from '../../../../common/runtime/package-root';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layover-build-'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '1.2.3' }));
  mkdirSync(join(folder, 'dist'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const note = (text: string): void => writeFileSync(join(folder, 'dist', 'build-info.json'), text);

describe('readBuildInfo', () => {
  test('returns the version of package.json and the commit of the build', () => {
    note(JSON.stringify({ commit: COMMIT }));
    expect(readBuildInfo(folder)).toEqual({ version: '1.2.3', commit: COMMIT });
    expect(formatBuildInfo(readBuildInfo(folder))).toBe(`1.2.3 (commit ${COMMIT})`);
    note(JSON.stringify({ commit: `${COMMIT}-dirty` }));
    expect(readBuildInfo(folder).commit).toBe(`${COMMIT}-dirty`);
  });

  test.each([
    ['no file', undefined],
    ['an empty file', ''],
    ['no commit', '{}'],
    ['markup', '{"commit":"<b>"}'],
  ])('returns the commit "unknown" for %s', (_name, text) => {
    if (text !== undefined) note(text);
    expect(readBuildInfo(folder)).toEqual({ version: '1.2.3', commit: 'unknown' });
  });

  test('has a version in this repository', () => {
    expect(readBuildInfo().version).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe('bin/build-info.mjs', () => {
  const script = join(packageRoot(), 'bin', 'build-info.mjs');
  const write = (env: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [script, folder], { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' });
  const written = (): unknown => JSON.parse(readFileSync(join(folder, 'build-info.json'), 'utf8'));

  test('writes the commit in LAYOVER_COMMIT', () => {
    expect(write({ LAYOVER_COMMIT: COMMIT }).status).toBe(0);
    expect(written()).toEqual({ commit: COMMIT });
  });

  test('refuses a commit that is not a full hash', () => {
    const done = write({ LAYOVER_COMMIT: 'main' });
    expect(done.status).not.toBe(0);
    expect(done.stderr).toContain('LAYOVER_COMMIT must be 40 hex digits, not "main"');
    expect(existsSync(join(folder, 'build-info.json'))).toBe(false);
  });

  test('writes the commit of the checkout, or "unknown" outside of a checkout', () => {
    expect(write({}).status).toBe(0);
    const head = existsSync(join(packageRoot(), '.git'))
      ? execFileSync('git', ['rev-parse', 'HEAD'], { cwd: packageRoot(), encoding: 'utf8' }).trim()
      : 'unknown';
    expect(written()).toEqual({ commit: expect.stringMatching(new RegExp(`^${head}(-dirty)?$`)) as string });
  });
});

describe('the build of a process', () => {
  const { version, commit } = readBuildInfo();

  test('is in the metric layover_build_info', async () => {
    const registry = new Registry();
    const end = watchProcess(registry);
    try {
      const node = process.versions.node;
      expect(await registry.metrics()).toContain(
        `layover_build_info{version="${version}",commit="${commit}",node_version="${node}"} 1\n`,
      );
    } finally {
      end();
    }
  });

  test('is in the first line of the log, and the version in every line', () => {
    const lines: string[] = [];
    const logger = createLogger('edge-http', 'info', { write: (line) => void lines.push(line) });
    logBuild(logger);
    logger.child({ part: 'tls' }).info('hello');
    const [first, second] = lines.map((line) => JSON.parse(line) as unknown);
    expect(first).toMatchObject({
      version,
      commit,
      nodeVersion: process.versions.node,
      msg: `Layover ${version} is starting`,
    });
    expect(second).toMatchObject({ version, msg: 'hello' });
  });
});
