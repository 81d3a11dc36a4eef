import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { openRequest } from './http-client';

/** Options of a blob client. */
export interface BlobClientOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Closes the connection after this many bytes. */
  readonly leaveAfter?: number;
}

/** A client that reads a blob. */
export interface BlobClient {
  /**
   * Resolves to the status of the answer at the first byte of the body. Rejects if the connection
   * breaks before.
   */
  readonly started: Promise<number>;
  /**
   * Resolves when the client has read everything or disconnected. Rejects if the connection breaks.
   */
  readonly done: Promise<{ readonly status: number; readonly bytes: number; readonly digest: string }>;
  /** Returns the number of bytes that were read so far. */
  received(): number;
}

/** Starts to read a blob at full speed. */
export function startBlobClient({ url, headers, leaveAfter = Infinity }: BlobClientOptions): BlobClient {
  const hash = createHash('sha256');
  let bytes = 0;
  let begin: (status: number) => void;
  let fail: (error: unknown) => void;
  const started = new Promise<number>((resolve, reject) => {
    begin = resolve;
    fail = reject;
  });
  // A caller that only awaits `done` must not get an unhandled rejection of `started`.
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

/** A client that reads 1 KiB per second until `hurry` is called. */
export interface SlowClient {
  readonly received: () => number;
  /** Reads the rest at full speed. Resolves to the total size and the digest. */
  hurry(): Promise<{ readonly bytes: number; readonly digest: string }>;
}

/** Requests a blob and starts to read it at 1 KiB per second. */
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
  const slowRead = (async () => {
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
      await slowRead;
      for await (const chunk of answer) take(chunk as Buffer);
      return { bytes, digest: `sha256:${hash.digest('hex')}` };
    },
  };
}
