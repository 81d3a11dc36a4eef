import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeOnServers } from '../support/mysql-server/describe-on-servers';
import { MysqlServer } from '../support/mysql-server/mysql-server';
import { mayMount, type SmallDisk, smallDisk } from '../support/real/small-disk';
import { type TemporaryFolder, temporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';
import { FixedLayover, SERVING } from './support/fixed-layover';

/** A line of a stack trace. */
const STACK = /^\s+at .*:\d+:\d+\)?$/m;

let rig: FixedLayover | undefined;
let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder('static-start');
});
afterEach(async () => {
  await rig?.close();
  rig = undefined;
  await folder.remove();
});

describe('npm start with a damaged SQLite file', () => {
  test('serves cached images, says what to do, and starts with an empty database only by command', async () => {
    rig = await FixedLayover.prepare(folder.path);
    const file = join(folder.path, 'layover.sqlite');
    const damaged = Buffer.concat([Buffer.alloc(4096, 'damage'), readFileSync(file).subarray(4096)]);
    writeFileSync(file, damaged);

    await rig.start(SERVING);
    await rig.pull();
    expect((await rig.readiness()).status).toBe(200);
    expect(rig.output).toContain(`The database file ${file} is damaged (SQLITE_NOTADB). Nothing was changed.`);
    expect(rig.output).toMatch(/control-plane could not start \(exit code 1; .*\)\. Layover tries again in 1000 ms/);
    expect(rig.output).not.toMatch(STACK);
    expect(readFileSync(file).equals(damaged)).toBe(true);

    const moved = await rig.run('control-plane/src/move-database-main.js');
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    expect(moved.stdout.toString()).toContain(`The database file ${file} is damaged: `);
    const [kept] = readdirSync(folder.path).filter((name) =>
      /^layover\.sqlite\.damaged-[^-]+-\d+-\d+T[\d-]+$/.test(name),
    );
    expect(readFileSync(join(folder.path, kept!)).equals(damaged)).toBe(true);
    await rig.whenReady();
    await rig.createOrganization();

    await rig.stop();
    const again = await rig.run('control-plane/src/move-database-main.js');
    expect([again.code, again.stdout.toString()]).toEqual([1, '']);
    expect(again.stderr).toContain(`The database file ${file} is not damaged. Nothing was changed.`);
    expect(existsSync(file)).toBe(true);
  }, 120_000);
});

describeOnServers('npm start without its database server', (flavour) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await MysqlServer.start(flavour);
    await server.execute('CREATE DATABASE static_start');
  }, 60_000);
  afterAll(() => server?.remove());

  test('serves cached images, and records them when the server is back', async () => {
    rig = await FixedLayover.prepare(folder.path, { LAYOVER_DATABASE_URL: `${server.url}/static_start` });
    await server.kill();
    await rig.start(SERVING);
    const requestId = await rig.pull();
    expect(rig.output).toContain(
      `The database mysql://127.0.0.1:${server.port}/static_start does not answer or cannot be written (ECONNREFUSED).`,
    );
    expect(rig.output).not.toMatch(STACK);
    await server.launch();
    await rig.whenReady();
    await waitUntil('the record', async () =>
      (await rig!.graphql.pulls('acme')).some((pull) => pull.requestId === requestId),
    );
  }, 120_000);
});

const onOwnDisk = mayMount() ? describe : describe.skip;

onOwnDisk('npm start on a full disk', () => {
  let disk: SmallDisk;
  beforeEach(async () => {
    disk = await smallDisk(64 << 20);
  });
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
    await disk.remove();
  });

  test('serves cached images, and starts its control plane when there is room again', async () => {
    rig = await FixedLayover.prepare(disk.path, { LAYOVER_DISK_RESERVE_BYTES: String(16 << 20) });
    const filler = join(disk.path, 'filler');
    const file = await open(filler, 'w');
    try {
      for (;;) await file.write(Buffer.alloc(4096));
    } catch {
      // The disk is full.
    } finally {
      await file.close();
    }
    expect(await disk.free()).toBe(0);
    await rig.start(SERVING);
    await rig.pull();
    expect(rig.output).toMatch(/The database file \S+ cannot be read or written \(SQLITE_\w+\)|The disk is full/);
    expect(rig.output).not.toMatch(STACK);
    await rm(filler);
    await rig.whenReady();
  }, 120_000);
});
