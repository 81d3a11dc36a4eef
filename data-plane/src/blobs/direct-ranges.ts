import { LimitedPlaces } from '../../../common/async/limited-places';
import { LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import type { ResolvedRange } from '../../../common/oci/byte-range';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import { TtlCache } from '../../../common/runtime/ttl-cache';
import type { PullJournal } from '../journal/pull-journal';
import type { UpstreamBlobStream, UpstreamRegistry } from '../upstream/upstream-registry';
import type { BlobRight } from './blob-access';

/** Dependencies of DirectRanges. */
export interface DirectRangesParts {
  readonly upstream: Pick<UpstreamRegistry, 'openRange'>;
  readonly journal: Pick<PullJournal, 'count'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A range of a blob on its way from the upstream. */
export interface DirectRange {
  readonly range: ResolvedRange;
  /**
   * The bytes of the range. Throws a LayoverError if the connection is cut or stalls, or the
   * upstream sends another number of bytes.
   */
  readonly body: AsyncIterable<Buffer>;
  /** Ends the request to the upstream. Idempotent. */
  cancel(): void;
  /**
   * Whether the fill may wait without its client until `opened` settles. Never rejects because of
   * `opened`.
   */
  mayWait(opened: Promise<unknown>): boolean;
}

/** Bytes that a fill must still receive before the start of a range that is requested directly. */
const FAR_BYTES = 1024 * 1024;
/** Largest range that is requested directly, in bytes. Larger ones would fetch the blob twice. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Ranges that are requested at the same time, for one organization and in all. */
const MAX_OF_OWNER = 16;
const MAX_RUNNING = 64;
/**
 * Fills of read ranges that wait for a slot after their clients have left, for one organization and
 * in all. The others end with their clients, who would otherwise fill the queue at no cost.
 */
const MAX_WAITING_OF_OWNER = 64;
const MAX_WAITING = 256;
/** How long an upstream that ignores ranges is not asked for one, in milliseconds. */
const UNUSABLE_MS = 600_000;
const MAX_UNUSABLE = 1_000;

/**
 * Requests ranges of cold blobs for clients that would otherwise wait for a large part of the blob
 * (docs/design/fills.md#direct-ranges). Nothing of it is stored, and nothing is proven by it. The
 * upstream answers with the credentials of the organization, so a client gets only what the
 * upstream gives to its organization.
 */
export class DirectRanges {
  /**
   * Upstreams that gave an organization no usable range. A manifest with a wrong size has the same
   * effect, so nobody can cause it for others.
   */
  private readonly unusable: TtlCache<true>;
  private readonly running = new LimitedPlaces(MAX_OF_OWNER, MAX_RUNNING);
  private readonly waiting = new LimitedPlaces(MAX_WAITING_OF_OWNER, MAX_WAITING);

  constructor(private readonly parts: DirectRangesParts) {
    this.unusable = new TtlCache(parts.clock, MAX_UNUSABLE);
  }

  /**
   * Returns whether a range of a blob is worth a request of its own while the fill of the blob has
   * `received` bytes.
   */
  suits({ target, size }: BlobRight, { offset, length }: ResolvedRange, received: number): boolean {
    if (!target.proxy.directRanges || size === undefined || length === 0) return false;
    if (length > MAX_BYTES || offset - received < FAR_BYTES) return false;
    return this.unusable.get(placeOf(target)) === undefined;
  }

  /**
   * Requests a range. Returns undefined if the upstream does not answer it exactly, says another
   * size of the blob, or fails, or if too many ranges are being requested. The caller then waits
   * for the fill. Never throws.
   */
  async open(blob: BlobRight, range: ResolvedRange, signal: AbortSignal): Promise<DirectRange | undefined> {
    const { target, digest, size } = blob;
    const { organizationUid } = target.key;
    const { host } = target.upstream.origin;
    const leave = this.running.enter(organizationUid);
    if (leave === undefined) return undefined;
    let stream: UpstreamBlobStream | undefined;
    try {
      stream = await this.parts.upstream.openRange(target.upstream, digest, range, signal);
      // An upstream that fails may answer the next time. One that ignores Range will not.
      if (stream?.size !== size) this.unusable.set(placeOf(target), true, UNUSABLE_MS);
    } catch (error) {
      const { key, message } = toLayoverError(error);
      this.parts.logger.debug({ digest, upstream: host, key, cause: message }, 'A range could not be requested');
    }
    if (stream !== undefined && stream.size === size) return this.opened(stream, range, organizationUid, leave);
    leave();
    stream?.cancel();
    return undefined;
  }

  private opened(
    stream: UpstreamBlobStream,
    range: ResolvedRange,
    organizationUid: string,
    leave: () => void,
  ): DirectRange {
    const { journal } = this.parts;
    async function* body(): AsyncGenerator<Buffer, void, undefined> {
      let left = range.length;
      for await (const chunk of stream.body) {
        journal.count({ organizationUid, fetched: chunk.length });
        left -= chunk.length;
        if (left < 0) break;
        yield chunk;
      }
      if (left === 0) return;
      throw new LayoverError('UPSTREAM_CONTENT', { message: 'The upstream sent a range with another length.' });
    }
    const cancel = (): void => {
      stream.cancel();
      leave();
    };
    const mayWait = (opened: Promise<unknown>): boolean => {
      const end = this.waiting.enter(organizationUid);
      if (end !== undefined) opened.then(end, end);
      return end !== undefined;
    };
    return { range, body: body(), cancel, mayWait };
  }
}

function placeOf({ key, upstream }: BlobRight['target']): string {
  return `${key.organizationUid} ${upstream.origin.host}`;
}
