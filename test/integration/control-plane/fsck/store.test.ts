import { digest, type TestRepository } from '../../../support/control-plane/builders';
import { dumpTables } from '../../../support/control-plane/open-tables';
import { type FakeStorage, startFakeStorage } from '../../../support/fsck/fake-storage';
import { kinds, World } from './support/world';

let world: World;
let acme: TestRepository;
let other: TestRepository;
beforeEach(async () => {
  world = await World.start();
  acme = await world.plane.organization('acme');
  other = await world.plane.organization('other');
  await world.admit(acme, 'manifest one', ['config one', 'shared layer', 'layer one']);
  await world.admit(other, 'manifest two', ['config two', 'shared layer']);
});
afterEach(() => world.remove());

const used = async (organization: string): Promise<number> => {
  const data = await world.plane.ask<{ organization: { usage: { usedBytes: string } } }>(
    'query ($name: String!) { organization(name: $name) { usage { usedBytes } } }',
    { name: organization },
  );
  return Number(data.organization.usage.usedBytes);
};
const lengths = (...texts: readonly string[]): number => texts.reduce((total, text) => total + text.length, 0);
const holding = (repository: TestRepository, text: string) =>
  world.rows('origin_holdings', { origin_version: repository.originVersion, digest: digest(text) });
const row = (text: string) => world.rows('blobs', { digest: digest(text) });

/**
 * Expects problems without a change of tables and stores, then repairs them and expects a clean
 * run.
 */
async function findAndRepair(expected: readonly string[]): Promise<void> {
  const [tables, contents] = [await dumpTables(world.plane), new Map(world.storage.contents)];
  const aside = world.storage.aside.size;
  const looked = await world.fsck();
  expect([looked.code, kinds(looked)]).toEqual([1, expected]);
  expect(await dumpTables(world.plane)).toBe(tables);
  expect([world.storage.contents, world.storage.aside.size]).toEqual([contents, aside]);
  const repaired = await world.fsck(['repair']);
  expect([repaired.code, kinds(repaired)]).toEqual([0, expected]);
  const again = await world.fsck();
  expect([again.code, again.problems]).toEqual([0, []]);
}

describe('bytes without a row', () => {
  test('that nothing needs are collected after the grace period, not before', async () => {
    world.storage.put('left over');
    await findAndRepair(['BYTES_WITHOUT_ROW']);
    expect(await row('left over')).toMatchObject([{ state: 'PRESENT', holders: 0, size: 9 }]);
    await world.plane.ask('mutation { collectGarbage { blobsDeleted } }');
    expect(world.storage.contents.has(digest('left over'))).toBe(true);
    world.plane.clock.advance(3_600_000);
    await world.plane.ask('mutation { collectGarbage { blobsDeleted } }');
    expect(world.storage.contents.has(digest('left over'))).toBe(false);
    expect((await world.fsck()).code).toBe(0);
  });

  test('that an image waits for count as used, although the report of their arrival was lost', async () => {
    await world.admit(acme, 'manifest three', ['a layer that came'], { tag: 'three' }, false);
    world.storage.put('a layer that came');
    await world.prove(acme, ['a layer that came']);
    await findAndRepair(['BYTES_WITHOUT_ROW']);
    expect(await holding(acme, 'a layer that came')).toMatchObject([{ state: 'HELD', reserved_until: null }]);
    expect(await row('a layer that came')).toMatchObject([{ holders: 1, unheld_at: null }]);
  });

  test('that an image waits for stay reserved without a proof of the right to read them', async () => {
    await world.admit(acme, 'manifest three', ['a layer that came'], { tag: 'three' }, false);
    world.storage.put('a layer that came');
    await findAndRepair(['BYTES_WITHOUT_ROW']);
    expect(await holding(acme, 'a layer that came')).toMatchObject([{ state: 'RESERVED' }]);
    expect(await row('a layer that came')).toMatchObject([{ holders: 0 }]);
  });

  test('that count as used already get their row and their holders back', async () => {
    await world.sql(`DELETE FROM blobs WHERE digest IN ('${digest('shared layer')}', '${digest('manifest one')}')`);
    await findAndRepair(['BYTES_WITHOUT_ROW', 'BYTES_WITHOUT_ROW']);
    expect(await row('shared layer')).toMatchObject([{ holders: 2, unheld_at: null }]);
    expect(await row('manifest one')).toMatchObject([{ holders: 1, unheld_at: null }]);
    expect(await used('other')).toBe(lengths('manifest two', 'config two', 'shared layer'));
  });

  test('that no longer fit the quota are served, count nothing, and are collected', async () => {
    await world.admit(acme, 'manifest three', ['a layer of a size'], { tag: 'three' }, false);
    world.plane.clock.advance(16 * 60_000);
    await world.plane.ask('mutation { collectGarbage { blobsDeleted } }');
    const limitBytes = String((await used('acme')) + 5);
    await world.plane.ask(
      'mutation ($input: OrganizationPatch!) { updateOrganization(name: "acme", input: $input) { id } }',
      {
        input: { quota: { limitBytes, autoPrune: false } },
      },
    );
    world.storage.put('a layer of a size');
    await world.prove(acme, ['a layer of a size']);
    await findAndRepair(['BYTES_WITHOUT_ROW']);
    expect(await holding(acme, 'a layer of a size')).toMatchObject([{ state: 'LAPSED' }]);
    expect(await used('acme')).toBeLessThanOrEqual(Number(limitBytes));
  });

  test('that are recorded as quarantined are counted again', async () => {
    world.storage.damage(digest('layer one'));
    await world.fsck(['repair']);
    world.storage.put('layer one');
    await findAndRepair(['BYTES_WITHOUT_ROW']);
    expect(await holding(acme, 'layer one')).toMatchObject([{ state: 'HELD' }]);
  });
});

