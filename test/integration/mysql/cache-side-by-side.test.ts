import { setTimeout as pause } from 'node:timers/promises';
import { Table } from '../../../schema/tables';
import { admission, digest, layer, type TestRepository } from '../../support/control-plane/builders';
import { CacheWorld } from '../../support/control-plane/cache-world';
import { TestClock } from '../../support/test-clock';
import { withTables } from '../../support/control-plane/open-tables';
import { FakeStorage } from '../../support/fake-storage';
import { describeOnServers } from '../../support/mysql-server/describe-on-servers';
import { MysqlServer } from '../../support/mysql-server/mysql-server';
import { waitUntil } from '../../support/real/wait-until';

const MINUTE = 60_000;

describeOnServers('two control planes with one cache', (flavour) => {
  let server: MysqlServer;
  let storage: FakeStorage;
  let worlds: CacheWorld[] = [];
  let acme: TestRepository;
  let databases = 0;
  beforeAll(async () => {
    server = await MysqlServer.start(flavour);
    storage = await FakeStorage.start();
  }, 60_000);
  afterAll(async () => {
    await storage?.stop();
    await server?.remove();
  });
  afterEach(async () => {
    const [first, ...others] = worlds.splice(0);
    for (const other of others) await other.remove();
    await first?.end();
    storage.blobs.clear();
    storage.calls.length = 0;
    storage.switches.before = () => undefined;
    storage.switches.after = () => undefined;
  });

  /** Starts two control planes with one clock, so that they see the same time. */
  async function startTwo(
    clock: TestClock = TestClock.withoutTimers(),
    quota?: object,
    environment: Record<string, string> = {},
  ): Promise<readonly [CacheWorld, CacheWorld]> {
    const name = `cache_${++databases}`;
    await server.execute(`CREATE DATABASE ${name}`);
    const shared = {
      LAYOVER_DATABASE_URL: `${server.url}/${name}`,
      LAYOVER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      ...environment,
    };
    const first = await CacheWorld.start(shared, clock, storage);
    worlds = [first];
    worlds.push(await CacheWorld.start(shared, clock, storage));
    acme = await first.plane.organization('acme', {}, quota === undefined ? {} : { quota });
    return worlds as unknown as readonly [CacheWorld, CacheWorld];
  }
  const rows = (table: string, where = '1 = 1') =>
    server.execute(`SELECT * FROM cache_${databases}.${table} WHERE ${where}`);
  const purge = (world: CacheWorld) =>
    world.plane.ask('mutation { purgeRepository(organization: "acme", repository: "library/app") }');
  /** Resolves when a statement waits for a lock. */
  const waitForLock = () =>
    waitUntil('a statement to wait for a lock', async () => {
      // The server refreshes this table at most every 100 ms, and only if it was not read
      // meanwhile.
      await pause(200);
      const waiting = await server.execute(
        `SELECT COUNT(*) AS n FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'`,
      );
      return Number(waiting[0]!['n']) > 0;
    });

  test('keep the limit and admit as many images as fit when both admit 32 images at the same time', async () => {
    const [a, b] = await startTwo(TestClock.withoutTimers(), { limitBytes: 10_000, autoPrune: false });
    let running = true;
    let most = 0;
    const sample = (async () => {
      while (running) most = Math.max(most, await a.bytes());
    })();
    const replies = await Promise.all(
      Array.from({ length: 32 }, (_, n) =>
        [a, b][n % 2]!.admit({ ...acme, repository: `library/app${n % 5}` }, `image ${n}`, { [`layer ${n}`]: 900 }),
      ),
    );
    running = false;
    await sample;
    expect(replies.filter(({ decision }) => decision === 'ADMITTED')).toHaveLength(10);
    expect(most).toBeLessThanOrEqual(10_000);
    expect(await b.bytes()).toBe(10_000);
  }, 60_000);

  test('have correct counts after concurrent admissions, arrivals, purges and collections', async () => {
    const [a, b] = await startTwo(TestClock.withoutTimers(), { limitBytes: 6000 }, { LAYOVER_GC_GRACE_SECONDS: '0' });
    for (let round = 0; round < 6; round++) {
      a.advance(40_000);
      await Promise.all([
        ...[a, b].flatMap((world, side) =>
          Array.from({ length: 6 }, async (_, n) => {
            const name = `image ${(round + n) % 8}`;
            const layers = { base: 700, [`layer ${(n + side) % 4}`]: 400 };
            await world.admit(acme, name, layers, { tag: `t${n}` });
            await world.arrive(acme, layers);
            await world.pull(acme, name, { reference: `t${n}` });
          }),
        ),
        a.collect(),
        b.collect(),
        ...(round % 2 === 1 ? [purge(b)] : []),
      ]);
      expect(await a.bytes()).toBeLessThanOrEqual(6000);
    }
    expect(await a.problems()).toEqual([]);
  }, 120_000);

  test('let an admission wait for a blob that is being released, and reserve room for it', async () => {
    const [a] = await startTwo();
    await a.cache(acme, 'one', { 'one layer': 400 });
    await purge(a);
    const admitted = await withTables(a.plane, async (tables) => {
      const deleting = await tables.transaction();
      await deleting(Table.blobs)
        .where('digest', digest('one layer'))
        .update({ state: 'DELETING', deleting_at: a.now });
      const reply = a.admit(acme, 'two', { 'one layer': 400 }, { tag: 'two' });
      await waitForLock();
      await deleting.commit();
      return reply;
    });
    expect(admitted.decision).toBe('ADMITTED');
    expect(await a.usage()).toMatchObject({ used: 100, reserved: 400 });
    await a.arrive(acme, { 'one layer': 400 });
  }, 60_000);

  test('collect one at a time; the other takes over when the collector stops or dies', async () => {
    const clock = new TestClock();
    const [a, b] = await startTwo(clock, undefined, { LAYOVER_GC_INTERVAL_SECONDS: '30' });
    const leases = () => rows(Table.maintenanceLeases, `name = 'garbage'`);
    clock.advance(5_000);
    await waitUntil('a first round', async () => (await leases()).length > 0);
    const owner = (await leases())[0]!['owner'];
    for (let i = 0; i < 3; i++) {
      clock.advance(30_000);
      // The lease is renewed after half of its duration.
      await waitUntil('a round', async () => {
        // The next round is scheduled when the previous one ends, possibly after the clock was
        // advanced.
        clock.advance(1_000);
        return Number((await leases())[0]!['valid_until']) >= clock.now() + 60_000;
      });
      expect((await leases())[0]!['owner']).toBe(owner);
    }
    // A dead collector does not release its lease, which expires.
    await server.execute(`UPDATE cache_${databases}.maintenance_leases SET owner = 'gone' WHERE name = 'garbage'`);
    clock.advance(Number((await leases())[0]!['valid_until']) - clock.now() - 1);
    expect((await leases())[0]!['owner']).toBe('gone');
    await waitUntil('another owner of the lease', async () => {
      clock.advance(1_000);
      return (await leases())[0]!['owner'] !== 'gone';
    });
    // A stopped collector releases its lease, so the other one does not wait.
    const other = (await leases())[0]!['owner'];
    await a.plane.stop();
    await b.plane.stop();
    expect(await leases()).toMatchObject([{ valid_until: 0 }]);
    expect(other).toBeDefined();
    await a.plane.start();
  });

  test('delete everything once and lose no new content when both collect at the same time', async () => {
    const [a, b] = await startTwo();
    await a.cache(acme, 'one', { 'one layer': 400 });
    await purge(a);
    a.advance(MINUTE);
    let second: Promise<unknown> | undefined;
    storage.switches.after = async (method) => {
      if (method !== 'DeleteBlobs' || second !== undefined) return;
      second = b.collect();
      await second;
      await b.cache(acme, 'two', { 'one layer': 400 });
    };
    await a.collect();
    expect(storage.deletions.filter((it) => it === digest('one layer'))).toHaveLength(1);
    expect(await a.usage()).toMatchObject({ used: 500, reserved: 0 });
    expect(storage.blobs.has(digest('one layer'))).toBe(true);
  });

  test('send invalidations to watchers of the other one within a second', async () => {
    const clock = new TestClock();
    const [a, b] = await startTwo(clock);
    const stream = b.plane.catalog.watch();
    await stream.snapshot();
    const nextInvalidation = async () => {
      clock.advance(1000);
      for (;;) {
        const message = await stream.next();
        if (message === undefined) throw new Error('the stream has ended');
        if (message.invalidation) return message.invalidation;
      }
    };
    await a.cache(acme, 'one', {}, 'latest');
    await a.plane.ask('mutation { deleteTag(organization: "acme", repository: "library/app", tag: "latest") }');
    expect(await nextInvalidation()).toMatchObject({ repository: 'library/app', tag: 'latest' });
    await a.update({ quota: { limitBytes: 10 } });
    // First the tag, which a data plane may know as expired, then the manifest that it pointed to.
    expect(await nextInvalidation()).toMatchObject({ repository: 'library/app', tag: 'latest', digest: '' });
    expect(await nextInvalidation()).toMatchObject({ repository: 'library/app', tag: '', digest: digest('one') });
    await a.plane.catalog.call('RecordPulls', {
      records: [
        { id: 'x', at: clock.now(), admission: admission(acme, 'big', { references: [layer('big layer', 99)] }) },
      ],
    });
    expect(await nextInvalidation()).toMatchObject({ repository: 'library/app', tag: 'latest', digest: digest('big') });
  });
});
