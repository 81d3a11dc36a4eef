import { type ChildProcess, fork } from 'node:child_process';
import { type Backoff, backoffDelay } from '../../common/async/backoff';
import { EXIT_BAD_CONFIGURATION } from '../../common/runtime/env';
import type { ReadyMessage } from '../../common/runtime/lifecycle';
import { CannotStartError, EXIT_IN_USE } from '../../common/runtime/start-failure';
import {
  SIBLING_ANSWER_MS,
  type SiblingAnswers,
  type SiblingMessage,
  type SiblingQuestion,
} from '../../common/runtime/siblings';

/** A plane from the view of its parent process. */
export interface PlaneDescription {
  /** Its folder (control-plane, data-plane or edge-http), with a number if there are several. */
  readonly name: string;
  /** Compiled main file. */
  readonly program: string;
  /**
   * Variable with its listening address. After the first start it is set to the actual address, so
   * that a restart uses the same port (port 0).
   */
  readonly listenVariable: string;
  /** Starts the process; undefined means in a process group of its own. */
  readonly fork?: ForkPlane;
}

/** Starts the process of a plane. */
export type ForkPlane = (program: string, environment: Readonly<Record<string, string | undefined>>) => ChildProcess;

/** Running time after which the backoff starts over, in milliseconds. */
const HEALTHY_AFTER_MS = 30_000;
/** Delay before a plane that died is restarted. */
const BACKOFF: Backoff = { firstMs: 100, maxMs: 10_000 };
/** Delay before a plane that has never been ready is started again. */
const START_BACKOFF: Backoff = { firstMs: 1_000, maxMs: 30_000 };

/** Events for the parent process. */
export interface PlaneEvents {
  /**
   * The plane ended and will be restarted. `wasReady` is false if it ended before it accepted
   * requests; its output then says why.
   */
  onRestart(name: string, how: string, inMs: number, wasReady: boolean): void;
  /** The plane accepts requests, after a start or a restart. */
  onReady?(address: string): void;
  /** The plane asks the other processes of its kind. */
  onAsk?(question: SiblingQuestion): Promise<SiblingAnswers>;
}

/** What to do about the result of the first start. */
interface FirstStart {
  onReady(address: string): void;
  /** The process ended before it was ready. Returns true if it is started again. */
  onEarlyEnd(how: string, code: number | null): boolean;
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
  private ready = false;
  private hasBeenReady = false;
  private lastQuestion = 0;
  private readonly questions = new Map<number, (lines: readonly string[] | undefined) => void>();

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
      this.run({
        onReady: resolve,
        onEarlyEnd: (how, code) => {
          reject(this.endedEarly(how, code));
          return false;
        },
      });
    });
  }

  /**
   * Starts the plane, and tries again until it accepts requests. Resolves with its address, or with
   * undefined when the first try has failed or has taken `patienceMs`. Rejects if another try would
   * not help: the configuration is invalid, or another process uses the address.
   */
  startOrRetry(patienceMs: number): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => resolve(undefined), patienceMs).unref();
      this.run({
        onReady: (address) => {
          clearTimeout(patience);
          resolve(address);
        },
        onEarlyEnd: (how, code) => {
          clearTimeout(patience);
          const isFinal = code === EXIT_BAD_CONFIGURATION || code === EXIT_IN_USE;
          if (isFinal) reject(this.endedEarly(how, code));
          else resolve(undefined);
          return !isFinal;
        },
      });
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

  /** Makes a process that is being stopped end at once. Its running requests are cut. */
  hurry(): void {
    // A plane ends at once at a second signal.
    if (this.stopping) this.child?.kill('SIGTERM');
  }

  /** True from the ready message of the process to its end. */
  get isReady(): boolean {
    return this.ready;
  }

  /** Asks the process. Resolves with undefined if it ends or does not answer in time. */
  ask(question: SiblingQuestion): Promise<readonly string[] | undefined> {
    const id = (this.lastQuestion += 1);
    return new Promise<readonly string[] | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), SIBLING_ANSWER_MS);
      this.questions.set(id, (lines) => {
        clearTimeout(timer);
        resolve(lines);
      });
      if (this.child !== undefined) tell(this.child, { kind: 'question', id, question });
    }).finally(() => this.questions.delete(id));
  }

  private async passOn(child: ChildProcess, id: number, question: SiblingQuestion): Promise<void> {
    const answers = await this.events.onAsk?.(question);
    if (answers !== undefined) tell(child, { kind: 'answers', id, ...answers });
  }

  private endedEarly(how: string, code: number | null): CannotStartError {
    return new CannotStartError(`${this.description.name} ended before it was ready (${how})`, {
      exitCode: code === null || code === 0 ? 1 : code,
    });
  }

  private run(first?: FirstStart): void {
    if (this.stopping) return;
    const startedAt = performance.now();
    this.ready = false;
    const child = (this.description.fork ?? forkDetached)(this.description.program, this.environment);
    this.child = child;
    child.on('message', (message: ReadyMessage | SiblingMessage) => {
      if (message.kind === 'answer') this.questions.get(message.id)?.(message.lines);
      if (message.kind === 'ask') void this.passOn(child, message.id, message.question);
      if (message.kind !== 'ready') return;
      this.ready = this.hasBeenReady = true;
      this.environment[this.description.listenVariable] = asListenVariable(message.address);
      first?.onReady(message.address);
      this.events.onReady?.(message.address);
    });
    const ended = (how: string, code: number | null): void => {
      const wasReady = this.ready;
      this.ready = false;
      for (const settle of this.questions.values()) settle(undefined);
      if (this.stopping) return;
      if (!wasReady && first !== undefined && !first.onEarlyEnd(how, code)) return;
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) this.failures = 0;
      this.failures += 1;
      const pause = backoffDelay(this.hasBeenReady ? BACKOFF : START_BACKOFF, this.failures);
      this.events.onRestart(this.description.name, how, pause, wasReady);
      this.restart = setTimeout(() => this.run(), pause);
    };
    // If the process cannot be started (no memory, missing file), no 'exit' event follows.
    child.once('error', (error) => {
      if (child.pid === undefined) ended(error.message, null);
    });
    child.once('exit', (code, signal) => ended(signal === null ? `exit code ${code}` : `signal ${signal}`, code));
  }
}

/** Sends a message. A process that has just ended does not get it. */
function tell(child: ChildProcess, message: SiblingMessage): void {
  if (child.connected) child.send(message, () => undefined);
}

function forkDetached(program: string, environment: Readonly<Record<string, string | undefined>>): ChildProcess {
  return fork(program, [], {
    env: environment as NodeJS.ProcessEnv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // In its own process group: Ctrl-C in a terminal only reaches the parent, which stops the
    // planes in their order.
    detached: true,
  });
}

/** Converts `http://127.0.0.1:8080` and `127.0.0.1:8080` to the value of a listen variable. */
export function asListenVariable(address: string): string {
  return address.replace(/^https?:\/\//, '').replace(/\/.*$/, (path) => (address.startsWith('unix:') ? path : ''));
}
