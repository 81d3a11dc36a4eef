import type { ErrorKey } from '../../../../common/errors/catalogue';
import { LayoverError } from '../../../../common/errors/layover-error';
import { type Digest, digestOf } from '../../../../common/oci/digest';
import { blobNamed, imageNamed } from '../../../support/data-plane/fakes/sample-manifests';
import { CONTEXT, pullRig, silentLogger } from '../../../support/data-plane/fakes/pull-rig';
import { BlobService } from '../../../../data-plane/src/blobs/blob-service';
import { createFills } from '../../../../data-plane/src/blobs/fills/create-fills';
import { blobAccessOn } from '../../../support/data-plane/fakes/blob-access';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';
import { ampleRoom } from '../../../support/data-plane/fills/ample-room';

const NAME = 'team/app';
const image = imageNamed('first');
const layer = blobNamed('first layer');
const digest = layer.digest as Digest;

function rig(...specs: readonly OrganizationSpec[]) {
  const parts = pullRig(...specs);
  const { blobAccess } = blobAccessOn(parts, parts.stored);
  // A HEAD request fills nothing, so the spool folder is never created.
  const fills = createFills({ ...parts, spoolDirectory: 'none', room: ampleRoom(), logger: silentLogger });
  const service = new BlobService({ ...parts, blobAccess, fills });
  const stat = (organization = 'acme', of: Digest = digest) =>
    service.stat({
      context: CONTEXT,
      owner: { kind: 'organization', name: organization },
      repository: NAME,
      signal: undefined,
      digest: of,
    });
  const prove = async (organization: string, of: Digest = digest): Promise<void> => {
    const located = parts.access.locate({ kind: 'organization', name: organization }, NAME);
    const { holder, upstream } = await parts.access.authorize(located, CONTEXT.authorization);
    parts.knowledge.putProof(holder.identities, of, upstream.name);
  };
  return { ...parts, stat, prove };
}

test('returns the size from a cached manifest without an upstream call or a fill', async () => {
  const { upstream, get, stat } = rig();
  upstream.put(NAME, image, 'latest');
  await get('latest');
  upstream.take();
  expect(await stat()).toEqual({
    size: layer.size,
    cacheStatus: 'MISS',
    upstreamHost: 'registry.test',
    private: false,
  });
  expect(upstream.take()).toEqual([]);
});

test('reports HIT for a blob in the store with a proof, and MISS without', async () => {
  const { upstream, store, get, stat, prove } = rig();
  upstream.put(NAME, image, 'latest');
  await get('latest');
  store.content.set(digest, Buffer.from('first layer'));
  expect(await stat()).toMatchObject({ size: layer.size, cacheStatus: 'MISS' });
  await prove('acme');
  expect(await stat()).toMatchObject({ size: layer.size, cacheStatus: 'HIT' });
});

test('asks the upstream once with the own credentials for a blob that no manifest names, and remembers the answer', async () => {
  const { upstream, stat } = rig();
  upstream.putBlob(NAME, digest, layer.size);
  await Promise.all(Array.from({ length: 20 }, () => stat()));
  await stat();
  expect(upstream.take()).toEqual([`HEAD ${NAME}@${digest}`]);
});

test('gives no right to bytes that are stored for another organization', async () => {
  const { upstream, store, get, stat, prove } = rig(
    { name: 'acme', username: 'good' },
    { name: 'beta', username: 'bad' },
  );
  upstream.users = new Set(['good']);
  upstream.put(NAME, image, 'latest');
  await get('latest');
  store.content.set(digest, Buffer.from('first layer'));
  await prove('acme');
  expect(await stat('acme')).toMatchObject({ cacheStatus: 'HIT' });
  await expect(stat('beta')).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
});

test.each<[ErrorKey, number | undefined]>([
  ['BLOB_UNKNOWN', 404],
  ['UPSTREAM_DENIED', 403],
  ['TOO_MANY_REQUESTS', 429],
  ['UPSTREAM_TIMEOUT', undefined],
])('passes the upstream error %s on', async (key, upstreamStatus) => {
  const { upstream, stat } = rig();
  upstream.behaviour.fail = { when: /./, error: () => new LayoverError(key, { upstreamStatus }) };
  await expect(stat()).rejects.toMatchObject({ key });
});

test('takes the size from a GET without its body if the HEAD of the upstream gives no size', async () => {
  const { upstream, stat } = rig();
  upstream.behaviour.blobHeadWithoutSize = true;
  upstream.putBlob(NAME, digest, 77);
  expect(await stat()).toMatchObject({ size: 77 });
  expect(upstream.take()).toEqual([`HEAD ${NAME}@${digest}`, `GET ${NAME}@${digest}`]);
  await expect(stat('acme', digestOf(Buffer.from('none')))).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
});
