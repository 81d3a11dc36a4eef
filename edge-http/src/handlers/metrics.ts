import { LayoverError } from '../../../common/errors/layover-error';
import { type ListenAddress, staysOnMachine } from '../../../common/runtime/listen-address';
import type { Exchange, Handler } from '../request/exchange';
import type { OperationsRequest } from '../request/registry-request';
import { answer } from '../response/answer';

/** Metrics in the text format of Prometheus. */
export interface ExposedMetrics {
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/**
 * GET|HEAD /metrics, in Prometheus' text format, beside the registry: for who is on this machine, over a listener that is for this machine. What a cache holds
 * and how it does is nobody else's; others are answered as if there were nothing (and with LAYOVER_EDGE_METRICS_LISTEN everybody is).
 */
export function createMetrics(
  metrics: ExposedMetrics,
  listen: ListenAddress,
  elsewhere: boolean,
): Handler<OperationsRequest> {
  const isPrivate = !elsewhere && staysOnMachine(listen);
  return async (_request, exchange) => {
    if (!isPrivate || !isLocal(exchange)) throw new LayoverError('NOT_FOUND');
    const { contentType, text } = await metrics.expose();
    answer(exchange, 200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }, text);
  };
}

/** Behind a proxy that is trusted, the client is who the proxy says. */
function isLocal({ client: { address } }: Exchange): boolean {
  return address === '' || staysOnMachine({ kind: 'tcp', host: address, port: 0 });
}
