import { isHeldReference } from '../../../../common/oci/held-role';
import type { Descriptor } from '../../../../common/oci/descriptor';
import { type Digest, mustDigest } from '../../../../common/oci/digest';
import { parseManifest } from '../content/parse-manifest';

/**
 * Returns the config and the layers that a manifest, or an index of blobs, names, each once,
 * without the layers that are stored elsewhere (docs/design/pull-semantics.md#blobs). A size may be
 * unknown (possibleSize). Throws UPSTREAM_CONTENT.
 */
export function blobsOf(manifest: Descriptor, content: Buffer): Descriptor[] {
  const { references } = parseManifest(content, manifest.mediaType, manifest.digest);
  const blobs = new Map<Digest, Descriptor>();
  for (const { descriptor } of references.filter(isHeldReference)) {
    if (!descriptor) continue;
    const digest = mustDigest(descriptor.digest ?? '');
    blobs.set(digest, { digest, mediaType: descriptor.mediaType ?? '', size: Number(descriptor.size) });
  }
  return [...blobs.values()];
}
