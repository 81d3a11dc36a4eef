import { MediaType } from '../../../../../common/oci/media-types';
import { Table } from '../../../../../schema/tables';
import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';
import { withTables } from '../../../../support/control-plane/open-tables';

const LAPSE = 900_000;
let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
  acme = await world.plane.organization('acme', { expirationSeconds: 86_400 }, { quota: { limitBytes: 2000 } });
});
afterEach(() => world.end());

const admit = async (name: string, layers: Readonly<Record<string, number>>, more: object = {}) =>
  (await world.admit(acme, name, layers, { tag: name, ...more })).decision;
const holding = async (blob: string) =>
  (
    await world.rows<{ state: string; size: number; reserved_until: number | null }>(Table.originHoldings, {
      digest: digest(blob),
    })
  )[0];

describe('a reservation', () => {
  test('counts as reserved until the blob arrives and then as used', async () => {
    await admit('one', { 'a layer': 500, 'b layer': 400 });
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 900, manifests: 1, blobs: 0 });
    await world.arrive(acme, { 'a layer': 500 });
    expect(await world.usage()).toMatchObject({ used: 600, reserved: 400, blobs: 1 });
    await world.arrive(acme, { 'b layer': 400 });
    await world.arrive(acme, { 'b layer': 400 });
    expect(await world.usage()).toMatchObject({ used: 1000, reserved: 0, blobs: 2 });
  });

  test('is shared by all images that name the blob, and an arrival settles it for every organization', async () => {
    const other = await world.plane.organization('other', {}, {});
    await admit('one', { base: 500 });
    await admit('two', { base: 500 });
    await world.admit(other, 'one', { base: 500 });
    expect(await world.usage()).toMatchObject({ used: 200, reserved: 500 });
    await world.arrive(other, { base: 500 });
    expect(await world.usage()).toMatchObject({ used: 700, reserved: 0 });
    expect(await world.usage('other')).toMatchObject({ used: 600, reserved: 0 });
    expect(await world.rows(Table.blobs, { digest: digest('base') })).toMatchObject([{ holders: 2, unheld_at: null }]);
  });

  test('of a blob of unknown size counts nothing, and the blob must fit when it arrives', async () => {
    expect(await admit('one', { known: 500, unsized: 0 })).toBe('ADMITTED');
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 500, blobs: 0 });
    await world.arrive(acme, { known: 500, unsized: 700 });
    expect(await world.usage()).toMatchObject({ used: 1300, reserved: 0, blobs: 2 });
    await admit('two', { late: 0 });
    await admit('three', { late: 50 });
    expect(await world.usage()).toMatchObject({ used: 1500, reserved: 50 });
    await world.arrive(acme, { late: 50 });
    expect(await admit('four', { huge: 0 })).toBe('ADMITTED');
    await world.arrive(acme, { huge: 5000 });
    expect(await world.usage()).toMatchObject({ used: 1650, reserved: 0, blobs: 3 });
    expect(await holding('huge')).toMatchObject({ state: 'LAPSED', size: 5000 });
  });

  test('is made for the blobs that an index names, which count until the index is collected', async () => {
    const { decision } = await world.admit(
      acme,
      'cache',
      { 'cache layer': 300, 'cache config': 20 },
      {
        tag: 'cache',
        manifest: { mediaType: MediaType.ociIndex, digest: digest('cache'), size: 100 },
      },
    );
    expect(decision).toBe('ADMITTED');
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 320 });
    await world.arrive(acme, { 'cache layer': 300, 'cache config': 20 });
    expect(await world.usage()).toMatchObject({ used: 420, reserved: 0, manifests: 1, blobs: 2 });
    const lookup = await world.plane.catalog.call('LookupBlob', { repository: acme, digest: digest('cache config') });
    expect(lookup.blob).toMatchObject({ digest: digest('cache config'), size: 20 });
    const shown = await world.plane.ask<{ manifest: object }>(
      `query ($digest: Digest!) { manifest(organization: "acme", repository: "library/app", digest: $digest) {
        completeness layers { digest cached } children { digest } } }`,
      { digest: digest('cache') },
    );
    expect(shown.manifest).toEqual({
      completeness: 'COMPLETE',
      layers: ['cache layer', 'cache config'].map((name) => ({ digest: digest(name), cached: true })),
      children: [],
    });
  });

  test('lapses after 15 minutes and counts nothing from then on', async () => {
    await admit('one', { 'a layer': 900 });
    world.advance(LAPSE - 1);
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 900 });
    const asked = () => world.storage.calls.filter(({ method }) => method !== 'ListBlobs');
    expect(asked()).toEqual([]);
    world.advance(1);
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 0, blobs: 0 });
    expect(await holding('a layer')).toMatchObject({ state: 'LAPSED', reserved_until: null });
    expect(asked()).toEqual([{ method: 'StatBlobs', digests: [digest('a layer')] }]);
  });

  test('is extended while a data plane fills the blob or reports that it does', async () => {
    await admit('one', { 'a layer': 400, 'b layer': 300, 'c layer': 200 });
    world.storage.inUse.add(digest('a layer'));
    world.advance(LAPSE);
    const use = { organizationUid: acme.organizationUid, repository: acme.repository, digest: digest('b layer') };
    await world.plane.catalog.call('ReportUse', { node: 'one', uses: [{ ...use, startedAt: world.now }] });
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 700 });
    expect(await holding('a layer')).toMatchObject({ state: 'RESERVED', reserved_until: world.now + LAPSE });
    world.storage.inUse.clear();
    world.advance(LAPSE);
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 0 });
  });

  test('is settled if the blob is in the store and proven, but its report was lost', async () => {
    await admit('one', { 'a layer': 900 });
    const [identity] = await world.plane.identities(acme.organizationUid);
    await withTables(world.plane, (tables) =>
      tables(Table.blobProofs).insert({
        identity,
        digest: digest('a layer'),
        upstream_repository: 'library/app',
        proven_at: world.now,
      }),
    );
    world.storage.blobs.set(digest('a layer'), 900);
    world.advance(LAPSE);
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 1000, reserved: 0, blobs: 1 });
  });

  test('that nobody fills ends before an image is evicted, the largest first', async () => {
    await world.cache(acme, 'real', { 'real layer': 800 });
    await admit('fake', { 'small fake layer': 200, 'large fake layer': 500 });
    expect(await admit('next', { 'next layer': 600 })).toBe('ADMITTED');
    expect(await world.usage()).toMatchObject({ used: 1100, reserved: 800 });
    expect(await holding('large fake layer')).toMatchObject({ state: 'LAPSED', reserved_until: null });
    expect(await holding('small fake layer')).toMatchObject({ state: 'RESERVED' });
    expect((await world.tags()).map(({ name }) => name).sort()).toEqual(['fake', 'next', 'real']);
    expect(await world.events('QUOTA_EVICTED')).toEqual([]);
  });

  test('that ended to make room counts again when its blob arrives and fits', async () => {
    await admit('first', { 'first layer': 1000 });
    world.advance(30_000);
    expect(await admit('second', { 'second layer': 900 })).toBe('ADMITTED');
    expect(await holding('first layer')).toMatchObject({ state: 'LAPSED' });
    await world.arrive(acme, { 'second layer': 900 });
    expect(await world.usage()).toMatchObject({ used: 1100, reserved: 0 });
    // The older image makes room for the layer of the one that arrives, as for an admission.
    await world.arrive(acme, { 'first layer': 800 });
    expect(await world.usage()).toMatchObject({ used: 1900, reserved: 0 });
  });

  test('of an image requested in the last half minute stays unless an image would be evicted', async () => {
    await admit('first', { 'first layer': 1000 });
    world.advance(29_999);
    expect(await admit('second', { 'second layer': 900 })).toBe('PASS_THROUGH');
    expect(await holding('first layer')).toMatchObject({ state: 'RESERVED' });
  });

  test('of a blob that is being filled stays, and an image is evicted instead', async () => {
    await world.cache(acme, 'real', { 'real layer': 800 });
    await admit('pulled', { 'pulled layer': 700 });
    const inUse = [{ ...acme, digest: digest('pulled layer'), startedAt: world.now }];
    expect(await admit('next', { 'next layer': 600 }, { inUse })).toBe('ADMITTED');
    expect(await holding('pulled layer')).toMatchObject({ state: 'RESERVED' });
    expect((await world.events('QUOTA_EVICTED')).map(({ reference }) => reference)).toEqual(['real']);
  });

  test('stays if even all reservations and images together would not make room', async () => {
    await world.cache(acme, 'real', { 'real layer': 800 });
    await admit('pulled', { 'pulled layer': 500 });
    await admit('fake', { 'fake layer': 300 });
    const inUse = ['pulled layer', 'real layer'].map((name) => ({
      ...acme,
      digest: digest(name),
      startedAt: world.now,
    }));
    expect(await admit('next', { 'next layer': 1500 }, { inUse })).toBe('PASS_THROUGH');
    expect(await holding('fake layer')).toMatchObject({ state: 'RESERVED' });
  });

  test('lapses if the blob is in the store, but nothing proves it for the organization', async () => {
    await admit('one', { 'a layer': 900 });
    world.storage.blobs.set(digest('a layer'), 900);
    world.advance(LAPSE);
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 0, blobs: 0 });
    expect(await holding('a layer')).toMatchObject({ state: 'LAPSED', size: 900 });
  });

  test('is not extended by what data planes do for another organization', async () => {
    const other = await world.plane.organization('other', { upstreamUsername: 'u', upstreamPassword: 'p' });
    await admit('one', { 'a layer': 400, 'b layer': 300 });
    await world.admit(other, 'two', { 'a layer': 400 });
    world.storage.inUse.add(digest('a layer'));
    world.advance(LAPSE);
    const { organizationUid, repository } = other;
    const uses = [{ organizationUid, repository, digest: digest('b layer'), startedAt: world.now }];
    await world.plane.catalog.call('ReportUse', { node: 'one', uses });
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 0 });
    world.storage.inUse.clear();
  });

  test('stays while no data plane can be asked', async () => {
    await admit('one', { 'a layer': 900 });
    await world.storage.stop();
    world.advance(LAPSE);
    const answer = await world.plane.graphql('mutation { collectGarbage { blobsDeleted } }');
    expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual(['UNAVAILABLE']);
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 900 });
    await world.storage.start();
  });

  test('is renewed by another admission', async () => {
    await admit('one', { base: 500 });
    world.advance(LAPSE - 1000);
    await admit('two', { base: 500 });
    world.advance(1000);
    await world.collect();
    expect(await world.usage()).toMatchObject({ used: 200, reserved: 500 });
  });

  test('ends when its image is removed', async () => {
    await admit('one', { 'a layer': 900 });
    await world.plane.ask('mutation { purgeRepository(organization: "acme", repository: "library/app") }');
    expect(await world.usage()).toMatchObject({ used: 0, reserved: 0 });
    await world.arrive(acme, { 'a layer': 900 });
    expect(await world.usage()).toMatchObject({ used: 0, reserved: 0 });
    world.advance(60_000);
    expect(await world.collect()).toMatchObject({ blobs: 2 });
  });
});

