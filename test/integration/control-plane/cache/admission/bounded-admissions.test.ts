import { Table } from '../../../../../schema/tables';
import { blobRecord, digest, layer, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';
import { withTables } from '../../../../support/control-plane/open-tables';

const PIB = 2 ** 50;
let world: CacheWorld;
let acme: TestRepository;
let other: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
  acme = await world.plane.organization('acme');
  other = await world.plane.organization('other');
});
afterEach(() => world.end());

/** Returns the references of an image with `count` layers that no other image has. */
const layersOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, position) => layer(`${name} ${position}`, 1, position));
const admit = (repository: TestRepository, name: string, references: ReturnType<typeof layersOf>) =>
  world.admit(repository, name, {}, { tag: name, references });

describe('an admission of 1,000 layers', () => {
  test('lets look-ups be answered meanwhile, and they see all of it or nothing', async () => {
    let isOver = false;
    const admitted = admit(acme, 'large', layersOf('large', 1000)).finally(() => (isOver = true));
    const seen: number[] = [];
    while (!isOver) {
      const { manifest, references } = await world.plane.catalog.call('LookupManifest', {
        repository: acme,
        digest: digest('large'),
      });
      if (!isOver) seen.push(manifest === null ? 0 : references.length);
    }
    expect((await admitted).decision).toBe('ADMITTED');
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.filter((count) => count !== 0 && count !== 1000)).toEqual([]);
  });

  test('waits for one admission of another organization at most, however many came before', async () => {
    let finished = 0;
    const flood = Array.from({ length: 15 }, (_, index) =>
      admit(other, `flood-${index}`, layersOf(`flood-${index}`, 200)).finally(() => (finished += 1)),
    );
    await Promise.race(flood);
    const before = finished;
    await admit(acme, 'mine', layersOf('mine', 5));
    // The one that runs, and one that started before the request arrived.
    expect(finished - before).toBeLessThanOrEqual(2);
    await Promise.all(flood);
  });
});

describe('a manifest beyond a limit', () => {
  test.each([
    ['1,001 layers', () => layersOf('many', 1001), 'it names more than 1,000 layers'],
    [
      'sizes of more than 1 PiB',
      () => [layer('a', PIB), layer('b', PIB, 1)],
      'the sizes in it add up to more than 1,125,899,906,842,624 bytes',
    ],
  ])('of %s is refused with the limit, and nothing is kept', async (_, references, limit) => {
    await expect(admit(acme, 'huge', references())).rejects.toThrow(limit);
    expect(await world.usage()).toMatchObject({ used: 0, reserved: 0, manifests: 0 });
  });

  test('from a journal is dropped, and the data plane is told to forget it', async () => {
    const watch = world.plane.catalog.watch();
    await watch.snapshot();
    await world.plane.catalog.call('RecordPulls', {
      records: [
        {
          id: '0190d2b6-0000-7000-8000-000000000001',
          at: world.now,
          admission: {
            repository: acme,
            manifest: { mediaType: 'application/x', digest: digest('huge'), size: 100 },
            references: layersOf('huge', 1001),
            tag: 'v1',
            checkedAt: world.now,
          },
        },
      ],
    });
    expect(await world.rows(Table.invalidations, { digest: digest('huge') })).toMatchObject([
      { organization_uid: acme.organizationUid, repository: acme.repository, tag: 'v1' },
    ]);
    expect(await world.usage()).toMatchObject({ manifests: 0 });
  });
});

describe('declared sizes', () => {
  test('of many manifests never reserve more than 4 PiB', async () => {
    for (let index = 0; index < 9; index += 1) {
      const { decision } = await admit(acme, `fake-${index}`, [layer(`fake layer ${index}`, PIB - 1000)]);
      expect(decision).toBe('ADMITTED');
      expect((await world.usage()).reserved).toBeLessThanOrEqual(4 * PIB);
    }
  });

  test('beyond 4 PiB of blobs that are being filled are passed through', async () => {
    const names = ['one', 'two', 'three', 'four'];
    const inUse = names.map((name) => ({ ...acme, digest: digest(`layer ${name}`), startedAt: world.now }));
    for (const name of names) await admit(acme, name, [layer(`layer ${name}`, PIB - 1000)]);
    const { decision } = await world.admit(acme, 'five', { 'layer five': PIB - 1000 }, { tag: 'five', inUse });
    expect(decision).toBe('PASS_THROUGH');
    expect((await world.events('QUOTA_REFUSED')).map(({ detail }) => detail['reason'])).toEqual(['TOO_MUCH_RESERVED']);
  });

  test('that a wrong stored sum cannot take are refused, with the origin and the digest in the log', async () => {
    await admit(acme, 'first', [layer('first layer', 1000)]);
    const change = (used: string) =>
      withTables(world.plane, (tables) =>
        tables(Table.originUsage)
          .where('origin_version', acme.originVersion)
          .update({ used_bytes: tables.raw(used) }),
      );
    await change('9223372036854775800');
    await expect(admit(acme, 'second', [layer('second layer', 1000)])).rejects.toThrow();
    const line = world.plane.log.split('\n').find((text) => text.includes('cannot change for'));
    expect(line).toContain(acme.originVersion);
    expect(line).toContain(digest('second layer'));
    expect(line).not.toContain('insert into');
    await change('100');
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 1000, manifests: 1 });
  });
});

describe('a foreign layer', () => {
  test('is neither reserved nor held, and stays in the manifest', async () => {
    const foreign = { ...layer('elsewhere', 5000, 0), foreign: true };
    await admit(acme, 'windows', [foreign, layer('here', 700, 1)]);
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 700 });
    const { references } = await world.plane.catalog.call('LookupManifest', {
      repository: acme,
      digest: digest('windows'),
    });
    expect(
      references.map(({ role, foreign: isForeign, position }) => ({ role, isForeign, position })).sort(byPosition),
    ).toEqual([
      { role: 'LAYER', isForeign: true, position: 0 },
      { role: 'LAYER', isForeign: false, position: 1 },
    ]);
    expect(await world.rows(Table.originHoldings, { digest: digest('elsewhere') })).toEqual([]);
  });
});

describe('a reservation for a blob that the upstream does not have', () => {
  const missing = (name: string, at = world.now, originVersion = acme.originVersion) =>
    world.plane.catalog.call('RecordPulls', {
      records: [
        blobRecord(
          {
            organizationUid: acme.organizationUid,
            missingDigest: digest(name),
            missingOriginVersion: originVersion,
          },
          at,
        ),
      ],
    });

  test('ends with the report of a data plane, and the blob may still arrive', async () => {
    await admit(acme, 'image', [layer('gone', 900), layer('there', 50, 1)]);
    await missing('gone');
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 50 });
    await world.arrive(acme, { gone: 900 });
    expect(await world.usage()).toMatchObject({ used: 1000, reserved: 50 });
  });

  test('stays if the report is older than the reservation, or about another upstream', async () => {
    const before = world.now;
    world.advance(120_000);
    await admit(acme, 'image', [layer('gone', 900)]);
    await missing('gone', before);
    await missing('gone', world.now, other.originVersion);
    expect(await world.usage()).toMatchObject({ used: 100, reserved: 900 });
  });
});

function byPosition(a: { readonly position: number }, b: { readonly position: number }): number {
  return a.position - b.position;
}
