import { AssertionError } from 'node:assert';
import type { Holding } from './holding';

/** Maximum value of each sum of an origin, in bytes: the largest integer of both databases. */
export const MAX_USAGE_BYTES = 2n ** 63n - 1n;

/**
 * Maximum number of bytes that an origin may reserve: 4 PiB. Reservations are what manifests
 * declare, so this keeps the sums within {@link MAX_USAGE_BYTES}, and the reserved bytes within the
 * safe integers of JavaScript, whatever the number of manifests.
 */
export const MAX_RESERVED_BYTES = 2n ** 52n;

/**
 * A change would make the usage of an origin wrong. Nothing was written. Declared sizes cannot
 * cause it; a stored sum that was wrong before can, and `npm run fsck -- --repair` corrects it.
 */
export class UsageRangeError extends AssertionError {
  constructor(originVersion: string, digests: readonly string[], what: string) {
    const [first = 'no digest', ...others] = digests;
    const also = others.length === 0 ? '' : ` and ${others.length} more`;
    super({
      message:
        `The usage of the origin ${originVersion} cannot change for ${first}${also}: ${what}. ` +
        'Run `npm run fsck -- --repair` to recount it.',
    });
  }
}

/** Throws a {@link UsageRangeError} if the size of a holding is not a number of bytes. */
export function assertSizes(originVersion: string, holdings: readonly Holding[]): void {
  for (const { digest, size } of holdings)
    if (!Number.isSafeInteger(size) || size < 0)
      throw new UsageRangeError(originVersion, [digest], `${size} is not a size in bytes`);
}
