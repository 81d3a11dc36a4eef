import type { Handler } from '../request/exchange';
import type { OperationsRequest } from '../request/registry-request';
import { answerJson } from '../response/answer';

/** GET|HEAD /healthz: this process answers. Says nothing of others, so that an outage elsewhere does not get it restarted. */
export const healthz: Handler<OperationsRequest> = (_request, exchange) => {
  answerJson(exchange, 200, { 'Cache-Control': 'no-store' }, { status: 'ok' });
};
