import { LayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import { type ManifestDocument, parseDocument, typeOfDocument } from '../../../../common/oci/manifest-document';
import { exceededLimit, tooMany } from '../../../../common/oci/manifest-limits';
import { bareMediaType, isIndex, isManifestType, isSchema1, MANIFEST_ACCEPT } from '../../../../common/oci/media-types';
import type { ManifestReference } from '../../../../proto/gen/layover/v1/ManifestReference';
import { jsonDepth } from './json-depth';
import { foreignDigests, readIndexEntry, readReference, boundedText, type UsableReference } from './read-references';

/**
 * Maximum nesting of the JSON; real manifests have about 5 levels
 * (docs/design/pull-semantics.md#manifest-limits).
 */
const MAX_DEPTH = 100;

/**
 * The parts of a manifest that Layover reads. The bytes of a manifest are never changed
 * (docs/design/pull-semantics.md#content-negotiation).
 */
export interface ParsedManifest {
  readonly mediaType: string;
  readonly artifactType: string;
  readonly references: readonly ManifestReference[];
  /**
   * Layers that are stored elsewhere (`urls`, or a foreign media type). They are never filled
   * (docs/design/pull-semantics.md#blobs).
   */
  readonly foreign: ReadonlySet<Digest>;
  /**
   * Number of layers without a usable descriptor, which have no reference. Nobody can get them
   * here, and no scan covers them.
   */
  readonly unusableLayers: number;
}

/**
 * Parses a manifest or index of at most 4 MiB (OCI image specification, "manifest.md" and
 * "image-index.md"; Docker schema 2). `contentType` is the Content-Type of the upstream.
 * Descriptors that cannot be used are left out, and a manifest of a type that Layover does not know
 * has the references that can be read, perhaps none
 * (docs/design/pull-semantics.md#unusable-descriptors). Throws UPSTREAM_CONTENT, naming `what`, for
 * schema 1, for a document that clients would read in different ways, for one that exceeds a limit,
 * and for anything that is not a manifest: the bytes came from the upstream, so the upstream is at
 * fault.
 */
export function parseManifest(content: Buffer, contentType: string, what: string): ParsedManifest {
  const declared = bareMediaType(contentType);
  if (jsonDepth(content) > MAX_DEPTH) throw bad(what, 'it is nested too deeply');
  const document = parseDocument(content);
  if (isSchema1(declared) || (document !== undefined && isSchema1Document(document, declared))) {
    throw bad(
      what,
      'the upstream has only the obsolete schema 1, which Layover does not support; push the image again',
    );
  }
  const mediaType = isManifestType(declared) ? declared : document && typeOfDocument(document);
  const isKnown = mediaType !== undefined && MANIFEST_ACCEPT.includes(mediaType);
  if (mediaType === undefined || (isKnown && document === undefined))
    throw bad(what, document === undefined ? 'it is not a JSON object' : 'it is JSON, but not a manifest');
  if (document === undefined) {
    return { mediaType, artifactType: '', references: [], foreign: new Set(), unusableLayers: 0 };
  }
  requireSameType(mediaType, document['mediaType'], what);
  if (isKnown) requireOneReading(mediaType, document, what);
  const lists = isKnown ? listsOf(mediaType, document, what) : anyListsOf(document);
  const { references, unusableLayers } = readAll(document, lists, what);
  const sizes = references.map(({ role, descriptor }) => ({ role, size: descriptor.size }));
  const excess = exceededLimit([{ role: undefined, size: content.length }, ...sizes]);
  if (excess !== undefined) throw bad(what, excess);
  const foreign = foreignDigests([...lists.layers, ...lists.entries]);
  return {
    mediaType,
    artifactType: boundedText(document['artifactType']),
    references: references.map((reference) => markForeign(reference, foreign)),
    foreign,
    unusableLayers,
  };
}

/** The descriptors of a document that are in lists. */
interface DescriptorLists {
  readonly layers: readonly unknown[];
  readonly entries: readonly unknown[];
}

/** Returns the lists of a manifest of a known type. Throws if one is something else. */
function listsOf(mediaType: string, document: ManifestDocument, what: string): DescriptorLists {
  const list = (value: unknown): readonly unknown[] => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw bad(what, 'its descriptors are not a list');
    return value as readonly unknown[];
  };
  return isIndex(mediaType)
    ? { layers: [], entries: list(document['manifests']) }
    : { layers: list(document['layers'] ?? document['blobs']), entries: [] };
}

