import type { ServerWritableStream } from '@grpc/grpc-js';
import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import type { BlobHeader } from '../../../proto/gen/layover/v1/BlobHeader';
import type { ReadBlobReply } from '../../../proto/gen/layover/v1/ReadBlobReply';
import type { ReadBlobRequest__Output } from '../../../proto/gen/layover/v1/ReadBlobRequest';

/** A ReadBlob call as the data plane sees it. */
export class BlobSender {
  /** Resolves when the reader cancels the call before its end. */
  readonly cancelled: Promise<void>;
  /** Resolves to how the call ended. */
  readonly over: Promise<'end' | 'error' | 'cancel'>;
  /** Bytes of the chunks that were written to the call. */
  sentBytes = 0;
  private finished = false;
  private isCancelled = false;
  private settle!: (how: 'end' | 'error' | 'cancel') => void;

  constructor(
    readonly request: ReadBlobRequest__Output,
    private readonly call: ServerWritableStream<ReadBlobRequest__Output, ReadBlobReply>,
  ) {
    this.over = new Promise((resolve) => (this.settle = resolve));
    this.cancelled = new Promise((resolve) =>
      call.on('cancelled', () => {
        // grpc-js emits this event at the end of every call.
        if (this.finished) return;
        this.isCancelled = true;
        this.settle('cancel');
        resolve();
      }),
    );
  }

  /** Sends the header. */
  header(header: BlobHeader): Promise<void> {
    return this.send({ header: { cacheStatus: 'HIT', upstreamHost: 'registry.test', ...header } });
  }

  /** Sends a chunk. Waits while the reader is slow. */
  async chunk(bytes: Buffer): Promise<void> {
    this.sentBytes += bytes.length;
    await this.send({ chunk: bytes });
  }

  /** Sends the number of bytes of a growing file that can be read. */
  progress(available: number): Promise<void> {
    return this.send({ progress: { available } });
  }

  /** Ends the call successfully. */
  end(): void {
    if (this.isCancelled || this.finished) return;
    this.finished = true;
    this.call.end();
    this.settle('end');
  }

  /** Ends the call with an error. */
  fail(thrown: unknown): void {
    if (this.isCancelled || this.finished) return;
    this.finished = true;
    this.call.emit('error', toGrpcFailure(thrown));
    this.settle('error');
  }

  private async send(message: ReadBlobReply): Promise<void> {
    if (this.isCancelled) throw new LayoverError('CANCELLED');
    if (this.call.write(message)) return;
    await Promise.race([
      new Promise<void>((resolve) => this.call.once('drain', resolve)),
      this.cancelled.then(() => Promise.reject(new LayoverError('CANCELLED'))),
    ]);
  }
}
