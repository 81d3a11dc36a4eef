import { throwIfAborted } from '../../../../common/async/until-aborted';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { BlobIngest } from '../blob-store';
import type { Bucket } from './bucket';
import { BucketError, toGcsStoreError } from './bucket-error';
import type { SpoolSource } from './spool-source';

/** Dependencies of an ingest. */
export interface GcsIngestParts {
  readonly bucket: Bucket;
  readonly source: SpoolSource;
  /** Completes "could not …" in error messages. */
  readonly what: string;
  readonly upload: (source: SpoolSource, signal: AbortSignal) => Promise<void>;
  /** Called when the ingest has ended. */
  readonly onOver: () => void;
}

/**
 * A blob on its way into a bucket. The upload starts when its first part has arrived and runs in
 * the background; no caller waits for it before commit.
 */
export class GcsIngest implements BlobIngest {
  private readonly controller = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly parts: GcsIngestParts) {}

  advance(writtenBytes: number): void {
    this.parts.source.advance(writtenBytes);
    if (writtenBytes > this.parts.bucket.limits.chunkBytes) void this.run();
  }

  async commit(_spoolFile: string, size: number): Promise<void> {
    const { bucket, source, what } = this.parts;
    source.finish(size);
    const { uploadMs } = bucket.limits;
    const cancel = bucket.clock.after(uploadMs, () =>
      this.controller.abort(new BucketError(`did not accept it within ${uploadMs / 1000} s`, false)),
    );
    try {
      await this.run();
    } catch (error) {
      throw toGcsStoreError(error, what);
    } finally {
      cancel();
    }
  }

  async abort(): Promise<void> {
    this.controller.abort(
      new LayoverError('CANCELLED', { message: `The attempt to ${this.parts.what} was cancelled.` }),
    );
    await this.run().catch(() => undefined);
  }

  private run(): Promise<void> {
    if (this.running === undefined) {
      this.running = this.upload();
      // commit() handles the failure; this only prevents an unhandled rejection.
      this.running.catch(() => undefined);
    }
    return this.running;
  }

  private async upload(): Promise<void> {
    const { source, upload, onOver } = this.parts;
    const { signal } = this.controller;
    try {
      throwIfAborted(signal);
      await upload(source, signal);
    } finally {
      await source.close();
      onOver();
    }
  }
}
