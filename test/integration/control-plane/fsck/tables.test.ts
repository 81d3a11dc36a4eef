import { child, digest, pull, type TestRepository } from '../../../support/control-plane/builders';
import { dumpTables } from '../../../support/control-plane/open-tables';
import { kinds, World } from './support/world';

let world: World;
let acme: TestRepository;
async function start(): Promise<void> {
  world = await World.start();
  acme = await world.plane.organization('acme', {}, { quota: { limitBytes: '100000' } });
  const other = await world.plane.organization('other');
  const second = { ...acme, repository: 'library/second' };
  await world.admit(acme, 'manifest one', ['config one', 'shared layer', 'layer one']);
  await world.admit(second, 'manifest two', ['config two', 'shared layer'], { tag: 'v2' });
  await world.admit(other, 'manifest three', ['shared layer'], { tag: '' });
  // An index with a cached child. Its tag has moved on to another image.
  await world.admit(acme, 'manifest four', ['config four', 'layer four'], { tag: '' });
  const references = [child('manifest four', 0, 'amd64')];
  await world.admit(acme, 'the index', [], { tag: 'multi', references }, false);
  world.plane.clock.advance(1000);
  await world.admit(acme, 'manifest five', ['layer one'], { tag: 'multi' });
  // A reserved layer that has not arrived.
  await world.admit(acme, 'manifest six', ['a layer on its way'], { tag: 'six' }, false);
  await world.plane.catalog.call('RecordPulls', {
    records: [pull(acme, 'manifest one', world.plane.clock.now())],
  });
}

const blob = (text: string): string => `digest = '${digest(text)}'`;
const origin = (): string => `origin_version = '${acme.originVersion}'`;

