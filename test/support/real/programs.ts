/// <reference types="jest" />
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The folder in which Debian installs the servers of PostgreSQL, one folder per version, outside
 * PATH.
 */
const POSTGRESQL = '/usr/lib/postgresql';

/**
 * Returns the absolute path of a program, or undefined if it is not installed. Searches PATH and
 * some folders that PATH often lacks.
 */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  if (existsSync(POSTGRESQL))
    folders.push(...readdirSync(POSTGRESQL).map((version) => join(POSTGRESQL, version, 'bin')));
  for (const folder of folders) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // The program is not in this folder.
    }
  }
  return undefined;
}

/**
 * Describes a suite that needs real programs. If a program is missing, the suite is skipped under
 * its own name with the reason in the title. In CI (`CI=true`) it fails instead, so that a missing
 * program is noticed. LAYOVER_TEST_WITHOUT names programs that the machine can't have
 * (comma-separated, set by `.ci/run`); their suites are skipped in CI too.
 */
export function describeWith(programs: readonly string[], name: string, suite: () => void): void {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) {
    describe(name, suite);
    return;
  }
  const reason = `needs ${missing.join(', ')}`;
  const without = (process.env.LAYOVER_TEST_WITHOUT ?? '').split(',');
  if (process.env.CI === 'true' && !missing.every((program) => without.includes(program))) {
    describe(name, () => {
      test(reason, () => {
        throw new Error(`${name} ${reason}. Install the missing programs; .ci/run does so on Debian.`);
      });
    });
    return;
  }
  describe.skip(name, () => {
    test(reason, () => undefined);
  });
}
