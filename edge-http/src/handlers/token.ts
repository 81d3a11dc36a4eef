import { Header } from '../../../common/oci/headers';
import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import type { TokenRequest } from '../request/registry-request';
import { answerJson } from '../response/answer';

/**
 * Creates the handler of GET /token: issues a short-lived token for Basic credentials or none. The
 * response has the token under both names that clients use, and must not be stored.
 */
export function createToken(reader: RegistryReader): Handler<TokenRequest> {
  return async ({ service, scopes }, exchange) => {
    const issued = await reader.issueToken({ context: exchange.context, service, scopes }, exchange.signal);
    const headers = { [Header.requestId]: exchange.context.requestId, 'Cache-Control': 'no-store' };
    answerJson(exchange, 200, headers, {
      token: issued.token,
      access_token: issued.token,
      expires_in: issued.expiresInSeconds,
      issued_at: new Date(issued.issuedAt).toISOString(),
    });
  };
}
