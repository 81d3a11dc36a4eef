import { LayoverError } from '../../../../common/errors/layover-error';
import { algorithmOf, type Digest, digestOf } from '../../../../common/oci/digest';
import type { Logger } from '../../../../common/runtime/logger';
import type { BlobLinks } from '../blob-links';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../blob-store';
import { isPossibleSize } from '../directory-blob';
import { type Bucket, type BucketOptions, openBucket, type StoredObject } from './bucket';
import { BucketCircuit } from './bucket-circuit';
import { BucketError, toGcsStoreError } from './bucket-error';
import { crc32cOf, encodeCrc32c } from './crc32c';
import { GcsIngest } from './gcs-ingest';
import { getObject } from './get-object';
import { listObjects } from './list-objects';
import { statObject } from './stat-object';
import { quarantineObject } from './quarantine-object';
import { LISTED_ALGORITHMS, objectNamesBelow, type ObjectNames } from './object-names';
import { ObjectLinks } from './object-links';
import { putObject } from './put-object';
import { readObject } from './read-object';
import { removeObject } from './remove-object';
import type { SignUrl } from './sign-url';
import { SpoolSource } from './spool-source';
import { BlobUploads } from './upload-blob';

/** Settings of a bucket store. */
export interface GcsBlobStoreOptions extends BucketOptions {
  readonly logger: Logger;
}

/** A blob store with work before its first and after its last use. */
export interface GcsBlobStore extends BlobStore {
  /**
   * Checks whether the bucket can be used, and logs an error if not. Never throws, because a data
   * plane also starts without its bucket.
   */
  prepare(): Promise<void>;
  /** Returns links to stored blobs that are valid for `lifetimeMs` milliseconds. */
  links(sign: SignUrl, lifetimeMs: number): BlobLinks;
  /** Aborts running uploads, ends their sessions, and cuts all connections. */
  close(): Promise<void>;
}

/**
 * Stores blobs as objects of a Cloud Storage bucket (names: object-names.ts). An object appears
 * under its name only when it is complete: the last part of an upload is sent after size and digest
 * were proven. An object that cannot be the blob (an empty object, a manifest with a wrong digest)
 * is removed when it is found and counts as absent. Every write and delete names the generation
 * that it applies to.
 */
export function createGcsBlobStore(options: GcsBlobStoreOptions): GcsBlobStore {
  return new GcsBlobs(openBucket(options), objectNamesBelow(options.address.prefix), options.logger);
}

class GcsBlobs implements GcsBlobStore {
  private readonly uploads: BlobUploads;
  private readonly circuit: BucketCircuit;
  private readonly ingests = new Set<GcsIngest>();
  private readonly opened = new WeakMap<StoredBlob, StoredObject>();

  constructor(
    private readonly bucket: Bucket,
    private readonly names: ObjectNames,
    private readonly logger: Logger,
  ) {
    this.uploads = new BlobUploads(bucket, logger);
    this.circuit = new BucketCircuit(bucket.clock, logger);
  }

  async prepare(): Promise<void> {
    try {
      await this.list('', 1);
    } catch (error) {
      this.logger.error({ err: error }, 'The bucket of the blob store is not available; Layover starts without it');
    }
  }

  links(sign: SignUrl, lifetimeMs: number): BlobLinks {
    const { logger } = this;
    const { clock } = this.bucket;
    return new ObjectLinks({ look: (digest, signal) => this.look(digest, signal), sign, lifetimeMs, clock, logger });
  }

  async close(): Promise<void> {
    await Promise.all([...this.ingests].map((ingest) => ingest.abort()));
    await this.bucket.http.close();
  }

  async stat(digest: Digest): Promise<number | undefined> {
    return (await this.look(digest))?.size;
  }

  async open(digest: Digest): Promise<StoredBlob | undefined> {
    const object = await this.look(digest);
    if (object === undefined) return undefined;
    const blob: StoredBlob = {
      size: object.size,
      localPath: undefined,
      read: (offset, length, signal) =>
        readObject(this.bucket, object, { offset, length, what: `read ${digest} from its store`, signal }),
      close: () => Promise.resolve(),
    };
    this.opened.set(blob, object);
    return blob;
  }

  async ingest(digest: Digest, spoolFile: string): Promise<BlobIngest> {
    const ingest = new GcsIngest({
      bucket: this.bucket,
      source: new SpoolSource(spoolFile, digest),
      what: `store ${digest}`,
      upload: (source, signal) => this.uploads.upload(this.names.blob(digest), source, signal),
      onOver: () => this.ingests.delete(ingest),
    });
    this.ingests.add(ingest);
    return ingest;
  }

