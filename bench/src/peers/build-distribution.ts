import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { findProgram } from '../../../test/support/real/programs';
import { mustRun } from '../../../test/support/real/run-program';

const VERSION = '3.1.2';
const BUILD_MS = 20 * 60_000;

/** Returns the path of the program that {@link buildDistribution} builds. */
export function builtDistribution(): string {
  return join(packageRoot(), 'node_modules', '.cache', 'bench', `distribution-${VERSION}`, 'registry');
}

/**
 * Builds distribution 3 with Go, from the module proxy, into a cache folder of this checkout. Takes
 * some minutes. Throws an Error if Go is not installed or the build fails.
 */
export async function buildDistribution(note: (line: string) => void): Promise<void> {
  const go = findProgram('go');
  if (go === undefined) throw new Error('Go is not installed, so that distribution 3 can not be built');
  const folder = dirname(builtDistribution());
  await mkdir(folder, { recursive: true });
  note(`building distribution ${VERSION}`);
  await mustRun(go, ['install', `github.com/distribution/distribution/v3/cmd/registry@v${VERSION}`], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
    timeoutMs: BUILD_MS,
  });
}
