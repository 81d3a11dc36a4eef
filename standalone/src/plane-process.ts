import { type ChildProcess, fork } from 'node:child_process';
import { type Backoff, backoffDelay } from '../../common/async/backoff';
import { EXIT_BAD_CONFIGURATION } from '../../common/runtime/env';
import type { ReadyMessage } from '../../common/runtime/lifecycle';

/** A plane from the view of its parent process. */
export interface PlaneDescription {
  /** Name of its folder: control-plane, data-plane or edge-http. */
  readonly name: string;
  /** Compiled main file. */
  readonly program: string;
  /**
   * Variable with its listening address. After the first start it is set to the actual address, so
   * that a restart uses the same port (port 0).
   */
  readonly listenVariable: string;
}

/** Running time after which the backoff starts over, in milliseconds. */
const HEALTHY_AFTER_MS = 30_000;
/** Delay before a plane that died is restarted. */
const BACKOFF: Backoff = { firstMs: 100, maxMs: 10_000 };

/** Events for the parent process. */
export interface PlaneEvents {
  onRestart(name: string, how: string, inMs: number): void;
}

/**
 * Runs a plane as a child process and restarts it with increasing delays when it dies, until it is
 * stopped.
 */
export class PlaneProcess {
  private child: ChildProcess | undefined;
  private readonly environment: Record<string, string | undefined>;
  private failures = 0;
  private stopping = false;
  private restart: NodeJS.Timeout | undefined;

  constructor(
    private readonly description: PlaneDescription,
    environment: Readonly<Record<string, string | undefined>>,
    private readonly events: PlaneEvents,
  ) {
    this.environment = { ...environment };
  }

  /**
   * Starts the plane. Resolves with its address when it accepts requests. Rejects if it ends before
   * that; its output tells the reason, and a restart would not help (a port in use, a database that
   * cannot be opened).
   */
  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.run(resolve, (how) => reject(new Error(`${this.description.name} ended before it was ready (${how})`)));
    });
  }

  /** Asks the plane to stop and waits for its end. Kills it after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restart);
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const killer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      child.once('exit', () => {
        clearTimeout(killer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  private run(onReady: (address: string) => void, onEarlyEnd: (how: string) => void): void {
    const startedAt = Date.now();
    let ready = false;
    const child = fork(this.description.program, [], {
      env: this.environment as NodeJS.ProcessEnv,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // In its own process group: Ctrl-C in a terminal only reaches the parent, which stops the
      // planes in their order.
      detached: true,
    });
    this.child = child;
    child.on('message', (message: ReadyMessage) => {
      if (message.kind !== 'ready') return;
      ready = true;
      this.environment[this.description.listenVariable] = listenAddress(message.address);
      onReady(message.address);
    });
    // If the process cannot be started (no memory, missing file), no 'exit' event follows.
    child.once('error', (error) => {
      if (child.pid === undefined) onEarlyEnd(error.message);
    });
    child.once('exit', (code, signal) => {
      if (this.stopping) return;
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      if (!ready && (onEarlyEnd !== ignore || code === EXIT_BAD_CONFIGURATION)) return onEarlyEnd(how);
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) this.failures = 0;
      this.failures += 1;
      const pause = backoffDelay(BACKOFF, this.failures);
      this.events.onRestart(this.description.name, how, pause);
      this.restart = setTimeout(() => this.run(ignore, ignore), pause);
    });
  }
}

function ignore(): void {}

/** Converts `http://127.0.0.1:8080` and `127.0.0.1:8080` to the value of a listen variable. */
function listenAddress(address: string): string {
  return address.replace(/^https?:\/\//, '').replace(/\/.*$/, (path) => (address.startsWith('unix:') ? path : ''));
}
