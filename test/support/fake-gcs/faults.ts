import type { LoggedRequest, RequestKind } from './request-log';

/** A fault of the bucket. All fields that are set apply. */
export interface Fault {
  /** The affected kinds of requests. Default: all. */
  readonly kind?: RequestKind | readonly RequestKind[];
  readonly when?: (request: LoggedRequest) => boolean;
  /** Number of matching requests before the first affected one. */
  readonly skip?: number;
  /** Number of affected requests. Default: until the fault is removed. */
  readonly times?: number;
  /** Answers with this status and does nothing else. The body of the request is read first. */
  readonly status?: number;
  /**
   * Resets the connection after this many bytes of the request body. Earlier bytes are stored in
   * multiples of 256 KiB, as by Cloud Storage.
   */
  readonly resetAfterBytes?: number;
  /** Handles the request and closes the connection without an answer. */
  readonly loseAnswer?: boolean;
  /** Reads the request and never answers. */
  readonly silent?: boolean;
  /** Reads this many bytes of the request body, then stops reading. The connection stays open. */
  readonly stopReadingAfterBytes?: number;
  /** Cuts a download after this many bytes. */
  readonly cutAfterBytes?: number;
  /** Sends this many bytes of a download, then stops. The connection stays open. */
  readonly stallAfterBytes?: number;
  /** Sends a download with a wrong bit in the byte at this offset of its body. */
  readonly flipAt?: number;
  /** Delays the answer. */
  readonly delayMs?: number;
  /** Delays the answer until the promise resolves. */
  readonly until?: Promise<void>;
  /** Stores other bytes than were sent. */
  readonly corrupt?: boolean;
  /** Stores only this many bytes of a chunk and reports that number. */
  readonly keepOnly?: number;
}

/** An active fault. */
export interface ActiveFault {
  /** Number of requests that were affected so far. */
  readonly used: number;
  remove(): void;
}

/** The faults of one fake bucket. */
export class Faults {
  private readonly active = new Set<{ readonly fault: Fault; seen: number; used: number }>();

  add(fault: Fault): ActiveFault {
    const entry = { fault, seen: 0, used: 0 };
    this.active.add(entry);
    const { active } = this;
    return {
      get used() {
        return entry.used;
      },
      remove: () => void active.delete(entry),
    };
  }

  clear(): void {
    this.active.clear();
  }

  /** Returns the faults for a request and counts them as used. */
  take(request: LoggedRequest): Fault {
    let result: Fault = {};
    for (const entry of this.active) {
      const { fault } = entry;
      const kinds = typeof fault.kind === 'string' ? [fault.kind] : fault.kind;
      if (kinds?.includes(request.kind) === false || fault.when?.(request) === false) continue;
      entry.seen += 1;
      if (entry.seen <= (fault.skip ?? 0) || entry.used >= (fault.times ?? Infinity)) continue;
      entry.used += 1;
      result = { ...result, ...fault };
    }
    return result;
  }
}
