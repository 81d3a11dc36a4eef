import { LayoverError } from '../../../common/errors/layover-error';
import { type RangeRequest, type ResolvedRange, resolveRange } from '../../../common/oci/byte-range';
import { isScanner } from '../access/identify';
import type { PullTarget } from '../access/pull-target';
import type { PullJournal } from '../journal/pull-journal';
import { Absence } from '../store/guard/absence';
import type { ContentUses } from '../store/uses/content-uses';
import type { ReadableBlob } from './blob-access';
import type { BlobRedirects } from './blob-redirects';
import type { BlobReader, BlobSource } from './blob-source';
import { fillRequest, type FillRequestParts } from './fill-request';
import { openInUse } from './open-in-use';
import type { BlobCacheStatus } from './stat-blob';

/** What a read works with. */
export interface OpenBlobParts extends FillRequestParts {
  readonly source: BlobSource;
  readonly uses: ContentUses;
  /** undefined = clients are never sent elsewhere. */
  readonly redirects: BlobRedirects | undefined;
}

/** What of a blob is asked for, and how it may be given. */
export interface BlobReadOptions {
  readonly range: RangeRequest | undefined;
  /** Whether the client may be sent elsewhere. */
  readonly redirectable: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A blob that is ready to be sent, or a place where the client gets it. */
export type OpenedBlob = {
  readonly range: ResolvedRange;
  readonly cacheStatus: BlobCacheStatus;
  readonly upstreamHost: string;
} & (
  | {
      readonly kind: 'bytes';
      /** Whoever opened it closes it. */
      readonly reader: BlobReader;
      /** Counts bytes that were handed to the client for its organization. */
      readonly onServed: (bytes: number) => void;
    }
  | {
      readonly kind: 'elsewhere';
      readonly size: number;
      /** A credential: see BlobLink. */
      readonly url: string;
    }
);

/**
 * Opens a blob from the store or through a fill, or finds where to send the client
 * (docs/design/pull-semantics.md#blobs). The blob is in use until the reader is closed. The store is
 * asked once: a redirect that finds nothing passes this on to the fill (ADR 26). Throws RANGE_INVALID
 * with detail {size} (before anything is fetched, if the size is known), and what BlobSource throws.
 */
export async function openBlob(
  parts: OpenBlobParts,
  blob: ReadableBlob,
  options: BlobReadOptions,
): Promise<OpenedBlob> {
  if (blob.size !== undefined) requireRange(options.range, blob.size);
  const place = options.redirectable ? await parts.redirects?.redirect(blob, options.range) : undefined;
  if (place === undefined || place instanceof Absence) return openHere(parts, blob, options, place);
  // The bucket alone knows how many bytes the client takes. What it was given access to counts as
  // served, as does what was made readable for an edge.
  servedTo(blob.target, parts.journal)(place.range.length);
  return { kind: 'elsewhere', ...place, cacheStatus: 'HIT', upstreamHost: blob.target.proxy.upstreamHost };
}

async function openHere(
  parts: OpenBlobParts,
  blob: ReadableBlob,
  { range, signal }: BlobReadOptions,
  absence: Absence | undefined,
): Promise<OpenedBlob> {
  const { target, digest } = blob;
  const { organizationUid, repository } = target.key;
  const fill = { ...fillRequest(parts, blob, 'client'), absence };
  const content = { organizationUid, repository, digest };
  const reader = await openInUse(parts.uses, content, () => parts.source.open(fill, signal));
  try {
    return {
      kind: 'bytes',
      reader,
      range: requireRange(range, reader.size),
      cacheStatus: reader.origin === 'store' ? 'HIT' : 'MISS',
      upstreamHost: target.proxy.upstreamHost,
      onServed: servedTo(target, parts.journal),
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Statistics count what clients pull; a scanner is not a client. */
function servedTo({ actor, key }: PullTarget, journal: PullJournal): (bytes: number) => void {
  if (isScanner(actor)) return () => undefined;
  return (served) => journal.count({ organizationUid: key.organizationUid, served });
}

function requireRange(range: RangeRequest | undefined, size: number): ResolvedRange {
  const resolved = resolveRange(range, size);
  if (resolved !== undefined) return resolved;
  throw new LayoverError('RANGE_INVALID', {
    message: `the range lies outside the blob of ${size} bytes`,
    detail: { size },
  });
}
