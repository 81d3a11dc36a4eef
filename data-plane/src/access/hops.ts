import { LayoverError } from '../../../common/errors/layover-error';

/** Maximum number of data planes that a request may have passed through before it arrives. */
const MAX_HOPS = 4;

/**
 * Checks the data planes that a request passed through (docs/design/access.md#chains-and-loops). An
 * upstream may be another Layover, but not this one. Throws LOOP_DETECTED if the request has passed
 * through this data plane before, or through too many others.
 */
export function requireNoLoop(ownId: string, hops: readonly string[]): void {
  if (hops.includes(ownId))
    throw new LayoverError('LOOP_DETECTED', {
      message:
        'The upstream of an organization is this Layover itself. Set the upstream of the organization to another registry.',
    });
  if (hops.length >= MAX_HOPS)
    throw new LayoverError('LOOP_DETECTED', {
      message: `The request passed through ${hops.length} other data planes of Layover; at most ${MAX_HOPS - 1} are allowed. Check the upstreams for a loop.`,
    });
}
