import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import type { PingRequest } from '../request/registry-request';
import { answerJson, baseHeaders } from '../response/answer';

/**
 * Creates the handler of GET|HEAD /v2/ (end-1): confirms the API version and checks the client's
 * credentials.
 */
export function createPing(reader: RegistryReader): Handler<PingRequest> {
  return async (_request, exchange) => {
    await reader.checkAccess(exchange.context, exchange.departure);
    answerJson(exchange, 200, baseHeaders(exchange), {});
  };
}
