import type { ErrorKey } from '../../../../common/errors/catalogue';
import { LayoverError } from '../../../../common/errors/layover-error';
import { type Digest, digestOf } from '../../../../common/oci/digest';
import { blobNamed, imageNamed } from '../../../support/data-plane/fakes/sample-manifests';
import { CONTEXT, pullRig, silentLogger } from '../../../support/data-plane/fakes/pull-rig';
import { BlobAccess } from '../../../../data-plane/src/blobs/blob-access';
import { BlobService } from '../../../../data-plane/src/blobs/blob-service';
import { createFills } from '../../../../data-plane/src/blobs/fills/create-fills';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';

const NAME = 'team/app';
const image = imageNamed('first');
const layer = blobNamed('first layer');
const digest = layer.digest as Digest;

function rig(...specs: readonly OrganizationSpec[]) {
  const parts = pullRig(...specs);
  const blobAccess = new BlobAccess(parts.knowledge, parts.upstream);
  // A HEAD fills nothing: the spool is never made.
  const fills = createFills({ ...parts, spoolDirectory: 'none', logger: silentLogger });
  const service = new BlobService({ ...parts, blobAccess, fills });
  const stat = (organization = 'acme', of: Digest = digest) =>
    service.stat({
      context: CONTEXT,
      owner: { kind: 'organization', name: organization },
      repository: NAME,
      signal: undefined,
      digest: of,
    });
  return { ...parts, stat };
}

test('named by a cached manifest of the repository: no upstream call, size from the manifest, nothing filled', async () => {
  const { upstream, get, stat } = rig();
  upstream.put(NAME, image, 'latest');
  await get('latest');
  upstream.take();
  expect(await stat()).toEqual({ size: layer.size, cacheStatus: 'MISS', upstreamHost: 'registry.test' });
  expect(upstream.take()).toEqual([]);
});

test('in the store: HIT', async () => {
  const { upstream, store, get, stat } = rig();
  upstream.put(NAME, image, 'latest');
  await get('latest');
  store.content.set(digest, Buffer.from('first layer'));
  expect(await stat()).toMatchObject({ size: layer.size, cacheStatus: 'HIT' });
});

test('not named: upstream is asked once with the own credentials, and remembered', async () => {
  const { upstream, stat } = rig();
  upstream.putBlob(NAME, digest, layer.size);
  await Promise.all(Array.from({ length: 20 }, () => stat()));
  await stat();
  expect(upstream.take()).toEqual([`HEAD ${NAME}@${digest}`]);
});

test('bytes in the store for somebody else count for nothing', async () => {
  const { upstream, store, get, stat } = rig({ name: 'acme', username: 'good' }, { name: 'beta', username: 'bad' });
  upstream.users = new Set(['good']);
  upstream.put(NAME, image, 'latest');
  await get('latest');
  store.content.set(digest, Buffer.from('first layer'));
  expect(await stat('acme')).toMatchObject({ cacheStatus: 'HIT' });
  await expect(stat('beta')).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
});

test.each<[ErrorKey, number | undefined]>([
  ['BLOB_UNKNOWN', 404],
  ['UPSTREAM_DENIED', 403],
  ['TOO_MANY_REQUESTS', 429],
  ['UPSTREAM_TIMEOUT', undefined],
])('what upstream says is said: %s', async (key, upstreamStatus) => {
  const { upstream, stat } = rig();
  upstream.behaviour.fail = { when: /./, error: () => new LayoverError(key, { upstreamStatus }) };
  await expect(stat()).rejects.toMatchObject({ key });
});

test('an upstream that does not tell sizes with HEAD is asked by GET, whose body is left alone', async () => {
  const { upstream, stat } = rig();
  upstream.behaviour.blobHeadWithoutSize = true;
  upstream.putBlob(NAME, digest, 77);
  expect(await stat()).toMatchObject({ size: 77 });
  expect(upstream.take()).toEqual([`HEAD ${NAME}@${digest}`, `GET ${NAME}@${digest}`]);
  await expect(stat('acme', digestOf(Buffer.from('none')))).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
});