describe('a blob that arrives after its reservation lapsed', () => {
  beforeEach(async () => {
    await admit('one', { 'a layer': 900 });
    world.advance(LAPSE);
    await world.collect();
  });

  test('is held if it fits', async () => {
    await world.arrive(acme, { 'a layer': 900 });
    expect(await world.usage()).toMatchObject({ used: 1000, reserved: 0, blobs: 1 });
  });

  test('evicts like an admission, but never its own image', async () => {
    await world.cache(acme, 'two', { 'b layer': 1000 });
    await world.arrive(acme, { 'a layer': 900 });
    expect(await world.tagNames()).toEqual(['one']);
    expect(await world.usage()).toMatchObject({ used: 1000, reserved: 0 });
    expect((await world.events('QUOTA_EVICTED'))[0]).toMatchObject({
      reference: 'two',
      detail: { madeRoomFor: digest('a layer'), neededBytes: '100', limitBytes: '2000' },
    });
  });

  test.each(['PASS_THROUGH', 'REJECT'])(
    'counts nothing if there is no room (%s), and its bytes are collected',
    async (onOversize) => {
      await world.update({ quota: { limitBytes: 900, autoPrune: false, onOversize } });
      await world.arrive(acme, { 'a layer': 900 });
      expect(await world.usage()).toMatchObject({ used: 100, reserved: 0, blobs: 0 });
      expect(await holding('a layer')).toMatchObject({ state: 'LAPSED' });
      world.advance(60_000);
      expect(await world.collect()).toMatchObject({ blobs: 1, bytes: 900 });
      // Later there is room.
      await world.update({ quota: null });
      await world.arrive(acme, { 'a layer': 900 });
      expect(await world.usage()).toMatchObject({ used: 1000 });
    },
  );

  test('is held above the limit if the policy is OVERFLOW', async () => {
    await world.update({ quota: { limitBytes: 900, autoPrune: false, onOversize: 'OVERFLOW' } });
    await world.arrive(acme, { 'a layer': 900 });
    expect(await world.usage()).toMatchObject({ used: 1000, reserved: 0 });
  });
});

