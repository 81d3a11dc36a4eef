import { LayoverError } from '../../../../common/errors/layover-error';
import { pullRig } from '../../../support/data-plane/fakes/pull-rig';
import { imageNamed } from '../../../support/data-plane/fakes/sample-manifests';

const NAME = 'team/app';
const image = imageNamed('first');

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Runs everything that no gate holds. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a hundred simultaneous pulls of a cold tag need one GET and one admission, and write a hundred records', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image, 'latest');
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => rig.outcome('latest')));
  expect(new Set(outcomes)).toEqual(new Set(['MISS']));
  expect(rig.upstream.take()).toEqual([`GET ${NAME}:latest`]);
  expect(rig.knowledge.admissions).toHaveLength(1);
  expect(rig.journal.pulls).toHaveLength(100);
});

test('simultaneous revalidations of a tag share one HEAD, and a later one sends another', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image, 'latest');
  await rig.get('latest');
  rig.upstream.take();
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, index) => rig.outcome('latest', { head: index % 2 === 0 })),
  );
  expect(new Set(outcomes)).toEqual(new Set(['REVALIDATED']));
  expect(rig.upstream.take()).toEqual([`HEAD ${NAME}:latest`]);
  await rig.get('latest');
  expect(rig.upstream.take()).toEqual([`HEAD ${NAME}:latest`]);
});

test('a failed revalidation is shared too, so that a failing upstream is asked once', async () => {
  const rig = pullRig();
  rig.upstream.behaviour.fail = { when: /./, error: () => new LayoverError('UPSTREAM_TIMEOUT') };
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => rig.outcome('latest')));
  expect(new Set(outcomes)).toEqual(new Set(['UPSTREAM_TIMEOUT']));
  expect(rig.upstream.take()).toHaveLength(1);
});

test('a storm of pulls of a missing tag costs one request, until it is over or the tag exists', async () => {
  const rig = pullRig();
  for (let wave = 0; wave < 3; wave += 1) {
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => rig.outcome('nope')));
    expect(new Set(outcomes)).toEqual(new Set(['MANIFEST_UNKNOWN']));
    expect(await rig.outcome('nope', { head: true })).toBe('MANIFEST_UNKNOWN');
    rig.clock.advance(999);
  }
  expect(rig.upstream.take()).toEqual([`GET ${NAME}:nope`]);
  rig.upstream.put(NAME, image, 'nope');
  rig.clock.advance(3);
  expect(await rig.outcome('nope')).toBe('MISS');
  rig.upstream.removeTag(NAME, 'nope');
  expect(await rig.outcome('nope')).toBe('MANIFEST_UNKNOWN');
  expect(rig.upstream.take()).toEqual([`GET ${NAME}:nope`, `HEAD ${NAME}:nope`]);
});

test('a missing tag is remembered for the media types that were asked for, and only if it is missing', async () => {
  const rig = pullRig();
  const accept = ['application/vnd.acme+json'];
  expect(await rig.outcome('nope', { accept })).toBe('MANIFEST_UNKNOWN');
  expect(await rig.outcome('nope')).toBe('MANIFEST_UNKNOWN');
  expect(rig.upstream.take()).toHaveLength(2);
  rig.upstream.behaviour.fail = {
    when: /./,
    error: () => new LayoverError('UPSTREAM_DENIED', { upstreamStatus: 403 }),
  };
  for (let pull = 0; pull < 2; pull += 1) expect(await rig.outcome('other')).toBe('UPSTREAM_DENIED');
  expect(rig.upstream.take()).toHaveLength(2);
});

test('the record of a pull that was answered from memory says that the upstream was not asked', async () => {
  const rig = pullRig();
  await rig.outcome('nope');
  await rig.outcome('nope');
  expect(rig.journal.pulls).toMatchObject([
    { httpStatus: 404, upstreamStatus: 404, checkedAt: rig.clock.now(), cacheStatus: 'ERROR' },
    { httpStatus: 404, upstreamStatus: 0, checkedAt: 0, cacheStatus: 'ERROR' },
  ]);
});

