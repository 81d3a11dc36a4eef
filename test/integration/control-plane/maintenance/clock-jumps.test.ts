import { Console } from '../../../../control-plane/src/fsck/report/console';
import { runFsck } from '../../../../control-plane/src/fsck/run-fsck';
import { readControlPlaneConfig } from '../../../../control-plane/src/config';
import { Table } from '../../../../schema/tables';
import { digest, type TestRepository } from '../../../support/control-plane/builders';
import { CacheWorld } from '../../../support/control-plane/cache-world';
import { PLANE_SECRET } from '../../../support/plane-secret';
import { waitUntil } from '../../../support/real/wait-until';
import { TestClock } from '../../../support/test-clock';

const DAY = 86_400_000;
const JUMP = 400 * DAY;
const ROUND = 30_000;

let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start({ LAYOVER_AUDIT_RETENTION_DAYS: '30' }, new TestClock());
  acme = await world.plane.organization('acme', { expirationSeconds: 3600 }, { timeMachineSeconds: 7200 });
  await world.cache(acme, 'one', { base: 500, 'one layer': 400 }, 'latest');
  await world.pull(acme, 'one', { reference: 'latest' });
});
afterEach(() => world.end());

/** Lets time pass, in steps in which the background work of the control plane runs. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += ROUND) {
    world.advance(ROUND);
    // A request lets the work of this step go on.
    await world.usage();
  }
}

async function setBack(): Promise<void> {
  world.plane.clock.jump(-JUMP);
  world.advance(10_000);
  await waitUntil('the correction', () => world.plane.log.includes('Times in the future were corrected'));
}

/** Runs fsck, and returns what it prints about problems. */
async function fsck(): Promise<string> {
  let stdout = '';
  const environment = {
    LAYOVER_HOME: world.plane.home,
    LAYOVER_DATABASE_URL: world.plane.databaseUrl,
    LAYOVER_DATA_PLANES: world.storage.address,
    LAYOVER_PLANE_SECRET: PLANE_SECRET,
  };
  await runFsck(readControlPlaneConfig(environment), {
    options: { repair: false, quick: true, json: true },
    console: new Console({ write: (text) => (stdout += text) }, { write: () => undefined }),
    signal: new AbortController().signal,
    clock: new TestClock(world.now, { timers: 'real' }),
  });
  return stdout
    .split('\n')
    .filter((line) => line.includes('"type":"problem"'))
    .join('\n');
}

/** Returns the columns with a time more than a day after `now`. */
async function future(now = world.now): Promise<readonly string[]> {
  const tables = [Table.repositories, Table.manifests, Table.tags, Table.blobs, Table.blobProofs, Table.originHoldings];
  const found: string[] = [];
  for (const table of tables) {
    for (const row of await world.rows<Record<string, unknown>>(table))
      for (const [column, value] of Object.entries(row))
        if (typeof value === 'number' && value > now + DAY) found.push(`${table}.${column}`);
  }
  return found;
}

test('a clock that is set 400 days forward and back deletes nothing, and leaves no time in the future', async () => {
  await pass(10 * ROUND);
  world.plane.clock.jump(JUMP);
  await pass(10 * ROUND);
  expect(world.plane.log).toContain('set forward');
  // Life goes on: a pull, a tag that moves, a new image, a deletion.
  await world.pull(acme, 'one', { reference: 'latest' });
  await world.cache(acme, 'two', { base: 500, 'two layer': 300 }, 'latest');
  await world.cache(acme, 'three', { 'three layer': 200 }, 'gone');
  await world.plane.ask('mutation { deleteTag(organization: "acme", repository: "library/app", tag: "gone") }');
  await world.admit(acme, 'four', { 'four layer': 100 }, { tag: 'four' });
  await pass(4 * ROUND);
  expect(await future(world.now - JUMP)).not.toEqual([]);

  await setBack();
  expect(await future()).toEqual([]);
  expect(await fsck()).toBe('');
  for (const name of ['one', 'base', 'one layer', 'two', 'two layer', 'three', 'three layer'])
    expect([name, world.storage.blobs.has(digest(name))]).toEqual([name, true]);

  // The tag still moves, and expires when it should.
  await world.cache(acme, 'five', { base: 500 }, 'latest');
  expect((await world.lookup(acme, 'latest'))?.manifest?.digest).toBe(digest('five'));
  const [live] = (await world.tags()).filter(({ name }) => name === 'latest');
  expect(Date.parse(live!.expiresAt!)).toBeLessThanOrEqual(world.now + 3_600_000);
  // What nothing pulls any more is collected in the usual time.
  for (let round = 0; round < 4; round += 1) {
    world.advance(4 * 3_600_000);
    await world.collect();
  }
  expect(await world.tags(null)).toEqual([]);
  expect([...world.storage.blobs.keys()]).toEqual([]);
  expect(await fsck()).toBe('');
});

test('a control plane that starts with a clock of the future deletes nothing for an hour, and is right when it is set back', async () => {
  await world.plane.stop();
  world.plane.clock.jump(JUMP);
  await world.plane.start();
  expect(world.plane.log).toContain('Nothing was recorded for more than a day');
  await pass(20 * ROUND);
  await world.pull(acme, 'one', { reference: 'latest' });
  expect(world.storage.blobs.has(digest('one'))).toBe(true);
  await world.plane.stop();
  world.plane.clock.jump(-JUMP);
  await world.plane.start();
  world.advance(10_000);
  await waitUntil('the correction', async () => (await future()).length === 0);
  expect(await fsck()).toBe('');
});

test('a data plane with a clock of the future has no effect on later pulls', async () => {
  const { now } = world;
  world.plane.clock.jump(JUMP);
  // The identity of the request has the time of the data plane, too.
  const record = { reference: 'latest', checkedAt: world.now };
  const events = world.pull(acme, 'one', record);
  world.plane.clock.jump(-JUMP);
  await events;
  expect(await future()).toEqual([]);
  expect((await world.lookup(acme, 'latest'))?.checkedAt).toBeLessThanOrEqual(now + 60_000);
});
