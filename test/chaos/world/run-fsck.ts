import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { layoverEnvironment } from '../../support/real/layover';
import { runProgram } from '../../support/real/run-program';
import type { FsckProblem } from './world';

const FSCK_MS = 180_000;

/** Runs fsck on a home. Returns the problems. Throws an Error if fsck cannot run. */
export async function runFsck(home: string, env: Readonly<Record<string, string>>): Promise<readonly FsckProblem[]> {
  const program = join(packageRoot(), 'dist', 'control-plane', 'src', 'fsck', 'main.js');
  const result = await runProgram(process.execPath, [program, '--json'], {
    env: layoverEnvironment(home, env),
    timeoutMs: FSCK_MS,
  });
  if (result.code !== 0 && result.code !== 1) throw new Error(`fsck ended with code ${result.code}: ${result.stderr}`);
  return result.stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; kind: string; digest?: string })
    .filter(({ type }) => type === 'problem')
    .map((problem) => ({ kind: problem.kind, digest: /sha256:[0-9a-f]{64}/.exec(JSON.stringify(problem))?.[0] }));
}
