import { Condition } from '../../../common/async/condition';
import type { BlobRead } from '../registry/registry-reader';

/** How far a file may be read. */
export interface FileGrowth {
  /** Bytes from the start of the file. */
  readonly available: number;
  /** Resolves when `available` > `position`. Rejects when that will never be: with the failure of the fill, or CANCELLED. */
  beyond(position: number): Promise<void>;
}

/** A file that is whole, or whole as far as it matters. */
export function grown(available: number): FileGrowth {
  return { available, beyond: () => Promise.reject(new Error(`nothing follows after ${available} bytes`)) };
}

/**
 * Follows a fill: reads the call's progress messages as they come, whatever the client's pace, and keeps only the last.
 * Stops when `needed` bytes are there, or when the call ends; a call that ends well before that is an error too.
 */
export function followGrowth(read: BlobRead, start: number, needed: number): FileGrowth {
  let available = start;
  let failure: { readonly reason: unknown } | undefined;
  const changes = new Condition();

  async function follow(): Promise<void> {
    while (available < needed) {
      const message = await read.next();
      if (message === undefined) throw new Error(`the data plane ended after ${available} of ${needed} bytes`);
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
