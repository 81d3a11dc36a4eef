import type { Handler } from '../exchange';
import type { EdgeMetrics } from '../metrics';
import type { OperationsRequest } from '../request/registry-request';
import { answer } from '../response/answer';

/** GET|HEAD /metrics, in Prometheus' text format. */
export function createMetrics(metrics: EdgeMetrics): Handler<OperationsRequest> {
  return async (_request, exchange) => {
    const { contentType, text } = await metrics.expose();
    answer(exchange, 200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }, text);
  };
}
