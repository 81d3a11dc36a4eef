import { algorithmOf, type Digest, newHasher } from '../../../common/oci/digest';

/**
 * Returns the size that a manifest or a header gives for a blob, in bytes, or undefined if it
 * cannot be right: only the blob with the digest of no bytes is empty, but manifests without a size
 * and HEAD answers with `Content-Length: 0` exist.
 */
export function possibleSize(digest: Digest, size: number | undefined): number | undefined {
  if (size === undefined || !Number.isSafeInteger(size) || size < 0) return undefined;
  return size > 0 || isEmpty(digest) ? size : undefined;
}

function isEmpty(digest: Digest): boolean {
  return digest === `${algorithmOf(digest)}:${newHasher(digest).digest('hex')}`;
}
