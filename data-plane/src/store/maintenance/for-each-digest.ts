import type { Digest } from '../../../../common/oci/digest';
import { throwIfAborted } from '../read-file-range';
import { atMost } from '../../async/at-most';

/** Blobs of one call that are looked at or deleted at a time: Node has few file threads, and clients need them too. */
const AT_ONCE = 2;

/**
 * Results of an action on every digest, in their order. Throws what the first one that failed threw, and CANCELLED when the signal aborts: what
 * was not begun by then is not.
 */
export function forEachDigest<T>(
  digests: readonly Digest[],
  signal: AbortSignal,
  action: (digest: Digest) => Promise<T>,
): Promise<T[]> {
  const run = atMost(AT_ONCE);
  const failed = new AbortController();
  const one = (digest: Digest): Promise<T> =>
    run(async () => {
      throwIfAborted(signal);
      throwIfAborted(failed.signal);
      return action(digest);
    });
  return Promise.all(digests.map(one)).catch((error: unknown) => {
    failed.abort();
    throw error;
  });
}
