import { Condition } from '../../../common/async/condition';
import type { BlobRead } from '../registry/registry-reader';

/** How far a file may be read. */
export interface FileGrowth {
  /** Readable bytes from the start of the file. */
  readonly available: number;
  /**
   * Resolves when `available` exceeds `position`. Rejects if that cannot happen any more: with the
   * failure of the fill, or CANCELLED.
   */
  beyond(position: number): Promise<void>;
}

/** Returns the state of a file that does not grow any more. */
export function grown(available: number): FileGrowth {
  return { available, beyond: () => Promise.reject(new Error(`The file ends after ${available} bytes.`)) };
}

/**
 * Follows a fill: reads the progress messages of the call as they arrive, independent of the
 * client's pace, and keeps only the last one. Stops when `needed` bytes are available or the call
 * ends. A call that ends successfully before that is an error too.
 */
export function followGrowth(read: BlobRead, start: number, needed: number): FileGrowth {
  let available = start;
  let failure: { readonly reason: unknown } | undefined;
  const changes = new Condition();

  async function follow(): Promise<void> {
    while (available < needed) {
      const message = await read.next();
      if (message === undefined)
        throw new Error(`The data plane ended the call after ${available} of ${needed} bytes.`);
      if (message.kind !== 'progress') continue;
      available = Math.max(available, message.available);
      changes.notifyAll();
    }
  }
  follow().catch((reason: unknown) => {
    failure = { reason };
    changes.notifyAll();
  });

  return {
    get available() {
      return available;
    },
    async beyond(position) {
      while (available <= position) {
        if (failure !== undefined) throw failure.reason;
        await changes.wait();
      }
    },
  };
}
