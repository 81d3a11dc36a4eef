import { type Deadline, startDeadline } from '../../../common/async/deadline';
import { onAbort, throwIfAborted, untilAborted } from '../../../common/async/until-aborted';
import { LimitedPlaces } from '../../../common/async/limited-places';
import { LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import { READ_CHUNK_BYTES } from '../store/read-file-range';
import type { UpstreamBlobStream } from '../upstream/upstream-registry';
import type { BlobReader } from './blob-source';
import type { FillLimits } from './fills/fill-limits';
import type { FillRequest } from './fills/fills';
import { Progress } from './fills/progress';
import { openFirst } from './fills/open-first';
import { createInlineHash } from './fills/hash/blob-hash';
import { Transfer } from './fills/transfer';
import { MemoryWindow } from './fills/window';

/** Dependencies of PassThrough. */
export interface PassThroughParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: FillLimits;
  /** Called for every blob that is passed through. */
  readonly onPassed?: (() => void) | undefined;
}

/**
 * Passes blobs from the upstream to clients without keeping them, because the disk or the quota has
 * no room (docs/design/fills.md#pass-through). Every client has a connection to the upstream and a
 * window in memory of its own, so a slow client delays nobody else.
 */
export class PassThrough {
  /** Open readers. */
  private readonly places: LimitedPlaces;

  constructor(private readonly parts: PassThroughParts) {
    const { passedPerOwner, passedInAll } = parts.limits;
    this.places = new LimitedPlaces(passedPerOwner, passedInAll);
  }

  /**
   * Opens a blob with the requester's own source. Resolves at the headers of the upstream. Throws
   * `refusal` if too many blobs are passed through or the size is unknown, and otherwise what the
   * source throws. The caller closes the reader, which ends the connection to the upstream.
   */
  async start(request: FillRequest, refusal: LayoverError, signal?: AbortSignal): Promise<BlobReader> {
    const leave = this.places.enter(request.owner);
    if (leave === undefined) throw refusal;
    const { clock, limits } = this.parts;
    const deadline = startDeadline({ clock, ms: limits.maxFillSeconds * 1000, reason: () => tooSlow(request) });
    try {
      const { stream, size, decode } = await this.request(request, refusal, deadline.signal, signal);
      const reader = new PassedReader(request, size, this.parts, deadline, leave);
      reader.run(stream, decode);
      this.parts.onPassed?.();
      return reader;
    } catch (error) {
      deadline.abort(error);
      deadline.release();
      leave();
      throw error;
    }
  }

  /**
   * Requests the blob. Its size is the one that the upstream announces, or else the one in the
   * manifest. Bytes that are labelled as encoded are taken as they are if their number is the size
   * in the manifest; otherwise they are decoded.
   */
  private async request(
    request: FillRequest,
    refusal: LayoverError,
    ending: AbortSignal,
    client: AbortSignal | undefined,
  ): Promise<{ readonly stream: UpstreamBlobStream; readonly size: number; readonly decode: boolean }> {
    const { expectedSize, digest, upstream } = request;
    const { clock, limits, logger } = this.parts;
    const onBreak = (error: LayoverError): void =>
      logger.warn({ digest, upstream, cause: error.message }, 'A request for a passed blob broke; repeating it');
    const open = (decode: boolean): Promise<UpstreamBlobStream> =>
      untilAborted(openFirst(request, { clock, limits, signal: ending, decode, onBreak }), client, (late) =>
        late.cancel(),
      );
    let stream = await open(false);
    const decode = stream.isEncoded === true && expectedSize !== undefined && stream.size !== expectedSize;
    if (decode) {
      stream.cancel();
      stream = await open(true);
    }
    const size = stream.size ?? expectedSize;
    if (size !== undefined) return { stream, size, decode };
    stream.cancel();
    throw refusal;
  }

  /** Number of blobs that are passed through now. */
  get running(): number {
    return this.places.running;
  }
}

/** The blob of one client. Its bytes can be read once, in order. */
class PassedReader implements BlobReader {
  readonly origin = 'fill';
  readonly path = undefined;
  private readonly progress: Progress;
  private readonly window: MemoryWindow;
  private running: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly request: FillRequest,
    readonly size: number,
    private readonly parts: PassThroughParts,
    private readonly deadline: Deadline,
    private readonly leave: () => void,
  ) {
    this.progress = new Progress(parts.clock);
    this.window = new MemoryWindow((bytes) => this.progress.advance(bytes));
  }

  /** Starts to receive the blob. */
  run(stream: UpstreamBlobStream, decode: boolean): void {
    this.progress.begin(stream.size);
    // A transfer that waits for the reader does not notice the end by itself.
    onAbort(this.deadline.signal, () => this.window.clear());
    this.running = this.receive(stream, decode).then(
      (size) => this.progress.prove(size),
      (error: unknown) => this.progress.fail(toLayoverError(error)),
    );
  }

  get available(): number {
    return this.progress.availableOf(this.size);
  }

  waitBeyond(offset: number, signal?: AbortSignal): Promise<number> {
    return this.progress.waitBeyond(offset, this.size, signal);
  }

  async *read(offset: number, length: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    if (offset < this.window.offset) {
      throw new LayoverError('STORE_FULL', {
        message: `Blob ${this.request.digest} is not kept, so its bytes can be read only once.`,
      });
    }
    const end = Math.min(offset + length, this.size);
    while (this.window.offset < end) {
      throwIfAborted(signal);
      throwIfAborted(this.deadline.signal);
      const { window } = this;
      // Bytes before the range are taken and dropped: the digest covers the whole blob.
      const stop = window.offset < offset ? offset : end;
      const available = this.available > window.offset ? this.available : await this.waitBeyond(window.offset, signal);
      throwIfAborted(this.deadline.signal);
      const chunk = window.take(Math.min(READ_CHUNK_BYTES, Math.min(stop, available) - window.offset));
      if (stop === end) yield chunk;
    }
  }

  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  private receive(stream: UpstreamBlobStream, decode: boolean): Promise<number> {
    const { request, size, window } = this;
    const { clock, limits, logger } = this.parts;
    const { digest, upstream } = request;
    logger.info({ digest, upstream, bytes: size }, 'Passing a blob through without keeping it');
    const onBreak = (error: LayoverError, bytes: number): void =>
      logger.warn({ digest, upstream, cause: error.message, bytes }, 'The connection of a passed blob broke; resuming');
    return new Transfer({
      ...{ digest, expectedSize: size, decode, writer: window, signal: this.deadline.signal, clock, limits, onBreak },
      hash: createInlineHash(digest),
      another: () => undefined,
    }).run(stream, request);
  }

  private async end(): Promise<void> {
    this.deadline.abort(new LayoverError('CANCELLED'));
    await this.running;
    this.deadline.release();
    this.leave();
  }
}

function tooSlow({ digest }: FillRequest): LayoverError {
  return new LayoverError('TIMEOUT', { message: `Blob ${digest} was not read to its end in time.` });
}
