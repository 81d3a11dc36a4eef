import { type Bucket, OBJECT_FIELDS, readJson, type StoredObject, toStoredObject } from './bucket';
import { discard } from './bucket-http';
import { withRetries } from './retries';

/**
 * Returns the metadata of an object; undefined = it does not exist. `withinMs`: time limit for all
 * tries; default: that of a small operation. Throws a BucketError, or the reason of the signal.
 */
export function statObject(
  bucket: Bucket,
  name: string,
  signal?: AbortSignal,
  withinMs = bucket.limits.operationMs,
): Promise<StoredObject | undefined> {
  const { clock, limits } = bucket;
  return withRetries(clock, limits, withinMs, signal, async (bounded) => {
    const url = bucket.object(name, { fields: OBJECT_FIELDS });
    const answer = await bucket.http.send({ method: 'GET', url, lane: 'small', signal: bounded });
    if (answer.status !== 404) return toStoredObject(await readJson(answer, bounded));
    await discard(answer);
    return undefined;
  });
}
