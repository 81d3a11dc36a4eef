import type { LoggedRequest, RequestKind } from './request-log';

/** How a bucket misbehaves. Every field that is set applies. */
export interface Fault {
  /** Requests that it hits; default: all. */
  readonly kind?: RequestKind | readonly RequestKind[];
  readonly when?: (request: LoggedRequest) => boolean;
  /** Matching requests to let pass before it begins. */
  readonly skip?: number;
  /** How many requests it hits; default: until it is removed. */
  readonly times?: number;
  /** Answers this and does nothing else; the request's body is read first. */
  readonly status?: number;
  /** Resets the connection after so many bytes of the request's body; what came before counts, as at Cloud Storage, in pieces of 256 KiB. */
  readonly resetAfterBytes?: number;
  /** Does what was asked and cuts the connection instead of answering. */
  readonly loseAnswer?: boolean;
  /** Reads the request and never answers. */
  readonly silent?: boolean;
  /** Takes so many bytes of the request's body, then no more, connection open. */
  readonly stopReadingAfterBytes?: number;
  /** Cuts a download after so many bytes. */
  readonly cutAfterBytes?: number;
  /** Sends so many bytes of a download, then nothing more, connection open. */
  readonly stallAfterBytes?: number;
  /** Waits before it answers. */
  readonly delayMs?: number;
  /** Holds the answer until the promise resolves. */
  readonly until?: Promise<void>;
  /** Keeps other bytes than were sent. */
  readonly corrupt?: boolean;
  /** Keeps so many bytes of a part, and says so. */
  readonly keepOnly?: number;
}

/** A fault that was set. */
export interface ActiveFault {
  /** Requests hit so far. */
  readonly used: number;
  remove(): void;
}

/** The faults of one fake. */
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

  /** What applies to a request, counted as used. */
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
