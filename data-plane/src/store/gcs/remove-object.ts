import type { Bucket, StoredObject } from './bucket';
import { isTransient, unexpectedStatus } from './bucket-error';
import { discard } from './bucket-http';
import { patiently } from './patience';

/**
 * Deletes an object that was looked at, and no other that has taken its name since (`ifGenerationMatch`). false = it was gone, or is another by now.
 * Throws a BucketError, or the signal's reason.
 */
export function removeObject(
  bucket: Bucket,
  object: Pick<StoredObject, 'name' | 'generation'>,
  signal?: AbortSignal,
): Promise<boolean> {
  const { clock, limits } = bucket;
  // After a try whose answer got lost, "not found" may well be our own doing.
  let uncertain = false;
  return patiently(clock, limits, limits.operationMs, signal, async (bounded) => {
    try {
      const url = bucket.object(object.name, { ifGenerationMatch: object.generation });
      const answer = await bucket.http.send({ method: 'DELETE', url, lane: 'small', signal: bounded });
      await discard(answer);
      if (answer.status === 404) return uncertain;
      if (answer.status === 412) return false;
      if (answer.status >= 200 && answer.status < 300) return true;
      throw unexpectedStatus(answer.status);
    } catch (error) {
      uncertain ||= isTransient(error);
      throw error;
    }
  });
}
