import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../common/runtime/package-root';
import { buildImage, type BuiltImage, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { describeOnServers } from '../support/mysql-server/describe-on-servers';
import { MysqlServer } from '../support/mysql-server/mysql-server';
import { freePort } from '../support/real/free-port';
import { type GraphqlClient, graphqlClient } from '../support/real/graphql-client';
import { type HttpAnswer, send } from '../support/real/http-client';
import { ADMIN_TOKEN, layoverEnvironment, standaloneProgram } from '../support/real/layover';
import { type ProgramResult, runProgram } from '../support/real/run-program';
import { type ServerProgram, startServerProgram } from '../support/real/server-program';
import { mayMount, type SmallDisk, smallDisk } from '../support/real/small-disk';
import { type TemporaryFolder, temporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';

const REPOSITORY = 'team/app';
const READY = /Layover is ready: registry (\S+),/;
const SERVING = /Layover answers pulls from its cache: registry (\S+),/;
/** A line of a stack trace. */
const STACK = /^\s+at .*:\d+:\d+\)?$/m;

/** `npm start` on fixed ports, which may run without a control plane. */
class Rig {
  private server: ServerProgram | undefined;
  readonly image: BuiltImage = buildImage({ layers: [50_000], seed: 'static start' });

  private constructor(
    readonly home: string,
    readonly upstream: FakeRegistry,
    private readonly environment: Readonly<Record<string, string | undefined>>,
    private readonly edge: string,
    private readonly control: string,
  ) {}

  /** Starts the upstream, and Layover once, so that its home has an image. */
  static async prepare(home: string, env: Readonly<Record<string, string>> = {}): Promise<Rig> {
    const [edge, control] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const listen = { LAYOVER_EDGE_LISTEN: edge, LAYOVER_CONTROL_LISTEN: control };
    const rig = new Rig(home, await startFakeRegistry(), layoverEnvironment(home, { ...listen, ...env }), edge, control);
    try {
      rig.upstream.content.addImage(REPOSITORY, 'v1', rig.image);
      await rig.start(READY);
      await rig.createOrganization();
      await rig.stop();
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  /** Starts Layover. Resolves when it prints `pattern`. */
  async start(pattern: RegExp): Promise<void> {
    const options = { env: this.environment, ready: pattern };
    this.server = await startServerProgram(process.execPath, [standaloneProgram()], options);
  }

  async stop(): Promise<void> {
    await this.server?.stop(60_000);
  }

  get output(): string {
    return this.server!.output();
  }

  get graphql(): GraphqlClient {
    return graphqlClient(`http://${this.control}/graphql`, ADMIN_TOKEN);
  }

  /** Creates the organization and pulls the image. */
  async createOrganization(): Promise<void> {
    await this.graphql.createOrganization('acme', { upstream: this.upstream.host, completeImages: false });
    await waitUntil('the organization', async () => (await this.get('manifests/v1')).status === 200);
    await this.pull();
  }

  get(path: string): Promise<HttpAnswer> {
    return send({ url: `http://${this.edge}/v2/acme/${REPOSITORY}/${path}` });
  }

  readiness(): Promise<HttpAnswer> {
    return send({ url: `http://${this.edge}/readyz` });
  }

  /** Pulls the image by its tag. Returns the id of the request for its manifest. */
  async pull(): Promise<string> {
    const manifest = await this.get('manifests/v1');
    expect([manifest.status, manifest.body.equals(this.image.manifest)]).toEqual([200, true]);
    for (const { digest, bytes } of [this.image.config, ...this.image.layers]) {
      const blob = await this.get(`blobs/${digest}`);
      expect([blob.status, blob.body.equals(bytes)]).toEqual([200, true]);
    }
    return String(manifest.headers['x-request-id']);
  }

  whenReady(): Promise<unknown> {
    return waitUntil('all planes', () => READY.test(this.output), 45_000);
  }

  /** Runs `npm run move-database`. */
  moveDatabase(): Promise<ProgramResult> {
    const program = join(packageRoot(), 'dist', 'control-plane', 'src', 'move-database-main.js');
    return runProgram(process.execPath, [program], { env: this.environment });
  }

  async close(): Promise<void> {
    await this.stop();
    await this.upstream.close();
  }
}

let rig: Rig | undefined;
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
    rig = await Rig.prepare(folder.path);
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

    const moved = await rig.moveDatabase();
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    expect(moved.stdout.toString()).toContain(`The database file ${file} is damaged: `);
    const [kept] = readdirSync(folder.path).filter((name) => /^layover\.sqlite\.damaged-[^-]+-\d+-\d+T[\d-]+$/.test(name));
    expect(readFileSync(join(folder.path, kept!)).equals(damaged)).toBe(true);
    await rig.whenReady();
    await rig.createOrganization();

    const again = await rig.moveDatabase();
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
    rig = await Rig.prepare(folder.path, { LAYOVER_DATABASE_URL: `${server.url}/static_start` });
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
    disk = await smallDisk(24 << 20);
  });
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
    await disk.remove();
  });

  test('serves cached images, and starts its control plane when there is room again', async () => {
    rig = await Rig.prepare(disk.path, { LAYOVER_DISK_RESERVE_BYTES: '0' });
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
