import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/** A message to the thread. `id` names a file; see FileHash for the meaning. */
export type HashOrder =
  | { readonly kind: 'begin'; readonly id: number; readonly path: string; readonly algorithm: string }
  | { readonly kind: 'advance' | 'hex'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'end'; readonly id: number };

/** A message of the thread: the digest that was asked for, or why a file cannot be hashed. */
export type HashAnswer =
  { readonly id: number; readonly hex: string } | { readonly id: number; readonly failure: string };

/** Bytes of one read: few enough that they are still in the cache of the core when hashed. */
const READ_BYTES = 256 * 1024;

interface GrowingFile {
  readonly fd: number;
  readonly hash: Hash;
  hashed: number;
  written: number;
  /** Numbers of bytes whose digest was asked for, ascending. */
  readonly asked: number[];
}

/**
 * The program of the thread that HashThread starts: reads files behind their writers and hashes
 * them, a piece of each in turn. Its reads block, because nothing else runs here.
 */
function serve(port: NonNullable<typeof parentPort>): void {
  const files = new Map<number, GrowingFile>();
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  let isWorking = false;

  const fail = (id: number, error: unknown): void => {
    end(id);
    port.postMessage({ id, failure: error instanceof Error ? error.message : String(error) } satisfies HashAnswer);
  };
  const end = (id: number): void => {
    const file = files.get(id);
    files.delete(id);
    if (file !== undefined) closeSync(file.fd);
  };
  const answer = (id: number, file: GrowingFile): void => {
    while (file.asked[0] === file.hashed) {
      file.asked.shift();
      port.postMessage({ id, hex: file.hash.copy().digest('hex') } satisfies HashAnswer);
    }
  };
  const step = (id: number, file: GrowingFile): void => {
    const until = Math.min(file.written, file.asked[0] ?? Infinity);
    const read = readSync(file.fd, buffer, 0, Math.min(READ_BYTES, until - file.hashed), file.hashed);
    if (read === 0) throw new Error('the file is shorter than what was written');
    file.hash.update(buffer.subarray(0, read));
    file.hashed += read;
    answer(id, file);
  };
  const work = (): void => {
    let isBusy = false;
    for (const [id, file] of files) {
      if (file.hashed >= file.written) continue;
      try {
        step(id, file);
        isBusy ||= file.hashed < file.written;
      } catch (error) {
        fail(id, error);
      }
    }
    isWorking = isBusy;
    // Between two rounds, messages are taken.
    if (isBusy) setImmediate(work);
  };

  port.on('message', (order: HashOrder) => {
    try {
      if (order.kind === 'begin') {
        const hash = createHash(order.algorithm);
        files.set(order.id, { fd: openSync(order.path, 'r'), hash, hashed: 0, written: 0, asked: [] });
        return;
      }
      const file = files.get(order.id);
      if (file === undefined) return;
      if (order.kind === 'end') return end(order.id);
      file.written = Math.max(file.written, order.bytes);
      if (order.kind === 'hex') {
        if (order.bytes < file.hashed) throw new Error('bytes beyond the asked ones are hashed already');
        file.asked.push(order.bytes);
        answer(order.id, file);
      }
      if (!isWorking && file.hashed < file.written) {
        isWorking = true;
        setImmediate(work);
      }
    } catch (error) {
      fail(order.id, error);
    }
  });
}

if (parentPort !== null) serve(parentPort);
