import { LayoverError } from '../../../../common/errors/layover-error';
import { bareMediaType, MediaType } from '../../../../common/oci/media-types';
import type { HttpAnswer } from '../http/http-client';

/** Content types that static file servers use for manifests; the body then tells the media type. */
const GENERIC: readonly string[] = [
  '',
  'application/json',
  'application/octet-stream',
  'text/plain',
  'binary/octet-stream',
];

const MANIFEST_TYPES: readonly string[] = [
  MediaType.ociManifest,
  MediaType.ociIndex,
  MediaType.dockerManifest,
  MediaType.dockerManifestList,
  'application/vnd.oci.artifact.manifest.v1+json',
];

const SCHEMA1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/**
 * Returns the manifest media type in Content-Type; undefined = generic, so the body must be read.
 * Throws UPSTREAM_CONTENT for types that cannot be a manifest: a web page comes from a login
 * portal, not from a registry (Harbor issue 23882).
 */
export function manifestTypeOf(answer: HttpAnswer): string | undefined {
  const type = bareMediaType(answer.headers.get('content-type') ?? '');
  if (MANIFEST_TYPES.includes(type)) return type;
  if (GENERIC.includes(type)) return undefined;
  if (SCHEMA1.test(type)) {
    throw contentError(
      answer,
      'has this image only in Docker schema 1, a format that can no longer be verified; push the image again',
    );
  }
  throw notRegistry(answer, type);
}

/**
 * Returns the manifest media type that a body names or that its fields imply. Throws
 * UPSTREAM_CONTENT if it is not a manifest.
 */
export function manifestTypeOfBody(answer: HttpAnswer, content: Buffer): string {
  const parsed = parseObject(content);
  if (parsed !== undefined) {
    const { mediaType } = parsed;
    if (typeof mediaType === 'string' && MANIFEST_TYPES.includes(mediaType)) return mediaType;
    if (mediaType === undefined && Array.isArray(parsed['manifests'])) return MediaType.ociIndex;
    if (mediaType === undefined && Array.isArray(parsed['layers']) && 'config' in parsed) return MediaType.ociManifest;
  }
  throw contentError(answer, 'answered with something that is not a manifest; check that it is a registry');
}

/** Throws UPSTREAM_CONTENT for a web page instead of registry content. */
export function refuseWebPage(answer: HttpAnswer): void {
  const type = bareMediaType(answer.headers.get('content-type') ?? '');
  if (type === 'text/html' || type === 'application/xhtml+xml') throw notRegistry(answer, type);
}

/**
 * Creates the error UPSTREAM_CONTENT for an answer and cancels its body. `what` continues the
 * sentence after the name of the upstream.
 */
export function contentError(answer: HttpAnswer, what: string): LayoverError {
  answer.body.cancel();
  return new LayoverError('UPSTREAM_CONTENT', {
    message: `${answer.place.name} ${what}`,
    upstreamStatus: answer.status,
  });
}

function notRegistry(answer: HttpAnswer, type: string): LayoverError {
  const shown = type.replace(/[^\x21-\x7e]/g, '').slice(0, 100);
  return contentError(answer, `is not a registry, or a proxy or portal answered for it: it sent ${shown}`);
}

function parseObject(content: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(content.toString());
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
