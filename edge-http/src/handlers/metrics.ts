import { LayoverError } from '../../../common/errors/layover-error';
import { type ListenAddress, staysOnMachine } from '../../../common/runtime/listen-address';
import type { Exchange, Handler } from '../request/exchange';
import type { OperationsRequest } from '../request/registry-request';
import { answer } from '../response/answer';
import { isForwarded } from '../../../common/http/is-forwarded';

/** Metrics in the Prometheus text format. */
export interface ExposedMetrics {
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/**
 * Creates the handler of GET|HEAD /metrics beside the registry. It only answers clients on this
 * machine, on a listener that only this machine can reach, and never through a proxy: behind a
 * proxy on this machine, every client has the address of the proxy. All other requests get 404, and
 * with LAYOVER_EDGE_METRICS_LISTEN (`elsewhere`) all requests do.
 */
export function createMetrics(
  metrics: ExposedMetrics,
  listen: ListenAddress,
  elsewhere: boolean,
): Handler<OperationsRequest> {
  const isPrivate = !elsewhere && staysOnMachine(listen);
  return async (_request, exchange) => {
    if (!isPrivate || !isLocal(exchange) || isForwarded(exchange.request.headers)) throw new LayoverError('NOT_FOUND');
    const { contentType, text } = await metrics.expose();
    answer(exchange, 200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }, text);
  };
}

/**
 * Returns true for a client on this machine. Behind a trusted proxy, the client is the one that the
 * proxy names.
 */
function isLocal({ client: { address } }: Exchange): boolean {
  return address === '' || staysOnMachine({ kind: 'tcp', host: address, port: 0 });
}
