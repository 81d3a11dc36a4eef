import { createHmac, hkdfSync } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { startDeadline } from '../../../common/async/deadline';
import { SingleFlight } from '../../../common/async/single-flight';
import { throwIfAborted } from '../../../common/async/until-aborted';
import { isLayoverError, LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { PullTarget } from '../access/pull-target';
import type { PullJournal } from '../journal/pull-journal';
import type { StoredBlob } from '../store/blob-store';
import { Absence } from '../store/guard/absence';
import { rightForInternalUse } from '../store/guard/internal-right';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import { classifyUpstreamError } from '../upstream/classify-upstream-error';
import type { UpstreamRegistry } from '../upstream/upstream-registry';

/** Dependencies of RangeProver. */
export interface RangeProverParts {
  readonly upstream: Pick<UpstreamRegistry, 'readRange'>;
  readonly stored: Pick<StoredBlobs, 'open'>;
  readonly journal: Pick<PullJournal, 'count'>;
  /** The offsets of the ranges are derived from it. */
  readonly masterKey: Buffer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Number of ranges that are compared, and bytes of each. */
const RANGES = 6;
const RANGE_BYTES = 16 * 1024;

/** Blobs up to this size are fetched whole: the ranges would cover most of them. */
const MAX_WHOLE_BYTES = 64 * 1024;

/** Longest time of a proof in milliseconds. Afterwards, the blob is fetched. */
const TIMEOUT_MS = 8_000;

/**
 * Proofs that run at the same time, for one identity and in all. Further blobs are fetched: nobody
 * waits for the proofs of an upstream that answers slowly.
 */
const MAX_OF_IDENTITY = 16;
const MAX_RUNNING = 64;

/** Number of failed proofs that are remembered. */
const REMEMBERED = 10_000;

/**
 * Proves the right to read a stored blob without fetching it: the upstream, asked with the
 * credentials of the organization, gives the same bytes at random offsets and the same total size
 * (docs/design/pull-semantics.md#right-to-read). The offsets are unpredictable, so an upstream
 * without the bytes cannot answer, whatever it controls.
 *
 * The offsets of a digest are the same in every attempt, on every data plane with the same master
 * key. An upstream that has a part of the bytes sees each offset before it answers, and may answer
 * only those that it can. With new offsets for each attempt, it could fail without a wrong byte
 * until all of them fit. With the same offsets, further attempts, also under other identities, gain
 * nothing.
 */
export class RangeProver {
  private readonly flights = new SingleFlight<boolean>({ whenAbandoned: 'abort' });
  /** Identities and digests whose upstream gave other bytes or no usable range. */
  private readonly failed = new LRUCache<string, true>({ max: REMEMBERED });
  /** Determines the offsets of every digest. */
  private readonly secret: Buffer;
  private readonly running = new Map<string, number>();
  private total = 0;

  constructor(private readonly parts: RangeProverParts) {
    this.secret = Buffer.from(hkdfSync('sha256', parts.masterKey, '', 'layover/proof-offsets', 32));
  }

  /**
   * Returns whether the upstream of the target holds exactly the stored blob of `size` bytes. False
   * means that nothing is proven, and the blob must be fetched. Requests of one identity and
   * repository share a proof. Throws the error if the upstream gives no answer or limits the
   * requests, because a fetch would fail in the same way, and CANCELLED.
   */
  async prove(target: PullTarget, digest: Digest, size: number, signal: AbortSignal | undefined): Promise<boolean> {
    const identity = target.holder.identities.at(-1)!;
    const key = JSON.stringify([identity, digest]);
    if (size <= MAX_WHOLE_BYTES || this.failed.has(key)) return false;
    return this.flights.run(
      JSON.stringify([identity, digest, target.upstream.name]),
      async (abandoned) => {
        const running = this.running.get(identity) ?? 0;
        if (running >= MAX_OF_IDENTITY || this.total >= MAX_RUNNING) return false;
        this.total += 1;
        this.running.set(identity, running + 1);
        try {
          const outcome = await this.compare(target, digest, size, abandoned);
          if (outcome === 'different' || outcome === 'unusable') this.failed.set(key, true);
          return outcome === 'same';
        } finally {
          this.total -= 1;
          const rest = (this.running.get(identity) ?? 1) - 1;
          if (rest > 0) this.running.set(identity, rest);
          else this.running.delete(identity);
        }
      },
      signal,
    );
  }

  private async compare(target: PullTarget, digest: Digest, size: number, abandoned: AbortSignal): Promise<Outcome> {
    const { stored, clock, logger } = this.parts;
    const late = new LayoverError('UPSTREAM_TIMEOUT', { message: 'The upstream did not send a few ranges in time.' });
    const deadline = startDeadline({ clock, ms: TIMEOUT_MS, reason: () => late }, abandoned);
    let blob: StoredBlob | Absence | undefined;
    try {
      blob = await stored.open(rightForInternalUse(digest));
      if (blob instanceof Absence || blob.size !== size) return 'unknown';
      const opened = blob;
      const offsets = this.offsetsIn(digest, size);
      const compareAt = (offset: number): Promise<Outcome> =>
        this.compareAt(target, digest, opened, offset, deadline.signal);
      // The first range alone: it shows whether the upstream supports ranges at all.
      const first = await compareAt(offsets[0]!);
      if (first !== 'same') return first;
      const others = await Promise.all(offsets.slice(1).map(compareAt));
      return others.find((outcome) => outcome !== 'same') ?? 'same';
    } catch (thrown) {
      throwIfAborted(abandoned);
      if (!deadline.signal.aborted && wouldFailAgain(thrown)) throw thrown;
      const { key, message } = toLayoverError(thrown);
      logger.warn({ digest, upstream: target.upstream.origin.host, key, cause: message }, 'A proof by ranges failed');
      return 'unknown';
    } finally {
      deadline.abort(late);
      deadline.release();
      if (blob !== undefined && !(blob instanceof Absence)) await blob.close();
    }
  }

  /** Returns the offsets of the ranges: unpredictable, and the same in every attempt. */
  private offsetsIn(digest: Digest, size: number): readonly number[] {
    return Array.from({ length: RANGES }, (_, index) => {
      const random = createHmac('sha256', this.secret).update(`${index} ${digest}`).digest().readUIntBE(0, 6);
      return random % (size - RANGE_BYTES + 1);
    });
  }

  private async compareAt(
    target: PullTarget,
    digest: Digest,
    blob: StoredBlob,
    offset: number,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { upstream, journal } = this.parts;
    const range = { offset, length: RANGE_BYTES };
    const answer = await upstream.readRange(target.upstream, digest, range, signal);
    if (answer === undefined) return 'unusable';
    journal.count({ organizationUid: target.key.organizationUid, fetched: answer.content.length });
    if (answer.size !== blob.size) return 'different';
    const chunks: Buffer[] = [];
    for await (const chunk of blob.read(offset, RANGE_BYTES, signal)) chunks.push(chunk);
    return Buffer.concat(chunks).equals(answer.content) ? 'same' : 'different';
  }
}

/**
 * The result of a comparison. `unusable`: the upstream does not answer ranges. `unknown`: the proof
 * failed for another reason.
 */
type Outcome = 'same' | 'different' | 'unusable' | 'unknown';

/**
 * Returns whether a fetch of the blob would fail with the same error. An upstream that answers may
 * answer a request without Range differently, so the fetch finds out.
 */
function wouldFailAgain(thrown: unknown): boolean {
  if (!isLayoverError(thrown)) return false;
  if (thrown.key === 'TOO_MANY_REQUESTS') return true;
  return thrown.upstreamStatus === undefined && classifyUpstreamError(thrown) === 'outage';
}
