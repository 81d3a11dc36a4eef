import { LRUCache } from 'lru-cache';
import type { ManifestAnswer } from '../content/manifest-answer';
import { parseManifest } from '../content/parse-manifest';

/** Maximum number of manifests that are remembered. */
const MAX_MANIFESTS = 10_000;

/**
 * Finds images with a layer that no scan covers, because its descriptor cannot be used
 * (docs/design/pull-semantics.md#unusable-descriptors). A manifest is parsed once and not with
 * every pull.
 */
export class UnusableLayers {
  private readonly known = new LRUCache<string, boolean>({ max: MAX_MANIFESTS });

  /** Returns whether the manifest has such a layer; false if its content is not there. */
  areIn({ descriptor, content }: Pick<ManifestAnswer, 'descriptor' | 'content'>): boolean {
    if (content === undefined) return false;
    // The same bytes can be stored with two types.
    const key = `${descriptor.digest} ${descriptor.mediaType}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const found = hasUnusableLayer(content, descriptor);
    this.known.set(key, found);
    return found;
  }
}

function hasUnusableLayer(content: Buffer, { mediaType, digest }: ManifestAnswer['descriptor']): boolean {
  try {
    return parseManifest(content, mediaType, digest).unusableLayers > 0;
  } catch {
    // An earlier version cached a manifest that this one would refuse. Its scan has the last word.
    return false;
  }
}
