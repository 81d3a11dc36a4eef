import { LayoverError } from '../../../../common/errors/layover-error';
import { MediaType } from '../../../../common/oci/media-types';
import { pullRig } from '../../../support/data-plane/fakes/pull-rig';
import { imageNamed } from '../../../support/data-plane/fakes/sample-manifests';

const NAME = 'library/app';
const image = imageNamed('first');
const DOCKER = { name: 'docker', upstreamHost: 'docker.io', mirrorHost: 'docker.io' };

function rigAtDocker() {
  const rig = pullRig(
    DOCKER,
    { name: 'secret', visibility: 'PRIVATE', robots: { ci: 'robot secret' } },
    { name: 'none', noProxy: true },
  );
  rig.upstream.put(NAME, image, 'latest');
  return rig;
}

const ask = { organization: 'docker', repository: 'app' };

test('a record of a served GET contains everything for the audit, the canonical repository and the bytes', async () => {
  const rig = rigAtDocker();
  await rig.get('latest', ask);
  expect(rig.journal.pulls).toEqual([
    {
      organizationUid: 'uid-docker',
      organization: 'docker',
      repository: 'library/app',
      originVersion: 'origin-1',
      reference: 'latest',
      digest: image.digest,
      cacheStatus: 'MISS',
      upstreamStatus: 200,
      httpStatus: 200,
      bytes: image.content.length,
      actor: 'anonymous',
      clientAddress: '192.0.2.7',
      userAgent: 'test/1',
      requestId: 'request-1',
      method: 'GET',
      checkedAt: rig.clock.now(),
      errorCode: '',
      errorMessage: '',
      attempt: 0,
    },
  ]);
});

test('a client that has the manifest is on record with 304 and without bytes', async () => {
  const rig = rigAtDocker();
  for (const reference of ['latest', image.digest])
    for (const ifNoneMatch of [`"${image.digest}"`, '"other"'])
      expect((await rig.get(reference, { ...ask, ifNoneMatch })).notModified).toBe(ifNoneMatch !== '"other"');
  const { digest } = image;
  const [unchanged, changed] = [
    { digest, httpStatus: 304, bytes: 0 },
    { digest, httpStatus: 200, bytes: image.content.length },
  ];
  expect(rig.journal.pulls).toMatchObject([unchanged, changed, unchanged, changed]);
});

test('records of a HEAD, a mirror address and a hit by digest', async () => {
  const rig = rigAtDocker();
  await rig.get('latest', { owner: { kind: 'mirror-host', host: 'docker.io' }, repository: 'library/app' });
  await rig.get('latest', { ...ask, head: true });
  await rig.get(image.digest, ask);
  expect(rig.journal.pulls.slice(1)).toMatchObject([
    {
      method: 'HEAD',
      bytes: 0,
      cacheStatus: 'REVALIDATED',
      upstreamStatus: 200,
      organization: 'docker',
      repository: 'library/app',
    },
    { method: 'GET', reference: image.digest, cacheStatus: 'HIT', upstreamStatus: 0, checkedAt: 0 },
  ]);
});

test.each([
  [
    'upstream 403',
    new LayoverError('UPSTREAM_DENIED', { message: 'm', upstreamStatus: 401 }),
    { httpStatus: 403, upstreamStatus: 401, errorCode: 'DENIED', cacheStatus: 'REFUSED' },
  ],
  [
    'upstream 429',
    new LayoverError('TOO_MANY_REQUESTS', { message: 'm', upstreamStatus: 429 }),
    { httpStatus: 429, upstreamStatus: 429, errorCode: 'TOOMANYREQUESTS', cacheStatus: 'ERROR' },
  ],
  [
    'upstream down',
    new LayoverError('UPSTREAM_UNREACHABLE', { message: 'm' }),
    { httpStatus: 502, upstreamStatus: 0, errorCode: 'UNAVAILABLE', cacheStatus: 'ERROR' },
  ],
  [
    'upstream slow',
    new LayoverError('UPSTREAM_TIMEOUT', { message: 'm' }),
    { httpStatus: 504, upstreamStatus: 0, errorCode: 'UNAVAILABLE', cacheStatus: 'ERROR' },
  ],
  [
    'a bug',
    new TypeError('x is not a function'),
    { httpStatus: 500, upstreamStatus: 0, errorCode: 'UNKNOWN', cacheStatus: 'ERROR' },
  ],
])('a record names the outcome of %s', async (_name, error, expected) => {
  const rig = rigAtDocker();
  rig.upstream.behaviour.fail = { when: /./, error: () => error as LayoverError };
  await rig.outcome('latest', ask);
  expect(rig.journal.pulls).toMatchObject([{ ...expected, digest: '', bytes: 0, reference: 'latest', checkedAt: 0 }]);
  expect(rig.journal.pulls[0]?.errorMessage).not.toBe('');
  expect(rig.journal.pulls[0]?.errorMessage).not.toContain('is not a function');
});

test('a record says that a tag without a manifest at the upstream was checked', async () => {
  const rig = rigAtDocker();
  await rig.outcome('nope', ask);
  expect(rig.journal.pulls).toMatchObject([
    { httpStatus: 404, upstreamStatus: 404, errorCode: 'MANIFEST_UNKNOWN', checkedAt: rig.clock.now() },
  ]);
});

test('a record says that a tag that the upstream answers with 410 was checked', async () => {
  const rig = rigAtDocker();
  const gone = new LayoverError('MANIFEST_UNKNOWN', { message: 'm', upstreamStatus: 410 });
  rig.upstream.behaviour.fail = { when: /./, error: () => gone };
  await rig.outcome('latest', ask);
  expect(rig.journal.pulls).toMatchObject([{ httpStatus: 404, upstreamStatus: 410, checkedAt: rig.clock.now() }]);
});

