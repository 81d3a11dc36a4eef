import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { findProgram } from '../real/programs';
import type { Flavour } from './flavour';

/**
 * Creates a data folder with an empty database system. Installing one takes seconds, so it happens
 * once for each version of the server. The result is kept in the cache folder of Jest, and every
 * server gets a copy.
 */
export function copyInstalled(flavour: Flavour, data: string): void {
  const program = realpathSync(findProgram(flavour.programs[0])!);
  const { size, mtimeMs } = statSync(program);
  const cache = join(packageRoot(), 'node_modules', '.cache', 'mysql-server');
  const installed = join(cache, `${flavour.project}-${size}-${Math.floor(mtimeMs)}`);
  if (!existsSync(installed)) {
    mkdirSync(cache, { recursive: true });
    const fresh = `${installed}.${randomBytes(6).toString('hex')}`;
    try {
      flavour.install(fresh);
      renameSync(fresh, installed);
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true });
      // Another worker may have been faster. The folder is complete or does not exist.
      if (!existsSync(installed)) throw error;
    }
  }
  cpSync(installed, data, { recursive: true });
}
