import { findProgram } from './programs';
import { type ServerProgram, type ServerProgramOptions, startServerProgram } from './server-program';

/** Programs that {@link startOwnMounts} needs. */
export const OWN_MOUNTS_PROGRAMS = ['unshare', 'mount'] as const;

/**
 * Starts a server like {@link startServerProgram}, in a mount namespace of its own with an empty
 * /run. Its mounts and its files there end with it, however it ends. Needs the rights of root.
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