describe('a row without bytes', () => {
  test('of a layer counts nothing until the next pull', async () => {
    world.storage.contents.delete(digest('shared layer'));
    await findAndRepair(['ROW_WITHOUT_BYTES']);
    expect(await row('shared layer')).toEqual([]);
    for (const repository of [acme, other])
      expect(await holding(repository, 'shared layer')).toMatchObject([{ state: 'LAPSED' }]);
    expect(await used('other')).toBe(lengths('manifest two', 'config two'));
    world.storage.put('shared layer');
    await world.arrive(acme, ['shared layer']);
    expect(await used('other')).toBe(lengths('manifest two', 'config two', 'shared layer'));
    expect((await world.fsck()).code).toBe(0);
  });

  test('of a manifest still counts, and its bytes return with the next pull', async () => {
    world.storage.contents.delete(digest('manifest one'));
    await findAndRepair(['ROW_WITHOUT_BYTES']);
    expect(await holding(acme, 'manifest one')).toMatchObject([{ state: 'HELD' }]);
    await world.admit(acme, 'manifest one', [], {}, false);
    expect(await row('manifest one')).toMatchObject([{ state: 'PRESENT', holders: 1 }]);
    expect((await world.fsck()).code).toBe(0);
  });

  test('is found after the last stored digest, and if nothing is stored', async () => {
    world.storage.contents.clear();
    const texts = ['manifest one', 'config one', 'shared layer', 'layer one', 'manifest two', 'config two'];
    await findAndRepair(texts.map(() => 'ROW_WITHOUT_BYTES'));
    expect(await world.rows('blobs')).toEqual([]);
    expect(await used('acme')).toBe(lengths('manifest one'));
  });

  test('is found if only a holding remains', async () => {
    await world.sql(`DELETE FROM blobs WHERE digest = '${digest('layer one')}'`);
    world.storage.contents.delete(digest('layer one'));
    await findAndRepair(['HELD_WITHOUT_BYTES']);
    expect(await holding(acme, 'layer one')).toMatchObject([{ state: 'LAPSED' }]);
    expect(await used('acme')).toBe(lengths('manifest one', 'config one', 'shared layer'));
  });
});

