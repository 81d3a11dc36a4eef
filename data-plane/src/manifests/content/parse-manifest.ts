import { LayoverError } from '../../../../common/errors/layover-error';
import type { Descriptor } from '../../../../common/oci/descriptor';
import { type Digest, parseDigest } from '../../../../common/oci/digest';
import { exceededLimit, tooMany } from '../../../../common/oci/manifest-limits';
import { bareMediaType, isIndex, MediaType } from '../../../../common/oci/media-types';
import type { ManifestReference } from '../../../../proto/gen/layover/v1/ManifestReference';

/**
 * Maximum nesting of the JSON; real manifests have about 5 levels
 * (docs/design/pull-semantics.md#manifest-limits).
 */
const MAX_DEPTH = 100;

const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/;
/** Generic content types; the document itself then tells the media type. */
const GENERIC_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'application/octet-stream',
  'text/plain',
  'binary/octet-stream',
]);

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
}

/**
 * Parses a manifest or index of at most 4 MiB (OCI image specification, "manifest.md" and
 * "image-index.md"; Docker schema 2). `contentType` is the Content-Type of the upstream. Throws
 * UPSTREAM_CONTENT, naming `what`, for anything that is not a manifest: the bytes came from the
 * upstream, so the upstream is at fault.
 */
export function parseManifest(content: Buffer, contentType: string, what: string): ParsedManifest {
  const declared = bareMediaType(contentType);
  const document = readDocument(content, what);
  if (SCHEMA_1.test(declared) || document['schemaVersion'] === 1) {
    throw bad(
      what,
      'the upstream has only the obsolete schema 1, which Layover does not support; push the image again',
    );
  }
  const mediaType = GENERIC_TYPES.has(declared) ? typeFromDocument(document, what) : declared;
  requireSameType(mediaType, document['mediaType'], what);
  const reader = new ReferenceReader(what);
  if (isIndex(mediaType)) {
    // Some clients would read such a document as an index and others as an image manifest (OCI
    // security advisory GHSA-mc8v-mgrf-8f4m).
    if ('layers' in document || 'config' in document) throw bad(what, 'it is both an index and an image manifest');
    reader.addAll('CHILD', document['manifests']);
  } else {
    if ('manifests' in document) throw bad(what, 'it is both an index and an image manifest');
    reader.add('CONFIG', document['config'], 0);
    reader.addAll('LAYER', document['layers'] ?? document['blobs']);
  }
  reader.add('SUBJECT', document['subject'], 0);
  const { references, foreign } = reader;
  const named = references.map(({ role, descriptor }) => ({ role, size: descriptor.size }));
  const excess = exceededLimit([{ role: undefined, size: content.length }, ...named]);
  if (excess !== undefined) throw bad(what, excess);
  return {
    mediaType,
    artifactType: typeof document['artifactType'] === 'string' ? document['artifactType'].slice(0, 255) : '',
    references: references.map((reference) => markForeign(reference, foreign)),
    foreign,
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

/** A reference whose descriptor was checked. */
type ParsedReference = ManifestReference & {
  readonly role: 'LAYER' | 'CONFIG' | 'CHILD' | 'SUBJECT';
  readonly descriptor: Descriptor;
};

/**
 * Marks a layer that is stored elsewhere. Another reference to the same digest may be the one that
 * says so.
 */
function markForeign(reference: ParsedReference, foreign: ReadonlySet<Digest>): ManifestReference {
  const isForeign = reference.role === 'LAYER' && foreign.has(reference.descriptor.digest);
  return isForeign ? { ...reference, foreign: true } : reference;
}

class ReferenceReader {
  readonly references: ParsedReference[] = [];
  readonly foreign = new Set<Digest>();

  constructor(private readonly what: string) {}

  addAll(role: 'LAYER' | 'CHILD', list: unknown): void {
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) throw bad(this.what, 'its descriptors are not a list');
    const excess = tooMany(role === 'LAYER' ? 'layers' : 'children', list.length);
    if (excess !== undefined) throw bad(this.what, excess);
    list.forEach((item, position) => this.add(role, item, position));
  }

  add(role: ParsedReference['role'], item: unknown, position: number): void {
    if (item === undefined || item === null) return;
    if (!isObject(item)) throw bad(this.what, 'one of its descriptors is not an object');
    const descriptor = readDescriptor(item, this.what);
    const platform = isObject(item['platform']) ? item['platform'] : undefined;
    this.references.push({
      role,
      descriptor,
      position,
      ...(platform === undefined
        ? {}
        : {
            platform: {
              os: shortText(platform['os']),
              architecture: shortText(platform['architecture']),
              variant: shortText(platform['variant']),
            },
          }),
    });
    const hasUrls = Array.isArray(item['urls']) && item['urls'].length > 0;
    if (hasUrls || /\.foreign\.|\.nondistributable\./.test(descriptor.mediaType)) this.foreign.add(descriptor.digest);
  }
}

function readDescriptor(item: JsonObject, what: string): Descriptor {
  const { mediaType, digest, size } = item;
  const parsed = typeof digest === 'string' ? parseDigest(digest) : undefined;
  if (parsed === undefined) throw bad(what, 'one of its digests is invalid');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw bad(what, `the size of ${parsed} is invalid`);
  return { mediaType: shortText(mediaType), digest: parsed, size };
}

function readDocument(content: Buffer, what: string): JsonObject {
  if (nesting(content) > MAX_DEPTH) throw bad(what, 'it is nested too deeply');
  let document: unknown;
  try {
    document = JSON.parse(content.toString('utf8'));
  } catch (cause) {
    throw bad(what, 'it is not JSON', cause);
  }
  if (!isObject(document)) throw bad(what, 'it is not a JSON object');
  return document;
}

/** Returns the deepest nesting of a JSON text without parsing it. */
function nesting(content: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let at = 0; at < content.length; at += 1) {
    const byte = content[at]!;
    if (inText) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) {
      inText = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
    }
  }
  return deepest;
}

/**
 * Returns the media type that the document names, or else the type that its fields imply. Used if
 * the upstream sends only a generic JSON type.
 */
function typeFromDocument(document: JsonObject, what: string): string {
  const own = document['mediaType'];
  if (typeof own === 'string' && own !== '') return bareMediaType(own);
  if (Array.isArray(document['manifests'])) return MediaType.ociIndex;
  if (Array.isArray(document['layers']) || isObject(document['config'])) return MediaType.ociManifest;
  throw bad(what, 'it is JSON, but not a manifest');
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
  throw bad(what, `its Content-Type is ${shortText(mediaType)}, but its mediaType is ${shortText(own)}`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shortText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 255) : '';
}

function bad(what: string, why: string, cause?: unknown): LayoverError {
  return new LayoverError('UPSTREAM_CONTENT', {
    message: `the upstream sent an invalid manifest for ${what}: ${why}`,
    cause,
  });
}
