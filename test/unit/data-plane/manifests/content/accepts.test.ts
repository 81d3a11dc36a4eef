import { MediaType } from '../../../../../common/oci/media-types';
import { requestableTypes, requireAccepted } from '../../../../../data-plane/src/manifests/content/accepts';

const { ociIndex, ociManifest, dockerManifest } = MediaType;

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
])('requireAccepted: Accept %j accepts %s', (accept, type) => {
  expect(() => requireAccepted(accept, type)).not.toThrow();
});

test.each([
  [[dockerManifest], ociIndex],
  [['text/html'], ociManifest],
  [[`${ociIndex};q=0`], ociIndex],
  [[`${ociIndex};q=0.000, ${dockerManifest}`], ociIndex],
])('requireAccepted: Accept %j does not accept %s, and the error names both', (accept, type) => {
  const refusal = { key: 'MANIFEST_UNKNOWN', message: expect.stringContaining(type) as string };
  expect(() => requireAccepted(accept, type)).toThrow(expect.objectContaining(refusal));
});

test('requestableTypes returns each type of a manifest that is not asked for anyway, in a fixed order', () => {
  const accept = [
    `${MediaType.ociManifest}, application/vnd.b+json;q=0.5, application/vnd.A.v1+json`,
    'application/vnd.b+json, application/vnd.c+json; q=0, application/json, */*, text/html, application/*',
    'application/vnd.docker.distribution.manifest.v1+prettyjws, application/vnd.docker.distribution.manifest.v1+json',
  ];
  expect(requestableTypes(accept)).toEqual(['application/vnd.a.v1+json', 'application/vnd.b+json']);
  expect(requestableTypes([])).toEqual([]);
});

test('requestableTypes returns at most 8 types of 127 characters, and nothing that is no type', () => {
  const types = Array.from({ length: 20 }, (_, index) => `application/vnd.t${index}+json`);
  expect(requestableTypes(types)).toHaveLength(8);
  expect(requestableTypes([`application/${'x'.repeat(115)}+json`])).toEqual([]);
  expect(requestableTypes(['a b/c+json', 'x\r\nhost: y/z+json', '/+json', 'application/vnd.ü+json'])).toEqual([]);
});
