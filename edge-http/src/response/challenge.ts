import type { LayoverError } from '../../../common/errors/layover-error';
import { LIST_SCOPE } from '../../../common/oci/list-scope';
import type { Exchange } from '../request/exchange';
import { formatName } from '../request/format-request';
import type { RegistryRequest } from '../request/registry-request';
import { headerText } from './header-text';

/**
 * Service name in challenges. Clients send it to /token, where it becomes the audience of the
 * token.
 */
export const TOKEN_SERVICE = 'layover';

const REPOSITORY_SCOPE = /^repository:[a-z0-9./_-]+:[a-z,*]+$/;
const ERRORS: readonly unknown[] = ['invalid_token', 'insufficient_scope'];

/** Creates the WWW-Authenticate header of a 401 response. */
export type ChallengeWriter = (exchange: Exchange, request: RegistryRequest | undefined, error: LayoverError) => string;

/**
 * Creates challenges of the Docker token authentication specification
 * (docs/design/access.md#pull-tokens). `publicUrl` is the address of Layover for clients; without
 * it, the realm is the address that the client used, as far as the edge or a trusted proxy knows.
 * `detail` of the error may contain the exact `scope` (the edge does not know the organization of a
 * mirror request) and the `error` of RFC 6750 section 3.1. Without the latter, a rejected bearer
 * token is `invalid_token`. /token itself asks for Basic credentials.
 *
 * Where there is an `error`, its description has the message: Docker and podman show it instead of
 * "requested access to the resource is denied".
 */
export function createChallenge(publicUrl: string | undefined): ChallengeWriter {
  return (exchange, request, error) => {
    if (request?.kind === 'token') return 'Basic realm="layover", charset="UTF-8"';
    const parts = [`realm="${publicUrl ?? hostUrl(exchange)}/token"`, `service="${TOKEN_SERVICE}"`];
    const scope = scopeOf(request, error);
    if (scope !== undefined) parts.push(`scope="${scope}"`);
    const reason = error.detail?.['error'];
    if (ERRORS.includes(reason)) parts.push(`error="${String(reason)}"`, description(error));
    else if (/^bearer /i.test(exchange.context.authorization)) {
      parts.push('error="invalid_token"', description(error));
    }
    return `Bearer ${parts.join(',')}`;
  };
}

/**
 * Returns the description of an error (RFC 6750 section 3). It has neither quotes nor backslashes,
 * as the RFC requires, and no commas, because some clients split the challenge at each of them.
 */
function description({ message }: LayoverError): string {
  const text = headerText(message).replaceAll('"', "'").replaceAll('\\', '/').replaceAll(',', ';');
  return `error_description="${text}"`;
}

function scopeOf(request: RegistryRequest | undefined, error: LayoverError): string | undefined {
  const scope = error.detail?.['scope'];
  if (typeof scope === 'string' && (scope === LIST_SCOPE || REPOSITORY_SCOPE.test(scope))) return scope;
  if (request?.kind === 'list-repositories') return LIST_SCOPE;
  if (request === undefined || !('address' in request)) return undefined;
  return `repository:${formatName(request.address)}:pull`;
}

/**
 * Returns the URL that the client used. An invalid host is replaced by the local address of the
 * connection. Safe because only this client sees it.
 */
function hostUrl({ request, client }: Exchange): string {
  const { scheme, host } = client;
  if (host !== undefined) return `${scheme}://${host}`;
  const { localAddress = '127.0.0.1', localPort = 80 } = request.socket;
  return `${scheme}://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}
