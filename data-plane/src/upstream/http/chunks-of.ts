import type { Readable } from 'node:stream';
import { Condition } from '../../../../common/async/condition';

/** Bytes that may wait for the reader. Beyond that, the connection is not read. */
const HELD_BYTES = 256 * 1024;

/**
 * Yields the chunks of a stream of bytes as they arrive. In contrast to the iterator of the stream,
 * chunks that arrived while the reader was busy are not joined, which would copy every byte of a
 * blob once more. Throws the error of the stream, or an Error if it is destroyed before its end.
 * Destroys the stream when the reader leaves.
 */
export async function* chunksOf(source: Readable): AsyncGenerator<Buffer, void, undefined> {
  const held: Buffer[] = [];
  const changes = new Condition();
  let heldBytes = 0;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  source.on('error', (error) => (failure = { error }));
  source.on('end', () => {
    isOver = true;
    changes.notifyAll();
  });
  // Follows every end, also one without 'end' or 'error'.
  source.on('close', () => {
    if (!isOver) failure ??= { error: new Error('The stream was destroyed before its end.') };
    changes.notifyAll();
  });
  source.on('data', (chunk: Buffer) => {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes >= HELD_BYTES) source.pause();
    changes.notifyAll();
  });
  try {
    for (;;) {
      const chunk = held.shift();
      if (chunk !== undefined) {
        heldBytes -= chunk.length;
        if (heldBytes < HELD_BYTES && source.isPaused()) source.resume();
        yield chunk;
      } else if (failure !== undefined) {
        throw failure.error;
      } else if (isOver) {
        return;
      } else {
        await changes.wait();
      }
    }
  } finally {
    source.destroy();
  }
}
