import type { IncomingMessage, ServerResponse } from 'node:http';
import { ClientDeparture } from './client-departure';
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
  /**
   * Tells when the client left or the connection was destroyed before the response was complete.
   * For calls that need no AbortSignal, which costs several times more.
   */
  readonly departure = new ClientDeparture();
  private controller: AbortController | undefined;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    proxies: TrustedProxies | undefined,
  ) {
    this.client = readClient(request, proxies);
    this.context = readContext(request, this.client);
  }

  /**
   * Aborts when {@link Exchange.departure} does. Created on first use, because only blobs need it.
   */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.departure.aborted) this.controller.abort();
    }
    return this.controller.signal;
  }

  /**
   * Called once by the server when the response is closed. Based on the response, because the
   * 'close' event of a request only means that it was read.
   */
  closed(): void {
    if (this.response.writableFinished) return;
    this.departure.happen();
    this.controller?.abort();
  }
}

/**
 * Answers one kind of request. A rejection becomes an error response, or closes the connection if
 * the head was already sent.
 */
export type Handler<Request> = (request: Request, exchange: Exchange) => Promise<void> | void;
