import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { layoverEnvironment, type PlaneName } from './layover';
import { type ServerProgram, startServerProgram } from './server-program';

/** The log line of each plane that accepts requests. Its groups are the addresses. */
const READY: Readonly<Record<PlaneName, RegExp>> = {
  'edge-http': /"address":"([^"]+)","msg":"The edge accepts requests"/,
  'data-plane': /"address":"([^"]+)"[^\n]*"msg":"The data plane accepts requests"/,
  'control-plane': /"address":"([^"]+)","catalogAddress":"([^"]+)"[^\n]*"msg":"The control plane accepts requests"/,
};

/**
 * Starts one plane from the build as a separate process with its own home. Resolves when it accepts
 * requests. `readyMatch` contains its address; for a control plane, the addresses of its HTTP
 * server and its Catalog. Throws an Error if there is no build, or with the output if the start
 * fails.
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
