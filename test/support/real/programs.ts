/// <reference types="jest" />
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps the programs of PostgreSQL's server, a folder for each version, off PATH. */
const POSTGRESQL = '/usr/lib/postgresql';

/** Absolute path of a program on PATH (and in the folders that PATH often lacks), or undefined where the machine has none. */
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
      // Not in this folder.
    }
  }
  return undefined;
}

/**
 * A suite that needs real programs. Where one is missing, the suite is skipped under its own name, with the reason in the
 * title; in CI (`CI=true`) it fails instead, so that a machine that lost a program can't look green. Programs that this machine can't have are
 * named in LAYOVER_TEST_WITHOUT (comma-separated; `.ci/run` says when), and their suites are skipped there too.
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
        throw new Error(`${name} ${reason}; install it, .ci/run does so for Debian.`);
      });
    });
    return;
  }
  describe.skip(name, () => {
    test(reason, () => undefined);
  });
}
