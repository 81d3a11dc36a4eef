import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../programs';
import { mustRun, type ProgramResult } from '../run-program';
import { temporaryFolder } from '../temporary-folder';

/** A separate home of one client program: settings, logins, caches and what it pulls. */
export interface ClientHome {
  readonly path: string;
  /** Runs the program. Throws a ProgramFailure unless the exit code is 0. */
  run(...args: string[]): Promise<ProgramResult>;
  /** Returns the path of a new folder, which does not exist yet. */
  newFolder(): string;
  remove(): Promise<void>;
}

/**
 * Creates a home for a program that is configured by the home of its user and `DOCKER_CONFIG`.
 * `env` is added to its environment.
 */
export async function clientHome(program: string, env: Readonly<Record<string, string>> = {}): Promise<ClientHome> {
  const folder = await temporaryFolder(program);
  const temporary = join(folder.path, 'tmp');
  await mkdir(temporary);
  const environment = {
    PATH: process.env.PATH,
    HOME: folder.path,
    TMPDIR: temporary,
    DOCKER_CONFIG: join(folder.path, '.docker'),
    ...env,
  };
  let folders = 0;
  return {
    path: folder.path,
    run: (...args) => mustRun(findProgram(program)!, args, { env: environment, cwd: folder.path }),
    newFolder: () => join(folder.path, `pulled-${(folders += 1)}`),
    remove: () => folder.remove(),
  };
}
