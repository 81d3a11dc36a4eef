import { Table } from '../../../../../schema/tables';
import { blobRecord, digest, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';
import { withTables } from '../../../../support/control-plane/open-tables';

const ACCOUNT = { upstreamUsername: 'u', upstreamPassword: 'the password' };
let world: CacheWorld;
let victim: TestRepository;
let spy: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
  victim = await world.plane.organization('victim', ACCOUNT);
  spy = await world.plane.organization('spy', { upstream: 'evil.example' });
});
afterEach(() => world.end());

const holding = async ({ originVersion }: TestRepository, blob: string) =>
  (
    await world.rows<{ state: string; size: number }>(Table.originHoldings, {
      origin_version: originVersion,
      digest: digest(blob),
    })
  )[0];
const proofs = (blob: string) =>
  world.rows<{ identity: string; upstream_repository: string }>(Table.blobProofs, { digest: digest(blob) });
const provenBy = async (repository: TestRepository, blob: string) => {
  const identities = [...(await world.plane.identities(repository.organizationUid))];
  const reply = await world.plane.catalog.call('LookupBlob', { repository, digest: digest(blob), identities });
  return reply.provenBy;
};
const cached = async (organization: string, image: string) => {
  const found = await world.plane.ask<{
    manifest: { completeness: string; layers: { cached: boolean }[]; tags: { sizeBytes: string }[] };
  }>(
    `query ($o: String!, $d: Digest!) { manifest(organization: $o, repository: "library/app", digest: $d) {
      completeness layers { cached } tags { sizeBytes } } }`,
    { o: organization, d: digest(image) },
  );
  const { completeness, layers, tags } = found.manifest;
  return { completeness, layers: layers.map((layer) => layer.cached), sizes: tags.map((tag) => tag.sizeBytes) };
};

describe('an organization without a proof', () => {
  test('reserves what its manifest declares, whether or not another organization holds the blob', async () => {
    await world.cache(victim, 'image', { secret: 500 });
    await world.admit(spy, 'held', { secret: 77 }, { tag: 'held' });
    await world.admit(spy, 'unknown', { nobody: 77 }, { tag: 'unknown' });
    expect(await world.usage('spy')).toMatchObject({ used: 200, reserved: 154, blobs: 0 });
    expect(await cached('spy', 'held')).toEqual(await cached('spy', 'unknown'));
    expect(await cached('spy', 'held')).toEqual({ completeness: 'PARTIAL', layers: [false], sizes: ['100'] });
    expect(await cached('victim', 'image')).toEqual({ completeness: 'COMPLETE', layers: [true], sizes: ['600'] });
    world.advance(900_000);
    await world.collect();
    for (const blob of ['secret', 'nobody'])
      expect(await holding(spy, blob)).toMatchObject({ state: 'LAPSED', size: 77, reserved_until: null });
  });

  test('does not learn from an arrival at another organization', async () => {
    await world.admit(spy, 'image', { secret: 500 });
    await world.cache(victim, 'image', { secret: 500 });
    expect(await holding(victim, 'secret')).toMatchObject({ state: 'HELD' });
    expect(await holding(spy, 'secret')).toMatchObject({ state: 'RESERVED', size: 500 });
    expect(await provenBy(victim, 'secret')).toEqual(['library/app']);
    expect(await provenBy(spy, 'secret')).toEqual([]);
    // What its own upstream gives, it holds.
    await world.arrive(spy, { secret: 500 });
    expect(await holding(spy, 'secret')).toMatchObject({ state: 'HELD' });
    expect(await world.rows(Table.blobs, { digest: digest('secret') })).toMatchObject([{ holders: 2 }]);
  });

  test('gets no room in its quota for bytes that it has no proof for, and is refused as for others', async () => {
    await world.cache(victim, 'image', { secret: 500 });
    await world.update({ quota: { limitBytes: 1000, onOversize: 'REJECT' } }, 'spy');
    const held = await world.admit(spy, 'held', { secret: 2000 }, { tag: 'held' });
    const unknown = await world.admit(spy, 'unknown', { nobody: 2000 }, { tag: 'unknown' });
    expect(held).toEqual(unknown);
    expect(held.decision).toBe('REJECTED');
  });

  test('holds a manifest that it fetched itself, also where another manifest names it as a layer', async () => {
    await world.admit(spy, 'inner', {}, { tag: 'inner' });
    await world.admit(spy, 'outer', { inner: 100 }, { tag: 'outer' });
    expect((await cached('spy', 'outer')).layers).toEqual([true]);
  });
});

