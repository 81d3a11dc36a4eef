import { Deferred } from '../../../common/async/deferred';
import { createLogger } from '../../../common/runtime/logger';
import { Database } from '../../../control-plane/src/db/database';
import { Table } from '../../../schema/tables';
import { admission, pull } from '../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../support/control-plane/start-control-plane';
import { describeOnServers } from '../../support/mysql-server/describe-on-servers';
import { MysqlServer } from '../../support/mysql-server/mysql-server';

const CODES = '{ organizations { edges { node { name } } } }';

describeOnServers('an outage of the database server', (flavour) => {
  let server: MysqlServer;
  let plane: TestControlPlane;
  beforeEach(async () => {
    server = await MysqlServer.start(flavour);
    await server.execute('CREATE DATABASE layover');
    plane = await startControlPlane({ LAYOVER_DATABASE_URL: `${server.url}/layover`, LAYOVER_DATABASE_POOL: '2' });
  }, 60_000);
  afterEach(async () => {
    await plane.remove();
    await server.remove();
  });

  test('makes calls fail with UNAVAILABLE until the server is back', async () => {
    const repository = await plane.organization('acme');
    const record = pull(repository, 'image', Date.UTC(2026, 0, 2));
    const stream = plane.catalog.watch();
    await stream.snapshot();
    await server.kill();
    const { status, errors } = await plane.graphql(CODES);
    expect([status, errors?.map(({ extensions, message }) => [extensions.code, message])]).toEqual([
      503,
      [['UNAVAILABLE', 'The database does not answer. Try again later.']],
    ]);
    const lookup = plane.catalog.call('LookupTag', { repository, tag: 'latest' });
    await expect(lookup).rejects.toMatchObject({ key: 'NOT_READY' });
    await expect(plane.catalog.call('AdmitManifest', admission(repository, 'image'))).rejects.toMatchObject({
      key: 'NOT_READY',
    });
    await expect(plane.catalog.call('RecordPulls', { records: [record] })).rejects.toMatchObject({ key: 'NOT_READY' });
    expect((await fetch(`${plane.url}/readyz`)).status).toBe(503);
    // Data planes keep their configuration, and a new data plane gets the last snapshot.
    expect((await plane.catalog.watch().snapshot()).organizations).toHaveLength(1);

    await server.launch();
    expect((await plane.graphql(CODES)).errors).toBeUndefined();
    expect((await plane.catalog.call('AdmitManifest', admission(repository, 'image'))).decision).toBe('ADMITTED');
    for (const recorded of [1, 0])
      expect(await plane.catalog.call('RecordPulls', { records: [record] })).toEqual({ recorded });
    expect((await fetch(`${plane.url}/readyz`)).status).toBe(200);
    await plane.ask('mutation { applyOrganization(input: {name: "late"}) { id } }');
    plane.clock.advance(1000);
    expect((await stream.snapshot()).organizations.map(({ name }) => name)).toEqual(['acme', 'late']);
    expect(plane.log).not.toContain('A request failed');
  });

  test('makes a start fail with the reason and leaves nothing open', async () => {
    await plane.stop();
    await server.kill();
    await expect(plane.start()).rejects.toMatchObject({
      message: expect.stringMatching(/^The database mysql:.* does not answer .*ECONNREFUSED/) as unknown,
      cause: { code: 'ECONNREFUSED' },
    });
    await server.launch();
    await plane.start();
    expect((await plane.graphql(CODES)).errors).toBeUndefined();
  });

  test('fails at most one call per killed connection', async () => {
    await plane.organization('acme');
    const [connections] = await server
      .execute('SHOW PROCESSLIST')
      .then((list) => [list.filter((row) => row['db'] === 'layover')]);
    expect(connections!.length).toBeGreaterThan(0);
    await server.execute(...connections!.map((row) => `KILL ${String(row['Id'])}`));
    const answers = await Promise.all(Array.from({ length: 4 }, () => plane.graphql(CODES)));
    for (const { errors } of answers) expect(['UNAVAILABLE', undefined]).toContain(errors?.[0]?.extensions.code);
    expect((await plane.graphql(CODES)).errors).toBeUndefined();
  });

  test('makes calls fail within ten seconds while the server hangs, and continues afterwards', async () => {
    await plane.organization('acme');
    process.kill(server.databasePid, 'SIGSTOP');
    try {
      const answers = await Promise.all([
        plane.graphql(CODES),
        plane.graphql(CODES),
        plane.graphql(CODES),
        new Promise((resume) => setTimeout(resume, 9500)).then(() => process.kill(server.databasePid, 'SIGCONT')),
      ]);
      const codes = answers.map((answer) => (answer === true ? '' : answer.errors?.[0]?.extensions.code));
      // A call with a connection gets its answer late. A call that waits for a connection fails.
      expect(new Set(codes)).toEqual(new Set(['UNAVAILABLE', undefined, '']));
    } finally {
      process.kill(server.databasePid, 'SIGCONT');
    }
    expect((await plane.graphql(CODES)).errors).toBeUndefined();
  });

  test('of a network that swallows a transaction ends its locks when the server gives it up', async () => {
    const [silent, other] = [1, 60].map((silenceSeconds) => open(server.port, silenceSeconds)) as [Database, Database];
    const [locked, goOn] = [new Deferred(), new Deferred()];
    const take = (database: Database, owner: string, between?: () => Promise<void>): Promise<void> =>
      database.transaction(async (queries) => {
        await queries(Table.maintenanceLeases).insert({ name: 'lock', owner, valid_until: 0 });
        await between?.();
        await queries(Table.maintenanceLeases).where('name', 'lock').update({ valid_until: 1 });
      });
    const lost = take(silent, 'silent', async () => {
      locked.resolve();
      await goOn.promise;
    }).catch((error: unknown) => error);
    await locked.promise;
    // Waits for the lock, for at most five seconds.
    await take(other, 'other');
    goOn.resolve();
    expect(await lost).toBeInstanceOf(Error);
    const row = await other.reader(Table.maintenanceLeases).where('name', 'lock').first<{ owner: string }>();
    expect(row.owner).toBe('other');
    await Promise.all([silent.close(), other.close()]);
  });
});

function open(port: number, silenceSeconds: number): Database {
  const address = { host: '127.0.0.1', port, user: 'root', password: '', database: 'layover' };
  return Database.open({ dialect: 'mysql', ...address }, createLogger('test', 'silent'), { silenceSeconds });
}