/** Returns what looks like lists of descriptors in a document whose structure is not known. */
function anyListsOf(document: ManifestDocument): DescriptorLists {
  const list = (name: string): readonly unknown[] => (Array.isArray(document[name]) ? document[name] : []);
  return { layers: [...list('layers'), ...list('blobs')], entries: list('manifests') };
}

/** Reads the usable references of a document, and counts its other layers. */
function readAll(
  document: ManifestDocument,
  { layers, entries }: DescriptorLists,
  what: string,
): { readonly references: readonly UsableReference[]; readonly unusableLayers: number } {
  // Checked before the entries are read, so that a long list costs nothing.
  const excess = tooMany('layers', layers.length) ?? tooMany('children', entries.length);
  if (excess !== undefined) throw bad(what, excess);
  const read = layers.map((item, position) => readReference('LAYER', item, position));
  const found = [
    readReference('CONFIG', document['config'], 0),
    ...read,
    ...entries.map(readIndexEntry),
    readReference('SUBJECT', document['subject'], 0),
  ];
  return {
    references: found.filter((reference) => reference !== undefined),
    unusableLayers: read.filter((reference) => reference === undefined).length,
  };
}

/**
 * Marks a layer that is stored elsewhere. Another reference to the same digest may be the one that
 * says so.
 */
function markForeign(reference: UsableReference, foreign: ReadonlySet<Digest>): ManifestReference {
  const isForeign = reference.role === 'LAYER' && foreign.has(reference.descriptor.digest);
  return isForeign ? { ...reference, foreign: true } : reference;
}

/** Artifacts of other types may count their versions as they like. */
function isSchema1Document(document: ManifestDocument, declared: string): boolean {
  const isOtherType = isManifestType(declared) && !MANIFEST_ACCEPT.includes(declared);
  return document['schemaVersion'] === 1 && (!isOtherType || 'fsLayers' in document);
}

/**
 * Requires that the media type that the document names, if any, is the one that the upstream sent.
 * Otherwise some clients read it as one kind of manifest and others as another (OCI image
 * specification, "manifest.md": `mediaType` must match; OCI security advisory
 * GHSA-mc8v-mgrf-8f4m). Throws UPSTREAM_CONTENT.
 */
function requireSameType(mediaType: string, named: unknown, what: string): void {
  if (named === undefined || named === '') return;
  const own = typeof named === 'string' ? bareMediaType(named) : 'not a text';
  if (own === mediaType) return;
  throw bad(what, `its Content-Type is ${boundedText(mediaType)}, but its mediaType is ${boundedText(own)}`);
}

/**
 * Requires that a document is not both an index and an image manifest. Some clients would read it
 * as one and others as the other (OCI security advisory GHSA-mc8v-mgrf-8f4m). Throws
 * UPSTREAM_CONTENT.
 */
function requireOneReading(mediaType: string, document: ManifestDocument, what: string): void {
  const isBoth = isIndex(mediaType) ? 'layers' in document || 'config' in document : 'manifests' in document;
  if (isBoth) throw bad(what, 'it is both an index and an image manifest');
}

function bad(what: string, why: string): LayoverError {
  return new LayoverError('UPSTREAM_CONTENT', {
    message: `the upstream sent an invalid manifest for ${what}: ${why}`,
  });
}