  async put(digest: Digest, content: Buffer): Promise<void> {
    await this.forClient(`store ${digest}`, async () => {
      const name = this.names.blob(digest);
      const crc32c = encodeCrc32c(crc32cOf(content));
      const isSame = (object: StoredObject): boolean => object.size === content.length && object.crc32c === crc32c;
      const withinMs = this.bucket.limits.clientMs;
      const body = async function* (): AsyncGenerator<Buffer> {
        yield content;
      };
      for (let generation = '0', tries = 0; tries < 3; tries += 1) {
        const written = { name, ifGenerationMatch: generation, size: content.length, crc32c, body, withinMs };
        const object =
          (await putObject(this.bucket, written)) ?? (await statObject(this.bucket, name, undefined, withinMs));
        if (object !== undefined && isSame(object)) return;
        generation = object?.generation ?? '0';
      }
      throw new BucketError('has other bytes under the name of the blob, also after several writes', false);
    });
  }

  async get(digest: Digest, maxBytes: number): Promise<Buffer | undefined> {
    const name = this.names.blob(digest);
    const tooLarge = (size: number): LayoverError =>
      new LayoverError('STORE_FAILED', {
        message: `Stored content ${digest} has ${size} bytes, more than the ${maxBytes} bytes that Layover may hold in memory.`,
      });
    const object = await this.forClient(`read ${digest} from its store`, () =>
      getObject(this.bucket, name, maxBytes, tooLarge),
    );
    if (object === undefined) return undefined;
    const { content, generation } = object;
    if (digestOf(content, algorithmOf(digest)) === digest) return content;
    await this.removeDamaged(digest, { name, generation }, 'its bytes have another digest');
    return undefined;
  }

  async delete(digest: Digest): Promise<void> {
    await attempt(`delete ${digest}`, async () => {
      const object = await statObject(this.bucket, this.names.blob(digest));
      if (object !== undefined) await removeObject(this.bucket, object);
    });
  }

  async list(after: string, limit: number): Promise<BlobPage> {
    return attempt('list its blobs', async () => {
      const blobs: { digest: Digest; size: number }[] = [];
      for (const algorithm of LISTED_ALGORITHMS) {
        const start = `${algorithm}:`;
        if (after > start && !after.startsWith(start)) continue;
        const folder = this.names.folder(algorithm);
        const from = folder + (after.startsWith(start) ? after.slice(start.length) : '');
        for await (const { name, size } of listObjects(this.bucket, { folder, from }, limit + 2)) {
          const digest = this.names.digestOf(name);
          if (digest === undefined || digest <= after || !isPossibleSize(digest, size)) continue;
          if (blobs.length >= limit) return { blobs, more: true };
          blobs.push({ digest, size });
        }
      }
      return { blobs, more: false };
    });
  }

  async quarantine(digest: Digest, blob: StoredBlob): Promise<boolean> {
    const object = this.opened.get(blob);
    if (object === undefined) throw new TypeError('quarantine() needs a blob that this store opened');
    return attempt(`move ${digest} to quarantine`, () =>
      quarantineObject(this.bucket, object, this.names.quarantined(digest, object.generation)),
    );
  }

  private async look(digest: Digest, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const name = this.names.blob(digest);
    const { clientMs } = this.bucket.limits;
    const object = await this.forClient(`look up ${digest}`, () => statObject(this.bucket, name, signal, clientMs));
    if (object === undefined || isPossibleSize(digest, object.size)) return object;
    await this.removeDamaged(digest, object, `it has ${object.size} bytes`);
    return undefined;
  }

  private forClient<T>(what: string, action: () => Promise<T>): Promise<T> {
    return attempt(what, () => this.circuit.run(what, action));
  }

  /**
   * Removes only the checked generation: the blob may have been filled again under its name in the
   * meantime (docs/design/fills.md#damaged-blobs).
   */
  private async removeDamaged(
    digest: Digest,
    object: Pick<StoredObject, 'name' | 'generation'>,
    why: string,
  ): Promise<void> {
    this.logger.error({ digest, why }, 'A stored blob is damaged; Layover removes it and will fetch it again');
    await attempt(`remove the damaged blob ${digest}`, () => removeObject(this.bucket, object));
  }
}

async function attempt<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw toGcsStoreError(error, what);
  }
}
