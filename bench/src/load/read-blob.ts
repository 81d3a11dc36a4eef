import { connect } from 'node:net';

/** Bytes that a connection reads at a time. */
const READ_BUFFER = 512 * 1024;
const END_OF_HEADERS = Buffer.from('\r\n\r\n');

/**
 * GETs a path and counts the body without looking at it: a client as cheap as Node allows, so that what is measured is
 * the server. Resolves to the bytes of the body. Throws an Error for another status than 200, and where the body is
 * shorter than its Content-Length.
 */
export function readBlob(host: string, path: string, signal?: AbortSignal): Promise<number> {
  const { hostname, port } = new URL(`http://${host}`);
  return new Promise((resolve, reject) => {
    let head: Buffer | undefined = Buffer.alloc(0);
    let expected = 0;
    let received = 0;
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(`GET ${path} from ${host}: ${why}`));
    };
    const onBytes = (length: number, buffer: Buffer): void => {
      if (head !== undefined) {
        head = Buffer.concat([head, buffer.subarray(0, length)]);
        const end = head.indexOf(END_OF_HEADERS);
        if (end === -1) return;
        const text = head.subarray(0, end).toString('latin1');
        if (!/^HTTP\/1\.1 200 /.test(text)) return fail(text.split('\r\n')[0]!);
        expected = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? Number.NaN);
        if (Number.isNaN(expected)) return fail('no Content-Length');
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
    socket.once('close', () => fail(`cut after ${received} of ${expected} bytes`));
    signal?.addEventListener('abort', () => fail('left'), { once: true });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}

/** Runs `count` jobs, at most `width` at a time. The first failure is thrown when those under way have ended. */
export async function atATime(count: number, width: number, job: () => Promise<unknown>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await job();
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
}
