import { LayoverError } from '../../../../common/errors/layover-error';
import { bareMediaType, MediaType } from '../../../../common/oci/media-types';
import type { HttpAnswer } from '../http/http-client';

/** Types that registries behind static file servers give a manifest; the body then says what it is. */
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
 * The manifest media type that Content-Type names; undefined = it names none in particular, look
 * into the body. Throws UPSTREAM_CONTENT for what cannot be a manifest: a web page is a login
 * portal, not a registry (Harbor issue 23882).
 */
export function manifestTypeOf(answer: HttpAnswer): string | undefined {
  const type = bareMediaType(answer.headers.get('content-type') ?? '');
  if (MANIFEST_TYPES.includes(type)) return type;
  if (GENERIC.includes(type)) return undefined;
  if (SCHEMA1.test(type)) {
    throw contentError(answer, 'has this image only in Docker schema 1, a format that no longer can be verified');
  }
  throw notRegistry(answer, type);
}

/** The manifest media type of a body, by what it says of itself or what it holds. Throws UPSTREAM_CONTENT where it is no manifest. */
export function manifestTypeOfBody(answer: HttpAnswer, content: Buffer): string {
  const parsed = parseObject(content);
  if (parsed !== undefined) {
    const { mediaType } = parsed;
    if (typeof mediaType === 'string' && MANIFEST_TYPES.includes(mediaType)) return mediaType;
    if (mediaType === undefined && Array.isArray(parsed['manifests'])) return MediaType.ociIndex;
    if (mediaType === undefined && Array.isArray(parsed['layers']) && 'config' in parsed) return MediaType.ociManifest;
  }
  throw contentError(answer, 'answered with something that is no manifest; is it a registry?');
}

/** Throws UPSTREAM_CONTENT for a web page where something else was asked for. */
export function refuseWebPage(answer: HttpAnswer): void {
  const type = bareMediaType(answer.headers.get('content-type') ?? '');
  if (type === 'text/html' || type === 'application/xhtml+xml') throw notRegistry(answer, type);
}

/** An UPSTREAM_CONTENT about an answer, which is ended. `what` goes on after the upstream's name. */
export function contentError(answer: HttpAnswer, what: string): LayoverError {
  answer.body.cancel();
  return new LayoverError('UPSTREAM_CONTENT', {
    message: `${answer.place.name} ${what}`,
    upstreamStatus: answer.status,
  });
}

function notRegistry(answer: HttpAnswer, type: string): LayoverError {
  const shown = type.replace(/[^\x21-\x7e]/g, '').slice(0, 100);
  return contentError(answer, `is not a registry, or something in between answered for it: it sent ${shown}`);
}

function parseObject(content: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(content.toString());
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
