import { MediaType } from '../../../../../common/oci/media-types';
import { requireAccepted } from '../../../../../data-plane/src/manifests/content/accepts';

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
