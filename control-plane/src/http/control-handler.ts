import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../../common/runtime/logger';
import type { Viewer } from '../tenancy/tokens/viewer';
import { ApiError } from '../errors/api-error';
import { API_ERROR_CODES } from '../errors/api-error-codes';
import { toApiError } from '../errors/to-api-error';
import type { GraphqlEndpoint } from '../graphql/graphql-endpoint';
import type { RequestContext } from '../graphql/request/context';
import { QUERY_LIMITS } from '../graphql/limits/query-limits';
import { CLAIR_WEBHOOK_PATH, type ClairWebhook } from './clair-webhook';
import { AUDIT_EXPORT_PATH, type AuditExport } from './audit-export';
import { readBody } from './read-body';

/** What is counted about requests, and the text of all metrics of this plane. */
export interface RequestMetrics {
  /** Starts to time a GraphQL request; the function returned ends that, with the HTTP status. */
  startGraphqlRequest(): (status: number) => void;
  /** Writes the metrics in the format `contentType`. */
  readonly registry: { readonly contentType: string; metrics(): Promise<string> };
}

/** What the handler works with. */
export interface ControlHandlerParts {
  readonly graphql: GraphqlEndpoint;
  readonly auditExport: AuditExport;
  /** undefined = there is none. */
  readonly clairWebhook: ClairWebhook | undefined;
  readonly authenticate: (authorization: string | undefined) => Promise<Viewer>;
  readonly contextFor: (viewer: Viewer) => RequestContext;
  /** Why the plane can't take requests; undefined = it can. */
  readonly unready: () => Promise<string | undefined>;
  readonly metrics: RequestMetrics;
  readonly log: Logger;
}

/** An answer that is ready to be written. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const TEXT_TYPE = { 'content-type': 'text/plain; charset=utf-8' };

/** Paths that are read, and nothing else. */
const READ_ONLY = new Set([AUDIT_EXPORT_PATH, '/healthz', '/readyz', '/metrics']);

/** Answers every path of the control plane: /graphql, /audit.jsonl, /clair/notifications, /healthz, /readyz, /metrics. Never throws. */
export async function handleControlRequest(
  parts: ControlHandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '', query] = (request.url ?? '/').split('?', 2);
  let answer: Answer;
  try {
    if (path === AUDIT_EXPORT_PATH && (request.method === 'GET' || request.method === 'HEAD')) {
      const viewer = await parts.authenticate(request.headers.authorization);
      await parts.auditExport.send(viewer, query ?? '', request, response);
      return;
    }
    answer = await route(parts, request, path, query);
  } catch (error) {
    if (response.destroyed || response.socket?.destroyed) return;
    const expected = toApiError(error);
    if (expected === undefined) parts.log.error({ err: error, path }, 'a request failed');
    answer = failure(expected ?? new ApiError('INTERNAL', 'Something went wrong inside Layover.'));
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
      ? { status: 405, headers: { ...TEXT_TYPE, allow: 'GET, HEAD' }, body: 'only GET and HEAD\n' }
      : { status: 404, headers: TEXT_TYPE, body: 'not found\n' };
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
      return { status: 404, headers: TEXT_TYPE, body: 'not found\n' };
  }
}

async function graphql(parts: ControlHandlerParts, request: IncomingMessage, search: string): Promise<Answer> {
  const done = parts.metrics.startGraphqlRequest();
  let status = 500;
  try {
    // Who asks comes before what is asked: nothing is read of a request without a good token.
    const viewer = await parts.authenticate(request.headers.authorization);
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
  const told = request.headers['content-length'];
  const limit = QUERY_LIMITS.bodyBytes;
  return `The request's body has ${told === undefined ? `more than ${limit}` : told} bytes; the limit is ${limit}.`;
}

function parseJson(request: IncomingMessage, body: Buffer): unknown {
  if (body.length === 0 || !/^application\/(?:graphql-response\+)?json\b/i.test(request.headers['content-type'] ?? ''))
    return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError('BAD_REQUEST', 'The body is not JSON.');
  }
}

/** A failure of the whole request, in the form of a GraphQL answer. */
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
