import * as fc from 'fast-check';
import { parseDigest } from '../../../common/oci/digest';
import { isManifestType, MANIFEST_ACCEPT, MediaType } from '../../../common/oci/media-types';
import { parseManifest } from '../../../data-plane/src/manifests/content/parse-manifest';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensure, ensureSame, resultOf } from './support';

const DIGESTS = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
const MEMBERS = ['schemaVersion', 'mediaType', 'config', 'layers', 'blobs', 'manifests', 'subject', 'artifactType'];
const WORDS = [
  ...MEMBERS.map((name) => `"${name}":`),
  ...['"digest":', '"size":', '"platform":', '"os":"linux"', '"architecture":', '"urls":["x"]', '"fsLayers":[]'],
  ...['{', '}', '[', ']', ',', 'null', '"', '\\u0000', '1e400', '{"__proto__":', '[[[[[[[[', '\n'],
  ...[...DIGESTS, ...MANIFEST_ACCEPT],
];

const digest = fc.oneof(fc.constantFrom(...DIGESTS), fc.string({ maxLength: 8 }), fc.constant(null));
const type = fc.oneof(fc.constantFrom(...MANIFEST_ACCEPT, ...Object.values(MediaType)), fc.string({ maxLength: 8 }));
const size = fc.oneof(fc.nat(), fc.double(), fc.constantFrom(-1, 2 ** 53, 'x', null));
const platform = fc.record({ os: fc.constantFrom('linux', 1), architecture: fc.string({ maxLength: 4 }) });
const urls = fc.array(fc.string({ maxLength: 4 }), { maxLength: 2 });
const descriptor = fc.record({ mediaType: type, digest, size, platform, urls }, { requiredKeys: [] });
const entry = fc.oneof({ weight: 5, arbitrary: descriptor }, fc.jsonValue({ maxDepth: 1 }));
const list = fc.oneof({ weight: 5, arbitrary: fc.array(entry, { maxLength: 4 }) }, fc.jsonValue({ maxDepth: 1 }));
const document = fc.record(
  {
    schemaVersion: fc.constantFrom(1, 2, '2'),
    ...{ mediaType: type, artifactType: type, config: entry, subject: entry },
    ...{ layers: list, blobs: list, manifests: list, fsLayers: list },
  },
  { requiredKeys: [] },
);

/**
 * The manifest of an upstream: the Content-Type in the first line, then the bytes. What is read
 * from it is bounded, has digests that can be verified and possible sizes, and does not depend on
 * white space.
 */
export const manifestTarget: FuzzTarget = {
  name: 'manifest',
  sources: ['data-plane/src/manifests/content', 'common/oci'],
  // Real manifests may have 4 MiB; the code has no other limit between the two.
  maxBytes: 64 * 1024,
  words: WORDS,
  inputs: fc.tuple(type, document).map(([contentType, content]) => `${contentType}\n${JSON.stringify(content)}`),
  run(input) {
    const end = input.indexOf('\n');
    const contentType = input.subarray(0, Math.max(0, end)).toString('latin1');
    const content = input.subarray(end + 1);
    const parsed = resultOf(() => parseManifest(content, contentType, 'a/b:c'));
    if (parsed === undefined) return;
    ensure(isManifestType(parsed.mediaType), `${parsed.mediaType} is not the type of a manifest`);
    ensure(parsed.artifactType.length <= 255, 'The artifact type is too long');
    ensure(parsed.references.length + parsed.unusableLayers <= content.length, 'There are too many references');
    for (const { descriptor: found } of parsed.references) {
      ensure(parseDigest(found?.digest ?? '') !== undefined, `The digest ${found?.digest} is invalid`);
      const bytes = Number(found?.size);
      ensure(Number.isSafeInteger(bytes) && bytes >= 0, `The size ${bytes} is impossible`);
    }
    const plain = plainJson(content);
    if (plain === undefined) return;
    ensureSame(parseManifest(plain, contentType, 'a/b:c'), parsed, 'White space changes the meaning');
  },
};

/** Returns the same JSON without white space, or undefined if the bytes are not JSON. */
function plainJson(content: Buffer): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(content.toString('utf8'))));
  } catch {
    return undefined;
  }
}
