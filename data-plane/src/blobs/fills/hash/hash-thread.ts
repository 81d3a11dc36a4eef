import { Worker } from 'node:worker_threads';
import type { Clock } from '../../../../../common/runtime/clock';
import type { Logger } from '../../../../../common/runtime/logger';
import type { FileHash, FileHashes } from './file-hashes';
import type { HashAnswer, HashOrder } from './hash-worker';

/** How long the thread is kept without work, in milliseconds. */
const IDLE_MS = 60_000;
/** How long no thread is started after one failed, in milliseconds. */
const RETRY_MS = 60_000;
/** The thread holds one buffer and a few numbers. */
const MEMORY = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/** Dependencies of HashThread. */
export interface HashThreadOptions {
  /** Absolute path of the compiled hash-worker. */
  readonly program: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface OpenHash {
  readonly waiting: { readonly resolve: (hex: string) => void; readonly reject: (error: Error) => void }[];
  failure: Error | undefined;
}

/**
 * Hashes files in a thread of this process. It is started with the first file, and ends after a
 * minute without one. If it fails, its hashes fail, and for a minute so do all new ones.
 */
export class HashThread implements FileHashes {
  private worker: Worker | undefined;
  private readonly open = new Map<number, OpenHash>();
  private lastId = 0;
  private failedAt = -Infinity;
  private cancelIdle: (() => void) | undefined;
  private closed = false;

  constructor(private readonly options: HashThreadOptions) {}

  begin(path: string, algorithm: string): FileHash {
    const id = (this.lastId += 1);
    const hash: OpenHash = { waiting: [], failure: undefined };
    this.cancelIdle?.();
    this.cancelIdle = undefined;
    const worker = this.running();
    if (worker === undefined) hash.failure = new Error('There is no thread for hashes.');
    else this.open.set(id, hash);
    const tell = (order: HashOrder): void => {
      if (this.open.has(id)) worker?.postMessage(order);
    };
    tell({ kind: 'begin', id, path, algorithm });
    return {
      advance: (bytes) => tell({ kind: 'advance', id, bytes }),
      hexOf: (bytes) =>
        new Promise((resolve, reject) => {
          if (hash.failure !== undefined || !this.open.has(id)) {
            reject(hash.failure ?? new Error('The hash of the file has ended.'));
            return;
          }
          hash.waiting.push({ resolve, reject });
          tell({ kind: 'hex', id, bytes });
        }),
      end: () => {
        tell({ kind: 'end', id });
        this.forget(id, hash, new Error('The hash of the file has ended.'));
      },
    };
  }

  /** Ends the thread. Running hashes fail. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelIdle?.();
    const { worker } = this;
    this.failAll(new Error('This process is stopping.'));
    await worker?.terminate();
  }

  private running(): Worker | undefined {
    const { program, clock } = this.options;
    if (this.closed || clock.steady() - this.failedAt < RETRY_MS) return undefined;
    if (this.worker !== undefined) return this.worker;
    const worker = new Worker(program, { name: 'hash', resourceLimits: MEMORY });
    // The thread alone keeps no process alive.
    worker.unref();
    worker.on('message', (answer: HashAnswer) => this.take(answer));
    worker.on('error', (error) => this.lost(worker, error));
    worker.on('exit', (code) => this.lost(worker, new Error(`The thread for hashes ended with ${code}.`)));
    return (this.worker = worker);
  }

  private take(answer: HashAnswer): void {
    const hash = this.open.get(answer.id);
    if (hash === undefined) return;
    // The thread answers the questions about one file in their order.
    if ('hex' in answer) hash.waiting.shift()?.resolve(answer.hex);
    else this.forget(answer.id, hash, new Error(answer.failure));
  }

  private lost(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.failedAt = this.options.clock.steady();
    this.options.logger.warn({ err: error }, 'The thread for hashes failed; this thread hashes for a minute');
    this.failAll(error);
  }

  private failAll(error: Error): void {
    this.worker = undefined;
    for (const [id, hash] of [...this.open]) this.forget(id, hash, error);
  }

  private forget(id: number, hash: OpenHash, failure: Error): void {
    this.open.delete(id);
    hash.failure ??= failure;
    for (const { reject } of hash.waiting.splice(0)) reject(failure);
    if (this.open.size === 0 && this.worker !== undefined) this.endWhenIdle();
  }

  private endWhenIdle(): void {
    this.cancelIdle?.();
    this.cancelIdle = this.options.clock.after(IDLE_MS, () => {
      const { worker } = this;
      this.worker = undefined;
      void worker?.terminate();
    });
  }
}
