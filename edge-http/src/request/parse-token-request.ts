import { readToken } from './query';
import type { TokenRequest } from './registry-request';
import { requestError } from './request-error';

const MAX_SCOPES = 32;
const MAX_SCOPE_LENGTH = 512;
const MAX_SERVICE_LENGTH = 255;

/**
 * The parameters of GET /token: `service`, and `scope` repeated or separated by spaces (clients do either).
 * `account`, `client_id` and `offline_token` are known and not needed. REQUEST_INVALID for what is out of bounds;
 * what a scope means is for the data plane to say.
 */
export function parseTokenRequest(query: URLSearchParams): TokenRequest {
  const scopes = query.getAll('scope').flatMap((scope) => scope.split(' ').filter((part) => part !== ''));
  if (scopes.length > MAX_SCOPES)
    throw requestError('REQUEST_INVALID', 'scope', String(scopes.length), `may be given ${MAX_SCOPES} times at most`);
  for (const scope of scopes)
    if (scope.length > MAX_SCOPE_LENGTH || !/^[\x21-\x7e]+$/.test(scope))
      throw requestError('REQUEST_INVALID', 'scope', scope, 'must look like repository:<name>:pull');
  return { kind: 'token', service: readToken(query, 'service', MAX_SERVICE_LENGTH, 'REQUEST_INVALID'), scopes };
}
