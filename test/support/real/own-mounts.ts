import { spawnSync } from 'node:child_process';
import { findProgram } from './programs';
import { type ServerProgram, type ServerProgramOptions, startServerProgram } from './server-program';

/** What a machine lacks that does not allow mount namespaces, as `describeWith` names it. */
const RIGHT_TO_MOUNT = 'the right to mount';

/** Returns what {@link startOwnMounts} needs: programs, and the right to mount if it is missing. */
export function ownMountsPrograms(): readonly string[] {
  const mayMount = spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
  return ['unshare', 'mount', ...(mayMount ? [] : [RIGHT_TO_MOUNT])];
}

/**
 * Starts a server like {@link startServerProgram}, in a mount namespace of its own with an empty
 * /run. Its mounts and its files there end with it, however it ends.
 */
export function startOwnMounts(
  program: string,
  args: readonly string[],
  options: ServerProgramOptions,
): Promise<ServerProgram> {
  const script = 'mount -t tmpfs tmpfs /run && exec "$0" "$@"';
  const command = ['--mount', 'sh', '-c', script, findProgram(program)!, ...args];
  return startServerProgram(findProgram('unshare')!, command, options);
}
