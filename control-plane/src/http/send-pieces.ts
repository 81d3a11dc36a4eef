import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../common/runtime/clock';

/** How long a client may take no bytes before it is cut, in milliseconds. */
const STALL_MS = 60_000;

/**
 * Writes pieces as a client takes them: the next one is asked for when the last has left this process. Resolves when all has
 * been handed to the network, and as well when the client has left or was cut for taking nothing in a minute; the source
 * is ended in each case. Throws what the source throws, after it has destroyed the connection: the status has been sent, so
 * a cut connection is the only honest error left.
 */
export async function sendPieces(
  response: ServerResponse,
  pieces: AsyncIterable<string>,
  clock: Clock,
  stallMs = STALL_MS,
): Promise<void> {
  // A reset tells itself by 'close' as well.
  response.on('error', () => undefined);
  try {
    for await (const piece of pieces) {
      if (response.destroyed) return;
      if (!response.write(piece)) await taken(response, 'drain', clock, stallMs);
      if (response.destroyed) return;
    }
  } catch (error) {
    response.destroy();
    throw error;
  }
  const finished = taken(response, 'finish', clock, stallMs);
  response.end();
  await finished;
}

function taken(response: ServerResponse, event: 'drain' | 'finish', clock: Clock, stallMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      response.off(event, done);
      response.off('close', done);
      resolve();
    };
    const cancel = clock.after(stallMs, () => response.destroy());
    response.once(event, done);
    response.once('close', done);
    if (response.destroyed) done();
  });
}
