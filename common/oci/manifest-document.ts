import { bareMediaType, isManifestType, MediaType } from './media-types';

/** A JSON object that was parsed from the bytes of a manifest. */
export type ManifestDocument = Readonly<Record<string, unknown>>;

/** Returns the JSON object in the bytes of a manifest; undefined if they are something else. */
export function parseDocument(content: Buffer): ManifestDocument | undefined {
  try {
    const document: unknown = JSON.parse(content.toString('utf8'));
    return isObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether a value is a JSON object. */
export function isObject(value: unknown): value is ManifestDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Returns the media type that a document names, or else the type that its fields imply; undefined
 * if it is not a manifest. A type that no manifest can have is never returned, because clients get
 * it as Content-Type. Schema 1 has no media type in its document.
 */
export function typeOfDocument(document: ManifestDocument): string | undefined {
  const named = document['mediaType'];
  if (typeof named === 'string' && named !== '') {
    const type = bareMediaType(named);
    return isManifestType(type) ? type : undefined;
  }
  if (named !== undefined && named !== '') return undefined;
  if (Array.isArray(document['manifests'])) return MediaType.ociIndex;
  if (Array.isArray(document['layers']) || isObject(document['config'])) return MediaType.ociManifest;
  return undefined;
}