test('records of refusals by Layover: no organization, no credentials, no proxy, no acceptable type', async () => {
  const rig = rigAtDocker();
  await rig.outcome('latest', { organization: 'nobody', repository: 'x' });
  await rig.outcome('latest', { organization: 'secret', repository: 'x' });
  await rig.outcome('latest', { organization: 'none', repository: 'x' });
  await rig.outcome('latest', { ...ask, accept: [MediaType.dockerManifest] });
  await rig.outcome('latest', { owner: { kind: 'mirror-host', host: 'evil.test' } });
  expect(rig.journal.pulls).toMatchObject([
    { organizationUid: '', organization: 'nobody', httpStatus: 401, errorCode: 'UNAUTHORIZED', cacheStatus: 'REFUSED' },
    { organizationUid: 'uid-secret', httpStatus: 401, errorCode: 'UNAUTHORIZED', actor: 'anonymous' },
    { organizationUid: 'uid-none', httpStatus: 403, errorCode: 'DENIED' },
    { organizationUid: 'uid-docker', httpStatus: 404, errorCode: 'MANIFEST_UNKNOWN', upstreamStatus: 0, checkedAt: 0 },
    { organizationUid: '', organization: 'evil.test', httpStatus: 401 },
  ]);
});

describe('the identity of a request', () => {
  const recordId = '0193a1c2-7000-7000-8000-0123456789ab';

  test('is that of its record, served or refused, with the number of the attempt', async () => {
    const rig = rigAtDocker();
    await rig.get('latest', { ...ask, recordId, attempt: 1 });
    await rig.outcome('nope', { ...ask, recordId, attempt: 2 });
    const records = rig.journal.records.filter(({ pull }) => pull);
    expect(records).toMatchObject([
      { id: recordId, pull: { attempt: 1, httpStatus: 200 } },
      { id: recordId, pull: { attempt: 2, httpStatus: 404 } },
    ]);
  });

  test('is made by the journal if the edge sent none, or one that is no UUID', async () => {
    const rig = rigAtDocker();
    await rig.get('latest', ask);
    await rig.get('latest', { ...ask, recordId: 'x'.repeat(1000) });
    expect(rig.journal.records.filter(({ pull }) => pull).map(({ id }) => id)).toEqual([undefined, undefined]);
  });

  test('belongs to the reading of the address that is answered, not to one that ended a cached tag', async () => {
    const rig = rigAtDocker();
    await rig.get('latest', ask);
    rig.upstream.removeTag(NAME, 'latest');
    await rig.outcome('latest', { ...ask, recordId, attempt: 1, isTentative: () => true });
    const [record] = rig.journal.records.filter(({ pull }) => pull?.httpStatus === 404);
    expect(record).toBeDefined();
    expect(record?.id).toBeUndefined();
  });
});

test('a record names the robot', async () => {
  const rig = rigAtDocker();
  rig.upstream.put('x', image, 'latest');
  const authorization = `Basic ${Buffer.from('secret+ci:robot secret').toString('base64')}`;
  expect(await rig.outcome('latest', { organization: 'secret', repository: 'x', authorization })).toBe('MISS');
  expect(rig.journal.pulls).toMatchObject([{ actor: 'robot:secret+ci', organization: 'secret' }]);
});

test('the record of a refusal names the robot', async () => {
  const rig = rigAtDocker();
  const authorization = `Basic ${Buffer.from('secret+ci:robot secret').toString('base64')}`;
  await rig.outcome('latest', { organization: 'none', repository: 'x', authorization });
  expect(rig.journal.pulls).toMatchObject([{ actor: 'robot:secret+ci', httpStatus: 403, errorCode: 'DENIED' }]);
});

test('a record says that the client disconnected', async () => {
  const rig = rigAtDocker();
  const controller = new AbortController();
  controller.abort();
  expect(await rig.outcome('latest', { ...ask, signal: controller.signal })).toBe('CANCELLED');
  expect(rig.journal.pulls).toMatchObject([{ httpStatus: 499 }]);
});

test('an answer waits for its record; a record without room is dropped, and the pull continues', async () => {
  const rig = rigAtDocker();
  let written = (): void => undefined;
  const writing = new Promise<void>((resolve) => (written = resolve));
  rig.journal.append = () => writing;
  let answered = false;
  const pull = rig.get('latest', ask).then(() => (answered = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(false);
  written();
  await pull;

  const full = rigAtDocker();
  full.journal.room = 0;
  expect(await full.outcome('latest', ask)).toBe('MISS');
  expect(await full.outcome('nope', ask)).toBe('MANIFEST_UNKNOWN');
  // Two pulls and the report about their upstream.
  expect(full.journal.depth()).toMatchObject({ records: 0, dropped: 3 });
});

test('the record of a pull names the host in ns, and none for a pull by name', async () => {
  const rig = pullRig({ name: 'acme', mirrorHost: 'registry.test' });
  await rig.outcome('latest', { owner: { kind: 'mirror-host', host: 'registry.test' } });
  await rig.outcome('latest', { owner: { kind: 'organization', name: 'acme', host: 'registry.test' } });
  await rig.outcome('latest');
  await rig.refusals.settle();
  expect(rig.journal.pulls.map(({ mirrorHost }) => mirrorHost)).toEqual(['registry.test', 'registry.test', undefined]);
});
