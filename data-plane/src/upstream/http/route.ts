import type { Dispatcher } from 'undici';

/** How a request is sent. */
export interface Route {
  readonly dispatcher: Dispatcher;
  /** The request target (RFC 9112 section 3.2). */
  readonly path: string;
  /** Headers for the proxy. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Which connection a request uses: `kept` = one that other requests use before and after it;
 * `single` = a new one for this request alone.
 */
export type ConnectionUse = 'kept' | 'single';
