import { Header } from '../../../common/oci/headers';
import type { Exchange, Handler } from '../request/exchange';
import type { RegistryReader, TokenQuery } from '../registry/registry-reader';
import { formCredentials } from '../request/form-credentials';
import { parseTokenRequest } from '../request/parse-request';
import { readForm } from '../request/read-form';
import type { TokenRequest } from '../request/registry-request';
import { answerJson } from '../response/answer';

/**
 * Creates the handler of GET and POST /token: issues a short-lived token for the credentials of the
 * request or none. The response has the token under both names that clients use, and must not be
 * stored.
 */
export function createToken(reader: RegistryReader): Handler<TokenRequest> {
  return async (request, exchange) => {
    const issued = await reader.issueToken(await readQuery(request, exchange), exchange.departure);
    const headers = { [Header.requestId]: exchange.context.requestId, 'Cache-Control': 'no-store' };
    answerJson(exchange, 200, headers, {
      token: issued.token,
      access_token: issued.token,
      expires_in: issued.expiresInSeconds,
      issued_at: new Date(issued.issuedAt).toISOString(),
    });
  };
}

/** Returns the query, with the parameters of the form if there is one. */
async function readQuery({ service, scopes, form }: TokenRequest, exchange: Exchange): Promise<TokenQuery> {
  const { context } = exchange;
  if (form !== true) return { context, service, scopes };
  const fields = await readForm(exchange);
  const given = parseTokenRequest(fields);
  const authorization = context.authorization === '' ? formCredentials(fields) : context.authorization;
  return { context: { ...context, authorization }, service: given.service, scopes: given.scopes };
}
