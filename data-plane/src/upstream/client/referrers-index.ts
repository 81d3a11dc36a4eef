import { algorithmOf, type Digest, digestOf, parseDigest } from '../../../../common/oci/digest';
import { MediaType } from '../../../../common/oci/media-types';

interface ParsedIndex {
  readonly mediaType?: unknown;
  readonly manifests: readonly unknown[];
}

/** Returns the entries of the answer of a referrers API; undefined if it is no index. */
export function entriesOf(content: Buffer): readonly unknown[] | undefined {
  return parseIndex(content)?.manifests;
}

/**
 * Returns the index of referrers in the content of a referrers tag; undefined if the content is
 * something else. Tags of this form exist for other reasons too: mirroring tools name an image by
 * its digest. So the subject itself is no list of its referrers. Entries that are no descriptors
 * are left out; if all are descriptors, the bytes are returned as they are.
 */
export function referrersInTag(content: Buffer, subject: Digest): Buffer | undefined {
  const index = parseIndex(content);
  if (index === undefined || digestOf(content, algorithmOf(subject)) === subject) return undefined;
  // The specification asks for an OCI index; a Docker manifest list is an image for platforms.
  if (index.mediaType !== undefined && index.mediaType !== MediaType.ociIndex) return undefined;
  const manifests = index.manifests.filter(isDescriptor);
  if (manifests.length === index.manifests.length) return content;
  return manifests.length === 0 ? undefined : Buffer.from(JSON.stringify({ ...index, manifests }));
}

function isDescriptor(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const { mediaType, digest } = entry as Readonly<Record<string, unknown>>;
  return typeof mediaType === 'string' && typeof digest === 'string' && parseDigest(digest) !== undefined;
}

function parseIndex(content: Buffer): ParsedIndex | undefined {
  try {
    const parsed: unknown = JSON.parse(content.toString());
    const isIndex = typeof parsed === 'object' && parsed !== null && 'manifests' in parsed;
    return isIndex && Array.isArray(parsed.manifests) ? (parsed as ParsedIndex) : undefined;
  } catch {
    return undefined;
  }
}
