import type { ResolvedRange } from '../../../common/oci/byte-range';
import { type AnsweredFor, answeredFor } from '../access/answered-for';
import type { PullJournal } from '../journal/pull-journal';
import { Absence } from '../store/guard/absence';
import { unlessUnreachable } from '../store/store-error';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { ContentUses } from '../store/uses/content-uses';
import type { ReadableBlob } from './blob-access';
import type { BlobRedirects } from './blob-redirects';
import { type BlobReadOptions, hitOf, requireRange, servedCounter } from './open-blob';
import type { BlobCacheStatus } from './stat-blob';

/** Dependencies of openWithoutBytes. */
export interface OpenWithoutBytesParts {
  readonly stored: Pick<StoredBlobs, 'open'>;
  readonly uses: Pick<ContentUses, 'begin'>;
  readonly journal: PullJournal;
  /** undefined = clients are never redirected. */
  readonly redirects?: BlobRedirects | undefined;
}

/** A blob that the caller reads from a file on this machine, or that the client gets elsewhere. */
export type BlobWithoutBytes = AnsweredFor & {
  /** Bytes of the whole blob. */
  readonly size: number;
  readonly range: ResolvedRange;
  readonly cacheStatus: BlobCacheStatus;
} & (
    | {
        readonly kind: 'file';
        /** Absolute. The file may be removed at any time; an open handle stays readable. */
        readonly path: string;
      }
    | {
        readonly kind: 'redirect';
        /** A credential: see BlobLink. */
        readonly url: string;
      }
  );

/**
 * Opens a stored blob without reading it; see BlobService.openWithoutBytes. The bytes of the range
 * count as served: nobody tells how many of them the client reads. Throws RANGE_INVALID with detail
 * {size}, and the errors of StoredBlobs.
 */
export async function openWithoutBytes(
  { stored, uses, journal, redirects }: OpenWithoutBytesParts,
  blob: ReadableBlob,
  { range, redirectable }: BlobReadOptions,
): Promise<BlobWithoutBytes | undefined> {
  const answered = { cacheStatus: hitOf(blob), ...answeredFor(blob.target) };
  const place = redirectable ? await redirects?.redirect(blob, range) : undefined;
  if (place instanceof Absence) return undefined;
  const count = servedCounter(blob.target, journal);
  if (place !== undefined) {
    count(place.range.length);
    return { kind: 'redirect', ...place, ...answered };
  }
  const { organizationUid, repository } = blob.target.key;
  const end = uses.begin({ organizationUid, repository, digest: blob.digest });
  try {
    const found = await unlessUnreachable(stored.open(blob, blob.size));
    if (found === undefined || found instanceof Absence) return undefined;
    const { size, localPath: path } = found;
    await found.close();
    if (path === undefined) return undefined;
    const resolved = requireRange(range, size);
    count(resolved.length);
    return { kind: 'file', path, size, range: resolved, ...answered };
  } finally {
    end();
  }
}
