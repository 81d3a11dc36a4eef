import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Client, readClient } from './read-client';
import { readContext } from './request-context';
import type { TrustedProxies } from './trusted-proxies';
import type { CacheStatus, RequestContext } from '../registry/registry-reader';

/** One request and its response, with the data that handlers need. */
export class Exchange {
  readonly context: RequestContext;
  readonly client: Client;
  /** Set by a handler, for metrics and the access log. */
  cacheStatus: CacheStatus | undefined;
  private controller: AbortController | undefined;
  private gone = false;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    proxies: TrustedProxies | undefined,
  ) {
    this.client = readClient(request, proxies);
    this.context = readContext(request, this.client);
  }

  /**
   * Aborts if the client left or the connection was destroyed before the response was complete.
   * Created on first use, because most probes do not need it. Based on the response, because the
   * 'close' event of a request only means that it was read.
   */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.gone) this.controller.abort();
    }
    return this.controller.signal;
  }

  /** Called once by the server when the response is closed. */
  closed(): void {
    if (this.response.writableFinished) return;
    this.gone = true;
    this.controller?.abort();
  }
}

/**
 * Answers one kind of request. A rejection becomes an error response, or closes the connection if
 * the head was already sent.
 */
export type Handler<Request> = (request: Request, exchange: Exchange) => Promise<void> | void;
