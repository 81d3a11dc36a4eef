import { connect } from 'node:net';

/** Size of the read buffer of a connection, in bytes. */
const READ_BUFFER = 512 * 1024;
const END_OF_HEADERS = Buffer.from('\r\n\r\n');

/**
 * Gets a path and counts the bytes of the body without processing them. The client is as cheap as
 * Node.js allows, so that the measured cost is that of the server. Resolves to the number of bytes.
 * Throws an Error if the status is not 200 or the body is shorter than its Content-Length.
 */
export function readBlob(host: string, path: string, signal?: AbortSignal): Promise<number> {
  const { hostname, port } = new URL(`http://${host}`);
  return new Promise((resolve, reject) => {
    let head: Buffer | undefined = Buffer.alloc(0);
    let expected = 0;
    let received = 0;
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(`GET ${path} from ${host} failed: ${why}`));
    };
    const onBytes = (length: number, buffer: Buffer): void => {
      if (head !== undefined) {
        head = Buffer.concat([head, buffer.subarray(0, length)]);
        const end = head.indexOf(END_OF_HEADERS);
        if (end === -1) return;
        const text = head.subarray(0, end).toString('latin1');
        if (!/^HTTP\/1\.1 200 /.test(text)) return fail(text.split('\r\n')[0]!);
        expected = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? Number.NaN);
        if (Number.isNaN(expected)) return fail('the response has no Content-Length');
        received = head.length - end - END_OF_HEADERS.length;
        head = undefined;
      } else received += length;
      if (received >= expected) {
        socket.destroy();
        resolve(received);
      }
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        buffer: Buffer.allocUnsafe(READ_BUFFER),
        callback(length, buffer) {
          onBytes(length, buffer as Buffer);
          return true;
        },
      },
    });
    socket.once('error', (error) => reject(error));
    socket.once('close', () => fail(`the body ended after ${received} of ${expected} bytes`));
    signal?.addEventListener('abort', () => fail('left'), { once: true });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
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
