import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Access } from '../access/access';
import type { PullTarget } from '../access/pull-target';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { BlobAccess } from './blob-access';
import type { RepositoryRequest } from '../access/request';
import type { UpstreamReporter } from '../journal/upstream-reporter';

/** What blob requests work with. */
export interface BlobParts {
  readonly access: Access;
  readonly blobs: BlobAccess;
  readonly stored: StoredBlobs;
  readonly upstream: UpstreamRegistry;
  readonly reporter: UpstreamReporter;
}

/** The size of a blob in bytes. */
export interface BlobStat {
  readonly size: number;
  readonly cacheStatus: 'HIT' | 'MISS';
  readonly upstreamHost: string;
}

/**
 * A HEAD of a blob: says what a GET would give, also where the stored bytes are damaged, and fills nothing (trap T13).
 * Throws what Access, BlobAccess and StoredBlobs throw.
 */
export async function statBlob(
  parts: BlobParts,
  request: RepositoryRequest & { readonly digest: Digest },
): Promise<BlobStat> {
  const located = parts.access.locate(request.owner, request.repository);
  const target = await parts.access.authorize(located, request.context.authorization, 0, request.digest);
  const upstreamHost = target.proxy.upstreamHost;
  try {
    const allowed = await parts.blobs.require(target, request.digest, request.signal);
    const stored = await parts.stored.open(request.digest, allowed.size);
    if (stored !== undefined) {
      await stored.close();
      return { size: stored.size, cacheStatus: 'HIT', upstreamHost };
    }
    const size = allowed.size ?? (await sizeByOpening(parts.upstream, target, request.digest, request.signal));
    return { size, cacheStatus: 'MISS', upstreamHost };
  } finally {
    parts.reporter.touch(target);
  }
}

/** For an upstream whose HEAD does not tell the size: what a GET says, its body left alone. */
async function sizeByOpening(
  upstream: UpstreamRegistry,
  target: PullTarget,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<number> {
  const stream = await upstream.openBlob(target.upstream, digest, 0, signal);
  stream.cancel();
  if (stream.size !== undefined) return stream.size;
  throw new LayoverError('UPSTREAM_CONTENT', {
    message: `${target.upstream.origin.host} has ${digest} but does not say how large it is; ask for it with GET`,
  });
}