/** Damage: a name, statements that cause it, and the kinds of problems that are expected. */
const DAMAGE: readonly (readonly [string, () => readonly string[], readonly string[]])[] = [
  [
    'a missing row of an origin',
    () => [`DELETE FROM origin_holdings WHERE ${origin()} AND ${blob('layer one')}`],
    ['ORIGIN_HOLDING'],
  ],
  [
    'a missing row of an origin for a manifest',
    () => [`DELETE FROM origin_holdings WHERE ${origin()} AND ${blob('manifest one')}`],
    ['ORIGIN_HOLDING'],
  ],
  [
    'wrong counts of an origin',
    () => [`UPDATE origin_holdings SET blob_repositories = 1 WHERE ${origin()} AND ${blob('shared layer')}`],
    ['ORIGIN_HOLDING'],
  ],
  [
    'a holding that nothing needs',
    () => [
      `INSERT INTO origin_holdings (origin_version, digest, size, manifest_repositories, blob_repositories, state, reserved_until)
       VALUES ('${acme.originVersion}', '${digest('nothing')}', 7, 0, 1, 'LAPSED', NULL)`,
    ],
    ['ORIGIN_HOLDING'],
  ],
  [
    'a manifest that is recorded as reserved',
    () => [
      `UPDATE origin_holdings SET state = 'RESERVED', reserved_until = 1 WHERE ${origin()} AND ${blob('manifest one')}`,
    ],
    ['ORIGIN_HOLDING'],
  ],
  [
    'a held blob that is reserved too',
    () => [`UPDATE origin_holdings SET reserved_until = 1 WHERE ${origin()} AND ${blob('layer one')}`],
    ['ORIGIN_HOLDING'],
  ],
  [
    'a missing row of a repository',
    () => [`DELETE FROM repository_holdings WHERE ${origin()} AND ${blob('layer one')}`],
    ['REPOSITORY_HOLDING'],
  ],
  [
    'wrong counts of a repository',
    () => [`UPDATE repository_holdings SET named_by = 5, is_manifest = 1 WHERE ${origin()} AND ${blob('layer one')}`],
    ['REPOSITORY_HOLDING'],
  ],
  [
    'both rows missing although a manifest names the digest',
    () =>
      ['repository_holdings', 'origin_holdings'].map(
        (table) => `DELETE FROM ${table} WHERE ${origin()} AND ${blob('layer one')}`,
      ),
    ['ORIGIN_HOLDING', 'REPOSITORY_HOLDING'],
  ],
  [
    'a row of a repository only',
    () => [
      `INSERT INTO repository_holdings (origin_version, digest, repository_id, is_manifest, named_by)
       VALUES ('${acme.originVersion}', '${digest('nothing')}', 77, 0, 1)`,
    ],
    ['REPOSITORY_HOLDING'],
  ],
  [
    'too many used bytes',
    () => [`UPDATE origin_usage SET used_bytes = used_bytes + 1000000 WHERE ${origin()}`],
    ['USAGE_SUMS'],
  ],
  [
    'wrong sums',
    () => [
      `UPDATE origin_usage SET used_bytes = 0, reserved_bytes = 9007199254740993, manifest_count = 0, blob_count = 1 WHERE ${origin()}`,
    ],
    ['USAGE_SUMS'],
  ],
  ['missing sums', () => [`DELETE FROM origin_usage WHERE ${origin()}`], ['USAGE_SUMS']],
  [
    'a blob without holders that can be collected',
    () => [`UPDATE blobs SET holders = 0, unheld_at = 1 WHERE ${blob('shared layer')}`],
    ['BLOB_HOLDERS'],
  ],
  [
    'a blob with one holder too many',
    () => [`UPDATE blobs SET holders = 3 WHERE ${blob('shared layer')}`],
    ['BLOB_HOLDERS'],
  ],
  [
    'a held blob with a time without holders',
    () => [`UPDATE blobs SET unheld_at = 1 WHERE ${blob('layer one')}`],
    ['BLOB_HOLDERS'],
  ],
  [
    'a wrong class',
    () => [`UPDATE manifests SET eviction_class = 0 WHERE ${blob('manifest one')}`],
    ['EVICTION_PLACE'],
  ],
  [
    'a child with its own class',
    () => [`UPDATE manifests SET eviction_class = 2 WHERE ${blob('manifest four')}`],
    ['EVICTION_PLACE'],
  ],
  ['a wrong time', () => [`UPDATE manifests SET eviction_at = 1 WHERE ${blob('the index')}`], ['EVICTION_PLACE']],
  [
    'a use before the last pull',
    () => [`UPDATE manifests SET used_at = 1, eviction_at = 1 WHERE ${blob('manifest one')}`],
    ['EVICTION_PLACE'],
  ],
  [
    'a manifest under another upstream',
    () => [`UPDATE manifests SET origin_version = 'x' WHERE ${blob('manifest one')}`],
    ['BROKEN_LINK'],
  ],
  ['a tag under another upstream', () => [`UPDATE tags SET origin_version = 'x' WHERE name = 'v2'`], ['BROKEN_LINK']],
  ['a tag with another digest', () => [`UPDATE tags SET digest = '${digest('x')}' WHERE name = 'v2'`], ['BROKEN_LINK']],
  [
    'references under another repository',
    () => [
      `UPDATE manifest_references SET repository_id = 99 WHERE manifest_id IN (SELECT id FROM manifests WHERE ${blob('manifest two')})`,
    ],
    ['BROKEN_LINK'],
  ],
  [
    'references without a manifest',
    () => [
      `INSERT INTO manifest_references (manifest_id, repository_id, role, position, digest, media_type, size)
       VALUES (4242, 1, 'LAYER', 0, '${digest('x')}', 'm', 1)`,
    ],
    ['BROKEN_LINK'],
  ],
  [
    'a tag without a manifest',
    () => [
      `INSERT INTO tags (repository_id, origin_version, name, manifest_id, digest, live, started_at, checked_at, refreshed_at, pull_count)
       VALUES (1, '${acme.originVersion}', 'lost', 4242, '${digest('x')}', 1, 1, 1, 1, 0)`,
    ],
    ['BROKEN_LINK'],
  ],
  [
    'a proof of an account that no organization has',
    () => [
      `INSERT INTO blob_proofs (identity, digest, upstream_repository, proven_at)
       VALUES ('account:gone', '${digest('layer one')}', 'library/app', 1)`,
    ],
    ['LEFT_OVER_PROOF'],
  ],
  [
    'a proof of content that is gone',
    () => [
      `INSERT INTO blob_proofs (identity, digest, upstream_repository, proven_at)
       SELECT shared_identity, '${digest('x')}', 'library/app', 1 FROM proxy_configs
       WHERE organization_uid = '${acme.organizationUid}'`,
    ],
    ['LEFT_OVER_PROOF'],
  ],
];

