import { LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import { type Siblings, whySiblingsAreUnready } from '../../../common/runtime/siblings';
import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import type { OperationsRequest } from '../request/registry-request';
import { answerJson } from '../response/answer';

const TIMEOUT_MS = 2000;

/**
 * Handles GET|HEAD /healthz: 200 while this process responds. It ignores the state of data planes,
 * because their outage must not restart edges.
 */
export const healthz: Handler<OperationsRequest> = (_request, exchange) => {
  answerJson(exchange, 200, { 'Cache-Control': 'no-store' }, { status: 'ok' });
};

/**
 * Returns the reasons why this edge is not ready, for the operations server; empty if it is ready.
 */
export async function readinessProblems(reader: RegistryReader, isDraining: boolean): Promise<readonly string[]> {
  if (isDraining) return ['draining: this edge is stopping'];
  return reader.ready(TIMEOUT_MS).then(
    () => [],
    (error: unknown) => [`data planes: ${toLayoverError(error).message}`],
  );
}

/**
 * Creates the handler of GET|HEAD /readyz: 200 if a data plane answers and this edge is not
 * draining, otherwise 503, so that load balancers use other edges. Edges that share the port
 * (`siblings`) must be ready too, because any of them may get the next connection. Calls `onAsked`
 * for every request.
 */
export function createReadyz(
  reader: RegistryReader,
  isDraining: () => boolean,
  onAsked: () => void,
  siblings?: Siblings,
): Handler<OperationsRequest> {
  return async (_request, exchange) => {
    onAsked();
    if (isDraining()) throw new LayoverError('NOT_READY', { message: 'The edge is stopping.' });
    const [others, own] = await Promise.all([whySiblingsAreUnready(siblings), readinessProblems(reader, false)]);
    const problems = [...others, ...own];
    if (problems.length > 0) throw new LayoverError('NOT_READY', { message: `${problems.join('; ')}.` });
    answerJson(exchange, 200, { 'Cache-Control': 'no-store' }, { status: 'ready' });
  };
}
