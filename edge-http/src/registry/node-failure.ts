import type { ErrorKey } from '../../../common/errors/catalogue';
import { isLayoverError } from '../../../common/errors/layover-error';

/** Away, without configuration or stopping, and with a full disk. */
const OF_THE_NODE: ReadonlySet<ErrorKey> = new Set(['DATA_PLANE_UNAVAILABLE', 'NOT_READY', 'STORE_FULL']);

/**
 * Whether a failure is the asked node's own, so that another one may do better. What an upstream said, or did not say in time, is not: a second node would ask it
 * again for nothing, and content that was proven wrong must not be tried until it passes.
 */
export function isNodeFailure(thrown: unknown): boolean {
  return isLayoverError(thrown) && OF_THE_NODE.has(thrown.key);
}
