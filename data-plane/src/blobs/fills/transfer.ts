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

/** What a transfer is made of. */
export interface TransferOptions {
  readonly digest: Digest;
  /** undefined = nobody says. */
  readonly size: number | undefined;
  readonly writer: SpoolWriter;
  /** Ends the transfer at once. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly limits: FillLimits;
  /** Somebody else who wants the blob, for when upstream refuses the one who asked so far. */
  readonly another: () => FillRequest | undefined;
  /** Told of every break, before the blob is asked for again. */
  readonly onBreak: (error: LayoverError, receivedBytes: number) => void;
}

/**
 * Moves one blob from upstream into the spool: counts, hashes, resumes. Resolves with its size when
 * every byte is in the file, and count and digest are right. Throws UPSTREAM_CONTENT when they are
 * not (docs/design/fills.md#verification), what upstream threw when it can't be resumed, what the
 * spool threw, or the signal's reason.
 */
export class Transfer {
  /** Bytes of the blob taken so far; the offset to resume at. */
  private received = 0;
  private readonly hasher: Hash;
  private readonly budget: ResumeBudget;

  constructor(private readonly options: TransferOptions) {
    this.hasher = newHasher(options.digest);
    this.budget = new ResumeBudget(options.limits);
  }

  /** Takes over an open stream; `request` is whose it is. */
  async run(opened: UpstreamBlobStream, request: FillRequest): Promise<number> {
    let [stream, asked] = [opened, request];
    for (;;) {
      try {
        await this.take(stream, asked);
        break;
      } catch (error) {
        stream.cancel();
        const failure = toLayoverError(error);
        // Broke after the last byte: there is nothing to ask for, and the digest tells whether all is well.
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
      // Not waited for: a body that waits for upstream ends only when the connection does.
      chunks.return?.().catch(() => undefined);
      throw error;
    }
  }

  private async takeChunks(chunks: AsyncIterator<Buffer>, offset: number, request: FillRequest): Promise<void> {
    const { signal, writer, size } = this.options;
    // An upstream that ignores Range begins again: what is here already is neither written nor hashed twice.
    let skip = this.received - offset;
    for (;;) {
      const next = await untilAborted(chunks.next(), signal);
      if (next.done === true) break;
      request.onFetched?.(next.value.length);
      const fresh = skip === 0 ? next.value : next.value.subarray(skip);
      skip -= next.value.length - fresh.length;
      if (fresh.length === 0) continue;
      this.received += fresh.length;
      if (this.received > (size ?? this.options.limits.maxUnknownBytes)) throw this.wrong('more bytes than it should');
      this.hasher.update(fresh);
      const room = writer.push(fresh);
      if (room !== undefined) await room;
    }
    if (skip > 0 || (size !== undefined && this.received < size)) throw this.wrong('fewer bytes than it should');
  }

  /** The blob from where it broke off, after a wait, or as somebody else; throws when there is no way. */
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
    if (actual !== digest) throw this.wrong(`bytes of another digest, ${actual},`);
    return this.received;
  }

  private wrong(what: string): LayoverError {
    const { digest, size } = this.options;
    return new LayoverError('UPSTREAM_CONTENT', {
      message: `the upstream sent ${what} for ${digest}${size === undefined ? '' : ` of ${size} bytes`}. Nothing of it is kept`,
    });
  }
}

/**
 * Throws UPSTREAM_CONTENT when a response can't be the blob from `received` on: another size than is known, or a later start.
 */
export function checkStream(
  stream: UpstreamBlobStream,
  received: number,
  known: { readonly digest: Digest; readonly size: number | undefined },
): void {
  if (stream.size !== undefined && known.size !== undefined && stream.size !== known.size) {
    throw new LayoverError('UPSTREAM_CONTENT', {
      message: `the upstream says that ${known.digest} has ${stream.size} bytes; it should have ${known.size}. Nothing of it is kept`,
    });
  }
  if (stream.offset > received) {
    throw new LayoverError('UPSTREAM_CONTENT', {
      message: `the upstream sent ${known.digest} from byte ${stream.offset} when asked for it from byte ${received}`,
    });
  }
}
