import { MediaType } from '../../../../../common/oci/media-types';
import { AcceptHeaders } from '../../../../../data-plane/src/manifests/content/accepts';

const { ociIndex, ociManifest, dockerManifest } = MediaType;

const headers = new AcceptHeaders();
const require = (accept: readonly string[], type: string): void => headers.read(accept).require(type);
const requestable = (accept: readonly string[]): readonly string[] => headers.read(accept).requestable;

test.each([
  [[], ociIndex],
  [[''], ociIndex],
  [['*/*'], ociIndex],
  [['application/*;q=0.5'], ociIndex],
  [[`${dockerManifest}, ${ociIndex}`], ociIndex],
  [[dockerManifest, ociIndex], ociIndex],
  [[`${ociManifest};q=0.9`], ociManifest],
  [['APPLICATION/VND.OCI.IMAGE.INDEX.V1+JSON'], ociIndex],
  [[`${dockerManifest}, */*;q=0.1`], ociIndex],
])('Accept %j accepts %s', (accept, type) => {
  expect(() => require(accept, type)).not.toThrow();
});

test.each([
  [[dockerManifest], ociIndex],
  [['text/html'], ociManifest],
  [[`${ociIndex};q=0`], ociIndex],
  [[`${ociIndex};q=0.000, ${dockerManifest}`], ociIndex],
])('Accept %j does not accept %s, and the error names both', (accept, type) => {
  const refusal = { key: 'MANIFEST_UNKNOWN', message: expect.stringContaining(type) as string };
  expect(() => require(accept, type)).toThrow(expect.objectContaining(refusal));
});

test('upstreams are asked for each type of a manifest that they are not asked for anyway, in a fixed order', () => {
  const accept = [
    `${MediaType.ociManifest}, application/vnd.b+json;q=0.5, application/vnd.A.v1+json`,
    'application/vnd.b+json, application/vnd.c+json; q=0, application/json, */*, text/html, application/*',
    'application/vnd.docker.distribution.manifest.v1+prettyjws, application/vnd.docker.distribution.manifest.v1+json',
  ];
  expect(requestable(accept)).toEqual(['application/vnd.a.v1+json', 'application/vnd.b+json']);
  expect(requestable([])).toEqual([]);
});

test('upstreams are asked for at most 8 types of 127 characters, and nothing that is no type', () => {
  const types = Array.from({ length: 20 }, (_, index) => `application/vnd.t${index}+json`);
  expect(requestable(types)).toHaveLength(8);
  expect(requestable([`application/${'x'.repeat(115)}+json`])).toEqual([]);
  expect(requestable(['a b/c+json', 'x\r\nhost: y/z+json', '/+json', 'application/vnd.ü+json'])).toEqual([]);
});

test('the same headers are read once, and answer the same for every manifest', () => {
  const accept = [`${dockerManifest}, application/vnd.acme+json`];
  expect(headers.read(accept)).toBe(headers.read([...accept]));
  for (let round = 0; round < 2; round += 1) {
    expect(() => require(accept, dockerManifest)).not.toThrow();
    expect(() => require(accept, 'application/vnd.acme+json')).not.toThrow();
    expect(() => require(accept, ociIndex)).toThrow(expect.objectContaining({ key: 'MANIFEST_UNKNOWN' }));
  }
});

test('headers of any length are read, but long ones are not remembered', () => {
  const long = [`${dockerManifest}, ${'application/vnd.padding+json, '.repeat(200)}`];
  expect(headers.read(long)).not.toBe(headers.read(long));
  expect(() => require(long, ociIndex)).toThrow(expect.objectContaining({ key: 'MANIFEST_UNKNOWN' }));
});