describe('a wrong size', () => {
  test('of the row is corrected everywhere if the bytes match the digest', async () => {
    await world.sql(
      `UPDATE blobs SET size = 9000000000 WHERE digest = '${digest('shared layer')}'`,
      `UPDATE origin_holdings SET size = 9000000000 WHERE digest = '${digest('shared layer')}' AND origin_version = '${acme.originVersion}'`,
      `UPDATE origin_usage SET used_bytes = used_bytes + 9000000000 - 12 WHERE origin_version = '${acme.originVersion}'`,
      `UPDATE manifests SET size = 1 WHERE digest = '${digest('manifest two')}'`,
    );
    await findAndRepair(['WRONG_SIZE', 'WRONG_SIZE']);
    expect(await row('shared layer')).toMatchObject([{ size: 12 }]);
    expect(await used('acme')).toBe(lengths('manifest one', 'config one', 'shared layer', 'layer one'));
    expect(await world.rows('manifests', { digest: digest('manifest two') })).toMatchObject([{ size: 12 }]);
  });

  test('of truncated bytes leads to quarantine', async () => {
    const short = digest('layer one');
    world.storage.contents.set(short, world.storage.contents.get(short)!.subarray(0, 4));
    await findAndRepair(['WRONG_DIGEST']);
    expect(world.storage.aside.get(short)).toHaveLength(4);
    expect(await row('layer one')).toMatchObject([{ state: 'QUARANTINED' }]);
  });

  test('is reported but not repaired with --quick, because nothing is read', async () => {
    await world.sql(`UPDATE blobs SET size = 99 WHERE digest = '${digest('layer one')}'`);
    world.storage.damage(digest('config one'));
    const result = await world.fsck(['quick', 'repair']);
    expect([result.code, kinds(result)]).toEqual([1, ['WRONG_SIZE']]);
    expect(result.problems[0]).toMatchObject({
      repaired: false,
      message: expect.stringContaining('without --quick') as string,
    });
    expect(world.storage.verified).toBe(0);
    expect(await row('layer one')).toMatchObject([{ size: 99 }]);
    const text = await world.fsck(['quick'], { json: false });
    expect(text.stdout).toContain('damaged bytes were not detected');
  });
});

describe('a wrong digest', () => {
  test('of a layer of two organizations is quarantined, audited for both, and fetched again', async () => {
    world.storage.damage(digest('shared layer'));
    await findAndRepair(['WRONG_DIGEST']);
    expect([...world.storage.aside.keys()]).toEqual([digest('shared layer')]);
    expect(await row('shared layer')).toMatchObject([{ state: 'QUARANTINED', holders: 0 }]);
    const events = await world.plane.ask<{ auditEvents: { edges: { node: Record<string, unknown> }[] } }>(
      '{ auditEvents(filter: {kinds: [CONTENT_QUARANTINED]}, first: 10) { edges { node { organization digest actor detail } } } }',
    );
    const nodes = events.auditEvents.edges.map(({ node }) => node);
    expect(nodes.map(({ organization }) => organization).sort()).toEqual(['acme', 'other']);
    for (const node of nodes) {
      expect(node).toMatchObject({ digest: digest('shared layer'), actor: 'system' });
      const detail = (typeof node['detail'] === 'string' ? JSON.parse(node['detail']) : node['detail']) as object;
      expect(detail).toMatchObject({
        digest: digest('shared layer'),
        sizeBytes: '12',
        dataPlane: world.storage.address,
        whatToDo: expect.stringContaining('the next pull fetches the content') as string,
      });
    }
    world.storage.put('shared layer');
    await world.arrive(other, ['shared layer']);
    expect(await row('shared layer')).toMatchObject([{ state: 'PRESENT', holders: 2 }]);
    expect((await world.fsck()).code).toBe(0);
  });

  test('of a manifest is quarantined, and the manifest still counts', async () => {
    world.storage.damage(digest('manifest one'));
    await findAndRepair(['WRONG_DIGEST']);
    expect(await row('manifest one')).toMatchObject([{ state: 'QUARANTINED', holders: 1 }]);
    await world.admit(acme, 'manifest one', [], {}, false);
    expect(await row('manifest one')).toMatchObject([{ state: 'PRESENT', holders: 1 }]);
    expect((await world.fsck()).code).toBe(0);
  });

  test('of content without a row is quarantined without an audit event', async () => {
    world.storage.damage(world.storage.put('left over'));
    await findAndRepair(['WRONG_DIGEST']);
    expect(await row('left over')).toEqual([]);
    expect(await world.rows('audit_events', { kind: 'CONTENT_QUARANTINED' })).toEqual([]);
  });

  test('content that cannot be read is reported and not changed', async () => {
    world.storage.unreadable.add(digest('layer one'));
    const tables = await dumpTables(world.plane);
    const result = await world.fsck(['repair']);
    expect([result.code, kinds(result)]).toEqual([1, ['UNREADABLE']]);
    expect(result.summary).toMatchObject({ outcome: 'PROBLEMS', found: 1, repaired: 0 });
    expect(await dumpTables(world.plane)).toBe(tables);
  });
});

