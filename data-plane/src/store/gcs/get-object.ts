import type { Bucket } from './bucket';
import { BucketError, invalidAnswer, unexpectedStatus } from './bucket-error';
import { discard, header, readBucketBody } from './bucket-http';
import { withRetries } from './retries';

/** A small object with its content. */
export interface SmallObject {
  readonly content: Buffer;
  readonly generation: string;
}

/**
 * Reads an object into memory with one request; undefined = it does not exist. Throws a
 * BucketError, or `tooLarge` with its size if it has more than `maxBytes`.
 */
export function getObject(
  bucket: Bucket,
  name: string,
  maxBytes: number,
  tooLarge: (size: number) => Error,
): Promise<SmallObject | undefined> {
  const { clock, limits } = bucket;
  return withRetries(clock, limits, limits.clientMs, undefined, async (bounded) => {
    const url = bucket.object(name, { alt: 'media' });
    const answer = await bucket.http.send({ method: 'GET', url, lane: 'small', signal: bounded });
    if (answer.status !== 200) {
      await discard(answer);
      if (answer.status === 404) return undefined;
      throw unexpectedStatus(answer.status);
    }
    const size = Number(header(answer, 'content-length'));
    const generation = header(answer, 'x-goog-generation');
    if (!/^\d+$/.test(generation)) throw abandon(answer.body, invalidAnswer('without a generation'));
    if (size > maxBytes) throw abandon(answer.body, tooLarge(size));
    const content = await readBucketBody(answer, maxBytes, bounded);
    if (content.length !== size) throw new BucketError('ended a download early', true);
    return { content, generation };
  });
}

function abandon(body: { destroy(): unknown }, error: Error): Error {
  body.destroy();
  return error;
}
