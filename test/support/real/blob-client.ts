import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { openRequest } from './http-client';

/** How a client of a blob behaves. */
export interface BlobClientOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes away, without a word, once it has this many bytes. */
  readonly leaveAfter?: number;
}

/** A client that is reading a blob. */
export interface BlobClient {
  /** Resolves at the first byte of the body with the answer's status; rejects when the connection breaks before it. */
  readonly started: Promise<number>;
  /** Resolves at the end, whole or left; rejects when the connection broke. */
  readonly done: Promise<{ readonly status: number; readonly bytes: number; readonly digest: string }>;
  /** Bytes read so far. */
  received(): number;
}

/** Starts reading a blob as fast as it comes. */
export function startBlobClient({ url, headers, leaveAfter = Infinity }: BlobClientOptions): BlobClient {
  const hash = createHash('sha256');
  let bytes = 0;
  let begin: (status: number) => void;
  let fail: (error: unknown) => void;
  const started = new Promise<number>((resolve, reject) => {
    begin = resolve;
    fail = reject;
  });
  // Whoever only waits for `done` must not be ended by an unhandled rejection of `started`.
  started.catch(() => undefined);
  const read = async (): Promise<{ status: number; bytes: number; digest: string }> => {
    const answer = await openRequest({ url, headers });
    const status = answer.statusCode!;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if (bytes === 0) begin(status);
      bytes += chunk.length;
      hash.update(chunk);
      if (bytes >= leaveAfter) break;
    }
    return { status, bytes, digest: `sha256:${hash.digest('hex')}` };
  };
  const done = read();
  done.catch((error: unknown) => fail(error));
  return { started, done, received: () => bytes };
}

/** A client that takes 1 KiB a second until it is told to hurry. */
export interface SlowClient {
  readonly received: () => number;
  /** Reads the rest as fast as it comes; resolves with what it got in all. */
  hurry(): Promise<{ readonly bytes: number; readonly digest: string }>;
}

/** Opens the blob and begins to read it, 1 KiB a second. */
export async function startSlowClient(url: string): Promise<SlowClient> {
  const answer: IncomingMessage = await openRequest({ url });
  const hash = createHash('sha256');
  let bytes = 0;
  let hurried = false;
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    hash.update(chunk);
  };
  const hurry = new AbortController();
  const crawl = (async () => {
    while (!hurried) {
      const chunk = answer.read(1024) as Buffer | null;
      if (chunk !== null) take(chunk);
      await pause(1000, undefined, { signal: hurry.signal }).catch(() => undefined);
    }
  })();
  return {
    received: () => bytes,
    async hurry() {
      hurried = true;
      hurry.abort();
      await crawl;
      for await (const chunk of answer) take(chunk as Buffer);
      return { bytes, digest: `sha256:${hash.digest('hex')}` };
    },
  };
}
