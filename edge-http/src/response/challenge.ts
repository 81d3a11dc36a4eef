import type { LayoverError } from '../../../common/errors/layover-error';
import type { Exchange } from '../request/exchange';
import { formatName } from '../request/format-request';
import type { RegistryRequest } from '../request/registry-request';

/** What tokens are for; clients send it back to /token, where it becomes the token's audience. */
export const TOKEN_SERVICE = 'layover';

const SCOPE = /^repository:[a-z0-9./_-]+:[a-z,*]+$/;
const ERRORS: readonly unknown[] = ['invalid_token', 'insufficient_scope'];

/** Makes the WWW-Authenticate header of a 401. */
export type Challenge = (exchange: Exchange, request: RegistryRequest | undefined, error: LayoverError) => string;

/**
 * Challenges as in the docker token authentication specification
 * (docs/design/access.md#pull-tokens). `publicUrl` is where clients reach Layover; without it the
 * realm is where this very client came, as far as the edge or a proxy that it trusts knows. A
 * refusal's detail may say the exact `scope` (the edge can't name the organization of a mirror
 * request) and the `error` of RFC 6750 section 3.1; a bearer token that was not taken is
 * `invalid_token` otherwise. /token itself asks for Basic.
 */
export function createChallenge(publicUrl: string | undefined): Challenge {
  return (exchange, request, error) => {
    if (request?.kind === 'token') return 'Basic realm="layover", charset="UTF-8"';
    const parts = [`realm="${publicUrl ?? hostUrl(exchange)}/token"`, `service="${TOKEN_SERVICE}"`];
    const scope = scopeOf(request, error);
    if (scope !== undefined) parts.push(`scope="${scope}"`);
    const reason = error.detail?.['error'];
    if (ERRORS.includes(reason)) parts.push(`error="${String(reason)}"`);
    else if (/^bearer /i.test(exchange.context.authorization)) parts.push('error="invalid_token"');
    return `Bearer ${parts.join(',')}`;
  };
}

function scopeOf(request: RegistryRequest | undefined, error: LayoverError): string | undefined {
  const said = error.detail?.['scope'];
  if (typeof said === 'string' && SCOPE.test(said)) return said;
  if (request === undefined || !('address' in request)) return undefined;
  return `repository:${formatName(request.address)}:pull`;
}

/** Only this client is told what it sent itself; anything that is no host is replaced by where the connection came in. */
function hostUrl({ request, client }: Exchange): string {
  const { scheme, host } = client;
  if (host !== undefined) return `${scheme}://${host}`;
  const { localAddress = '127.0.0.1', localPort = 80 } = request.socket;
  return `${scheme}://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}
