import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { RUN_TYPESCRIPT } from '../processes/run-typescript';
import type { ClockedPlaneName, FromPlane, ToPlane } from './plane-messages';

/** Number of characters of output that are kept, from the end. */
const KEPT_OUTPUT = 64 * 1024;

/** A process that can become a plane with the clock of the test. */
export class ClockedPlane {
  private readonly child: ChildProcess;
  private readonly answers: ((message: FromPlane | Error) => void)[] = [];
  private readonly exited: Promise<unknown>;
  private printed = '';

  constructor() {
    this.child = fork(join(packageRoot(), 'test', 'support', 'clocked', 'plane-child.ts'), [], {
      execArgv: [...RUN_TYPESCRIPT],
      silent: true,
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk: Buffer) => (this.printed = (this.printed + chunk.toString()).slice(-KEPT_OUTPUT)));
    this.child.on('message', (message: FromPlane) => this.answers.shift()?.(message));
    this.exited = once(this.child, 'exit').then(() => {
      for (const settle of this.answers.splice(0))
        settle(new Error(`The process of a plane ended unexpectedly: ${this.printed}`));
    });
  }

  /** Returns the end of the output. */
  output(): string {
    return this.printed;
  }

  /**
   * Makes the process a plane. Resolves to its address. Throws an Error if the plane can't start.
   */
  async start(
    plane: ClockedPlaneName,
    environment: Readonly<Record<string, string | undefined>>,
    now: number,
  ): Promise<string> {
    const answer = await this.tell({ kind: 'start', plane, environment, now });
    if (answer.kind === 'ready') return answer.address;
    throw new Error(answer.kind === 'failed' ? answer.reason : 'The plane returned no address');
  }

  /** Sets the clock. Resolves when all due timers have run. */
  async setTime(now: number): Promise<void> {
    await this.tell({ kind: 'time', now });
  }

  /** Stops the plane as SIGTERM does. Resolves when the process has ended. */
  async stop(): Promise<void> {
    if (this.child.connected) this.child.send({ kind: 'stop' } satisfies ToPlane);
    await this.exited;
  }

  /**
   * Sends SIGKILL and resolves when the process has ended. Does nothing if it has already ended.
   */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }

  private tell(message: ToPlane): Promise<FromPlane> {
    return new Promise((resolve, reject) => {
      this.answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      this.child.send(message, (error) => error && reject(error));
    });
  }
}
