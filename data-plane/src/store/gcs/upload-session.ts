import { type Bucket, OBJECT_FIELDS, readJson, type StoredObject, toStoredObject } from './bucket';
import { BucketError, invalidAnswer, unexpectedStatus } from './bucket-error';
import { type BucketAnswer, discard, header } from './bucket-http';
import { withRetries, within } from './retries';

/** The answer of the bucket to a request of an upload. */
export type UploadReply =
  /** The bucket has stored the bytes before `persisted` and expects more. */
  | { readonly kind: 'more'; readonly persisted: number }
  | { readonly kind: 'done'; readonly object: StoredObject }
  /** The name has another generation than the upload expects. */
  | { readonly kind: 'taken' }
  /** The bucket does not know the session any more. */
  | { readonly kind: 'lost' };

/** A part of an upload. */
export interface UploadPart {
  readonly offset: number;
  readonly length: number;
  /** Size of the whole blob; undefined = more parts follow. */
  readonly total: number | undefined;
  /** Checksum of the whole blob; only for the last part. */
  readonly crc32c: string | undefined;
  readonly body: AsyncIterable<Buffer>;
}

/**
 * A resumable upload (Cloud Storage, "Resumable uploads"). The object becomes visible with its last
 * part, and only if the name then has the expected generation ("0" = no object). Anyone can write
 * with its URL, so the URL is never logged.
 */
export class UploadSession {
  private constructor(
    private readonly bucket: Bucket,
    private readonly url: string,
  ) {}

  /**
   * Starts a session; undefined = the name already has another generation. Throws a BucketError, or
   * the reason of the signal.
   */
  static begin(
    bucket: Bucket,
    name: string,
    ifGenerationMatch: string,
    signal: AbortSignal,
  ): Promise<UploadSession | undefined> {
    const { clock, limits, http } = bucket;
    return withRetries(clock, limits, limits.uploadPatienceMs, signal, (outer) =>
      within(clock, limits.operationMs, outer, async (bounded) => {
        const url = bucket.upload({ uploadType: 'resumable', name, ifGenerationMatch, fields: OBJECT_FIELDS });
        const headers = {
          'content-type': 'application/json; charset=UTF-8',
          'x-upload-content-type': 'application/octet-stream',
        };
        const body = Buffer.from(JSON.stringify({ contentType: 'application/octet-stream' }));
        const answer = await http.send({ method: 'POST', url, headers, body, lane: 'small', signal: bounded });
        await discard(answer);
        if (answer.status === 412) return undefined;
        if (answer.status !== 200 && answer.status !== 201) throw unexpectedStatus(answer.status);
        const location = header(answer, 'location');
        if (!URL.canParse(location)) throw invalidAnswer('without an upload URL');
        return new UploadSession(bucket, location);
      }),
    );
  }

  /**
   * Sends a part, without retries. Throws a BucketError (then `ask` returns how much arrived), the
   * error of the body, or the reason of the signal.
   */
  put({ offset, length, total, crc32c, body }: UploadPart, signal: AbortSignal): Promise<UploadReply> {
    const headers = {
      'content-length': String(length),
      'content-range': length === 0 ? `bytes */${total}` : `bytes ${offset}-${offset + length - 1}/${total ?? '*'}`,
      ...(crc32c === undefined ? {} : { 'x-goog-hash': `crc32c=${crc32c}` }),
    };
    return this.send(headers, length === 0 ? Buffer.alloc(0) : body, this.bucket.limits.chunkMs, signal);
  }

  /** Asks how much of the upload was stored, without retries. Throws what `put` throws. */
  ask(signal: AbortSignal): Promise<UploadReply> {
    const headers = { 'content-length': '0', 'content-range': 'bytes */*' };
    return this.send(headers, Buffer.alloc(0), this.bucket.limits.operationMs, signal);
  }

  /**
   * Cancels the upload and discards its bytes. Never throws: a session that cannot be cancelled
   * expires after a week.
   */
  async cancel(): Promise<void> {
    const { bucket, url } = this;
    const { clock, limits, http } = bucket;
    await withRetries(clock, limits, limits.cancelMs, undefined, async (signal) => {
      const headers = { 'content-length': '0' };
      const answer = await http.send({ method: 'DELETE', url, headers, lane: 'small', anonymous: true, signal });
      await discard(answer);
      // The bucket confirms a cancelled session with 499.
      if (answer.status === 429 || answer.status >= 500) throw unexpectedStatus(answer.status);
    }).catch(() => undefined);
  }

  private send(
    headers: Readonly<Record<string, string>>,
    body: Buffer | AsyncIterable<Buffer>,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<UploadReply> {
    const { http, clock } = this.bucket;
    return within(clock, withinMs, signal, async (bounded) =>
      readReply(
        await http.send({
          method: 'PUT',
          url: this.url,
          headers,
          body,
          lane: 'upload',
          anonymous: true,
          signal: bounded,
        }),
        bounded,
      ),
    );
  }
}

async function readReply(answer: BucketAnswer, signal: AbortSignal): Promise<UploadReply> {
  switch (answer.status) {
    case 200:
    case 201:
      return { kind: 'done', object: toStoredObject(await readJson(answer, signal)) };
    case 308: {
      await discard(answer);
      const range = header(answer, 'range');
      const match = /^bytes=0-(\d+)$/.exec(range);
      if (range !== '' && match === null) throw invalidAnswer('with an invalid range');
      return { kind: 'more', persisted: match === null ? 0 : Number(match[1]) + 1 };
    }
    case 412:
      await discard(answer);
      return { kind: 'taken' };
    case 404:
    case 410:
    case 499:
      await discard(answer);
      return { kind: 'lost' };
    default:
      await discard(answer);
      throw answer.status === 400
        ? new BucketError('rejected the bytes of an upload', false)
        : unexpectedStatus(answer.status);
  }
}