test('clients that ask for different media types do not share a request', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image, 'latest');
  const asked = ['application/vnd.b+json, application/vnd.a+json', 'application/vnd.a+json,application/vnd.b+json'];
  await Promise.all([...asked, '*/*'].map((value) => rig.outcome('latest', { accept: [value, '*/*'] })));
  expect(rig.upstream.accepted).toEqual([['application/vnd.a+json', 'application/vnd.b+json'], []]);
});

test('a caller that aborts does not affect the others', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image, 'latest');
  const { opened, open } = gate();
  rig.upstream.behaviour.gate = opened;
  const leaver = new AbortController();
  const leaving = rig.outcome('latest', { signal: leaver.signal });
  const staying = rig.outcome('latest', { signal: new AbortController().signal });
  await settle();
  leaver.abort();
  expect(await leaving).toBe('CANCELLED');
  open();
  expect(await staying).toBe('MISS');
  expect(rig.upstream.take()).toHaveLength(1);
});

test('a fetched manifest is kept for the retry if all callers abort', async () => {
  const rig = pullRig();
  rig.upstream.put(NAME, image, 'latest');
  const { opened, open } = gate();
  rig.upstream.behaviour.gate = opened;
  const leaver = new AbortController();
  const leaving = rig.outcome('latest', { signal: leaver.signal });
  await settle();
  leaver.abort();
  expect(await leaving).toBe('CANCELLED');
  open();
  await settle();
  expect(await rig.outcome('latest')).toBe('REVALIDATED');
});

test('organizations, credentials and origins share nothing', async () => {
  const rig = pullRig({ name: 'acme', username: 'a' }, { name: 'beta', username: 'b' });
  rig.upstream.put(NAME, image, 'latest');
  await Promise.all([rig.outcome('latest', { organization: 'acme' }), rig.outcome('latest', { organization: 'beta' })]);
  expect(rig.upstream.take()).toEqual([`GET ${NAME}:latest`, `GET ${NAME}:latest`]);
});

test('a request with new credentials does not wait for the answer to the old ones', async () => {
  const rig = pullRig({ name: 'acme', username: 'old' });
  rig.upstream.put(NAME, image, 'latest');
  rig.upstream.users = new Set(['new']);
  const { opened, open } = gate();
  rig.upstream.behaviour.gate = opened;
  const before = rig.outcome('latest');
  await settle();
  rig.configuration.snapshot = pullRig({ name: 'acme', username: 'new' }).configuration.snapshot;
  const after = rig.outcome('latest');
  await settle();
  open();
  expect([await before, await after]).toEqual(['UPSTREAM_DENIED', 'MISS']);
});

test('a HEAD by tag and a GET by digest, as docker sends them, cache the tag', async () => {
  const rig = pullRig({ name: 'acme', revalidateAfterSeconds: 3600 });
  rig.upstream.put(NAME, image, 'latest');
  expect(await rig.outcome('latest', { head: true })).toBe('MISS');
  const headAt = rig.clock.now();
  rig.clock.advance(1000);
  expect(await rig.outcome(image.digest)).toBe('MISS');
  expect(rig.knowledge.admissions).toMatchObject([
    { tag: 'latest', checkedAt: headAt, manifest: { digest: image.digest } },
  ]);
  expect(rig.upstream.take()).toEqual([`HEAD ${NAME}:latest`, `GET ${NAME}@${image.digest}`]);
  expect(await rig.outcome('latest')).toBe('HIT');
  expect(rig.upstream.take()).toEqual([]);
});

test('an old HEAD, or one before a later revalidation, moves no tag', async () => {
  const rig = pullRig();
  const later = imageNamed('later');
  rig.upstream.put(NAME, image, 'latest');
  await rig.get('latest', { head: true });
  rig.clock.advance(10 * 60_000 + 1);
  await rig.get(image.digest);
  expect(rig.knowledge.admissions.map(({ tag }) => tag)).toEqual(['']);

  const again = pullRig();
  again.upstream.put(NAME, image, 'latest');
  await again.get('latest', { head: true });
  again.clock.advance(1000);
  again.upstream.put(NAME, later, 'latest');
  await again.get('latest');
  await again.get(image.digest);
  expect(again.knowledge.admissions.map(({ tag }) => tag)).toEqual(['latest', '']);
});
