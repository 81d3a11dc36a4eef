import type { ErrorKey } from '../../../common/errors/catalogue';
import { isLayoverError } from '../../../common/errors/layover-error';

/** Failures of the node itself: unreachable, not configured or stopping, disk full. */
const OF_THE_NODE: ReadonlySet<ErrorKey> = new Set(['DATA_PLANE_UNAVAILABLE', 'NOT_READY', 'STORE_FULL']);

/**
 * Returns true if a failure is the node's own, so that another node may succeed. Failures and
 * timeouts of an upstream are not: a second node would only repeat the request, and content that
 * failed verification must not be retried until it passes.
 */
export function isNodeFailure(thrown: unknown): boolean {
  return isLayoverError(thrown) && OF_THE_NODE.has(thrown.key);
}
