import { LayoverError } from '../../../common/errors/layover-error';
import type { CacheStatus__Output } from '../../../proto/gen/layover/v1/CacheStatus';
import { type AnsweredFor, answeredFor } from '../access/answered-for';
import { Absence } from '../store/guard/absence';
import { unlessUnreachable } from '../store/store-error';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { BlobRight } from './blob-access';
import { possibleSize } from '../../../common/oci/descriptor';

/**
 * Whether the blob was in the store with a proof of the organization (HIT) or not (MISS). A blob
 * that is stored for others only is a MISS.
 */
export type BlobCacheStatus = Extract<CacheStatus__Output, 'HIT' | 'MISS'>;

/** The answer to a HEAD request. `size` is in bytes. */
export interface BlobStat extends AnsweredFor {
  readonly size: number;
  readonly cacheStatus: BlobCacheStatus;
}

/** Dependencies of statBlob. */
export interface StatBlobParts {
  readonly stored: Pick<StoredBlobs, 'open'>;
  readonly upstream: UpstreamRegistry;
}

/**
 * Answers a HEAD request with the headers that a GET would have, also if the stored bytes are
 * damaged. Fills nothing (docs/design/pull-semantics.md#head-requests). Without a proof, the store
 * is not asked. Throws the errors of
 * StoredBlobs and of the upstream.
 */
export async function statBlob(
  { stored, upstream }: StatBlobParts,
  blob: BlobRight,
  signal: AbortSignal | undefined,
): Promise<BlobStat> {
  const owner = answeredFor(blob.target);
  if (blob.kind === 'readable') {
    const found = await unlessUnreachable(stored.open(blob, blob.size));
    if (found !== undefined && !(found instanceof Absence)) {
      await found.close();
      return { size: found.size, cacheStatus: 'HIT', ...owner };
    }
  }
  const size = blob.size ?? (await sizeFromGet(upstream, blob, signal));
  return { size, cacheStatus: 'MISS', ...owner };
}

/**
 * Returns the size from the headers of a GET and does not read its body. For upstreams whose HEAD
 * fails or gives no size. Throws the error of the GET.
 */
async function sizeFromGet(
  upstream: UpstreamRegistry,
  { target, digest }: BlobRight,
  signal: AbortSignal | undefined,
): Promise<number> {
  const stream = await upstream.openBlob(target.upstream, digest, 0, signal);
  stream.cancel();
  const size = possibleSize(digest, stream.size);
  if (size !== undefined) return size;
  throw new LayoverError('UPSTREAM_CONTENT', {
    message: `${target.upstream.origin.host} gives no size for blob ${digest}. Request the blob with GET instead.`,
  });
}