describe('one problem', () => {
  beforeAll(start);
  afterAll(() => world.remove());

  test.each(DAMAGE)('%s is found, reported and repaired', async (_, statements, expected) => {
    const whole = await dumpTables(world.plane, ['invalidations']);
    await world.sql(...statements());
    const damaged = await dumpTables(world.plane);

    const looked = await world.fsck();
    expect([looked.code, kinds(looked)]).toEqual([1, expected]);
    expect(looked.problems.every(({ repaired }) => !repaired)).toBe(true);
    expect(await dumpTables(world.plane)).toBe(damaged);

    const repaired = await world.fsck(['repair']);
    expect([repaired.code, kinds(repaired)]).toEqual([0, expected]);
    expect(repaired.summary).toMatchObject({ outcome: 'REPAIRED', found: expected.length, repaired: expected.length });
    // After a repair of sums, eviction checks the origin.
    await world.sql('UPDATE origin_usage SET prune_pending = 0');
    expect(await dumpTables(world.plane, ['invalidations'])).toBe(whole);

    const again = await world.fsck();
    expect([again.code, again.problems]).toEqual([0, []]);
  });
});

describe('a complete run', () => {
  beforeEach(start);
  afterEach(() => world.remove());

  test('reports nothing and does not wait if there are no problems', async () => {
    const before = await dumpTables(world.plane);
    for (const flags of [[], ['quick'], ['repair']] as const) {
      const result = await world.fsck(flags);
      expect([result.code, result.problems]).toEqual([0, []]);
      expect(result.summary).toMatchObject({ outcome: 'CLEAN', checked: { origins: 2, blobs: 13 } });
      expect(await dumpTables(world.plane)).toBe(before);
    }
  });

  test('lets the collector end a reservation without an end, after it has checked the stores', async () => {
    await world.sql(`UPDATE origin_holdings SET reserved_until = NULL WHERE ${blob('a layer on its way')}`);
    expect(kinds(await world.fsck(['repair']))).toEqual(['ORIGIN_HOLDING']);
    expect(await world.rows('origin_holdings', { digest: digest('a layer on its way') })).toMatchObject([
      { state: 'RESERVED', reserved_until: world.plane.clock.now() },
    ]);
    await world.plane.ask('mutation { collectGarbage { blobsDeleted } }');
    expect(await world.rows('origin_holdings', { digest: digest('a layer on its way') })).toMatchObject([
      { state: 'LAPSED' },
    ]);
    expect((await world.fsck()).code).toBe(0);
  });

  test('deletes a manifest without a repository, with its holdings', async () => {
    await world.sql(`DELETE FROM repositories WHERE name = 'library/second'`);
    const looked = await world.fsck();
    expect(looked.code).toBe(1);
    expect(kinds(looked)).toContain('BROKEN_LINK');
    expect((await world.fsck(['repair'])).code).toBe(0);
    expect((await world.fsck()).problems).toEqual([]);
    expect(await world.rows('manifests', { digest: digest('manifest two') })).toEqual([]);
    expect(await world.rows('tags', { name: 'v2' })).toEqual([]);
    expect(await world.rows('origin_holdings', { digest: digest('config two') })).toEqual([]);
    // Content that another image needs stays.
    expect(await world.rows('blobs', { digest: digest('shared layer') })).toMatchObject([
      { state: 'PRESENT', holders: 2 },
    ]);
    expect(await world.rows('blobs', { digest: digest('config two') })).toMatchObject([{ holders: 0 }]);
  });

  test('reports and repairs all problems at once, and restores the usage', async () => {
    const usage = () =>
      world.plane.ask('{ organization(name: "acme") { usage { usedBytes reservedBytes manifestCount blobCount } } }');
    const right = await usage();
    await world.sql('DELETE FROM origin_holdings', 'DELETE FROM repository_holdings', 'DELETE FROM origin_usage');
    await world.sql(
      'UPDATE blobs SET holders = 0, unheld_at = 1',
      'UPDATE manifests SET eviction_class = 2, eviction_at = 5',
    );
    expect((await world.fsck()).code).toBe(1);
    const repaired = await world.fsck(['repair']);
    expect(repaired.code).toBe(0);
    // Content that has not arrived counts nothing now, because the end of its reservation is lost.
    expect((await world.fsck()).problems).toEqual([]);
    expect(await usage()).toEqual({
      organization: {
        usage: { ...(right['organization'] as { usage: object }).usage, reservedBytes: '0' },
      },
    });
  });
});
