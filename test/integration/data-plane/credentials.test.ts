import { buildImage } from '../../support/fake-registry';
import { type Rig, type RigOptions, startRig } from './support/data-plane-rig';
import { TestClock } from '../../support/test-clock';
import { outcome } from './support/registry-caller';

const NAME = 'team/app';
const image = buildImage({ layers: [500_000], seed: 'first' });
const [layer] = image.layers as [(typeof image.layers)[number]];
const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

let rig: Rig;
const start = async (options: RigOptions): Promise<void> => {
  rig = await startRig(options);
  rig.registry.content.addImage(NAME, 'latest', image);
};
afterEach(() => rig.close());

describe.each(['basic', 'bearer'] as const)('two organizations with one upstream and %s credentials', (kind) => {
  const users = {
    alice: { password: 'a', repositories: 'all' as const },
    bob: { password: 'b', repositories: 'all' as const },
    carol: { password: 'c', repositories: ['other/thing'] },
  };

  beforeEach(() =>
    start({
      registry: { auth: { kind, users } },
      organizations: [
        { name: 'acme', username: 'alice', password: 'a' },
        { name: 'beta', username: 'bob', password: 'b' },
        { name: 'gamma', username: 'carol', password: 'c' },
        { name: 'delta', username: 'bob', password: 'wrong' },
      ],
    }),
  );

  test('share cached content only if the credentials of each permit it', async () => {
    await rig.edge.manifest('latest', { organization: 'acme' });
    await rig.edge.blob(layer.digest, { organization: 'acme' });
    await rig.held(layer.digest);
    for (const organization of ['gamma', 'delta']) {
      expect(await outcome(rig.edge.manifest('latest', { organization }))).toBe('UPSTREAM_DENIED');
      expect(await outcome(rig.edge.manifest(image.digest, { organization }))).toBe('UPSTREAM_DENIED');
      expect(await outcome(rig.edge.stat(layer.digest, { organization }))).toBe('UPSTREAM_DENIED');
      expect((await rig.edge.blob(layer.digest, { organization })).failure).toBe('UPSTREAM_DENIED');
    }
    rig.registry.takeRequests();
    expect(await outcome(rig.edge.manifest(image.digest, { organization: 'beta' }))).toBe('MISS');
    expect((await rig.edge.blob(layer.digest, { organization: 'beta' })).bytes.equals(layer.bytes)).toBe(true);
    expect(rig.registry.requests.some(({ line }) => line === `GET /v2/${NAME}/manifests/${image.digest}`)).toBe(true);
    expect(rig.registry.requests.every(({ username }) => username !== 'alice')).toBe(true);
    // The bytes are shared, but the right to read them is not: six ranges of 16 KiB prove it.
    expect(rig.registry.bytesSent(layer.digest)).toBe(6 * 16 * 1024);
    rig.registry.takeRequests();
    const warm = await rig.edge.blob(layer.digest, { organization: 'beta' });
    expect([warm.header?.cacheStatus, rig.registry.requests]).toEqual(['HIT', []]);
  });

  test('lose access when their credentials are removed; new credentials apply immediately', async () => {
    expect(await outcome(rig.edge.manifest('latest', { organization: 'acme' }))).toBe('MISS');
    await rig.configure({ name: 'acme', username: 'carol', password: 'c' });
    expect(await outcome(rig.edge.manifest('latest', { organization: 'acme' }))).toBe('UPSTREAM_DENIED');
    await rig.configure({ name: 'acme', username: 'bob', password: 'b' });
    expect(await outcome(rig.edge.manifest('latest', { organization: 'acme' }))).toBe('REVALIDATED');
  });
});

test('a private organization admits only its own robot, for its own repositories, with the token flow', async () => {
  await start({
    organizations: [
      { name: 'acme', visibility: 'PRIVATE', robots: { ci: 'secret' } },
      { name: 'other', visibility: 'PRIVATE', robots: { ci: 'other secret' } },
      { name: 'open' },
    ],
  });
  const { edge } = rig;
  await expect(edge.access('')).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  await expect(edge.manifest('latest')).rejects.toMatchObject({
    key: 'UNAUTHORIZED',
    detail: { scope: `repository:acme/${NAME}:pull` },
  });
  await expect(edge.token(basic('acme+ci', 'wrong'))).rejects.toMatchObject({ key: 'UNAUTHORIZED' });

  const scope = `repository:acme/${NAME}:pull`;
  const reply = await edge.token(basic('acme+ci', 'secret'), scope);
  expect(reply).toMatchObject({ expiresInSeconds: 300 });
  const authorization = `Bearer ${reply.token}`;
  await expect(edge.access(authorization)).resolves.toEqual({});
  expect(await outcome(edge.manifest('latest', { authorization }))).toBe('MISS');
  expect((await edge.blob(layer.digest, { authorization })).bytes.equals(layer.bytes)).toBe(true);
  expect((await edge.blob(layer.digest)).failure).toBe('UNAUTHORIZED');
  expect(await outcome(edge.manifest('latest', { authorization, repository: 'team/other' }))).toBe('UNAUTHORIZED');

  const stranger = `Bearer ${(await edge.token(basic('other+ci', 'other secret'), scope)).token}`;
  expect(await outcome(edge.manifest('latest', { authorization: stranger }))).toBe('UNAUTHORIZED');
  expect(await outcome(edge.manifest('latest', { organization: 'open', authorization: stranger }))).toBe('MISS');
  expect(await outcome(edge.manifest('latest', { organization: 'open' }))).toBe('REVALIDATED');

  expect((await rig.pulls(6)).map(({ actor, httpStatus }) => `${actor} ${httpStatus}`)).toEqual([
    'anonymous 401',
    'robot:acme+ci 200',
    'robot:acme+ci 401',
    'robot:other+ci 401',
    'robot:other+ci 200',
    'anonymous 200',
  ]);
});

