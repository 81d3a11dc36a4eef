import { randomUUID } from 'node:crypto';
import { type Bucket, OBJECT_FIELDS, readJson, type StoredObject, toStoredObject } from './bucket';
import { discard } from './bucket-http';
import { withRetries, within } from './retries';

/** An object that is sent in one request. */
export interface NewObject {
  readonly name: string;
  /** "0" = the object must not exist. */
  readonly ifGenerationMatch: string;
  readonly size: number;
  /** The bucket rejects bytes with another checksum before they become visible. */
  readonly crc32c: string;
  /** Called again for every try. */
  readonly body: () => AsyncIterable<Buffer>;
  /** Maximum time for all tries, in milliseconds. */
  readonly withinMs: number;
}

/**
 * Writes a small object in one request (Cloud Storage, "Multipart upload"). Returns undefined if
 * the name has another generation: another writer was first, or an earlier try succeeded but its
 * answer was lost. Throws a BucketError, the error of the body, or the reason of the signal.
 */
export function putObject(bucket: Bucket, object: NewObject, signal?: AbortSignal): Promise<StoredObject | undefined> {
  const { clock, limits, http } = bucket;
  const boundary = `layover-${randomUUID()}`;
  const metadata = JSON.stringify({ crc32c: object.crc32c, contentType: 'application/octet-stream' });
  const before = Buffer.from(
    `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${metadata}\r\n` +
      `--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`,
  );
  const after = Buffer.from(`\r\n--${boundary}--\r\n`);
  const parts = async function* (): AsyncGenerator<Buffer> {
    yield before;
    yield* object.body();
    yield after;
  };
  const { name, ifGenerationMatch } = object;
  const url = bucket.upload({ uploadType: 'multipart', name, ifGenerationMatch, fields: OBJECT_FIELDS });
  const headers = {
    'content-type': `multipart/related; boundary=${boundary}`,
    'content-length': String(before.length + object.size + after.length),
  };
  return withRetries(clock, limits, object.withinMs, signal, (outer) =>
    within(clock, limits.chunkMs, outer, async (bounded) => {
      const answer = await http.send({ method: 'POST', url, headers, body: parts(), lane: 'upload', signal: bounded });
      if (answer.status !== 412) return toStoredObject(await readJson(answer, bounded));
      await discard(answer);
      return undefined;
    }),
  );
}
