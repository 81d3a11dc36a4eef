import type { IncomingMessage } from 'node:http';
import type { LoggedRequest, RequestKind } from './request-log';

/** Describes a request by method, path and query of the JSON API. */
export function describeRequest(message: IncomingMessage, bucket: string): LoggedRequest {
  const url = new URL(message.url ?? '/', 'http://bucket');
  const query = Object.fromEntries(url.searchParams);
  const { method = '', headers } = message;
  // Signed URLs use the XML API: /<bucket>/<object>.
  const signed = url.pathname.startsWith(`/${bucket}/`) && query['X-Goog-Signature'] !== undefined;
  const upload = url.pathname === `/upload/storage/v1/b/${bucket}/o`;
  const objects = `/storage/v1/b/${bucket}/o`;
  const rest = url.pathname.startsWith(objects) ? url.pathname.slice(objects.length) : undefined;
  const [name = '', target] = (rest ?? '').slice(1).split('/rewriteTo/b/').map(decodeURIComponent);
  const range = headers['content-range'] ?? headers.range ?? '';
  const kind = upload
    ? uploadKind(method, query, range)
    : rest === undefined
      ? signed && method === 'GET'
        ? 'signed'
        : 'unknown'
      : objectKind(method, rest, query);
  return {
    kind,
    method,
    name: upload ? (query['name'] ?? '') : signed ? decodeURIComponent(url.pathname.slice(bucket.length + 2)) : name,
    range,
    query: target === undefined ? query : { ...query, target: target.slice(`${bucket}/o/`.length) },
    authorization: headers.authorization,
    status: undefined,
    bytesReceived: 0,
    bytesSent: 0,
    aborted: false,
  };
}

function uploadKind(method: string, query: Readonly<Record<string, string>>, range: string): RequestKind {
  if (query['upload_id'] !== undefined) {
    if (method === 'DELETE') return 'cancel';
    return range.startsWith('bytes */*') ? 'ask' : 'part';
  }
  if (method !== 'POST') return 'unknown';
  if (query['uploadType'] === 'resumable') return 'begin';
  return query['uploadType'] === 'multipart' ? 'multipart' : 'unknown';
}

function objectKind(method: string, rest: string, query: Readonly<Record<string, string>>): RequestKind {
  if (rest === '') return method === 'GET' ? 'list' : 'unknown';
  if (method === 'POST' && rest.includes('/rewriteTo/')) return 'rewrite';
  if (method === 'DELETE') return 'delete';
  if (method !== 'GET') return 'unknown';
  return query['alt'] === 'media' ? 'download' : 'look';
}
