import { LayoverError } from '../../../common/errors/layover-error';
import type { CacheStatus__Output } from '../../../proto/gen/layover/v1/CacheStatus';
import { Absence } from '../store/guard/absence';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { ReadableBlob } from './blob-access';

/** Whether a blob was in the store (HIT) or not. */
export type BlobCacheStatus = Extract<CacheStatus__Output, 'HIT' | 'MISS'>;

/** The size of a blob in bytes. */
export interface BlobStat {
  readonly size: number;
  readonly cacheStatus: BlobCacheStatus;
  readonly upstreamHost: string;
}

/** What a HEAD works with. */
export interface StatBlobParts {
  readonly stored: StoredBlobs;
  readonly upstream: UpstreamRegistry;
}

/**
 * Answers a HEAD of a blob with what a GET would give, also if the stored bytes are damaged, and
 * fills nothing (docs/design/pull-semantics.md#head-requests). Throws what StoredBlobs and the
 * upstream throw.
 */
export async function statBlob(
  { stored, upstream }: StatBlobParts,
  blob: ReadableBlob,
  signal: AbortSignal | undefined,
): Promise<BlobStat> {
  const { upstreamHost } = blob.target.proxy;
  const found = await stored.open(blob.digest, blob.size);
  if (!(found instanceof Absence)) {
    await found.close();
    return { size: found.size, cacheStatus: 'HIT', upstreamHost };
  }
  const size = blob.size ?? (await sizeByOpening(upstream, blob, signal));
  return { size, cacheStatus: 'MISS', upstreamHost };
}

/** For an upstream whose HEAD gives no size: takes it from a GET, and leaves its body alone. */
async function sizeByOpening(
  upstream: UpstreamRegistry,
  { target, digest }: ReadableBlob,
  signal: AbortSignal | undefined,
): Promise<number> {
  const stream = await upstream.openBlob(target.upstream, digest, 0, signal);
  stream.cancel();
  if (stream.size !== undefined) return stream.size;
  throw new LayoverError('UPSTREAM_CONTENT', {
    message: `${target.upstream.origin.host} has ${digest} but does not say how large it is; ask for it with GET`,
  });
}
