import { LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import type { OperationsRequest } from '../request/registry-request';
import { answerJson } from '../response/answer';

const TIMEOUT_MS = 2000;

/** GET|HEAD /healthz: 200 while this process answers, whatever the state of data planes: their outage must not restart edges. */
export const healthz: Handler<OperationsRequest> = (_request, exchange) => {
  answerJson(exchange, 200, { 'Cache-Control': 'no-store' }, { status: 'ok' });
};

/** Why requests should not come to this edge, in words; empty = they may. For those who ask beside the registry. */
export async function whyUnready(reader: RegistryReader, isDraining: boolean): Promise<readonly string[]> {
  if (isDraining) return ['draining: this edge is stopping'];
  return reader.ready(TIMEOUT_MS).then(
    () => [],
    (error: unknown) => [`data planes: ${toLayoverError(error).message}`],
  );
}

/** GET|HEAD /readyz: 200 when a data plane answers and this edge is not draining; 503 otherwise, so that load balancers look elsewhere. `onAsked` is told that one does. */
export function createReadyz(
  reader: RegistryReader,
  isDraining: () => boolean,
  onAsked: () => void,
): Handler<OperationsRequest> {
  return async (_request, exchange) => {
    onAsked();
    if (isDraining()) throw new LayoverError('NOT_READY', { message: 'this edge is stopping' });
    await reader.ready(TIMEOUT_MS);
    answerJson(exchange, 200, { 'Cache-Control': 'no-store' }, { status: 'ready' });
  };
}
