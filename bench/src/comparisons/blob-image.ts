import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { type PushedImage, pushImage } from '../../../test/support/real/push-image';
import type { PullsResult } from '../load/jobs/pull-images';
import { runLoad } from '../load/run-load';
import { hostOf, type Peer } from '../peers/peer';
import type { BenchUpstream } from '../upstream/start-upstream';

/** Bytes of a MiB. */
export const MIB = 1024 * 1024;
/** Bytes of a GiB. */
export const GIB = 1024 * MIB;

/** An image with one large layer. */
export interface BlobImage extends PushedImage {
  readonly tag: string;
  /** Digest and size of the layer. */
  readonly blob: { readonly digest: string; readonly size: number };
}

/** Pushes an image with one layer of this size. Another tag gives another layer. */
export async function pushBlobImage(
  upstream: BenchUpstream,
  repository: string,
  tag: string,
  bytes: number,
): Promise<BlobImage> {
  const layers = [{ seed: `${repository} ${tag}`.replaceAll('/', '-'), tarBytes: bytes, compressed: false }];
  const image = await pushImage(upstream, { repository, tag, layers });
  return { ...image, tag, blob: image.layers[0]! };
}

/** Returns the upstream itself, as a program to pull from directly. */
export function directly(upstream: BenchUpstream): Pick<Peer, 'hosts' | 'path'> {
  return { hosts: [upstream.host], path: (repository) => `/v2/${repository}` };
}

/**
 * Pulls the manifest by its tag and then the layer, with this many clients at the same time. With
 * `verify`, the clients compute the digest of the layer.
 */
export function pullBlobImage(
  peer: Pick<Peer, 'hosts' | 'path'>,
  { repository, tag, blob }: BlobImage,
  { clients = 1, verify = false }: { readonly clients?: number; readonly verify?: boolean } = {},
): Promise<PullsResult> {
  const path = peer.path(repository);
  const targets = Array.from({ length: clients }, (_, client) => ({
    host: hostOf(peer, client),
    manifestPath: `${path}/manifests/${tag}`,
    blobPath: `${path}/blobs/${blob.digest}`,
  }));
  const accept = MANIFEST_ACCEPT.join(', ');
  return runLoad('imagePulls', { clients: targets, accept, bytes: blob.size, digest: blob.digest, verify });
}
