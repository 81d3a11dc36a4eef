import { LayoverError } from '../../../common/errors/layover-error';
import { type RangeRequest, type ResolvedRange, resolveRange } from '../../../common/oci/byte-range';
import type { Digest } from '../../../common/oci/digest';
import type { BlobReader, BlobSource } from '../blob/blob-source';
import type { PullJournal } from '../records/pull-journal';
import type { ContentUses } from '../uses/content-uses';
import { openInUse } from '../uses/open-in-use';
import type { BlobArrivals } from './blob-arrivals';
import { fillRequest } from './blob-fill';
import type { RepositoryRequest } from './request';
import type { BlobParts } from './stat-blob';

/** What a read works with. */
export interface OpenBlobParts extends BlobParts {
  readonly source: BlobSource;
  readonly arrivals: BlobArrivals;
  readonly journal: PullJournal;
  readonly uses: ContentUses;
}

/** A blob that is ready to be sent. */
export interface OpenedBlob {
  /** Whoever opened it closes it. */
  readonly reader: BlobReader;
  readonly range: ResolvedRange;
  readonly cacheStatus: 'HIT' | 'MISS';
  readonly upstreamHost: string;
  /** Counts bytes that were handed to the client for its organization. */
  readonly onServed: (bytes: number) => void;
}

/**
 * A GET of a blob: authorizes, then opens it from the store or through a fill (architecture sections 4 and 5). It is in use until the reader is
 * closed.
 * Throws RANGE_INVALID with detail {size} (before anything is fetched, where the size is known), and what Access, BlobAccess and
 * BlobSource throw.
 */
export async function openBlob(
  parts: OpenBlobParts,
  request: RepositoryRequest & { readonly digest: Digest; readonly range: RangeRequest | undefined },
): Promise<OpenedBlob> {
  const located = parts.access.locate(request.owner, request.repository);
  const target = await parts.access.authorize(located, request.context.authorization, request.context.authorizedAt);
  const { organizationUid, repository } = target.key;
  try {
    const allowed = await parts.blobs.require(target, request.digest, request.signal);
    if (allowed.size !== undefined) requireRange(request.range, allowed.size);
    const fill = fillRequest(parts.upstream, parts.journal, target, allowed, 'client');
    const content = { organizationUid, repository, digest: request.digest };
    const reader = await openInUse(parts.uses, content, () => parts.source.open(fill, request.signal));
    if (reader.origin === 'fill') parts.arrivals.expect(target, allowed);
    try {
      return {
        reader,
        range: requireRange(request.range, reader.size),
        cacheStatus: reader.origin === 'store' ? 'HIT' : 'MISS',
        upstreamHost: target.proxy.upstreamHost,
        onServed: (served) => parts.journal.count({ organizationUid, served }),
      };
    } catch (error) {
      await reader.close();
      throw error;
    }
  } finally {
    parts.reporter.touch(target);
  }
}

function requireRange(range: RangeRequest | undefined, size: number): ResolvedRange {
  const resolved = resolveRange(range, size);
  if (resolved !== undefined) return resolved;
  throw new LayoverError('RANGE_INVALID', {
    message: `the range lies outside the blob of ${size} bytes`,
    detail: { size },
  });
}
