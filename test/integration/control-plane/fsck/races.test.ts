import { digest, type TestRepository } from '../../../support/control-plane/builders';
import { kinds, World } from './support/world';

let world: World;
let acme: TestRepository;
beforeEach(async () => {
  world = await World.start();
  acme = await world.plane.organization('acme');
  await world.admit(acme, 'manifest one', ['config one', 'layer one']);
});
afterEach(() => world.remove());

const holding = (text: string) =>
  world.rows('origin_holdings', { origin_version: acme.originVersion, digest: digest(text) });
const row = (text: string) => world.rows('blobs', { digest: digest(text) });

test('fsck waits for the report of an arrival', async () => {
  await world.admit(acme, 'manifest two', ['layer two'], { tag: 'two' }, false);
  world.storage.put('layer two');
  const result = await world.fsck(['repair'], { whileWaiting: () => world.arrive(acme, ['layer two']) });
  expect([result.code, result.problems]).toEqual([0, []]);
  expect(await holding('layer two')).toMatchObject([{ state: 'HELD' }]);
});

test('fsck accepts bytes that arrive while it waits', async () => {
  const content = world.storage.contents.get(digest('layer one'))!;
  world.storage.contents.delete(digest('layer one'));
  const whileWaiting = (): Promise<void> => {
    world.storage.contents.set(digest('layer one'), content);
    return Promise.resolve();
  };
  expect((await world.fsck(['repair'], { whileWaiting })).problems).toEqual([]);
});

test('content that is being filled is no problem; content in use without a row is reported in the end', async () => {
  world.storage.contents.delete(digest('layer one'));
  world.storage.inUse.add(digest('layer one'));
  world.storage.inUse.add(world.storage.put('read by a client'));
  let waits = 0;
  const result = await world.fsck(['repair'], { whileWaiting: () => Promise.resolve(void (waits += 1)) });
  expect(result.problems).toMatchObject([
    { kind: 'BYTES_WITHOUT_ROW', digest: digest('read by a client'), repaired: true },
  ]);
  expect(waits).toBe(4);
  expect(await holding('layer one')).toMatchObject([{ state: 'HELD' }]);
});

test('content that is collected between two checks is no problem', async () => {
  world.storage.put('left over');
  const whileWaiting = (): Promise<void> => Promise.resolve(void world.storage.contents.delete(digest('left over')));
  expect((await world.fsck(['repair'], { whileWaiting })).problems).toEqual([]);
  // Also if it is deleted at the moment at which it is adopted.
  world.storage.put('left over');
  let stats = 0;
  world.storage.before = (call) => {
    if (call === 'stat' && (stats += 1) === 2) world.storage.contents.delete(digest('left over'));
  };
  expect((await world.fsck(['repair'])).problems).toEqual([]);
  expect(await row('left over')).toEqual([]);
});

test('content that is collected during the second check is no problem', async () => {
  world.storage.put('left over');
  // The content is known and stored at that time; its row is deleted before the next read.
  const whileWaiting = async (): Promise<void> => {
    await world.arrive(acme, ['left over']);
    world.storage.before = async (call) => {
      if (call === 'stat') await world.sql(`DELETE FROM blobs WHERE digest = '${digest('left over')}'`);
    };
  };
  expect((await world.fsck([], { whileWaiting })).problems).toEqual([]);
});

test('a fill that ends when its row is removed is adopted', async () => {
  world.storage.contents.delete(digest('layer one'));
  let stats = 0;
  world.storage.before = async (call) => {
    if (call !== 'stat' || (stats += 1) !== 2) return;
    world.storage.put('layer one');
    await world.prove(acme, ['layer one']);
  };
  expect(kinds(await world.fsck(['repair']))).toEqual(['ROW_WITHOUT_BYTES']);
  expect(await row('layer one')).toMatchObject([{ state: 'PRESENT', holders: 1 }]);
  expect(await holding('layer one')).toMatchObject([{ state: 'HELD' }]);
  expect((await world.fsck()).code).toBe(0);
});

test.each([1, 2])(
  'damaged content that is fetched again before stat call %i is kept, and its holders get an audit event',
  async (look) => {
    world.storage.damage(digest('layer one'));
    let stats = 0;
    world.storage.before = async (call) => {
      if (call !== 'stat' || (stats += 1) !== look) return;
      world.storage.put('layer one');
      // The report arrives later, or has already arrived.
      if (look === 1) await world.arrive(acme, ['layer one']);
    };
    const result = await world.fsck(['repair']);
    expect([result.code, kinds(result)]).toEqual([0, ['WRONG_DIGEST']]);
    expect(await row('layer one')).toMatchObject([{ state: 'PRESENT', holders: 1, unheld_at: null }]);
    expect(await holding('layer one')).toMatchObject([{ state: 'HELD' }]);
    expect(await world.rows('audit_events', { kind: 'CONTENT_QUARANTINED' })).toHaveLength(1);
    expect((await world.fsck()).problems).toEqual([]);
  },
);

test('content whose arrival is recorded between the damage and the quarantine keeps its row', async () => {
  world.storage.damage(digest('layer one'));
  world.storage.before = async (call) => {
    if (call !== 'stat') return;
    world.storage.before = () => undefined;
    world.plane.clock.advance(1);
    await world.arrive(acme, ['layer one']);
  };
  await world.fsck(['repair']);
  // The stat call was too early, but the row is newer than the damaged bytes.
  expect(await row('layer one')).toMatchObject([{ state: 'PRESENT', holders: 1 }]);
});

test('an image that is admitted during fsck is counted once', async () => {
  let admitted = false;
  world.storage.before = async (call) => {
    if (call !== 'verify' || admitted) return;
    admitted = true;
    await world.admit(acme, 'manifest two', ['layer one', 'layer two'], { tag: 'two' });
  };
  expect((await world.fsck(['repair'])).problems).toEqual([]);
  expect((await world.fsck()).problems).toEqual([]);
  expect(await row('layer one')).toMatchObject([{ holders: 1 }]);
});

test('fsck retries a data plane that is briefly unavailable, during a list and during verification', async () => {
  let failures = 0;
  const seen = new Set<string>();
  world.storage.pageSize = 2;
  world.storage.before = (call, digests) => {
    const key = `${call} ${digests.join()}`;
    if (seen.has('list ') && !seen.has(key)) {
      failures += 1;
      seen.add(key);
      throw new Error('away');
    }
    seen.add(key);
  };
  const result = await world.fsck(['repair']);
  expect([result.code, result.problems]).toEqual([0, []]);
  expect(failures).toBe(3);
  expect(result.summary).toMatchObject({ checked: { blobs: 3 } });
});
