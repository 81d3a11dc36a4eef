import { MediaType } from '../../../../../common/oci/media-types';
import { parseManifest } from '../../../../../data-plane/src/manifests/content/parse-manifest';
import { blobNamed } from '../../../../support/data-plane/fakes/sample-manifests';

const parse = (document: unknown, type: string = MediaType.ociManifest) =>
  parseManifest(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)), type, 'x@y');
const config = blobNamed('config');
const layer = blobNamed('layer');

test('parseManifest returns config and layers in order, and a repeated layer twice', () => {
  expect(parse({ schemaVersion: 2, config, layers: [layer, layer], artifactType: 'application/vnd.a' })).toMatchObject({
    mediaType: MediaType.ociManifest,
    artifactType: 'application/vnd.a',
    references: [
      { role: 'CONFIG', position: 0, descriptor: config },
      { role: 'LAYER', position: 0, descriptor: layer },
      { role: 'LAYER', position: 1, descriptor: layer },
    ],
  });
});

test('parseManifest returns the subject, the platform with variant, and the blobs of an artifact manifest', () => {
  const subject = blobNamed('subject');
  expect(parse({ config, layers: [], subject }).references).toContainEqual({
    role: 'SUBJECT',
    position: 0,
    descriptor: subject,
  });
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
  expect(parse({ manifests: [{ ...layer, platform }] }, MediaType.dockerManifestList).references).toMatchObject([
    { role: 'CHILD', platform },
  ]);
  expect(parse({ blobs: [layer] }, 'application/vnd.oci.artifact.manifest.v1+json').references).toMatchObject([
    { role: 'LAYER', descriptor: layer },
  ]);
});

test('parseManifest marks foreign layers, by urls or by type', () => {
  const withUrls = { ...blobNamed('urls'), urls: ['https://elsewhere.test/x'] };
  const typed = { ...blobNamed('typed'), mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' };
  const nondistributable = { ...blobNamed('nd'), mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' };
  const again = blobNamed('urls');
  const { foreign, references } = parse({ config, layers: [layer, withUrls, typed, nondistributable, again] });
  expect([...foreign]).toEqual([withUrls.digest, typed.digest, nondistributable.digest]);
  expect(references.map((reference) => reference.foreign ?? false)).toEqual([false, false, true, true, true, true]);
});

test.each([
  ['application/json', { mediaType: MediaType.dockerManifest, config, layers: [] }, MediaType.dockerManifest],
  ['text/plain; charset=utf-8', { config, layers: [] }, MediaType.ociManifest],
  ['application/octet-stream', { manifests: [] }, MediaType.ociIndex],
  ['application/vnd.oci.image.manifest.v1+json; charset=utf-8', { config, layers: [] }, MediaType.ociManifest],
])('parseManifest finds the media type if the content type is %s', (type, document, expected) => {
  expect(parse(document, type).mediaType).toBe(expected);
});

test('parseManifest accepts a media type that the document does not repeat', () => {
  expect(parse({ config, layers: [] }, MediaType.dockerManifest).mediaType).toBe(MediaType.dockerManifest);
  expect(parse({ mediaType: MediaType.dockerManifest, config, layers: [] }, MediaType.dockerManifest).mediaType).toBe(
    MediaType.dockerManifest,
  );
});

const REFUSED: readonly [string, unknown, string?][] = [
  ['a Docker manifest sent as OCI', { mediaType: MediaType.dockerManifest, config, layers: [] }],
  [
    'an OCI manifest sent as Docker',
    { mediaType: MediaType.ociManifest, config, layers: [] },
    MediaType.dockerManifest,
  ],
  ['an index sent as a manifest', { mediaType: MediaType.ociIndex, config, layers: [] }, MediaType.dockerManifest],
  ['a mediaType that is not a text', { mediaType: 7, config, layers: [] }, MediaType.dockerManifest],
  ['no JSON', '<html>'],
  ['an array', []],
  ['a text', '"x"'],
  ['JSON without the fields of a manifest', { hello: 1 }, 'application/json'],
  ['an index with layers', { manifests: [], layers: [] }, MediaType.ociIndex],
  ['an image with manifests', { config, layers: [], manifests: [] }],
  ['layers that are not a list', { config, layers: { 0: layer } }],
  ['a descriptor that is a string', { config, layers: ['sha256:abc'] }],
  ['an invalid digest', { config, layers: [{ ...layer, digest: 'sha256:abc' }] }],
  ['a digest with a path in it', { config, layers: [{ ...layer, digest: 'sha256:../../etc/passwd' }] }],
  ['a negative size', { config, layers: [{ ...layer, size: -1 }] }],
  ['a size that is a string', { config, layers: [{ ...layer, size: '1' }] }],
  ['a fractional size', { config, layers: [{ ...layer, size: 1.5 }] }],
  ['a size above 2^53', { config, layers: [{ ...layer, size: 2 ** 53 }] }],
  ['deep nesting', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`],
  ['schema 1', { schemaVersion: 1, fsLayers: [] }, MediaType.dockerSchema1],
  ['schema 1 without a type', { schemaVersion: 1, fsLayers: [] }, 'application/json'],
];

test.each(REFUSED.map(([name, document, type]) => ({ name, document, type })))(
  'parseManifest refuses $name with UPSTREAM_CONTENT',
  ({ document, type }) => {
    expect(() => parse(document, type)).toThrow(expect.objectContaining({ key: 'UPSTREAM_CONTENT' }));
  },
);

const many = (count: number) => Array.from({ length: count }, () => layer);
const sized = (size: number, count: number) => Array.from({ length: count }, () => ({ ...layer, size }));

test.each([
  ['1,001 layers', { config, layers: many(1001) }, MediaType.ociManifest, 'it names more than 1,000 layers'],
  ['1,001 children', { manifests: many(1001) }, MediaType.ociIndex, 'it names more than 1,000 children'],
  [
    'sizes beyond 1 PiB',
    { config, layers: sized(2 ** 49, 2) },
    MediaType.ociManifest,
    'the sizes in it add up to more than 1,125,899,906,842,624 bytes',
  ],
  [
    'sizes beyond the safe integers',
    { config, layers: sized(Number.MAX_SAFE_INTEGER, 1000) },
    MediaType.ociManifest,
    'the sizes in it add up to more than 1,125,899,906,842,624 bytes',
  ],
])('parseManifest refuses %s and names the limit', (_, document, type, reason) => {
  expect(() => parse(document, type)).toThrow(
    expect.objectContaining({ key: 'UPSTREAM_CONTENT', message: expect.stringContaining(reason) as string }),
  );
});

test('parseManifest accepts 1,000 layers, 1,000 children and sizes just below 1 PiB', () => {
  expect(parse({ config, layers: many(1000) }).references).toHaveLength(1001);
  expect(parse({ manifests: many(1000) }, MediaType.ociIndex).references).toHaveLength(1000);
  expect(parse({ layers: sized(2 ** 49, 1), subject: { ...layer, size: 2 ** 48 } }).references).toHaveLength(2);
});

test('parseManifest does not count brackets in strings as nesting', () => {
  const annotations = { 'a"b': '[{'.repeat(500), c: '\\' };
  expect(parse({ config, layers: [], annotations }).references).toHaveLength(1);
});
