import { readFileSync } from 'node:fs';
import { readControlPlaneConfig } from '../../control-plane/src/config';
import { readDataPlaneConfig } from '../../data-plane/src/config';
import { readEdgeConfig } from '../../edge-http/src/config';
import { packageRoot } from '../../common/runtime/package-root';

/** Values that an operator might set. No test connects to these services. */
export const SECRETS: Readonly<Record<string, string>> = {
  LAYOVER_PLANE_SECRET: 'p'.repeat(40),
  LAYOVER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  LAYOVER_ADMIN_TOKEN: 'a'.repeat(40),
  LAYOVER_DATABASE_URL: 'mysql://layover:password@mysql.example:3306/layover',
  LAYOVER_CLAIR_PSK: Buffer.alloc(32, 9).toString('base64'),
  MYSQL_PASSWORD: 'm'.repeat(20),
  CLAIR_DATABASE_PASSWORD: 'c'.repeat(20),
  GRAFANA_PASSWORD: 'g'.repeat(20),
};

/** Returns the text of a file of the repository. */
export function read(path: string): string {
  return readFileSync(`${packageRoot()}/${path}`, 'utf8');
}

const READERS: Readonly<Record<string, (env: Readonly<Record<string, string>>) => object>> = {
  'dist/control-plane/src/main.js': readControlPlaneConfig,
  'dist/data-plane/src/main.js': readDataPlaneConfig,
  'dist/edge-http/src/main.js': readEdgeConfig,
};

/**
 * Returns the configuration that a plane reads from its environment. Throws the error of the plane,
 * or an Error if the command starts no plane.
 */
export function configurationOf(command: readonly string[], env: Readonly<Record<string, string>>): object {
  const reader = READERS[command[1] ?? ''];
  if (command[0] !== 'node' || reader === undefined) throw new Error(`${command.join(' ')} does not start a plane`);
  return reader({ LAYOVER_HOME: '/var/lib/layover', ...env });
}

/** Returns the names of the variables that docs/configuration.md lists. */
export function documentedVariables(): ReadonlySet<string> {
  return new Set([...read('docs/configuration.md').matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)].map(([, name]) => name!));
}
