import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Returns environment variables for npm that compile the SQLite driver against the headers of this
 * Node installation. Without them, node-gyp downloads the headers from nodejs.org. Empty if the
 * installation has no headers.
 */
export function nativeBuildEnvironment() {
  const prefix = dirname(dirname(process.execPath));
  if (!existsSync(join(prefix, 'include', 'node', 'node.h'))) return {};
  return { npm_config_nodedir: prefix, npm_config_build_from_source: 'better-sqlite3' };
}
