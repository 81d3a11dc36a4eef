import type { Bucket, StoredObject } from './bucket';
import { isTransientBucketError, unexpectedStatus } from './bucket-error';
import { discard } from './bucket-http';
import { withRetries } from './retries';

/**
 * Deletes exactly the checked object, never a newer one under the same name (`ifGenerationMatch`).
 * Returns false if the object is gone or was replaced. Throws a BucketError, or the reason of the
 * signal.
 */
export function removeObject(
  bucket: Bucket,
  object: Pick<StoredObject, 'name' | 'generation'>,
  signal?: AbortSignal,
): Promise<boolean> {
  const { clock, limits } = bucket;
  // If the answer to an earlier try was lost, that try may have deleted the object.
  let uncertain = false;
  return withRetries(clock, limits, limits.operationMs, signal, async (bounded) => {
    try {
      const url = bucket.object(object.name, { ifGenerationMatch: object.generation });
      const answer = await bucket.http.send({ method: 'DELETE', url, lane: 'small', signal: bounded });
      await discard(answer);
      if (answer.status === 404) return uncertain;
      if (answer.status === 412) return false;
      if (answer.status >= 200 && answer.status < 300) return true;
      throw unexpectedStatus(answer.status);
    } catch (error) {
      uncertain ||= isTransientBucketError(error);
      throw error;
    }
  });
}
