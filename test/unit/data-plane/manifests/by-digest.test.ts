import { LayoverError } from '../../../../common/errors/layover-error';
import { MediaType } from '../../../../common/oci/media-types';
import { pullRig } from '../../../support/data-plane/fakes/pull-rig';
import { imageNamed, indexOf, manifestOf } from '../../../support/data-plane/fakes/sample-manifests';

const NAME = 'team/app';
const image = imageNamed('first');
const down = { when: /./, error: () => new LayoverError('UPSTREAM_UNREACHABLE') };

test('a held digest needs no upstream request, even if the upstream is down', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image);
  expect(await rig.outcome(image.digest)).toBe('MISS');
  rig.upstream.take();
  rig.upstream.behaviour.fail = down;
  expect(await rig.get(image.digest)).toMatchObject({ answer: { cacheStatus: 'HIT', content: image.content } });
  expect(await rig.outcome(image.digest, { head: true })).toBe('HIT');
  expect(rig.upstream.take()).toEqual([]);
});

test('a HEAD of a manifest that is not held is a HEAD at the upstream, and stores nothing', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image);
  expect(await rig.get(image.digest, { head: true })).toMatchObject({
    answer: { cacheStatus: 'MISS', content: undefined, descriptor: { size: image.content.length } },
  });
  expect(rig.upstream.take()).toEqual([`HEAD ${NAME}@${image.digest}`]);
  expect([rig.store.content.size, rig.knowledge.admissions.length]).toEqual([0, 0]);
});

test('bytes of another organization are fetched again with the own credentials, and refused with wrong ones', async () => {
  const rig = pullRig(
    { name: 'acme', username: 'good' },
    { name: 'beta', username: 'bad' },
    { name: 'gamma', username: 'fine' },
  );
  rig.upstream.users = new Set(['good', 'fine']);
  rig.upstream.put(NAME, image, 'latest');
  expect(await rig.outcome('latest', { organization: 'acme' })).toBe('MISS');
  rig.upstream.take();
  expect(await rig.outcome(image.digest, { organization: 'beta' })).toBe('UPSTREAM_DENIED');
  expect(await rig.outcome('latest', { organization: 'beta' })).toBe('UPSTREAM_DENIED');
  expect(await rig.outcome(image.digest, { organization: 'gamma' })).toBe('MISS');
  expect(rig.upstream.take()).toEqual([
    `GET ${NAME}@${image.digest}`,
    `GET ${NAME}:latest`,
    `GET ${NAME}@${image.digest}`,
  ]);
});

test('another repository of the same organization does not hold the digest', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image);
  await rig.get(image.digest);
  expect(await rig.outcome(image.digest, { repository: 'team/other' })).toBe('MANIFEST_UNKNOWN');
});

test('a new origin holds nothing', async () => {
  const rig = pullRig({ name: 'acme' });
  rig.upstream.put(NAME, image, 'latest');
  await rig.get('latest');
  const moved = pullRig({ name: 'acme', originVersion: 'origin-2' });
  rig.configuration.snapshot = moved.configuration.snapshot;
  rig.upstream.take();
  expect(await rig.outcome('latest')).toBe('MISS');
  expect(rig.upstream.take()).toEqual([`GET ${NAME}:latest`]);
});

test('an index is served verbatim, its children have their platforms, and each child is fetched on request', async () => {
  const rig = pullRig();
  const arm = imageNamed('arm');
  const index = indexOf(image, arm);
  rig.upstream.put(NAME, index, 'latest');
  rig.upstream.put(NAME, image);
  rig.upstream.put(NAME, arm);
  expect(await rig.get('latest')).toMatchObject({
    answer: { content: index.content, descriptor: { mediaType: MediaType.ociIndex } },
  });
  expect(rig.knowledge.admissions[0]?.references).toMatchObject([
    {
      role: 'CHILD',
      position: 0,
      descriptor: { digest: image.digest },
      platform: { os: 'linux', architecture: 'arch0' },
    },
    {
      role: 'CHILD',
      position: 1,
      descriptor: { digest: arm.digest },
      platform: { os: 'linux', architecture: 'arch1' },
    },
  ]);
  expect(await rig.outcome(arm.digest)).toBe('MISS');
  expect(rig.upstream.take()).toEqual([`GET ${NAME}:latest`, `GET ${NAME}@${arm.digest}`]);
});

test.each([
  ['an outage', new LayoverError('UPSTREAM_FAILED', { upstreamStatus: 500 }), 'UPSTREAM_FAILED'],
  ['a refusal', new LayoverError('UPSTREAM_DENIED', { upstreamStatus: 403 }), 'UPSTREAM_DENIED'],
  ['an unknown repository', new LayoverError('NAME_UNKNOWN', { upstreamStatus: 404 }), 'MANIFEST_UNKNOWN'],
])('%s of the upstream fails the pull', async (_name, error, key) => {
  const rig = pullRig();
  rig.upstream.behaviour.fail = { when: /./, error: () => error };
  expect(await rig.outcome(image.digest)).toBe(key);
  expect(await rig.outcome(image.digest, { head: true })).toBe(key);
});

test('a manifest without room in the quota is served and not kept', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image, 'latest');
  rig.knowledge.decision = { decision: 'pass-through' };
  expect(await rig.get('latest')).toMatchObject({ answer: { cacheStatus: 'BYPASS', content: image.content } });
  expect(await rig.outcome('latest')).toBe('BYPASS');
  expect(await rig.outcome(image.digest)).toBe('BYPASS');
  rig.clock.advance(60_000);
  expect(rig.completed).toEqual([]);
});

test('a manifest that the quota rejects is refused with limit, used and needed bytes', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image, 'latest');
  const detail = { limitBytes: 100, usedBytes: 90, neededBytes: 20 };
  rig.knowledge.decision = { decision: 'rejected', message: 'Quota has been exceeded on namespace', detail };
  await expect(rig.get('latest')).rejects.toMatchObject({ key: 'QUOTA_EXCEEDED', detail });
  expect(rig.journal.pulls).toMatchObject([{ httpStatus: 403, errorCode: 'DENIED', upstreamStatus: 200 }]);
});

test('the bytes are stored before the admission', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image, 'latest');
  let held = 0;
  rig.knowledge.onAdmit = () => void (held = rig.store.content.size);
  await rig.get('latest');
  expect(held).toBe(1);

  const full = pullRig();
  full.upstream.put(NAME, image, 'latest');
  full.store.failPut = new LayoverError('STORE_FULL');
  expect(await full.outcome('latest')).toBe('BYPASS');
  expect(full.knowledge.admissions).toEqual([]);
});

test.each([
  ['no JSON', manifestOf('x').content.subarray(0, 2), MediaType.ociManifest],
  ['schema 1', Buffer.from('{"schemaVersion":1}'), MediaType.dockerSchema1],
])('invalid content is refused: %s', async (_name, content, mediaType) => {
  const rig = pullRig();
  rig.upstream.put(NAME, { digest: image.digest, mediaType, content }, 'latest');
  expect(await rig.outcome('latest')).toBe('UPSTREAM_CONTENT');
  expect(rig.store.content.size).toBe(0);
});
