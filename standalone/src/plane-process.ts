import { type ChildProcess, fork } from 'node:child_process';
import { type Backoff, backoffDelay } from '../../common/async/backoff';
import { EXIT_BAD_CONFIGURATION } from '../../common/runtime/env';
import type { ReadyMessage } from '../../common/runtime/lifecycle';

/** A plane as the parent sees it. */
export interface PlaneDescription {
  /** As in its folder: control-plane, data-plane, edge-http. */
  readonly name: string;
  /** Compiled main file. */
  readonly program: string;
  /** Variable that says where it listens; after the first start the address it got is kept for restarts (port 0). */
  readonly listenVariable: string;
}

/** How long a plane must have run for its next death to count as the first again, in milliseconds. */
const HEALTHY_AFTER_MS = 30_000;
/** Before a plane that died is started again. */
const BACKOFF: Backoff = { firstMs: 100, maxMs: 10_000 };

/** What the parent wants to hear of. */
export interface PlaneEvents {
  onRestart(name: string, how: string, inMs: number): void;
}

/** Runs one plane as a process and starts it again when it dies, with growing pauses, until it is stopped. */
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
   * Resolves to the plane's address when it accepts requests. Rejects when it ends before that: what it printed says why,
   * and starting it again would not help (a port in use, a database that can't be opened).
   */
  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.run(resolve, (how) => reject(new Error(`${this.description.name} ended before it was ready (${how})`)));
    });
  }

  /** Asks the plane to finish and waits for its end; kills it when that takes longer than `timeoutMs`. */
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
      // A group of its own: Ctrl-C in a terminal reaches the parent only, which stops the planes in their order.
      detached: true,
    });
    this.child = child;
    child.on('message', (message: ReadyMessage) => {
      if (message.kind !== 'ready') return;
      ready = true;
      this.environment[this.description.listenVariable] = listenAddress(message.address);
      onReady(message.address);
    });
    // An error to start (no memory, no such file) is followed by no exit event.
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

/** `http://127.0.0.1:8080` and `127.0.0.1:8080` both give what a listen variable takes. */
function listenAddress(address: string): string {
  return address.replace(/^https?:\/\//, '').replace(/\/.*$/, (path) => (address.startsWith('unix:') ? path : ''));
}
