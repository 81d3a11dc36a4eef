import { type Bucket, readJson, type StoredObject } from './bucket';
import { invalidAnswer } from './bucket-error';
import { discard } from './bucket-http';
import { statObject } from './stat-object';
import { withRetries } from './retries';
import { removeObject } from './remove-object';

/**
 * Maximum number of calls for one copy. A call copies about one gigabyte if storage classes differ,
 * otherwise everything.
 */
const MAX_PARTS = 1000;

/**
 * Copies one generation of an object to another name and deletes the original if it still has that
 * generation. Returns false if it does not exist any more; then nothing is left under the other
 * name. Throws a BucketError.
 */
export async function quarantineObject(
  bucket: Bucket,
  object: Pick<StoredObject, 'name' | 'generation'>,
  target: string,
): Promise<boolean> {
  if (!(await copy(bucket, object, target))) return false;
  if (await removeObject(bucket, object)) return true;
  const copied = await statObject(bucket, target);
  if (copied !== undefined) await removeObject(bucket, copied);
  return false;
}

async function copy(
  bucket: Bucket,
  object: Pick<StoredObject, 'name' | 'generation'>,
  target: string,
): Promise<boolean> {
  const { clock, limits, http } = bucket;
  let token = '';
  for (let part = 0; part < MAX_PARTS; part += 1) {
    const reply = await withRetries(clock, limits, limits.chunkMs, undefined, async (bounded) => {
      const query = { sourceGeneration: object.generation, ...(token === '' ? {} : { rewriteToken: token }) };
      const url = bucket.rewrite(object.name, target, query);
      const headers = { 'content-type': 'application/json' };
      const answer = await http.send({
        method: 'POST',
        url,
        headers,
        body: Buffer.from('{}'),
        lane: 'small',
        signal: bounded,
      });
      if (answer.status !== 404) return readJson(answer, bounded);
      await discard(answer);
      return undefined;
    });
    if (reply === undefined) return false;
    if (reply['done'] === true) return true;
    if (typeof reply['rewriteToken'] !== 'string') break;
    token = reply['rewriteToken'];
  }
  throw invalidAnswer('with an incomplete copy');
}
