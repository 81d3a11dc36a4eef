import { linkSignals } from '../../../../common/async/linked-signal';
import { sleep } from '../../../../common/async/sleep';
import type { Clock } from '../../../../common/runtime/clock';
import { ClairError, isClairError } from './clair-error';
import type { IndexOutcome } from './index-report';

/** How often Clair is asked about an indexing that it has not answered, in milliseconds. */
const ASK_EVERY_MS = 10_000;
/**
 * Clair keeps a report from the first step of an indexing on (claircore, indexer/controller). If it
 * knows of none so many times in a row, the request did not arrive.
 */
const UNKNOWN_TIMES = 3;

/** What Clair has stored about an image that it was asked to index. */
export type IndexProgress = 'unknown' | 'running' | IndexOutcome;

/** An indexing that Clair was asked for. Both functions throw ClairErrors. */
export interface AskedIndex {
  /** Sends the request, whose answer comes when the indexing has ended. */
  readonly send: (signal: AbortSignal) => Promise<IndexOutcome>;
  /** Asks for the stored report, on another connection. */
  readonly progress: (signal: AbortSignal) => Promise<IndexProgress>;
}

/**
 * Waits for an indexing, which may take minutes and is one request. A connection that carries
 * nothing any more looks the same, so Clair is also asked for what it has stored: the answer counts
 * if it comes earlier. Throws what `send` throws, and AWAY if Clair does not know of the indexing.
 */
export async function awaitIndex(
  { send, progress }: AskedIndex,
  clock: Clock,
  signal: AbortSignal,
): Promise<IndexOutcome> {
  const both = linkSignals(signal);
  const requests = [send(both.signal), watch(progress, clock, both.signal)];
  try {
    return await Promise.race(requests);
  } finally {
    both.abort(new Error('The other request for the index was answered.'));
    await Promise.allSettled(requests);
    both.release();
  }
}

async function watch(progress: AskedIndex['progress'], clock: Clock, signal: AbortSignal): Promise<IndexOutcome> {
  for (let unknown = 0; unknown < UNKNOWN_TIMES;) {
    await sleep(clock, ASK_EVERY_MS, signal);
    const found = await progressOrRunning(progress, signal);
    if (typeof found === 'object') return found;
    unknown = found === 'unknown' ? unknown + 1 : 0;
  }
  throw new ClairError('AWAY', 'Clair does not know of the indexing that it was asked for.');
}

/** A Clair that does not say how far it is may be busy with the image. */
async function progressOrRunning(progress: AskedIndex['progress'], signal: AbortSignal): Promise<IndexProgress> {
  try {
    return await progress(signal);
  } catch (error) {
    if (isClairError(error)) return 'running';
    throw error;
  }
}
