import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../../../common/runtime/package-root';
import { createDataPlane } from '../../../../data-plane/src/app';
import { readDataPlaneConfig } from '../../../../data-plane/src/config';

/** A data plane that accepts requests. */
export interface RunningDataPlane {
  /** As SIGTERM does. */
  stop(): Promise<void>;
  /** Sends a signal; only to a process. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** In the process of the test. */
export async function dataPlaneInside(environment: Environment): Promise<RunningDataPlane> {
  const app = createDataPlane(readDataPlaneConfig(environment));
  await app.start();
  return {
    stop: () => app.stop(),
    signal: () => {
      throw new Error('this data plane is no process');
    },
  };
}

/** As a process of its own. */
export async function dataPlaneProcess(environment: Environment): Promise<RunningDataPlane> {
  const root = packageRoot();
  const child: ChildProcess = fork(join(root, 'data-plane', 'src', 'main.ts'), [], {
    execArgv: ['-r', join(root, 'test', 'integration', 'data-plane', 'support', 'typescript-hook.js')],
    env: environment as NodeJS.ProcessEnv,
    silent: true,
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit');
  await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => Promise.reject(new Error(`it ended with ${code}: ${output}`))),
  ]);
  return {
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await exited;
    },
    signal: (name) => void child.kill(name),
  };
}
