import { LayoverError } from '../../../common/errors/layover-error';
import { type RangeRequest, type ResolvedRange, resolveRange } from '../../../common/oci/byte-range';
import type { Digest } from '../../../common/oci/digest';
import { isScanner } from '../access/identify';
import type { PullTarget } from '../access/pull-target';
import type { BlobReader, BlobSource } from './blob-source';
import type { PullJournal } from '../journal/pull-journal';
import type { ContentUses } from '../store/uses/content-uses';
import { openInUse } from './open-in-use';
import type { AllowedBlob } from './blob-access';
import type { BlobArrivals } from './record-arrivals';
import { fillRequest } from './fill-request';
import type { BlobRedirects } from './blob-redirects';
import type { RepositoryRequest } from '../access/request';
import type { BlobParts } from './stat-blob';

/** What a read works with. */
export interface OpenBlobParts extends BlobParts {
  readonly source: BlobSource;
  readonly arrivals: BlobArrivals;
  readonly journal: PullJournal;
  readonly uses: ContentUses;
  /** undefined = clients are never sent elsewhere. */
  readonly redirects: BlobRedirects | undefined;
}

/** A GET of a blob. */
export interface OpenBlobRequest extends RepositoryRequest {
  readonly digest: Digest;
  readonly range: RangeRequest | undefined;
  /** Whether the client may be sent elsewhere. */
  readonly redirectable: boolean;
}

/** A blob that is ready to be sent, or a place where the client gets it. */
export type OpenedBlob = {
  readonly range: ResolvedRange;
  readonly cacheStatus: 'HIT' | 'MISS';
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
 * A GET of a blob: authorizes, then opens it from the store or through a fill (architecture sections 4 and 5). It is in use until the reader is
 * closed.
 * Throws RANGE_INVALID with detail {size} (before anything is fetched, where the size is known), and what Access, BlobAccess and
 * BlobSource throw.
 */
export async function openBlob(parts: OpenBlobParts, request: OpenBlobRequest): Promise<OpenedBlob> {
  const located = parts.access.locate(request.owner, request.repository);
  const { authorization, authorizedAt } = request.context;
  const target = await parts.access.authorize(located, authorization, authorizedAt, request.digest);
  try {
    const allowed = await parts.blobs.require(target, request.digest, request.signal);
    if (allowed.size !== undefined) requireRange(request.range, allowed.size);
    return (await openElsewhere(parts, request, target, allowed)) ?? (await openHere(parts, request, target, allowed));
  } finally {
    parts.reporter.touch(target);
  }
}

/**
 * The client is sent to the store. Its bytes never pass us, and how many it takes the bucket alone knows: what it was given access to counts as served, as what was made readable
 * for an edge does.
 */
async function openElsewhere(
  { redirects, journal }: OpenBlobParts,
  { redirectable, range }: OpenBlobRequest,
  target: PullTarget,
  allowed: AllowedBlob,
): Promise<OpenedBlob | undefined> {
  const redirect = redirectable ? await redirects?.redirect(allowed, range) : undefined;
  if (redirect === undefined) return undefined;
  servedTo(target, journal)(redirect.range.length);
  return { kind: 'elsewhere', ...redirect, cacheStatus: 'HIT', upstreamHost: target.proxy.upstreamHost };
}

async function openHere(
  parts: OpenBlobParts,
  request: OpenBlobRequest,
  target: PullTarget,
  allowed: AllowedBlob,
): Promise<OpenedBlob> {
  const { organizationUid, repository } = target.key;
  const fill = fillRequest(parts.upstream, parts.journal, target, allowed, 'client');
  const content = { organizationUid, repository, digest: request.digest };
  const reader = await openInUse(parts.uses, content, () => parts.source.open(fill, request.signal));
  if (reader.origin === 'fill') parts.arrivals.expect(target, allowed);
  try {
    return {
      kind: 'bytes',
      reader,
      range: requireRange(request.range, reader.size),
      cacheStatus: reader.origin === 'store' ? 'HIT' : 'MISS',
      upstreamHost: target.proxy.upstreamHost,
      onServed: servedTo(target, parts.journal),
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Statistics are of what clients pull: a scanner is none. */
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
