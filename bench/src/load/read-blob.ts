import { formatRequest, LoadConnection } from './load-connection';

/** Size of the read buffer of a connection, in bytes. */
export const BLOB_BUFFER = 512 * 1024;

/**
 * Gets a path over a new connection and counts the bytes of the body without processing them.
 * Resolves to the number of bytes. Throws an Error if the status is not 200 or the body is shorter
 * than its Content-Length.
 */
export async function readBlob(host: string, path: string, signal?: AbortSignal): Promise<number> {
  const connection = new LoadConnection(host, BLOB_BUFFER);
  const leave = (): void => connection.close();
  signal?.addEventListener('abort', leave, { once: true });
  try {
    const { status, bytes } = await connection.send(formatRequest('GET', host, path, { Connection: 'close' }));
    if (status !== 200) throw new Error(`GET ${path} from ${host} was answered with ${status}`);
    return bytes;
  } finally {
    signal?.removeEventListener('abort', leave);
    connection.close();
  }
}

/**
 * Runs `count` jobs, at most `width` at a time. If a job fails, waits for the running jobs and
 * throws the first error.
 */
export async function atATime(count: number, width: number, job: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await job();
    }
  };
  const results = await Promise.allSettled(Array.from({ length: width }, worker));
  for (const outcome of results) if (outcome.status === 'rejected') throw outcome.reason;
}
