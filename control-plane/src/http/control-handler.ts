import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../../common/runtime/logger';
import type { Viewer } from '../tenancy/tokens/viewer';
import { ApiError } from '../errors/api-error';
import { API_ERROR_CODES } from '../errors/api-error-codes';
import { toApiError } from '../errors/to-api-error';
import type { GraphqlEndpoint } from '../graphql/graphql-endpoint';
import type { GraphqlContext } from '../graphql/request/context';
import { QUERY_LIMITS } from '../graphql/limits/query-limits';
import { CLAIR_WEBHOOK_PATH, type ClairWebhook } from './clair-webhook';
import { AUDIT_EXPORT_PATH, type AuditExport } from './audit-export';
import { readBody } from './read-body';

/** The metrics of requests, and the text of all metrics of this plane. */
export interface RequestMetrics {
  /**
   * Starts the timer of a GraphQL request. Call the returned function with the HTTP status at the
   * end.
   */
  startGraphqlRequest(): (status: number) => void;
  /** Returns the metrics in the format `contentType`. */
  readonly registry: { readonly contentType: string; metrics(): Promise<string> };
}

/** Dependencies of {@link handleControlRequest}. */
export interface ControlHandlerParts {
  readonly graphql: GraphqlEndpoint;
  readonly auditExport: AuditExport;
  /** Undefined if no webhook token is configured. */
  readonly clairWebhook: ClairWebhook | undefined;
  readonly authenticate: (request: IncomingMessage) => Promise<Viewer>;
  readonly contextFor: (viewer: Viewer) => GraphqlContext;
  /** Returns why the plane cannot take requests, or undefined if it can. */
  readonly unready: () => Promise<string | undefined>;
  readonly metrics: RequestMetrics;
  readonly log: Logger;
}

/** A complete answer. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const TEXT_TYPE = { 'content-type': 'text/plain; charset=utf-8' };

/** Paths that only allow GET and HEAD. */
const READ_ONLY = new Set([AUDIT_EXPORT_PATH, '/healthz', '/readyz', '/metrics']);

/**
 * Answers requests for all paths of the control plane: /graphql, /audit.jsonl,
 * /clair/notifications, /healthz, /readyz and /metrics. Never throws.
 */
export async function handleControlRequest(
  parts: ControlHandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '', query] = (request.url ?? '/').split('?', 2);
  let answer: Answer;
  try {
    if (path === AUDIT_EXPORT_PATH && (request.method === 'GET' || request.method === 'HEAD')) {
      const viewer = await parts.authenticate(request);
      await parts.auditExport.send(viewer, query ?? '', request, response);
      return;
    }
    answer = await route(parts, request, path, query);
  } catch (error) {
    if (response.destroyed || response.socket?.destroyed) return;
    const expected = toApiError(error);
    if (expected === undefined) parts.log.error({ err: error, path }, 'A request failed');
    answer = failure(
      expected ?? new ApiError('INTERNAL', 'Internal error. The cause is in the log of the control plane.'),
    );
  }
  if (response.destroyed) return;
  response.writeHead(answer.status, {
    ...answer.headers,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(answer.body),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function route(
  parts: ControlHandlerParts,
  request: IncomingMessage,
  path: string,
  query: string | undefined,
): Promise<Answer> {
  if (path === '/graphql') return graphql(parts, request, query === undefined ? '' : `?${query}`);
  if (path === CLAIR_WEBHOOK_PATH && parts.clairWebhook !== undefined) return parts.clairWebhook.handle(request);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return READ_ONLY.has(path)
      ? { status: 405, headers: { ...TEXT_TYPE, allow: 'GET, HEAD' }, body: 'Only GET and HEAD are allowed.\n' }
      : { status: 404, headers: TEXT_TYPE, body: 'Not found.\n' };
  switch (path) {
    case '/healthz':
      return { status: 200, headers: TEXT_TYPE, body: 'ok\n' };
    case '/readyz': {
      const reason = await parts.unready();
      return { status: reason === undefined ? 200 : 503, headers: TEXT_TYPE, body: `${reason ?? 'ready'}\n` };
    }
    case '/metrics':
      return {
        status: 200,
        headers: { 'content-type': parts.metrics.registry.contentType },
        body: await parts.metrics.registry.metrics(),
      };
    default:
      return { status: 404, headers: TEXT_TYPE, body: 'Not found.\n' };
  }
}

async function graphql(parts: ControlHandlerParts, request: IncomingMessage, search: string): Promise<Answer> {
  const done = parts.metrics.startGraphqlRequest();
  let status = 500;
  try {
    // Authentication comes first: the body of a request without a valid token is not read.
    const viewer = await parts.authenticate(request);
    const body = await readBody(request, QUERY_LIMITS.bodyBytes);
    if (body === undefined) throw new ApiError('LIMIT_EXCEEDED', bodyTooLarge(request));
    const answer = await parts.graphql.execute(
      { method: request.method ?? 'GET', headers: request.headers, search, body: parseJson(request, body) },
      parts.contextFor(viewer),
    );
    status = answer.status;
    return { status, headers: Object.fromEntries(answer.headers), body: answer.body };
  } catch (error) {
    const expected = toApiError(error);
    if (expected !== undefined) status = API_ERROR_CODES[expected.code].http;
    throw error;
  } finally {
    done(status);
  }
}

function bodyTooLarge(request: IncomingMessage): string {
  const limit = QUERY_LIMITS.bodyBytes;
  const size = request.headers['content-length'] ?? `more than ${limit}`;
  return `The request body has ${size} bytes; the limit is ${limit}.`;
}

function parseJson(request: IncomingMessage, body: Buffer): unknown {
  if (body.length === 0 || !/^application\/(?:graphql-response\+)?json\b/i.test(request.headers['content-type'] ?? ''))
    return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError('BAD_REQUEST', 'The request body is not valid JSON.');
  }
}

/** Returns an error of the whole request, in the form of a GraphQL answer. */
function failure(error: ApiError): Answer {
  const { code, message, field, retryAfterSeconds } = error;
  return {
    status: API_ERROR_CODES[code].http,
    headers: {
      ...JSON_TYPE,
      ...(code === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer realm="Layover"' } : {}),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: JSON.stringify({ errors: [{ message, extensions: { code, ...(field === undefined ? {} : { field }) } }] }),
  };
}
