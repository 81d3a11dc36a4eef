import type { Gate } from './gate';
import type { LoggedRequest } from './request-log';

/** An answer that replaces the ordinary one. */
export interface CannedResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** How a registry misbehaves. Every field that is set applies; byte counts are of this response's body unless said otherwise. */
export interface Misbehaviour {
  /** Answers this and nothing else (any status; a 429 with Retry-After, an error body …). */
  readonly respond?: CannedResponse;
  /** A web page with status 200 in place of the content. */
  readonly html?: boolean;
  /** Sets response headers, or takes them away (undefined). */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Docker-Content-Digest as told; null = none. */
  readonly digestHeader?: string | null;
  /** Cuts the connection when the request has been read, before any answer. */
  readonly dropRequest?: boolean;
  /** Reads the request and never answers (until the server closes). */
  readonly stallHeaders?: boolean;
  /** Cuts the connection after so many bytes. With `times`: 1 a resumed request then comes through. */
  readonly cutAfterBytes?: number;
  /** Cuts whenever this offset of the blob is reached: a resumed request gets no further. */
  readonly cutAtOffset?: number;
  /** Sends so many bytes, then nothing more, connection open. */
  readonly stallAfterBytes?: number;
  /** Changes one byte (the last) and keeps the length. */
  readonly corrupt?: boolean;
  /** Body and Content-Length are cut down to so many bytes: looks whole and is not. */
  readonly truncateTo?: number;
  /** No Content-Length, chunked transfer. */
  readonly chunked?: boolean;
  /** Sends with Content-Encoding: gzip, asked for or not. */
  readonly gzip?: boolean;
  /** Answers 200 and everything to a request with Range. */
  readonly ignoreRange?: boolean;
  /** Answers a range request with a part that begins so many bytes away from what was asked. */
  readonly rangeShift?: number;
  /** Redirects: a Location, or how to make one. */
  readonly redirect?: string | ((request: LoggedRequest) => string);
  /** Default 307. */
  readonly redirectStatus?: number;
  /** Lists all tags whatever `n` is. */
  readonly ignorePagination?: boolean;
  /** Lists tags from the first whatever `last` is. */
  readonly ignoreLast?: boolean;
  /** How Link to the next page is written. Default relative. */
  readonly link?: 'relative' | 'absolute' | 'none' | { readonly origin: string };
  /** The referrers API does not filter by artifactType. */
  readonly ignoreFilter?: boolean;
  /** Page size of referrers. */
  readonly referrersPageSize?: number;
  /** Holds the body at `gateAtBytes` (default 0, headers are out by then) until the gate opens. */
  readonly gate?: Gate;
  readonly gateAtBytes?: number;
  /** Holds the whole answer, headers too, until this gate opens. */
  readonly gateHeaders?: Gate;
  /** Pace of the body. */
  readonly bytesPerSecond?: number;
}

/** When a registry misbehaves. */
export interface Quirk extends Misbehaviour {
  /** Part of the path, or a pattern for it. Default: every path. */
  readonly path?: string | RegExp;
  readonly method?: string;
  /** Only requests of which this holds. */
  readonly when?: (request: LoggedRequest) => boolean;
  /** Matching requests to let pass before it begins. */
  readonly skip?: number;
  /** How many requests it hits; default: all. */
  readonly times?: number;
}

/** A quirk that was set. */
export interface ActiveQuirk {
  /** Requests hit so far. */
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

  /** What applies to a request, counted as used. Of several that set one field, the one set last wins. */
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
