import { createLogger } from '../../../common/runtime/logger';
import { Database } from '../../../control-plane/src/db/database';
import { DatabaseReadiness } from '../../../control-plane/src/db/database-readiness';
import { type MaintenanceLeaseRow, Table } from '../../../schema/tables';
import { startControlPlane, type TestControlPlane } from '../../support/control-plane/start-control-plane';
import { describeOnServers } from '../../support/mysql-server/describe-on-servers';
import { MysqlServer } from '../../support/mysql-server/mysql-server';
import { startSwitchingRelay, type SwitchingRelay } from '../../support/mysql-server/switching-relay';
import { TestClock } from '../../support/test-clock';

const log = createLogger('test', 'silent');
const PASSWORD = 'secret-of-tests';
/** The lease whose owner is the name of the server that it was read from. */
const SERVER = 'server';
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

describeOnServers('a failover to another database server', (flavour) => {
  let old: MysqlServer;
  let fresh: MysqlServer;
  let relay: SwitchingRelay;
  let database: Database;

  /** Settings that make a server refuse writes of users without administrative rights. */
  const settings = flavour.project === 'mysql8' ? ['read_only', 'super_read_only'] : ['read_only'];
  const readOnlyTransactions = flavour.project === 'mysql8' ? 'transaction_read_only' : 'tx_read_only';
  const set = (server: MysqlServer, name: string, value: 0 | 1): Promise<unknown> =>
    server.execute(`SET GLOBAL ${name} = ${value}`);

  beforeAll(async () => {
    [old, fresh] = await Promise.all([MysqlServer.start(flavour), MysqlServer.start(flavour)]);
    for (const [server, name] of [
      [old, 'old'],
      [fresh, 'new'],
    ] as const) {
      // The rights of docs/mysql.md: an administrator could write to a read-only server.
      await server.execute(
        'CREATE DATABASE layover',
        `CREATE USER 'layover'@'127.0.0.1' IDENTIFIED BY '${PASSWORD}'`,
        'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON layover.* TO ' + "'layover'@'127.0.0.1'",
      );
      const direct = open(server.port);
      await direct.migrate();
      await direct.transaction((queries) =>
        queries(Table.maintenanceLeases).insert({ name: SERVER, owner: name, valid_until: 0 }),
      );
      await direct.close();
    }
  }, 120_000);
  afterAll(async () => {
    await old.remove();
    await fresh.remove();
  });

  beforeEach(async () => {
    relay = await startSwitchingRelay(old.port);
    database = open(relay.port);
  });
  afterEach(async () => {
    await database.close();
    await relay.close();
    for (const server of [old, fresh]) {
      for (const name of [...settings].reverse()) await set(server, name, 0);
      await set(server, readOnlyTransactions, 0);
      await server.execute(`DELETE FROM layover.${Table.maintenanceLeases} WHERE name <> '${SERVER}'`);
    }
  });

  function open(port: number): Database {
    const address = { host: '127.0.0.1', port, user: 'layover', password: PASSWORD, database: 'layover' };
    return Database.open({ dialect: 'mysql', ...address }, log);
  }

  async function readFrom(): Promise<string> {
    const row = await database.reader<MaintenanceLeaseRow>(Table.maintenanceLeases).where('name', SERVER).first();
    return row!.owner;
  }

  const write = (name: string): Promise<unknown> =>
    database.transaction((queries) => queries(Table.maintenanceLeases).insert({ name, owner: 'test', valid_until: 0 }));

  /** Fills the pool with connections to the present server. */
  const fillPool = (): Promise<readonly string[]> => Promise.all(NAMES.map(() => readFrom()));

  test.each(settings)('moves all writes and reads to the new server when the old one has %s', async (setting) => {
    expect(new Set(await fillPool())).toEqual(new Set(['old']));
    await set(old, setting, 1);
    relay.switchTo(fresh.port);
    await write('first');
    expect(new Set(await fillPool())).toEqual(new Set(['new']));
    await Promise.all(NAMES.map(write));
    const written = await fresh.execute(`SELECT name FROM layover.${Table.maintenanceLeases} ORDER BY name`);
    expect(written.map((row) => row['name'])).toEqual([...NAMES, 'first', SERVER].sort());
  });

  test('moves writes that meet the failover at the same time', async () => {
    await fillPool();
    await set(old, 'read_only', 1);
    relay.switchTo(fresh.port);
    await Promise.all(NAMES.map(write));
    expect(new Set(await fillPool())).toEqual(new Set(['new']));
  });

  test('leaves a server that begins every transaction as read-only', async () => {
    await set(old, readOnlyTransactions, 1);
    await fillPool();
    relay.switchTo(fresh.port);
    await write('first');
    expect(await readFrom()).toBe('new');
  });

  test('runs a transaction again whose COMMIT the old server refuses', async () => {
    let runs = 0;
    await database.transaction(async (queries) => {
      runs += 1;
      await queries(Table.maintenanceLeases).insert({ name: 'moved', owner: 'test', valid_until: 0 });
      if (runs > 1) return;
      await set(old, 'read_only', 1);
      relay.switchTo(fresh.port);
    });
    const query = `SELECT name FROM layover.${Table.maintenanceLeases} WHERE name = 'moved'`;
    expect([runs, await old.execute(query), await fresh.execute(query)]).toEqual([2, [], [{ name: 'moved' }]]);
  });

  test('gives up after a bounded number of attempts while every server is read-only', async () => {
    await set(old, 'read_only', 1);
    let runs = 0;
    const work = database.transaction((queries) => {
      runs += 1;
      return queries(Table.maintenanceLeases).insert({ name: 'never', owner: 'test', valid_until: 0 });
    });
    await expect(work).rejects.toMatchObject({ code: 'ER_OPTION_PREVENTS_STATEMENT', errno: 1290 });
    expect(runs).toBe(6);
    expect(await readFrom()).toBe('old');
  });

  test('moves the reads of a plane that writes nothing when it probes the database', async () => {
    const clock = new TestClock(0);
    const readiness = new DatabaseReadiness({ database, clock, log });
    expect(await readiness.whyUnready()).toBeUndefined();
    await fillPool();
    await set(old, 'read_only', 1);
    clock.advance(1000);
    expect(await readiness.whyUnready()).toBe('database: the server is read-only');
    relay.switchTo(fresh.port);
    expect(await readiness.whyUnready()).toBeUndefined();
    expect(new Set(await fillPool())).toEqual(new Set(['new']));
  });

  describe('of a control plane', () => {
    let plane: TestControlPlane;
    beforeEach(async () => {
      const url = `mysql://layover:${PASSWORD}@127.0.0.1:${relay.port}/layover`;
      plane = await startControlPlane({ LAYOVER_DATABASE_URL: url });
    });
    afterEach(() => plane.remove());

    const ready = async (): Promise<readonly [number, string]> => {
      const answer = await fetch(`${plane.url}/readyz`);
      return [answer.status, await answer.text()];
    };

    test('is not ready and refuses changes while the server is read-only', async () => {
      expect(await ready()).toEqual([200, 'ready\n']);
      await set(old, 'read_only', 1);
      plane.clock.advance(1000);
      expect(await ready()).toEqual([503, 'database: the server is read-only\n']);
      const { errors } = await plane.graphql('mutation { applyOrganization(input: {name: "late"}) { id } }');
      expect(errors?.map(({ extensions, message }) => [extensions.code, message])).toEqual([
        ['UNAVAILABLE', 'The database server is read-only, for example after a failover. Try again later.'],
      ]);
      expect((await plane.graphql('{ organizations { edges { node { name } } } }')).errors).toBeUndefined();
      await set(old, 'read_only', 0);
      expect(await ready()).toEqual([200, 'ready\n']);
      await plane.ask('mutation { applyOrganization(input: {name: "late"}) { id } }');
    });
  });
});
