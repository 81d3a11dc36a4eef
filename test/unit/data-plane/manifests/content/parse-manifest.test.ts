import { type Descriptor, declaredSize } from '../../../../../common/oci/descriptor';
import { digestOf, mustDigest } from '../../../../../common/oci/digest';
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
  ['a size above 2^53', { config, layers: [{ ...layer, size: 2 ** 53 }] }],
  ['deep nesting', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`],
  ['another type that the document contradicts', { mediaType: MediaType.ociManifest }, 'application/vnd.acme+json'],
  ['schema 1 as another type', { schemaVersion: 1, fsLayers: [] }, 'application/vnd.acme+json'],
  ['schema 1', { schemaVersion: 1, fsLayers: [] }, MediaType.dockerSchema1],
  ['schema 1 without a type', { schemaVersion: 1, fsLayers: [] }, 'application/json'],
];

test.each(REFUSED.map(([name, document, type]) => ({ name, document, type })))(
  'parseManifest refuses $name with UPSTREAM_CONTENT',
  ({ document, type }) => {
    expect(() => parse(document, type)).toThrow(expect.objectContaining({ key: 'UPSTREAM_CONTENT' }));
  },
);

test.each<[string, unknown]>([
  ['a text', 'sha256:abc'],
  ['null', null],
  ['a list', []],
  ['empty', {}],
  ['without a digest', { mediaType: layer.mediaType, size: 3 }],
  ['with a short digest', { ...layer, digest: 'sha256:abc' }],
  ['with a path as digest', { ...layer, digest: 'sha256:../../etc/passwd' }],
  ['with an unknown algorithm', { ...layer, digest: `blake3:${'a'.repeat(64)}` }],
])('parseManifest leaves out a descriptor that is %s, and nothing else', (_name, descriptor) => {
  const parsed = parse({ config: descriptor, layers: [descriptor, layer], subject: descriptor });
  expect(parsed.references).toEqual([{ role: 'LAYER', position: 1, descriptor: layer }]);
  expect(parsed.unusableLayers).toBe(1);
  const child = { ...blobNamed('child'), mediaType: MediaType.ociManifest };
  expect(parse({ manifests: [descriptor, child] }, MediaType.ociIndex).references).toEqual([
    { role: 'CHILD', position: 1, descriptor: child },
  ]);
});

test.each([[undefined], [-1], ['1'], [1.5], [null], [0], [{}]])(
  'parseManifest knows no size for a layer with the size %p',
  (size) => {
    const [reference] = parse({ layers: [{ ...layer, size }] }).references;
    expect(declaredSize(reference!.descriptor as Descriptor)).toBeUndefined();
    expect(reference).toMatchObject({ role: 'LAYER', descriptor: { digest: layer.digest, size: 0 } });
  },
);

test('only the empty content has the declared size 0', () => {
  const empty = { mediaType: 'application/vnd.oci.empty.v1+json', size: 0 };
  for (const algorithm of ['sha256', 'sha512'])
    expect(declaredSize({ ...empty, digest: digestOf(Buffer.alloc(0), algorithm) })).toBe(0);
  expect(declaredSize({ ...empty, digest: mustDigest(layer.digest) })).toBeUndefined();
  expect(declaredSize({ ...layer, digest: mustDigest(layer.digest) })).toBe(layer.size);
});

test('parseManifest takes the entries of an index that are no manifests as layers', () => {
  const cacheConfig = { ...blobNamed('cache config'), mediaType: 'application/vnd.buildkit.cacheconfig.v0' };
  const docker = { ...blobNamed('docker'), mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' };
  const child = { ...blobNamed('child'), mediaType: MediaType.dockerManifest };
  const nested = { ...blobNamed('nested'), mediaType: MediaType.ociIndex };
  const artifact = { ...blobNamed('artifact'), mediaType: 'application/vnd.acme.thing.manifest.v1+json' };
  const untyped = { ...blobNamed('untyped'), mediaType: '' };
  const elsewhere = { ...blobNamed('elsewhere'), urls: ['https://elsewhere.test/x'] };
  const manifests = [layer, cacheConfig, docker, child, nested, artifact, untyped, elsewhere];
  const { references } = parse({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }, MediaType.ociIndex);
  expect(references.map(({ role, foreign }) => `${role}${foreign === true ? ' elsewhere' : ''}`)).toEqual([
    ...['LAYER', 'LAYER', 'LAYER', 'CHILD', 'CHILD', 'CHILD', 'CHILD', 'LAYER elsewhere'],
  ]);
});

test.each([
  ['no JSON', 'hello', []],
  ['a list', '[]', []],
  ['no descriptors', { layers: 7, manifests: 'x', blobs: {} }, []],
  ['its own version', { schemaVersion: 1 }, []],
  ['blobs and a subject', { blobs: [layer], subject: config }, ['LAYER', 'SUBJECT']],
  [
    'lists of every kind',
    { config, layers: [layer], manifests: [{ ...layer, mediaType: '' }] },
    ['CONFIG', 'LAYER', 'CHILD'],
  ],
])('parseManifest finds what it can in a manifest of another type with %s', (_name, document, roles) => {
  const { mediaType, references } = parse(document, 'application/vnd.acme.thing.v1+json');
  expect(mediaType).toBe('application/vnd.acme.thing.v1+json');
  expect(references.map(({ role }) => role)).toEqual(roles);
});

test.each([
  ['of a picture', 'image/png'],
  ['of a web page', 'text/html'],
  ['that is no type', '<script>'],
])('parseManifest takes the media type of the document instead of one %s', (_name, type) => {
  expect(parse({ mediaType: MediaType.dockerManifest, config, layers: [] }, type).mediaType).toBe(
    MediaType.dockerManifest,
  );
  expect(() => parse({ mediaType: 'text/html', config, layers: [] }, type)).toThrow('not a manifest');
});

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