describe('a proof', () => {
  test('is good for organizations that are the same to the upstream', async () => {
    const twin = await world.plane.organization('twin', ACCOUNT);
    const guesser = await world.plane.organization('guesser', { ...ACCOUNT, upstreamPassword: 'another' });
    for (const repository of [twin, guesser]) await world.admit(repository, 'image', { base: 500 });
    await world.cache(victim, 'image', { base: 500 });
    expect(await holding(twin, 'base')).toMatchObject({ state: 'HELD' });
    expect(await holding(guesser, 'base')).toMatchObject({ state: 'RESERVED' });
    expect(await provenBy(twin, 'base')).toEqual(['library/app']);
    expect(await provenBy(guesser, 'base')).toEqual([]);
  });

  test('counts at once for images that are admitted later', async () => {
    await world.arrive(victim, { base: 500 });
    await world.admit(victim, 'image', { base: 400 });
    expect(await world.usage('victim')).toMatchObject({ used: 600, reserved: 0, blobs: 1 });
  });

  test('is not good for an organization that may not pull from the proving repository', async () => {
    const limited = await world.plane.organization('limited', { ...ACCOUNT, denyRepositories: ['library/app'] });
    const below = await world.plane.organization('below', { ...ACCOUNT, upstream: 'registry.example/team' });
    const other = { ...limited, repository: 'library/other' };
    for (const repository of [other, below]) await world.admit(repository, 'image', { base: 500 });
    await world.cache(victim, 'image', { base: 500 });
    expect(await holding(limited, 'base')).toMatchObject({ state: 'RESERVED' });
    expect(await holding(below, 'base')).toMatchObject({ state: 'RESERVED' });
    await world.arrive({ ...victim, repository: 'library/other' }, { base: 500 });
    expect(await holding(limited, 'base')).toMatchObject({ state: 'HELD' });
    await world.arrive({ ...victim, repository: 'team/app' }, { base: 500 });
    expect(await holding(below, 'base')).toMatchObject({ state: 'HELD' });
  });

  test('keeps the newest eight repositories, and is recorded once however often it is delivered', async () => {
    const identities = [...(await world.plane.identities(victim.organizationUid))];
    const records = Array.from({ length: 10 }, (_, index) =>
      blobRecord(
        {
          organizationUid: victim.organizationUid,
          digest: digest('base'),
          size: 500,
          identities,
          upstreamRepository: `library/app${index}`,
        },
        world.now + index,
      ),
    );
    for (let time = 0; time < 2; time += 1) await world.plane.catalog.call('RecordPulls', { records });
    expect(await provenBy(victim, 'base')).toEqual([9, 8, 7, 6, 5, 4, 3, 2].map((index) => `library/app${index}`));
    expect(await proofs('base')).toHaveLength(2 * 8);
  });

  test.each<readonly [string, (own: readonly string[]) => readonly string[], string]>([
    ['identities of another organization', () => ['account:another', `credentials:${'0'.repeat(64)}`], 'library/app'],
    ['no valid repository', (own) => own, '../secrets'],
  ])('is not recorded with %s', async (_, identitiesOf, upstreamRepository) => {
    await world.admit(victim, 'image', { base: 500 });
    const identities = [...identitiesOf(await world.plane.identities(victim.organizationUid))];
    const event = { organizationUid: victim.organizationUid, digest: digest('base'), size: 500 };
    world.storage.blobs.set(digest('base'), 500);
    await world.plane.catalog.call('RecordPulls', {
      records: [blobRecord({ ...event, identities, upstreamRepository }, world.now)],
    });
    expect(await proofs('base')).toEqual([]);
    expect(await holding(victim, 'base')).toMatchObject({ state: 'RESERVED' });
    expect(await world.rows(Table.blobs, { digest: digest('base') })).toMatchObject([{ state: 'PRESENT' }]);
  });

  test('is not needed for the reporting organization of an older data plane', async () => {
    const twin = await world.plane.organization('twin', ACCOUNT);
    for (const repository of [twin, victim]) await world.admit(repository, 'image', { base: 500 });
    await world.prove(victim, { base: 500 }, []);
    world.storage.blobs.set(digest('base'), 500);
    expect(await holding(victim, 'base')).toMatchObject({ state: 'HELD' });
    expect(await holding(twin, 'base')).toMatchObject({ state: 'RESERVED' });
    expect(await proofs('base')).toEqual([]);
  });
});

