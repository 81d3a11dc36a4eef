import type { IncomingMessage } from 'node:http';
import type { Span, Tracer } from '../../../common/tracing/tracer';
import type { Exchange } from './exchange';
import { peerOf } from './read-client';
import type { RegistryRequest, RequestKind } from './registry-request';
import type { TrustedProxies } from './trusted-proxies';

/**
 * Routes as in the specification, without values. Undefined means not traced, because probes arrive
 * every second.
 */
const ROUTES: Readonly<Record<RequestKind, string | undefined>> = {
  ping: '/v2/',
  'get-manifest': '/v2/<name>/manifests/<reference>',
  'get-blob': '/v2/<name>/blobs/<digest>',
  'list-tags': '/v2/<name>/tags/list',
  'list-repositories': '/v2/_catalog',
  'list-referrers': '/v2/<name>/referrers/<digest>',
  token: '/token',
  push: '/v2/<push>',
  healthz: undefined,
  readyz: undefined,
  metrics: undefined,
};

/**
 * Starts the span of a request. It continues the caller's trace only if a trusted proxy sent it:
 * any other client could force its requests to be recorded, or write into foreign traces.
 */
export function startRequestSpan(
  tracer: Tracer,
  request: RegistryRequest,
  { request: message, context }: Exchange,
  proxies: TrustedProxies | undefined,
): Span | undefined {
  const route = ROUTES[request.kind];
  if (!tracer.isOn || route === undefined) return undefined;
  // The set of methods is limited, because Node's parser only accepts those of HTTP.
  const method = message.method ?? '';
  return tracer.start(`${method} ${route}`, {
    kind: 'server',
    parent: { traceparent: callersSpan(message, proxies) },
    attributes: { 'http.request.method': method, 'http.route': route, 'layover.request_id': context.requestId },
  });
}

/** Ends the span with the outcome of the request. */
export function endRequestSpan(span: Span | undefined, { response, cacheStatus }: Exchange): void {
  if (span === undefined) return;
  if (response.headersSent) span.set('http.response.status_code', response.statusCode);
  if (cacheStatus !== undefined) span.set('layover.cache_status', cacheStatus);
  if (!response.writableFinished) span.fail('broken');
  else if (response.statusCode >= 500) span.fail(String(response.statusCode));
  span.end();
}

function callersSpan({ headers, socket }: IncomingMessage, proxies: TrustedProxies | undefined): string | undefined {
  const { traceparent } = headers;
  return typeof traceparent === 'string' && proxies?.trusts(peerOf(socket)) === true ? traceparent : undefined;
}
