import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Client, readClient } from './read-client';
import { readContext } from './request-context';
import type { TrustedProxies } from './trusted-proxies';
import type { CacheStatus, RequestContext } from '../registry/registry-reader';

/** One request and its answer, with what handlers need of both. */
export class Exchange {
  readonly context: RequestContext;
  readonly client: Client;
  /** What the cache did, once a handler knows: for metrics and the access log. */
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
   * Aborts when the client has left, or the connection was destroyed, before the answer was whole. Made when first asked for:
   * most answers to probes need none. "Left" comes from the response: a request's close says only that it was read.
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

/** Answers one kind of request. A rejection becomes an error answer, or the end of the connection where the head is out. */
export type Handler<Request> = (request: Request, exchange: Exchange) => Promise<void> | void;