describe('a blob with another size than declared', () => {
  test('counts with its real size', async () => {
    await admit('one', { small: 100, large: 900 });
    await world.arrive(acme, { small: 900, large: 100 });
    expect(await world.usage()).toMatchObject({ used: 1100, reserved: 0, blobs: 2 });
  });

  test('cannot exceed the limit', async () => {
    await admit('one', { 'a layer': 100 });
    await world.arrive(acme, { 'a layer': 5000 });
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 0, blobs: 0 });
    expect(await world.tagNames()).toEqual(['one']);
  });

  test('keeps its reservation if the new image and an evicted image both name it', async () => {
    await admit('one', { shared: 10, 'a layer': 900 });
    await world.arrive(acme, { 'a layer': 900 });
    world.advance(60_000);
    // The new image declares 1000 bytes for `shared`, but 10 are reserved.
    expect(await admit('two', { shared: 1000, 'b layer': 899 })).toBe('ADMITTED');
    expect(await world.tagNames()).toEqual(['two']);
    expect(await world.bytes()).toBe(100 + 10 + 899);
  });

  test.each([0, 1])('counts once if the arrival of another one ended its reservation (order %d)', async (order) => {
    await world.update({ quota: { limitBytes: 20_000 } });
    const names = ['a layer', 'b layer'].sort((one, other) => (digest(one) < digest(other) ? -1 : 1));
    const [grown, other] = (order === 0 ? names : names.reverse()) as [string, string];
    await admit('one', { [grown]: 100, [other]: 3000, 'c layer': 2900, 'd layer': 2000 });
    world.advance(60_000);
    // The first one needs more room than is left, so the largest reservation ends.
    await world.arrive(acme, { [grown]: 12_500, [other]: 3500 });
    expect(await world.problems()).toEqual([]);
    expect(await world.bytes()).toBeLessThanOrEqual(20_000);
  });

  test('counts nothing if the arrival of another one evicted its image', async () => {
    await world.update({ quota: { limitBytes: 3000 } });
    const names = ['a layer', 'b layer'].sort((one, other) => (digest(one) < digest(other) ? -1 : 1));
    const [grown, other] = names as [string, string];
    await admit('victim', { [other]: 500 });
    world.advance(60_000);
    await admit('new', { [grown]: 1000 });
    await admit('busy', { 'c layer': 700 });
    const { organizationUid, repository } = acme;
    const use = { organizationUid, repository, digest: digest('c layer'), startedAt: world.now };
    await world.plane.catalog.call('ReportUse', { node: 'one', uses: [use] });
    await world.arrive(acme, { [grown]: 2000, [other]: 600 });
    expect(await world.problems()).toEqual([]);
    expect(await world.tagNames()).toEqual(['busy', 'new']);
    expect(await world.usage()).toMatchObject({ used: 2200, reserved: 700 });
  });
});

describe('a reservation for content of another organization', () => {
  test.each(['stored for the other', 'stored nowhere'])('ends like any other one to make room: %s', async (place) => {
    const other = await world.plane.organization('other', { upstream: 'other.example' }, {});
    if (place === 'stored for the other') await world.cache(other, 'secret', { 'secret layer': 900 });
    await admit('one', { 'secret layer': 900 });
    world.advance(60_000);
    await admit('two', { 'b layer': 1200 });
    expect(await world.tagNames()).toEqual(['one', 'two']);
    expect(await world.usage()).toMatchObject({ used: 200, reserved: 1200 });
  });
});