test('an organization with a new account holds at once what another one with this account has proven', async () => {
  const late = await world.plane.organization('late', { upstreamUsername: 'other', upstreamPassword: 'other' });
  await world.arrive(victim, { base: 500 });
  await world.admit(late, 'image', { base: 500 });
  expect(await holding(late, 'base')).toMatchObject({ state: 'RESERVED' });
  await world.update({ proxyCache: { upstream: 'registry.example', ...ACCOUNT } }, 'late');
  expect(await holding(late, 'base')).toMatchObject({ state: 'HELD' });
});

describe('a user name without a password', () => {
  const USER_ONLY = { upstreamUsername: 'u' };

  test('is not sent to data planes, and shares the identity of organizations without an account', async () => {
    const [named, anonymous] = [
      await world.plane.organization('named', USER_ONLY),
      await world.plane.organization('anonymous'),
    ];
    const identities = await world.plane.identities(named.organizationUid);
    expect(identities).toEqual([expect.stringMatching(/^account:/), expect.stringMatching(/^anonymous:/)]);
    expect(identities.at(-1)).toBe((await world.plane.identities(anonymous.organizationUid)).at(-1));
    const { organizations } = await world.plane.catalog.watch().snapshot();
    expect(organizations.find(({ name }) => name === 'named')?.proxyCache).toMatchObject({
      username: '',
      password: '',
    });
    for (const repository of [named, anonymous]) await world.admit(repository, 'image', { base: 500 });
    await world.arrive(anonymous, { base: 500 });
    expect(await holding(named, 'base')).toMatchObject({ state: 'HELD' });
  });

  test('gains no proofs of the account with a password that is set later', async () => {
    const named = await world.plane.organization('named', USER_ONLY);
    await world.cache(named, 'image', { base: 500 });
    const before = await world.plane.identities(named.organizationUid);
    await world.update({ proxyCache: { upstream: 'registry.example', ...ACCOUNT } }, 'named');
    const { organizations } = await world.plane.catalog.watch().snapshot();
    const now = organizations.find(({ name }) => name === 'named')!.proxyCache!.upstreamIdentities;
    expect(now.map((identity) => identity.split(':')[0])).toEqual(['account', 'credentials']);
    expect(now.filter((identity) => before.includes(identity))).toEqual([]);
    const reply = await world.plane.catalog.call('LookupBlob', {
      repository: named,
      digest: digest('base'),
      identities: now,
    });
    expect(reply.provenBy).toEqual([]);
  });
});

