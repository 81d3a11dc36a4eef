/** Media types of manifests and blobs. */
export const MediaType = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  /** A draft of OCI 1.1 that some registries still serve. */
  ociArtifactManifest: 'application/vnd.oci.artifact.manifest.v1+json',
  /**
   * Signed schema 1. Passed on but never parsed: its digest does not cover the signatures in its
   * bytes.
   */
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  octetStream: 'application/octet-stream',
} as const;

/**
 * The kinds of manifests that upstreams are asked for by name, so that they never convert one. The
 * list is not closed: see {@link isManifestType}.
 */
export const MANIFEST_ACCEPT: readonly string[] = [
  MediaType.ociIndex,
  MediaType.dockerManifestList,
  MediaType.ociManifest,
  MediaType.dockerManifest,
  MediaType.ociArtifactManifest,
];

/** Longest media type of a manifest, in characters (RFC 6838 section 4.2: two names of 127). */
const MAX_MEDIA_TYPE = 255;
const JSON_TYPE = /^[a-z0-9][a-z0-9!#$&^_.-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*\+json$/;
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/**
 * Returns whether a media type, without parameters and in lower case, can be the type of a
 * manifest: any type with the suffix `+json` (RFC 6839 section 3.1) except schema 1. Types of
 * manifests are an open list, because artifacts define their own.
 */
export function isManifestType(mediaType: string): boolean {
  return mediaType.length <= MAX_MEDIA_TYPE && JSON_TYPE.test(mediaType) && !isSchema1(mediaType);
}

/**
 * Returns whether a media type is Docker schema 1, signed or not. Its digest does not cover the
 * signatures in its bytes.
 */
export function isSchema1(mediaType: string): boolean {
  return SCHEMA_1.test(mediaType);
}

/**
 * Returns whether an entry of an index with this media type names a manifest, and not a blob. An
 * entry without a type names a manifest. BuildKit's registry cache is an index of blobs: layers and
 * an `application/vnd.buildkit.cacheconfig.v0`.
 */
export function isTypeOfIndexedManifest(mediaType: string): boolean {
  const type = bareMediaType(mediaType);
  return type === '' || isSchema1(type) || /(?:manifest|index)[^/]*\+json$/.test(type);
}

/**
 * Returns true for an index or a Docker manifest list, which refers to manifests and, rarely, to
 * blobs.
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
