import { answer, answerError, type Exchange } from './exchange';
import { serveBlob, serveManifest, serveReferrers, serveTags, serveToken } from './handlers';

/** The path of a request below a repository: name, kind, reference. */
export const REPOSITORY_PATH = /^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/([^/]+)$/;
const PAGE = '<!DOCTYPE html><html><body>Sign in to the network</body></html>';

/**
 * Answers a request: first the answers of quirks, then the route of the server if it has one, then
 * authorization, then the content.
 */
export async function respond(exchange: Exchange): Promise<void> {
  const { quirk, entry, response } = exchange;
  if (quirk.dropRequest === true) return void exchange.message.socket.destroy();
  await quirk.gateHeaders?.pass();
  if (quirk.stallHeaders === true) return;
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  if (quirk.respond !== undefined) {
    const { status, headers = {}, body = '' } = quirk.respond;
    return answer(exchange, status, { 'content-type': 'application/json', ...headers }, Buffer.from(body));
  }
  if (quirk.html === true) {
    return answer(exchange, 200, { 'content-type': 'text/html; charset=utf-8' }, Buffer.from(PAGE));
  }
  if (exchange.route !== undefined) return exchange.route(exchange);
  if (entry.path === '/token') return serveToken(exchange);
  const match = REPOSITORY_PATH.exec(entry.path);
  if (match === null && entry.path !== '/v2/') return answerError(exchange, 404, 'NOT_FOUND');
  const [, repository, kind, name = ''] = match ?? [];
  const access = exchange.auth.check(exchange.message, repository);
  const challenge = { 'www-authenticate': exchange.auth.challenge(repository, exchange.ownUrl) };
  if (access.kind === 'challenge') return answerError(exchange, 401, 'UNAUTHORIZED', challenge);
  if (access.kind === 'denied') {
    const status = exchange.auth.options.deniedStatus ?? 401;
    if (status === 401) return answerError(exchange, 401, 'UNAUTHORIZED', challenge);
    return answerError(exchange, status, status === 403 ? 'DENIED' : 'NAME_UNKNOWN');
  }
  if (entry.method !== 'GET' && entry.method !== 'HEAD') return answerError(exchange, 405, 'UNSUPPORTED');
  if (quirk.redirect !== undefined) return redirect(exchange, quirk.redirect);
  switch (kind) {
    case undefined:
      return answer(exchange, 200, { 'content-type': 'application/json' }, Buffer.from('{}'));
    case 'manifests':
      return serveManifest(exchange, repository!, name);
    case 'blobs':
      return serveBlob(exchange, repository!, name);
    case 'referrers':
      return serveReferrers(exchange, repository!, name);
    default:
      return serveTags(exchange, repository!);
  }
}

function redirect(exchange: Exchange, to: NonNullable<Exchange['quirk']['redirect']>): Promise<void> {
  const location = typeof to === 'string' ? to : to(exchange.entry);
  return answer(exchange, exchange.quirk.redirectStatus ?? 307, { location }, Buffer.alloc(0));
}