test('a robot of several organizations pulls from these, until it expires while the control plane is away', async () => {
  const clock = TestClock.running();
  const ci = { secret: 'secret', grantedUids: ['uid-second', 'uid-deleted'], expiresAt: clock.now() + 60_000 };
  await start({
    overrides: { clock },
    organizations: [
      { name: 'first', visibility: 'PRIVATE', robots: { ci } },
      { name: 'second', visibility: 'PRIVATE' },
      { name: 'third', visibility: 'PRIVATE' },
    ],
  });
  const names = ['first', 'second', 'third'];
  const secret = basic('first+ci', 'secret');
  const outcomes = (authorization: string): Promise<readonly unknown[]> =>
    Promise.all(names.map((organization) => outcome(rig.edge.manifest('latest', { organization, authorization }))));
  const scopes = names.map((name) => `repository:${name}/${NAME}:pull`);
  const reply = await rig.edge.token(secret, ...scopes);
  expect(reply.expiresInSeconds).toBeLessThanOrEqual(60);
  expect(await outcomes(secret)).toEqual(['MISS', 'MISS', 'UNAUTHORIZED']);
  expect(await outcomes(`Bearer ${reply.token}`)).toEqual(['REVALIDATED', 'REVALIDATED', 'UNAUTHORIZED']);

  // The data plane starts with the file on its disk, and only its own clock tells that time passes.
  await rig.catalog.stop();
  await rig.restart();
  expect(await outcomes(secret)).toEqual(['REVALIDATED', 'REVALIDATED', 'UNAUTHORIZED']);
  clock.advance(60_000);
  expect(await outcomes(secret)).toEqual(['UNAUTHORIZED', 'UNAUTHORIZED', 'UNAUTHORIZED']);
  expect(await outcomes(`Bearer ${reply.token}`)).toEqual(['UNAUTHORIZED', 'UNAUTHORIZED', 'UNAUTHORIZED']);
  await expect(rig.edge.token(secret, ...scopes)).rejects.toMatchObject({
    key: 'UNAUTHORIZED',
    message: expect.stringContaining('wrong user name or secret') as string,
  });
});

test('lists return pages of tags and referrers, and cached ones while the upstream is down', async () => {
  await start({ organizations: [{ name: 'acme' }] });
  const signature = buildImage({
    seed: 'signature',
    artifactType: 'application/vnd.example.signature',
    subject: { digest: image.digest, mediaType: image.mediaType, size: image.manifest.length },
  });
  rig.registry.content.addImage(NAME, 'sig', signature);
  expect(await rig.edge.tags()).toMatchObject({ tags: ['latest', 'sig'], nextLast: '', cacheStatus: 'MISS' });
  expect(await rig.edge.tags(1)).toMatchObject({ tags: ['latest'], nextLast: 'latest', nextLimit: 1 });
  expect(await rig.edge.tags(1, 'latest')).toMatchObject({ tags: ['sig'], nextLast: '' });
  const { content, filtered } = await rig.edge.referrers(image.digest, 'application/vnd.example.signature');
  expect(JSON.parse(content.toString())).toMatchObject({ manifests: [{ digest: signature.digest }] });
  expect(filtered).toBe(true);
  expect(await outcome(rig.edge.tags(0, '', { repository: 'team/none' }))).toBe('NAME_UNKNOWN');

  await rig.edge.manifest('latest');
  await rig.registry.close();
  await rig.catalog.stop();
  expect(await rig.edge.tags()).toMatchObject({ tags: ['latest'], cacheStatus: 'STALE' });
  expect(await rig.edge.referrers(image.digest, 'application/vnd.example.signature')).toMatchObject({
    content,
    filtered: true,
    cacheStatus: 'STALE',
  });
  expect(await outcome(rig.edge.referrers(signature.digest))).toBe('UPSTREAM_UNREACHABLE');
});
