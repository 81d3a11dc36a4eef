import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import type { PingRequest } from '../request/registry-request';
import { answerJson, baseHeaders } from '../response/answer';

/** GET|HEAD /v2/ (end-1): whether this is a registry, and whether the client's credentials are good for it. */
export function createPing(reader: RegistryReader): Handler<PingRequest> {
  return async (_request, exchange) => {
    await reader.checkAccess(exchange.context, exchange.signal);
    answerJson(exchange, 200, baseHeaders(exchange), {});
  };
}
