/** Media types of manifests and blobs. */
export const MediaType = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  /**
   * Signed schema 1. Passed on but never parsed: its digest does not cover the signatures in its
   * bytes.
   */
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  octetStream: 'application/octet-stream',
} as const;

/**
 * Accept header for upstream requests: all kinds of manifests, so that the upstream never converts
 * one.
 */
export const MANIFEST_ACCEPT: readonly string[] = [
  MediaType.ociIndex,
  MediaType.dockerManifestList,
  MediaType.ociManifest,
  MediaType.dockerManifest,
];

/**
 * Returns true for an index or a Docker manifest list, which refers to manifests and not to blobs.
 */
export function isIndex(mediaType: string): boolean {
  return mediaType === MediaType.ociIndex || mediaType === MediaType.dockerManifestList;
}

/**
 * Returns a media type without parameters, in lower case: `application/json; charset=utf-8` gives
 * `application/json`.
 */
export function bareMediaType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}
