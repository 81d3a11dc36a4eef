import { LayoverError } from '../../../../common/errors/layover-error';
import { bareMediaType, isManifestType, isSchema1 } from '../../../../common/oci/media-types';
import type { HttpAnswer } from '../http/http-client';

/**
 * What the Content-Type of an answer says about a manifest: its media type, nothing (`unnamed`, so
 * the body must be read), that it is a web page, or that it is Docker schema 1.
 */
export type NamedType =
  { readonly kind: 'named'; readonly type: string } | { readonly kind: 'unnamed' | 'web-page' | 'schema-1' };

/**
 * Returns what Content-Type says about a manifest. Only a type that can be one of a manifest is
 * believed: static file servers send generic types, and others send anything
 * (docs/design/pull-semantics.md#media-types-of-manifests).
 */
export function manifestTypeOf(answer: HttpAnswer): NamedType {
  const type = contentTypeOf(answer);
  if (isSchema1(type)) return { kind: 'schema-1' };
  if (isManifestType(type)) return { kind: 'named', type };
  return { kind: isWebPage(type) ? 'web-page' : 'unnamed' };
}

/** Creates the error UPSTREAM_CONTENT for a manifest in schema 1. Cancels its body. */
export function onlySchema1(answer: HttpAnswer): LayoverError {
  return contentError(
    answer,
    'has this image only in Docker schema 1, a format that can no longer be verified; push the image again',
  );
}

/** Returns the media type in Content-Type if it can be one of a manifest. Never throws. */
export function namedManifestTypeOf(answer: HttpAnswer): string | undefined {
  const type = contentTypeOf(answer);
  return isManifestType(type) ? type : undefined;
}

/** Throws UPSTREAM_CONTENT for a web page instead of registry content. */
export function refuseWebPage(answer: HttpAnswer): void {
  const type = contentTypeOf(answer);
  if (isWebPage(type)) throw notRegistry(answer);
}

/** The beginning of a document of HTML or XML, after a byte order mark and white space. */
const MARKUP = /^(?:\xef\xbb\xbf)?\s*</;

/**
 * Throws UPSTREAM_CONTENT for a web page instead of a blob. Both the type and the first bytes must
 * be those of a page: stores label blobs with any type, and the digest decides
 * (docs/design/fills.md#verification).
 */
export async function refuseWebPageAsBlob(answer: HttpAnswer): Promise<void> {
  if (!isWebPage(contentTypeOf(answer))) return;
  const start = await answer.body.peek();
  if (MARKUP.test(start.toString('latin1', 0, 256))) throw notRegistry(answer);
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

/**
 * Creates the error for an answer that comes from a login portal and not from a registry (Harbor
 * issue 23882). Cancels its body.
 */
export function notRegistry(answer: HttpAnswer): LayoverError {
  const shown = contentTypeOf(answer)
    .replace(/[^\x21-\x7e]/g, '')
    .slice(0, 100);
  return contentError(answer, `is not a registry, or a proxy or portal answered for it: it sent ${shown}`);
}

function contentTypeOf(answer: HttpAnswer): string {
  return bareMediaType(answer.headers.get('content-type') ?? '');
}

function isWebPage(type: string): boolean {
  return type === 'text/html' || type === 'application/xhtml+xml';
}