describe('proofs end', () => {
  beforeEach(async () => {
    await world.cache(victim, 'image', { base: 500 });
    expect(await proofs('base')).toHaveLength(2);
  });

  test.each<readonly [string, object]>([
    ['another user name', { upstream: 'registry.example', ...ACCOUNT, upstreamUsername: 'other' }],
    ['no account', { upstream: 'registry.example' }],
    ['no password', { upstream: 'registry.example', upstreamUsername: 'u', upstreamPassword: null }],
    ['another port', { upstream: 'registry.example:5000', ...ACCOUNT }],
    ['another scheme', { upstream: 'registry.example', insecure: true, ...ACCOUNT }],
  ])('with %s', async (_, proxyCache) => {
    await world.update({ proxyCache }, 'victim');
    expect(await proofs('base')).toEqual([]);
    expect(await world.rows(Table.endedIdentities)).toEqual([]);
    expect(await provenBy(victim, 'base')).toEqual([]);
  });

  test('with the organization, but not for another one with the same account', async () => {
    await world.plane.organization('twin', ACCOUNT);
    await world.plane.ask('mutation { deleteOrganization(name: "victim") }');
    expect((await proofs('base')).map(({ identity }) => identity.split(':')[0])).toEqual(['credentials']);
    await world.plane.ask('mutation { deleteOrganization(name: "twin") }');
    expect(await proofs('base')).toEqual([]);
  });

  test('only for the shared identity with another password', async () => {
    await world.update({ proxyCache: { upstream: 'registry.example', ...ACCOUNT, upstreamPassword: 'new' } }, 'victim');
    expect((await proofs('base')).map(({ identity }) => identity.split(':')[0])).toEqual(['account']);
    expect(await provenBy(victim, 'base')).toEqual(['library/app']);
  });

  test('with the row of the content', async () => {
    await world.plane.ask('mutation { purgeRepository(organization: "victim", repository: "library/app") }');
    expect(await proofs('base')).toHaveLength(2);
    world.advance(60_000);
    await world.collect();
    expect(await proofs('base')).toEqual([]);
  });

  test('not with the bytes while a manifest names them, but with the last manifest', async () => {
    const twin = await world.plane.organization('twin', ACCOUNT);
    await world.admit(twin, 'other', { base: 500 }, { tag: 'other' });
    await world.lose('base');
    expect(await holding(victim, 'base')).toMatchObject({ state: 'LAPSED' });
    expect(await world.rows(Table.blobs, { digest: digest('base') })).toEqual([]);
    await world.plane.ask('mutation { purgeRepository(organization: "victim", repository: "library/app") }');
    expect(await provenBy(victim, 'base')).toEqual(['library/app']);
    await world.plane.ask('mutation { purgeRepository(organization: "twin", repository: "library/app") }');
    expect(await proofs('base')).toEqual([]);
  });

  test('not with lost bytes: an organization holds a blob again when another one brings it', async () => {
    await world.lose('base');
    await world.arrive(spy, { base: 500 });
    expect(await holding(victim, 'base')).toMatchObject({ state: 'HELD' });
    expect(await world.usage('victim')).toMatchObject({ used: 600, reserved: 0, blobs: 1 });
  });

  test('not with lost bytes: a manifest that is named as a layer settles the reservation at once', async () => {
    await world.admit(victim, 'outer', { inner: 100 }, { tag: 'outer' });
    await world.arrive(victim, { inner: 100 });
    await world.lose('inner');
    await world.admit(victim, 'again', { inner: 100 }, { tag: 'again' });
    expect(await holding(victim, 'inner')).toMatchObject({ state: 'RESERVED' });
    await world.admit(spy, 'inner', {}, { tag: 'inner' });
    expect(await holding(victim, 'inner')).toMatchObject({ state: 'HELD' });
  });

  test('in a collection if the process died after the change', async () => {
    const [account] = await world.plane.identities(victim.organizationUid);
    await world.update(
      { proxyCache: { upstream: 'registry.example', ...ACCOUNT, upstreamUsername: 'other' } },
      'victim',
    );
    await insertLeftOver(account!);
    await world.collect();
    expect(await proofs('base')).toEqual([]);
    expect(await world.rows(Table.endedIdentities)).toEqual([]);
  });
});

/** Restores what a process leaves that dies after the commit that ended an identity. */
async function insertLeftOver(identity: string): Promise<void> {
  const proof = { identity, digest: digest('base'), upstream_repository: 'library/app', proven_at: 1 };
  await withTables(world.plane, async (tables) => {
    await tables(Table.blobProofs).insert(proof);
    await tables(Table.endedIdentities).insert({ identity, ended_at: 1 });
  });
}
