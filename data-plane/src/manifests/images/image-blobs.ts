import type { Descriptor } from '../../../../common/oci/descriptor';
import { type Digest, mustDigest } from '../../../../common/oci/digest';
import { parseManifest } from '../content/parse-manifest';

/**
 * Returns the config and the layers that a manifest names, each once, without the layers that are
 * stored elsewhere (docs/design/pull-semantics.md#blobs). Throws UPSTREAM_CONTENT.
 */
export function blobsOf(manifest: Descriptor, content: Buffer): Descriptor[] {
  const { references, foreign } = parseManifest(content, manifest.mediaType, manifest.digest);
  const blobs = new Map<Digest, Descriptor>();
  for (const { role, descriptor } of references) {
    if ((role !== 'LAYER' && role !== 'CONFIG') || !descriptor) continue;
    const digest = mustDigest(descriptor.digest ?? '');
    if (foreign.has(digest)) continue;
    blobs.set(digest, { digest, mediaType: descriptor.mediaType ?? '', size: Number(descriptor.size) });
  }
  return [...blobs.values()];
}
