import type { Gate } from './gate';
import type { LoggedRequest } from './request-log';

/** An answer that replaces the ordinary one. */
export interface CannedResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/**
 * How a registry misbehaves. All fields that are set apply. Byte counts refer to the body of this
 * response unless stated otherwise.
 */
export interface Misbehaviour {
  /** Sends only this answer (any status; a 429 with Retry-After, an error body …). */
  readonly respond?: CannedResponse;
  /** Sends a web page with status 200 instead of the content. */
  readonly html?: boolean;
  /** Sets response headers, or removes them (undefined). */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Sets Docker-Content-Digest; null = none. */
  readonly digestHeader?: string | null;
  /** Closes the connection after reading the request, before any answer. */
  readonly dropRequest?: boolean;
  /** Reads the request and never answers (until the server closes). */
  readonly stallHeaders?: boolean;
  /** Cuts the connection after this many bytes. With `times: 1`, a resumed request succeeds. */
  readonly cutAfterBytes?: number;
  /** Cuts the connection at this offset of the blob, also for resumed requests. */
  readonly cutAtOffset?: number;
  /** Sends this many bytes, then nothing, with the connection open. */
  readonly stallAfterBytes?: number;
  /** Changes the last byte and keeps the length. */
  readonly corrupt?: boolean;
  /**
   * Truncates the body and Content-Length to this many bytes, so that the answer looks complete.
   */
  readonly truncateTo?: number;
  /** Uses chunked transfer without Content-Length. */
  readonly chunked?: boolean;
  /** Sends Content-Encoding: gzip, requested or not. */
  readonly gzip?: boolean;
  /** Answers a request with Range with 200 and the whole content. */
  readonly ignoreRange?: boolean;
  /** Answers a range request with a range that is shifted by this many bytes. */
  readonly rangeShift?: number;
  /** Redirects to a Location, or to the result of a function. */
  readonly redirect?: string | ((request: LoggedRequest) => string);
  /** The status of the redirect. Default 307. */
  readonly redirectStatus?: number;
  /** Lists all tags regardless of `n`. */
  readonly ignorePagination?: boolean;
  /** Lists tags from the first one regardless of `last`. */
  readonly ignoreLast?: boolean;
  /**
   * Continues tag lists by a value of its own, `next_page=`, followed by this text, and ignores
   * `last`.
   */
  readonly tagCursor?: string;
  /** Answers a list of more tags than `limit`, or of any number, with a status. */
  readonly tagPageLimit?: { readonly limit: number; readonly status: number; readonly isNamed?: boolean };
  /** The form of the Link to the next page. Default relative. */
  readonly link?: 'relative' | 'absolute' | 'none' | { readonly origin: string };
  /** The referrers API does not filter by artifactType. */
  readonly ignoreFilter?: boolean;
  /** Page size of referrers. */
  readonly referrersPageSize?: number;
  /** Holds the body at `gateAtBytes` (default 0, after the headers) until the gate opens. */
  readonly gate?: Gate;
  readonly gateAtBytes?: number;
  /** Holds the whole answer, including the headers, until this gate opens. */
  readonly gateHeaders?: Gate;
  /** Speed of the body. */
  readonly bytesPerSecond?: number;
}

/** When a registry misbehaves. */
export interface Quirk extends Misbehaviour {
  /** A part of the path, or a pattern for it. Default: every path. */
  readonly path?: string | RegExp;
  readonly method?: string;
  /** Applies only to requests for which this returns true. */
  readonly when?: (request: LoggedRequest) => boolean;
  /** Number of matching requests to skip first. */
  readonly skip?: number;
  /** Number of requests to affect; default: all. */
  readonly times?: number;
}

/** An active quirk. */
export interface ActiveQuirk {
  /** Number of affected requests so far. */
  readonly used: number;
  remove(): void;
}

/** The quirks of one server. */
export class Quirks {
  private readonly active = new Set<{ readonly quirk: Quirk; seen: number; used: number }>();

  add(quirk: Quirk): ActiveQuirk {
    const entry = { quirk, seen: 0, used: 0 };
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

  /**
   * Returns the misbehaviour for a request and counts it. If several quirks set the same field, the
   * last one wins.
   */
  take(request: LoggedRequest): Misbehaviour {
    let result: Misbehaviour = {};
    for (const entry of this.active) {
      if (!matches(entry.quirk, request)) continue;
      entry.seen += 1;
      if (entry.seen <= (entry.quirk.skip ?? 0) || entry.used >= (entry.quirk.times ?? Infinity)) continue;
      entry.used += 1;
      result = { ...result, ...entry.quirk };
    }
    return result;
  }
}

function matches(quirk: Quirk, request: LoggedRequest): boolean {
  if (quirk.method !== undefined && quirk.method !== request.method) return false;
  if (typeof quirk.path === 'string' && !request.path.includes(quirk.path)) return false;
  if (quirk.path instanceof RegExp && !quirk.path.test(request.path)) return false;
  return quirk.when?.(request) ?? true;
}
