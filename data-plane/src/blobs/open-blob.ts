import { LayoverError } from '../../../common/errors/layover-error';
import { type RangeRequest, type ResolvedRange, resolveRange } from '../../../common/oci/byte-range';
import { type AnsweredFor, answeredFor } from '../access/answered-for';
import { isScanner } from '../access/identify';
import type { PullTarget } from '../access/pull-target';
import type { PullJournal } from '../journal/pull-journal';
import { Absence } from '../store/guard/absence';
import type { ContentUses } from '../store/uses/content-uses';
import type { BlobRight, ReadableBlob } from './blob-access';
import type { BlobRedirects } from './blob-redirects';
import type { BlobReader, BlobSource } from './blob-source';
import type { DirectRanges } from './direct-ranges';
import { fillRequest, type FillRequestParts } from './fill-request';
import type { FillRequest, Fills } from './fills/fills';
import { openFarRange } from './open-far-range';
import { openInUse } from './open-in-use';
import type { BlobCacheStatus } from './stat-blob';

/** Dependencies of openBlob. */
export interface OpenBlobParts extends FillRequestParts {
  readonly source: BlobSource;
  readonly uses: ContentUses;
  readonly fills: Pick<Fills, 'received'>;
  /** undefined = ranges of cold blobs wait for the fill. */
  readonly direct?: DirectRanges | undefined;
  /** undefined = clients are never redirected. */
  readonly redirects: BlobRedirects | undefined;
}

/** The requested part of a blob, and how it may be delivered. */
export interface BlobReadOptions {
  readonly range: RangeRequest | undefined;
  /** Whether the client may be redirected. */
  readonly redirectable: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A blob that is ready to be sent, or a URL where the client gets it. */
export type OpenedBlob = {
  readonly range: ResolvedRange;
  readonly cacheStatus: BlobCacheStatus;
} & AnsweredFor &
  (
    | {
        readonly kind: 'bytes';
        /** The caller closes the reader. */
        readonly reader: BlobReader;
        /** Counts bytes that were sent to the client for its organization. */
        readonly onServed: (bytes: number) => void;
      }
    | {
        readonly kind: 'redirect';
        readonly size: number;
        /** A credential: see BlobLink. */
        readonly url: string;
      }
  );

/**
 * Opens a blob from the store or through a fill, or finds where to redirect the client
 * (docs/design/pull-semantics.md#blobs). The blob is in use until the reader is closed. The store
 * is asked once: if the redirect finds that the blob is absent, the fill reuses this answer (ADR
 * 26). Throws RANGE_INVALID with detail {size}, and the errors of BlobSource.
 */
export async function openBlob(parts: OpenBlobParts, blob: BlobRight, options: BlobReadOptions): Promise<OpenedBlob> {
  if (blob.kind === 'fillable') return openHere(parts, blob, options, blob.absence);
  const place = options.redirectable ? await parts.redirects?.redirect(blob, options.range) : undefined;
  if (place === undefined || place instanceof Absence) return openHere(parts, blob, options, place);
  // Only the bucket knows how many bytes the client reads. All bytes that the link gives access to
  // count as served, like bytes that an edge may read from a local file.
  servedCounter(blob.target, parts.journal)(place.range.length);
  return { kind: 'redirect', ...place, cacheStatus: hitOf(blob), ...answeredFor(blob.target) };
}

async function openHere(
  parts: OpenBlobParts,
  blob: BlobRight,
  { range, signal }: BlobReadOptions,
  absence: Absence | undefined,
): Promise<OpenedBlob> {
  const { target, digest } = blob;
  const { organizationUid, repository } = target.key;
  const fill = { ...fillRequest(parts, blob, 'client'), absence, ...awaitedSize(blob, range) };
  const content = { organizationUid, repository, digest };
  const openWhole = (ending: AbortSignal | undefined): Promise<BlobReader> =>
    openInUse(parts.uses, content, () => parts.source.open(fill, ending));
  const far = farRange(parts, blob, range, fill);
  const reader =
    far === undefined ? await openWhole(signal) : await openFarRange({ ...far, openWhole }, blob, far.range, signal);
  try {
    return {
      kind: 'bytes',
      reader,
      range: requireRange(range, reader.size),
      cacheStatus: reader.origin === 'store' && blob.kind === 'readable' ? hitOf(blob) : 'MISS',
      ...answeredFor(target),
      onServed: servedCounter(target, parts.journal),
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/**
 * Returns the change of a fill request for a range beyond the size in the manifest: nobody but the
 * upstream knows whether the blob is larger, so its answer is awaited.
 */
function awaitedSize({ size }: BlobRight, range: RangeRequest | undefined): Partial<FillRequest> {
  const isBeyond = range !== undefined && size !== undefined && resolveRange(range, size) === undefined;
  return isBeyond ? { expectedSize: undefined } : {};
}

/**
 * Returns the range if it is to be requested from the upstream directly: as far as the request may
 * know, the store does not have the blob, and the fill is far from the range.
 */
function farRange(
  { direct, fills }: OpenBlobParts,
  blob: BlobRight,
  range: RangeRequest | undefined,
  fill: FillRequest,
): { readonly direct: DirectRanges; readonly range: ResolvedRange } | undefined {
  const isCold = blob.kind === 'fillable' || fill.absence !== undefined;
  if (direct === undefined || range === undefined || blob.size === undefined || !isCold) return undefined;
  const resolved = resolveRange(range, blob.size);
  if (resolved === undefined || !direct.suits(blob, resolved, fills.received(fill))) return undefined;
  return { direct, range: resolved };
}

/**
 * Returns the label of stored bytes. The request that proved the right to read them is a miss, like
 * one that fetched them: the label does not show that they were stored for others before.
 */
export function hitOf({ isNew }: ReadableBlob): BlobCacheStatus {
  return isNew ? 'MISS' : 'HIT';
}

/**
 * Returns a counter of served bytes. Requests of the scanner are not counted: statistics only count
 * what clients pull.
 */
export function servedCounter({ actor, key }: PullTarget, journal: PullJournal): (bytes: number) => void {
  if (isScanner(actor)) return () => undefined;
  return (served) => journal.count({ organizationUid: key.organizationUid, served });
}

/**
 * Returns the range of a blob of `size` bytes. Throws RANGE_INVALID with detail {size} if the range
 * is outside the blob.
 */
export function requireRange(range: RangeRequest | undefined, size: number): ResolvedRange {
  const resolved = resolveRange(range, size);
  if (resolved !== undefined) return resolved;
  throw new LayoverError('RANGE_INVALID', {
    message: `The requested range is outside the blob, which has ${size} bytes.`,
    detail: { size },
  });
}
