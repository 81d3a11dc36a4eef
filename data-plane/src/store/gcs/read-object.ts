import { linkSignals } from '../../../../common/async/linked-signal';
import { throwIfAborted } from '../../../../common/async/until-aborted';
import { LayoverError } from '../../../../common/errors/layover-error';
import { READ_CHUNK_BYTES } from '../read-file-range';
import type { Bucket, StoredObject } from './bucket';
import { BucketError, invalidAnswer, toGcsStoreError, unexpectedStatus } from './bucket-error';
import { type BucketAnswer, discard, header, bucketTransportError } from './bucket-http';
import { RetryBudget } from './retries';

/** A range of an object. */
export interface ObjectRange {
  readonly offset: number;
  readonly length: number;
  /** Completes "could not …" in error messages. */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/**
 * Yields `length` bytes from `offset` of one generation of an object, in chunks of at most 256 KiB.
 * After a cut or stalled connection, it requests the rest; a newer object under the name is never
 * used. Throws STORE_FAILED if the bytes are missing or do not arrive, CANCELLED if the signal
 * aborts.
 */
export async function* readObject(
  bucket: Bucket,
  object: StoredObject,
  range: ObjectRange,
): AsyncGenerator<Buffer, void, undefined> {
  throwIfAborted(range.signal);
  const reader = linkSignals(range.signal);
  const { signal } = reader;
  const { clock, limits } = bucket;
  const retries = new RetryBudget(clock, limits, limits.readPatienceMs);
  const end = range.offset + range.length;
  try {
    if (end > object.size) throw new BucketError('has an object that is shorter than the requested range', false);
    for (let position = range.offset; position < end;) {
      try {
        const answer = await openRange(bucket, object, position, end, signal);
        for await (const chunk of bytesOf(answer, end - position, signal)) {
          retries.progress();
          position += chunk.length;
          for (let at = 0; at < chunk.length; at += READ_CHUNK_BYTES) {
            throwIfAborted(signal);
            yield chunk.subarray(at, at + READ_CHUNK_BYTES);
          }
        }
      } catch (error) {
        await retries.waitOrThrow(error, signal);
      }
    }
  } catch (error) {
    throw toGcsStoreError(error, range.what);
  } finally {
    reader.release();
    // A reader that stops early closes only its own connection.
    reader.abort(new LayoverError('CANCELLED'));
  }
}

async function openRange(
  bucket: Bucket,
  object: StoredObject,
  offset: number,
  end: number,
  signal: AbortSignal,
): Promise<BucketAnswer> {
  const url = bucket.object(object.name, { alt: 'media', generation: object.generation });
  const headers = { range: `bytes=${offset}-${end - 1}` };
  const answer = await bucket.http.send({ method: 'GET', url, headers, lane: 'download', signal });
  const isWhole = answer.status === 200 && offset === 0 && end === object.size;
  if (isWhole || (answer.status === 206 && header(answer, 'content-range').startsWith(`bytes ${offset}-`)))
    return answer;
  await discard(answer);
  if (answer.status === 206) throw invalidAnswer('with another range than the requested one');
  if (answer.status === 404) throw new BucketError('does not have it any more', false);
  throw unexpectedStatus(answer.status);
}

async function* bytesOf(
  answer: BucketAnswer,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  let left = length;
  try {
    for await (const chunk of answer.body) {
      left -= (chunk as Buffer).length;
      if (left < 0) throw invalidAnswer('with more bytes than requested');
      yield chunk as Buffer;
    }
  } catch (error) {
    throw bucketTransportError(error, signal);
  } finally {
    answer.body.destroy();
  }
  if (left > 0) throw new BucketError('ended a download early', true);
}
