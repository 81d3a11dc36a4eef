import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { layoverEnvironment, type PlaneName } from './layover';
import { type ServerProgram, startServerProgram } from './server-program';

/** What a plane logs when it takes requests; the groups are its addresses. */
const READY: Readonly<Record<PlaneName, RegExp>> = {
  'edge-http': /"address":"([^"]+)","msg":"listening"/,
  'data-plane': /"address":"([^"]+)"[^\n]*"msg":"The data plane accepts requests"/,
  'control-plane': /"address":"([^"]+)","catalogAddress":"([^"]+)"[^\n]*"msg":"the control plane accepts requests"/,
};

/**
 * One plane as a process of its own, from the build, with a home of its own; resolves when it takes requests: `readyMatch` has the address (a control plane's: its HTTP server's
 * and its Catalog's). Throws an Error where nothing has been built, or with what it printed.
 */
export async function startPlaneProcess(
  plane: PlaneName,
  home: string,
  env: Readonly<Record<string, string>>,
): Promise<ServerProgram> {
  const program = join(packageRoot(), 'dist', plane, 'src', 'main.js');
  if (!existsSync(program)) throw new Error('Layover is not built: run `npm test` (or `npm run build`) first.');
  await mkdir(home, { recursive: true });
  return startServerProgram(process.execPath, [program], { env: layoverEnvironment(home, env), ready: READY[plane] });
}
