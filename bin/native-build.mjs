import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Returns variables for npm with which the SQLite driver is compiled against the headers that came
 * with this Node. Without them node-gyp would download the headers from nodejs.org. Empty if this
 * Node came without headers.
 */
export function nativeBuildEnvironment() {
  const prefix = dirname(dirname(process.execPath));
  if (!existsSync(join(prefix, 'include', 'node', 'node.h'))) return {};
  return { npm_config_nodedir: prefix, npm_config_build_from_source: 'better-sqlite3' };
}
