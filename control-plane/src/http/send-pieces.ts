import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../common/runtime/clock';

/** How long a client may accept no bytes before its connection is closed, in milliseconds. */
const STALL_MS = 60_000;

/**
 * Writes pieces at the speed of the client: the next piece is requested after the last one has left
 * this process. Resolves after everything was handed to the network, and also if the client
 * disconnected or accepted nothing for `stallMs`. The source is closed in every case. If the source
 * throws, destroys the connection and throws that error: the status is already sent, so closing the
 * connection is the only way to report an error.
 */
export async function sendPieces(
  response: ServerResponse,
  pieces: AsyncIterable<string>,
  clock: Clock,
  stallMs = STALL_MS,
): Promise<void> {
  // The 'close' event reports a reset too.
  response.on('error', () => undefined);
  try {
    for await (const piece of pieces) {
      if (response.destroyed) return;
      if (!response.write(piece)) await waitForEvent(response, 'drain', clock, stallMs);
      if (response.destroyed) return;
    }
  } catch (error) {
    response.destroy();
    throw error;
  }
  const finished = waitForEvent(response, 'finish', clock, stallMs);
  response.end();
  await finished;
}

function waitForEvent(
  response: ServerResponse,
  event: 'drain' | 'finish',
  clock: Clock,
  stallMs: number,
): Promise<void> {
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
