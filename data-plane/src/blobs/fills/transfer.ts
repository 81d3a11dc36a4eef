import { LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import { type Digest, algorithmOf, hexOf } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { UpstreamBlobStream } from '../../upstream/upstream-registry';
import { sleep } from '../../../../common/async/sleep';
import { throwIfAborted, untilAborted } from '../../../../common/async/until-aborted';
import type { FillLimits } from './fill-limits';
import type { FillRequest } from './fills';
import type { BlobHash } from './hash/blob-hash';
import { type Remedy, remedyFor, requestedWaitMs, ResumeBudget } from './resume-policy';
import type { SpoolWriter } from './spool-writer';

/** Dependencies of a transfer. */
export interface TransferOptions {
  readonly digest: Digest;
  /** Size from the manifest; undefined = there is none. */
  readonly expectedSize: number | undefined;
  /** See FillRequest.source. */
  readonly decode: boolean;
  /** Takes the bytes. */
  readonly writer: Pick<SpoolWriter, 'push' | 'flush'>;
  /** Hashes the bytes that the writer takes. */
  readonly hash: BlobHash;
  /** Ends the transfer at once. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly limits: FillLimits;
  /** Returns another request for the blob, for when the upstream refuses the current one. */
  readonly another: () => FillRequest | undefined;
  /** Called for every break, before the blob is requested again. */
  readonly onBreak: (error: LayoverError, receivedBytes: number) => void;
}

/**
 * Transfers one blob from the upstream into a writer: counts, hashes and resumes. Resolves with its
 * size when every byte is written and the digest is verified. A body that ends without the right
 * digest is wrong (UPSTREAM_CONTENT), unless more bytes were expected or it is the first empty one:
 * then it counts as a broken connection (docs/design/fills.md#resuming). Throws the upstream error
 * if it cannot resume, the error of the writer, or the reason of the signal.
 */
export class Transfer {
  /** Bytes of the blob received so far; the offset to resume at. */
  private received = 0;
  /** Size of the whole blob in the headers of the upstream; undefined = it gave none so far. */
  private size: number | undefined;
  /** Whether a body without bytes was the first one. */
  private wasEmpty = false;
  private readonly budget: ResumeBudget;

  constructor(private readonly options: TransferOptions) {
    this.budget = new ResumeBudget(options.limits);
  }

  /** Takes over an open stream. `request` is the request that opened it. */
  async run(opened: UpstreamBlobStream, request: FillRequest): Promise<number> {
    let [stream, asked] = [opened, request];
    for (;;) {
      const before = this.received;
      const failure = await this.take(stream, asked).then(
        () => undefined,
        (error: unknown) => (stream.cancel(), toLayoverError(error)),
      );
      // A connection that breaks may break after the last byte.
      const isEnd = failure === undefined || this.remedyFor(failure) === 'ask-again';
      const hex = isEnd ? await this.hexSoFar() : '';
      if (hex === hexOf(this.options.digest)) return this.received;
      const isWhole = isEnd && this.received === this.size;
      const cause = failure === undefined || isWhole ? this.earlyEnd(before, stream, hex) : failure;
      [stream, asked] = await this.reopen(cause, asked);
    }
  }

  private async take(stream: UpstreamBlobStream, request: FillRequest): Promise<void> {
    checkStream(stream, this.received, { digest: this.options.digest, size: this.size });
    this.size ??= stream.size;
    const chunks = stream.body[Symbol.asyncIterator]();
    try {
      await this.takeChunks(chunks, stream.offset, request);
    } catch (error) {
      // Not awaited: the iterator of a body that waits for the upstream only ends with the
      // connection.
      chunks.return?.().catch(() => undefined);
      throw error;
    }
  }

  private async takeChunks(chunks: AsyncIterator<Buffer>, offset: number, request: FillRequest): Promise<void> {
    const { signal, writer, hash, limits } = this.options;
    // An upstream that ignores Range starts from the beginning. Bytes received before are skipped:
    // they are neither written nor hashed twice.
    let skip = this.received - offset;
    for (;;) {
      const next = await untilAborted(chunks.next(), signal);
      if (next.done === true) return;
      request.onFetched?.(next.value.length);
      const fresh = skip === 0 ? next.value : next.value.subarray(skip);
      skip -= next.value.length - fresh.length;
      if (fresh.length === 0) continue;
      this.received += fresh.length;
      if (this.received > (this.size ?? limits.maxUnknownBytes)) throw this.wrong('too many bytes');
      hash.update(fresh);
      const room = writer.push(fresh);
      if (room !== undefined) await room;
    }
  }

  /**
   * Returns the failure for a body that ended without an error and without the right digest.
   * `before`: the number of bytes before this body; `hex`: the digest so far. A body that brought
   * nothing new is the end, except the first one.
   */
  private earlyEnd(before: number, { isEncoded = false }: UpstreamBlobStream, hex: string): LayoverError {
    const { digest, expectedSize } = this.options;
    const size = this.size ?? expectedSize;
    const isWhole = size !== undefined && this.received >= size;
    const hasNews = this.received > before || (this.received === 0 && !this.wasEmpty);
    this.wasEmpty ||= this.received === 0;
    // The size in the headers may be the one of a cut copy. Only encoded bytes are rightly fewer.
    const mayHaveRest = !isEncoded && this.received < (expectedSize ?? 0);
    if (isWhole && !(hasNews && mayHaveRest)) return this.wrong(`bytes with digest ${algorithmOf(digest)}:${hex}`);
    if (!hasNews) return this.wrong('too few bytes');
    if (isWhole) this.size = undefined;
    return new LayoverError('UPSTREAM_FAILED', { message: 'The upstream ended the blob early, without an error.' });
  }

  /**
   * Requests the rest of the blob, after a delay or with another requester. Throws if no way is
   * left.
   */
  private async reopen(failure: LayoverError, request: FillRequest): Promise<[UpstreamBlobStream, FillRequest]> {
    const { signal, clock, limits, decode } = this.options;
    let asked = request;
    for (let error = failure; ;) {
      throwIfAborted(signal);
      const remedy = this.remedyFor(error);
      if (remedy === 'give-up') throw error;
      this.options.onBreak(error, this.received);
      if (remedy === 'ask-again') {
        const delay = this.budget.next(this.received);
        if (delay === undefined) throw error;
        await sleep(clock, Math.max(delay, requestedWaitMs(error, limits)), signal);
      } else {
        const other = this.options.another();
        if (other === undefined) throw error;
        asked = other;
      }
      try {
        const opening = asked.source(this.received, signal, decode);
        return [await untilAborted(opening, signal, (late) => late.cancel()), asked];
      } catch (thrown) {
        error = toLayoverError(thrown);
      }
    }
  }

  private remedyFor(error: LayoverError): Remedy {
    return remedyFor(error, this.options.limits);
  }

  /** Returns the digest of all bytes so far, when they are written. */
  private async hexSoFar(): Promise<string> {
    const { writer, hash, signal } = this.options;
    await writer.flush();
    return untilAborted(hash.hex(), signal);
  }

  private wrong(what: string): LayoverError {
    const { digest, expectedSize } = this.options;
    const size = this.size ?? expectedSize;
    return new LayoverError('UPSTREAM_CONTENT', {
      message: `The upstream sent ${what} for blob ${digest}${size === undefined ? '' : ` of ${size} bytes`}. Layover discarded them.`,
    });
  }
}

/**
 * Throws UPSTREAM_CONTENT if a response cannot be the blob from byte `received` on: the upstream
 * reports another size than before, or it starts later.
 */
export function checkStream(
  stream: UpstreamBlobStream,
  received: number,
  known: { readonly digest: Digest; readonly size: number | undefined },
): void {
  if (stream.size !== undefined && known.size !== undefined && stream.size !== known.size) {
    throw new LayoverError('UPSTREAM_CONTENT', {
      message: `The upstream reports a wrong size for blob ${known.digest}: ${stream.size} bytes instead of ${known.size}. Layover discarded the response.`,
    });
  }
  if (stream.offset > received) {
    throw new LayoverError('UPSTREAM_CONTENT', {
      message: `The upstream sent blob ${known.digest} from byte ${stream.offset}, but Layover requested it from byte ${received}.`,
    });
  }
}
