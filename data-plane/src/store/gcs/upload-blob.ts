import pLimit, { type LimitFunction } from 'p-limit';
import { throwIfAborted } from '../../../../common/async/until-aborted';
import type { Logger } from '../../../../common/runtime/logger';
import type { Bucket, StoredObject } from './bucket';
import { BucketError } from './bucket-error';
import { encodeCrc32c } from './crc32c';
import { statObject } from './stat-object';
import { RetryBudget } from './retries';
import { putObject } from './put-object';
import { removeObject } from './remove-object';
import type { SpoolSource } from './spool-source';
import { type UploadReply, UploadSession } from './upload-session';

/**
 * How many times an upload is started, in case its session is lost or the object under the name
 * changes.
 */
const MAX_STARTS = 4;

/** Uploads spool files into a bucket while they grow. */
export class BlobUploads {
  private readonly parts: LimitFunction;

  constructor(
    private readonly bucket: Bucket,
    private readonly logger: Logger,
  ) {
    this.parts = pLimit(bucket.limits.uploadsAtOnce);
  }

  /**
   * Uploads a blob. Resolves when the bucket holds the complete blob under `name` and confirms its
   * size and checksum. An existing object with the same size and checksum is kept; any other one is
   * replaced. Throws a BucketError, STORE_FAILED (spool), or the reason of the signal.
   */
  async upload(name: string, source: SpoolSource, signal: AbortSignal): Promise<void> {
    let generation = '0';
    for (let starts = 1; starts <= MAX_STARTS; starts += 1) {
      await source.beyond(this.bucket.limits.chunkBytes, signal);
      const reply = await this.attempt(name, generation, source, signal);
      if (reply.kind === 'done') return this.check(reply.object, source, signal);
      if (reply.kind === 'lost') continue;
      const there = await this.existingGeneration(name, source, signal);
      if (there === 'the same') return;
      generation = there;
    }
    throw new BucketError('lost an upload repeatedly', true);
  }

  private async attempt(
    name: string,
    generation: string,
    source: SpoolSource,
    signal: AbortSignal,
  ): Promise<UploadReply> {
    const { size } = source;
    if (size !== undefined && size <= this.bucket.limits.chunkBytes) {
      return this.sendWhole(name, generation, source, size, signal);
    }
    const session = await UploadSession.begin(this.bucket, name, generation, signal);
    if (session === undefined) return { kind: 'taken' };
    let reply: UploadReply | undefined;
    try {
      reply = await this.sendParts(session, source, signal);
      return reply;
    } finally {
      if (reply?.kind !== 'done') await session.cancel();
    }
  }

  private async sendWhole(
    name: string,
    ifGenerationMatch: string,
    source: SpoolSource,
    size: number,
    signal: AbortSignal,
  ): Promise<UploadReply> {
    const crc32c = encodeCrc32c(await source.crcTo(size));
    const withinMs = this.bucket.limits.uploadPatienceMs;
    const body = (): AsyncIterable<Buffer> => source.read(0, size);
    const object = await this.parts(() =>
      putObject(this.bucket, { name, ifGenerationMatch, size, crc32c, body, withinMs }, signal),
    );
    return object === undefined ? { kind: 'taken' } : { kind: 'done', object };
  }

  /**
   * Sends part after part. A part is sent when it is complete and more bytes are known to follow;
   * the last part only when the blob is proven.
   */
  private async sendParts(session: UploadSession, source: SpoolSource, signal: AbortSignal): Promise<UploadReply> {
    const { clock, limits } = this.bucket;
    const retries = new RetryBudget(clock, limits, limits.uploadPatienceMs);
    let persisted = 0;
    let furthest = 0;
    for (let uncertain = false; ;) {
      try {
        const reply = uncertain ? await session.ask(signal) : await this.sendPart(session, source, persisted, signal);
        if (reply.kind !== 'more') return reply;
        if (reply.persisted > furthest) retries.progress();
        else if (!uncertain) throw new BucketError('accepts no bytes', true);
        uncertain = false;
        persisted = reply.persisted;
        furthest = Math.max(furthest, persisted);
      } catch (error) {
        uncertain = true;
        await retries.waitOrThrow(error, signal);
      }
    }
  }

  private async sendPart(
    session: UploadSession,
    source: SpoolSource,
    offset: number,
    signal: AbortSignal,
  ): Promise<UploadReply> {
    const { chunkBytes } = this.bucket.limits;
    await source.beyond(offset + chunkBytes, signal);
    return this.parts(async () => {
      throwIfAborted(signal);
      const { size } = source;
      const isLast = size !== undefined && size - offset <= chunkBytes;
      const length = isLast ? size - offset : chunkBytes;
      const crc32c = isLast ? encodeCrc32c(await source.crcTo(size)) : undefined;
      const total = isLast ? size : undefined;
      return session.put({ offset, length, total, crc32c, body: source.read(offset, length) }, signal);
    });
  }

  /** Compares size and checksum of the stored object with the sent bytes. */
  private async check(object: StoredObject, source: SpoolSource, signal: AbortSignal): Promise<void> {
    if (await isSame(object, source, signal)) return;
    await removeObject(this.bucket, object, signal);
    throw new BucketError('stored other bytes than were sent', true);
  }

  private async existingGeneration(
    name: string,
    source: SpoolSource,
    signal: AbortSignal,
  ): Promise<'the same' | string> {
    await source.finished(signal);
    const object = await statObject(this.bucket, name, signal);
    if (object === undefined) return '0';
    if (await isSame(object, source, signal)) return 'the same';
    this.logger.error(
      { object: name, bytes: object.size },
      'The bytes of an object do not match its name; Layover replaces the object',
    );
    return object.generation;
  }
}

async function isSame(object: StoredObject, source: SpoolSource, signal: AbortSignal): Promise<boolean> {
  const size = await source.finished(signal);
  return object.size === size && object.crc32c === encodeCrc32c(await source.crcTo(size));
}
