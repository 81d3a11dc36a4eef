import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../common/runtime/clock';
import type { Logger } from '../../common/runtime/logger';
import { NO_TRACER, type Span, type Tracer } from '../../common/tracing/tracer';
import { Exchange, type Handler } from './request/exchange';
import type { EdgeMetrics } from './metrics';
import { parseRequest } from './request/parse-request';
import type { Client } from './request/read-client';
import type { RegistryRequest } from './request/registry-request';
import { requestError } from './request/request-error';
import { endRequestSpan, startRequestSpan } from './request/request-span';
import type { Site } from './request/site';
import type { TrustedProxies } from './request/trusted-proxies';
import type { WriteError } from './response/write-error';

/** Dependencies of serving requests. */
export interface ServeDependencies {
  readonly dispatch: Handler<RegistryRequest>;
  readonly writeError: WriteError;
  readonly metrics: EdgeMetrics;
  readonly logger: Logger;
  /** Proxies whose forwarding headers are trusted; undefined means none. */
  readonly proxies?: TrustedProxies;
  /** What the host name of a request means. Default: nothing. */
  readonly siteOf?: (client: Client) => Site;
  readonly clock: Clock;
  /** Default: no tracing. */
  readonly tracer?: Tracer;
}

/**
 * Creates the request listener. It parses a request, dispatches it, and counts the response when it
 * ends. Never throws.
 */
export function createServe(
  dependencies: ServeDependencies,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { dispatch, writeError, metrics, logger, clock, proxies, siteOf, tracer = NO_TRACER } = dependencies;
  const accessLog = logger.isLevelEnabled('debug');

  return (request, response) => {
    const startedAt = clock.steady();
    const exchange = new Exchange(request, response, proxies);
    let parsed: RegistryRequest | undefined;
    let span: Span | undefined;
    response.on('close', () => {
      exchange.closed();
      endRequestSpan(span, exchange);
      const count = {
        kind: parsed?.kind ?? ('invalid' as const),
        method: request.method ?? '',
        status: response.headersSent ? response.statusCode : 0,
        whole: response.writableFinished,
        cacheStatus: exchange.cacheStatus,
        seconds: (clock.steady() - startedAt) / 1000,
      };
      metrics.answered(count);
      // Without the query, which may contain credentials of other services.
      if (accessLog)
        logger.debug(
          { ...count, requestId: exchange.context.requestId, path: request.url?.split('?', 1)[0] },
          'A request was answered',
        );
    });
    try {
      if (request.headers.host === undefined && request.httpVersion === '1.1')
        throw requestError('REQUEST_INVALID', 'Host', '', 'is required in HTTP/1.1 (RFC 9112 section 3.2)');
      parsed = parseRequest(request.method ?? '', request.url ?? '', siteOf?.(exchange.client));
      span = startRequestSpan(tracer, parsed, exchange, proxies);
      if (span === undefined) handle(parsed, exchange);
      else tracer.within(span, () => handle(parsed!, exchange));
    } catch (thrown) {
      refuse(exchange, parsed, thrown);
    }
  };

  function handle(request: RegistryRequest, exchange: Exchange): void {
    dispatch(request, exchange)?.catch((thrown: unknown) => refuse(exchange, request, thrown));
  }

  /** Answers an error. A failure of that must not end the process. */
  function refuse(exchange: Exchange, request: RegistryRequest | undefined, thrown: unknown): void {
    try {
      writeError(exchange, request, thrown);
    } catch (error) {
      logger.error({ err: error, requestId: exchange.context.requestId }, 'Answering an error failed');
      exchange.response.destroy();
    }
  }
}
