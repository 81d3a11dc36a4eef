import { readFileSync } from 'node:fs';
import { readControlPlaneConfig } from '../../../control-plane/src/config';
import { readDataPlaneConfig } from '../../../data-plane/src/config';
import { readEdgeConfig } from '../../../edge-http/src/config';
import { packageRoot } from '../../../common/runtime/package-root';

/** Values as an operator would set them; no service is reached with them. */
export const SECRETS: Readonly<Record<string, string>> = {
  LAYOVER_PLANE_SECRET: 'p'.repeat(40),
  LAYOVER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  LAYOVER_ADMIN_TOKEN: 'a'.repeat(40),
  LAYOVER_DATABASE_URL: 'mysql://layover:password@mysql.example:3306/layover',
  LAYOVER_CLAIR_PSK: Buffer.alloc(32, 9).toString('base64'),
  MYSQL_PASSWORD: 'm'.repeat(20),
};

/** Text of a file of the repository. */
export function read(path: string): string {
  return readFileSync(`${packageRoot()}/${path}`, 'utf8');
}

const READERS: Readonly<Record<string, (env: Readonly<Record<string, string>>) => object>> = {
  'dist/control-plane/src/main.js': readControlPlaneConfig,
  'dist/data-plane/src/main.js': readDataPlaneConfig,
  'dist/edge-http/src/main.js': readEdgeConfig,
};

/** The configuration that a plane makes of its environment; throws what the plane would say, and for a command that is no plane's. */
export function configurationOf(command: readonly string[], env: Readonly<Record<string, string>>): object {
  const reader = READERS[command[1] ?? ''];
  if (command[0] !== 'node' || reader === undefined) throw new Error(`${command.join(' ')} starts no plane`);
  return reader({ LAYOVER_HOME: '/var/lib/layover', ...env });
}

/** Returns the names of the variables that docs/configuration.md lists. */
export function documentedVariables(): ReadonlySet<string> {
  return new Set([...read('docs/configuration.md').matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)].map(([, name]) => name!));
}