describe('two data planes with separate stores', () => {
  let second: FakeStorage;
  beforeEach(async () => {
    second = await startFakeStorage();
  });
  afterEach(() => second.stop());
  const environment = () => ({ LAYOVER_DATA_PLANES: `${world.storage.address},${second.address}` });
  const fsck = (...flags: ('repair' | 'quick')[]) => world.fsck(flags, { environment: environment() });

  test('content of either one is present, with pages of different lengths', async () => {
    for (const [index, [digest, content]] of [...world.storage.contents].entries()) {
      if (index % 3 > 0) second.contents.set(digest, content);
      if (index % 3 === 1) world.storage.contents.delete(digest);
    }
    world.storage.pageSize = 1;
    second.pageSize = 2;
    expect((await fsck('repair')).problems).toEqual([]);
  });

  test('every copy is verified; a damaged one is quarantined and a valid one stays', async () => {
    second.contents.set(digest('layer one'), world.storage.contents.get(digest('layer one'))!);
    second.damage(digest('layer one'));
    const result = await fsck('repair');
    expect([result.code, kinds(result)]).toEqual([0, ['WRONG_DIGEST']]);
    expect([second.aside.size, world.storage.aside.size]).toEqual([1, 0]);
    expect(await row('layer one')).toMatchObject([{ state: 'PRESENT', holders: 1 }]);
    expect(await holding(acme, 'layer one')).toMatchObject([{ state: 'HELD' }]);
    expect(await world.rows('audit_events', { kind: 'CONTENT_QUARANTINED' })).toHaveLength(1);
    expect((await fsck()).code).toBe(0);
  });

  test('nothing is reported or repaired if one does not answer', async () => {
    second.stop();
    const tables = await dumpTables(world.plane);
    const result = await fsck('repair');
    expect([result.code, result.problems]).toEqual([2, []]);
    expect(result.summary).toMatchObject({
      outcome: 'FAILED',
      reason: expect.stringContaining(second.address) as string,
    });
    expect(await dumpTables(world.plane)).toBe(tables);
    second = await startFakeStorage();
  });
});

test('the state of a journal is printed, and is no problem', async () => {
  const clean = await world.fsck(['quick'], { json: false });
  expect(clean.stdout).not.toContain('journal');
  world.storage.journal = { failure: 'EROFS', damagedFiles: 2, damagedBytes: 192, lostRecords: 3, droppedRecords: 1 };
  const damaged = await world.fsck(['quick'], { json: false });
  expect(damaged.stdout).toContain(
    `The journal of ${world.storage.address} cannot be written (EROFS), keeps 2 damaged parts (192 B) in *.damaged, ` +
      'lost 3 damaged records since its start, dropped 1 record since its start.\n',
  );
  expect(damaged.code).toBe(0);
  expect((await world.fsck(['quick'])).summary['journals']).toHaveLength(1);
  world.storage.journal = undefined;
  expect((await world.fsck(['quick'])).summary['journals']).toEqual([]);
});
