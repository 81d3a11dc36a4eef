import type { Descriptor } from '../../../../common/oci/descriptor';
import { type Digest, parseDigest } from '../../../../common/oci/digest';
import { isObject, type ManifestDocument } from '../../../../common/oci/manifest-document';
import { MANIFEST_LIMITS } from '../../../../common/oci/manifest-limits';
import { isTypeOfIndexedManifest } from '../../../../common/oci/media-types';
import type { ManifestReference } from '../../../../proto/gen/layover/v1/ManifestReference';

/** A reference whose descriptor can be used. */
export type UsableReference = ManifestReference & {
  readonly role: 'LAYER' | 'CONFIG' | 'CHILD' | 'SUBJECT';
  readonly descriptor: Descriptor;
};

/**
 * Returns the reference that a descriptor makes; undefined if it cannot be used: it is no object,
 * or its digest is missing or of an algorithm that nobody here can verify. The rest of the document
 * is not affected by that (docs/design/pull-semantics.md#unusable-descriptors).
 */
export function readReference(
  role: UsableReference['role'],
  item: unknown,
  position: number,
): UsableReference | undefined {
  if (!isObject(item)) return undefined;
  const { mediaType, digest, size } = item;
  const parsed = typeof digest === 'string' ? parseDigest(digest) : undefined;
  if (parsed === undefined) return undefined;
  const platform = isObject(item['platform']) ? item['platform'] : undefined;
  return {
    role,
    position,
    descriptor: { mediaType: boundedText(mediaType), digest: parsed, size: usableSize(size) },
    ...(platform === undefined
      ? {}
      : {
          platform: {
            os: boundedText(platform['os']),
            architecture: boundedText(platform['architecture']),
            variant: boundedText(platform['variant']),
          },
        }),
  };
}

/**
 * Returns the reference of an entry of an index. An entry without a platform whose type is not that
 * of a manifest names a blob (docs/design/pull-semantics.md#blobs-in-an-index).
 */
export function readIndexEntry(item: unknown, position: number): UsableReference | undefined {
  const child = readReference('CHILD', item, position);
  if (child === undefined || child.platform !== undefined) return child;
  if (isTypeOfIndexedManifest(child.descriptor.mediaType)) return child;
  return { role: 'LAYER', position, descriptor: child.descriptor };
}

/** Returns the digests of the layers that a document says are stored elsewhere. */
export function foreignDigests(items: readonly unknown[]): ReadonlySet<Digest> {
  return new Set(
    items.flatMap((item) => {
      if (!isObject(item) || typeof item['digest'] !== 'string') return [];
      const digest = parseDigest(item['digest']);
      return digest !== undefined && isForeign(item) ? [digest] : [];
    }),
  );
}

function isForeign({ urls, mediaType }: ManifestDocument): boolean {
  const hasUrls = Array.isArray(urls) && urls.length > 0;
  return hasUrls || /\.foreign\.|\.nondistributable\./.test(boundedText(mediaType));
}

/**
 * Returns a declared size in bytes, or 0 for one that cannot be right (see possibleSize). A size
 * above the limit of a manifest is cut just above it, so that the limit refuses the manifest.
 */
function usableSize(size: unknown): number {
  if (typeof size !== 'number') return 0;
  if (size > MANIFEST_LIMITS.declaredBytes) return MANIFEST_LIMITS.declaredBytes + 1;
  return Number.isSafeInteger(size) && size > 0 ? size : 0;
}

/** Returns a text of at most 255 characters; empty for everything else. */
export function boundedText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 255) : '';
}
