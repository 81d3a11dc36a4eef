import { Table } from '../../../../../schema/tables';
import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';
import { withTables } from '../../../../support/control-plane/open-tables';

let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
  acme = await world.plane.organization('acme', {}, { quota: { limitBytes: 5000, autoPrune: false } });
  await world.cache(acme, 'one', { 'one layer': 400 }, 'latest');
  // The state after the bytes of a manifest were lost: it stays held, but its row in blobs is gone.
  await withTables(world.plane, (tables) => tables(Table.blobs).where('digest', digest('one')).delete());
  world.storage.blobs.delete(digest('one'));
});
afterEach(() => world.end());

const row = async () => (await world.rows<{ holders: number }>(Table.blobs, { digest: digest('one') }))[0];

describe('a manifest with lost bytes', () => {
  test('is restored when it is admitted again', async () => {
    await world.admit(acme, 'one', { 'one layer': 400 });
    expect(await row()).toMatchObject({ holders: 1, unheld_at: null });
  });

  test('has all its holders when another organization admits it', async () => {
    const other = await world.plane.organization('other');
    await world.admit(other, 'one', { 'one layer': 400 });
    expect(await row()).toMatchObject({ holders: 2, unheld_at: null });
  });

  test.each(['is refused', 'arrives as a blob'])(
    'keeps its holder when another organization stores its bytes again and it %s',
    async (how) => {
      const other = await world.plane.organization('other', {}, { quota: { limitBytes: 10, autoPrune: false } });
      if (how === 'arrives as a blob') await world.arrive(other, { one: 100 });
      else expect((await world.admit(other, 'one', { 'one layer': 400 })).decision).toBe('PASS_THROUGH');
      expect(await row()).toMatchObject({ holders: 1, unheld_at: null });
      world.advance(3_600_000);
      await world.collect();
      expect(world.storage.deletions).toEqual([]);
    },
  );
});
