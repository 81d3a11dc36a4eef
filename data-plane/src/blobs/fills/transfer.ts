import type { Hash } from 'node:crypto';
import { LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import { algorithmOf, type Digest, newHasher } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { UpstreamBlobStream } from '../../upstream/upstream-registry';
import { sleep } from '../../../../common/async/sleep';
import { throwIfAborted, untilAborted } from '../../../../common/async/until-aborted';
import type { FillLimits } from './fill-limits';
import type { FillRequest } from './fills';
import { remedyFor, ResumeBudget } from './resume-policy';
import type { SpoolWriter } from './spool-writer';

/** Dependencies of a transfer. */
export interface TransferOptions {
  readonly digest: Digest;
  /** undefined = the size is unknown. */
  readonly size: number | undefined;
  /** Takes the bytes. */
  readonly writer: Pick<SpoolWriter, 'push' | 'flush'>;
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
 * size when every byte is written and size and digest are verified. Throws UPSTREAM_CONTENT if they
 * are wrong (docs/design/fills.md#verification), the upstream error if it cannot resume, the error
 * of the writer, or the reason of the signal.
 */
export class Transfer {
  /** Bytes of the blob received so far; the offset to resume at. */
  private received = 0;
  private readonly hasher: Hash;
  private readonly budget: ResumeBudget;

  constructor(private readonly options: TransferOptions) {
    this.hasher = newHasher(options.digest);
    this.budget = new ResumeBudget(options.limits);
  }

  /** Takes over an open stream. `request` is the request that opened it. */
  async run(opened: UpstreamBlobStream, request: FillRequest): Promise<number> {
    let [stream, asked] = [opened, request];
    for (;;) {
      try {
        await this.take(stream, asked);
        break;
      } catch (error) {
        stream.cancel();
        const failure = toLayoverError(error);
        // The connection broke after the last byte. Nothing is left to request, and the digest
        // check shows whether the bytes are right.
        if (this.received === this.options.size && remedyFor(failure) === 'ask-again') break;
        [stream, asked] = await this.reopen(failure, asked);
      }
    }
    await this.options.writer.flush();
    return this.proven();
  }

  private async take(stream: UpstreamBlobStream, request: FillRequest): Promise<void> {
    checkStream(stream, this.received, this.options);
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
    const { signal, writer, size } = this.options;
    // An upstream that ignores Range starts from the beginning. Bytes received before are skipped:
    // they are neither written nor hashed twice.
    let skip = this.received - offset;
    for (;;) {
      const next = await untilAborted(chunks.next(), signal);
      if (next.done === true) break;
      request.onFetched?.(next.value.length);
      const fresh = skip === 0 ? next.value : next.value.subarray(skip);
      skip -= next.value.length - fresh.length;
      if (fresh.length === 0) continue;
      this.received += fresh.length;
      if (this.received > (size ?? this.options.limits.maxUnknownBytes)) throw this.wrong('too many bytes');
      this.hasher.update(fresh);
      const room = writer.push(fresh);
      if (room !== undefined) await room;
    }
    if (skip > 0 || (size !== undefined && this.received < size)) throw this.wrong('too few bytes');
  }

  /**
   * Requests the rest of the blob, after a delay or with another requester. Throws if no way is
   * left.
   */
  private async reopen(failure: LayoverError, request: FillRequest): Promise<[UpstreamBlobStream, FillRequest]> {
    const { signal, clock } = this.options;
    let asked = request;
    for (let error = failure; ;) {
      throwIfAborted(signal);
      const remedy = remedyFor(error);
      if (remedy === 'give-up') throw error;
      this.options.onBreak(error, this.received);
      if (remedy === 'ask-again') {
        const delay = this.budget.next(this.received);
        if (delay === undefined) throw error;
        await sleep(clock, delay, signal);
      } else {
        const other = this.options.another();
        if (other === undefined) throw error;
        asked = other;
      }
      try {
        return [await untilAborted(asked.source(this.received, signal), signal, (late) => late.cancel()), asked];
      } catch (thrown) {
        error = toLayoverError(thrown);
      }
    }
  }

  private proven(): number {
    const { digest } = this.options;
    const actual = `${algorithmOf(digest)}:${this.hasher.digest('hex')}`;
    if (actual !== digest) throw this.wrong(`bytes with digest ${actual}`);
    return this.received;
  }

  private wrong(what: string): LayoverError {
    const { digest, size } = this.options;
    return new LayoverError('UPSTREAM_CONTENT', {
      message: `The upstream sent ${what} for blob ${digest}${size === undefined ? '' : ` of ${size} bytes`}. Layover discarded them.`,
    });
  }
}

/**
 * Throws UPSTREAM_CONTENT if a response cannot be the blob from byte `received` on: its size
 * differs from the known one, or it starts later.
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
