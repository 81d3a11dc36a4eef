import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { formatBuildInfo, readBuildInfo } from '../../common/runtime/build-info';
import { packageRoot } from '../../common/runtime/package-root';
import { startBlobClient } from '../support/real/blob-client';
import { type CountingRelay, startCountingRelay } from '../support/real/counting-relay';
import { type Distribution, startDistribution } from '../support/real/distribution';
import { send } from '../support/real/http-client';
import { layoverEnvironment, standaloneProgram, startLayover } from '../support/real/layover';
import { childrenOf, isAlive } from '../support/real/process-tree';
import { describeWith } from '../support/real/programs';
import { pushImage, smallLayer } from '../support/real/push-image';
import { type ProgramResult, runProgram } from '../support/real/run-program';
import { type TemporaryFolder, temporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';

const MIB = 1024 * 1024;

describe('npm start', () => {
  let folder: TemporaryFolder;

  beforeEach(async () => {
    folder = await temporaryFolder('commands');
  });

  afterEach(() => folder.remove());

  const run = (file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<ProgramResult> =>
    runProgram(file, args, {
      cwd: packageRoot(),
      env: { ...layoverEnvironment(join(folder.path, 'home'), env), HOME: folder.path },
      timeoutMs: 30_000,
    });

  test('reports all configuration problems at once, exits with 78 and starts nothing', async () => {
    const result = await run('npm', ['start', '--silent'], {
      LAYOVER_EDGE_LISTEN: 'nonsense',
      LAYOVER_CONTROL_LISTEN: '127.0.0.1:99999',
      LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '10.0.0.0/8,everything',
      LAYOVER_DATABASE_URL: 'oracle://x',
      LAYOVER_MASTER_KEY: 'too-short-to-be-a-key',
    });
    expect(result.code).toBe(78);
    for (const name of ['EDGE_LISTEN', 'CONTROL_LISTEN', 'UPSTREAM_ALLOWED_NETWORKS', 'DATABASE_URL', 'MASTER_KEY']) {
      expect(result.stderr).toContain(`LAYOVER_${name}`);
    }
    expect(result.stderr).not.toContain('too-short-to-be-a-key');
    expect(result.stdout.toString()).not.toContain('Layover is ready');
    expect(existsSync(join(folder.path, 'home'))).toBe(false);
  }, 60_000);

  test('reports an unknown variable once, not once per plane', async () => {
    const layover = await startLayover({ home: join(folder.path, 'home'), env: { LAYOVER_DRAIN_SECOND: '7' } });
    await layover.stop();
    const warning = 'LAYOVER_DRAIN_SECOND is unknown and has no effect. Did you mean LAYOVER_DRAIN_SECONDS?';
    expect(layover.output().split(warning)).toHaveLength(2);
    expect(layover.output().split('LAYOVER_DRAIN_SECOND ')).toHaveLength(2);
  }, 60_000);

  test('exits with 75 and names the port if a port is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      const result = await run(process.execPath, [standaloneProgram()], { LAYOVER_EDGE_LISTEN: `127.0.0.1:${port}` });
      expect(result.code).toBe(75);
      expect(result.stderr + result.stdout.toString()).toContain(String(port));
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  }, 60_000);

  test('exits with 75 if another Layover uses the home, which keeps running', async () => {
    const home = join(folder.path, 'home');
    const first = await startLayover({ home });
    try {
      const second = await run(process.execPath, [standaloneProgram()], {});
      expect(second.code).toBe(75);
      expect(second.stderr).toContain(home);
      expect((await send({ url: `${first.url}/readyz` })).status).toBe(200);
    } finally {
      await first.stop();
    }
  }, 60_000);

  test('ends the planes if their parent is killed', async () => {
    const layover = await startLayover({ home: join(folder.path, 'home') });
    const planes = childrenOf(layover.pid).map(({ pid }) => pid);
    expect(planes).toHaveLength(3);
    process.kill(layover.pid, 'SIGKILL');
    try {
      await waitUntil('the end of the planes', () => planes.every((pid) => !isAlive(pid)));
    } finally {
      for (const pid of planes) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  }, 60_000);
});

describe('the command line', () => {
  const PROGRAMS = [
    'standalone/src/main.js',
    'edge-http/src/main.js',
    'data-plane/src/main.js',
    'control-plane/src/main.js',
    'control-plane/src/fsck/main.js',
    'control-plane/src/move-database-main.js',
    'data-plane/src/deliver-main.js',
    'demo/src/main.js',
    'bench/src/main.js',
  ];
  let folder: TemporaryFolder;

  beforeEach(async () => {
    folder = await temporaryFolder('commands');
  });

  afterEach(() => folder.remove());

  const run = (program: string, args: readonly string[]): Promise<ProgramResult> =>
    runProgram(process.execPath, [join(packageRoot(), 'dist', program), ...args], {
      cwd: folder.path,
      env: { HOME: folder.path, PATH: process.env.PATH! },
      timeoutMs: 30_000,
    });

  test.each(PROGRAMS)(
    '%s prints help and version, and rejects unknown arguments with exit code 64',
    async (program) => {
      const help = await run(program, ['--help']);
      expect([help.code, help.stderr]).toEqual([0, '']);
      expect(help.stdout.toString()).toMatch(/^Usage: npm .*\n[^]*\nOptions:\n[^]*\nExit codes:\n/);
      const version = await run(program, ['--version']);
      expect([version.code, version.stdout.toString()]).toEqual([0, `layover ${formatBuildInfo(readBuildInfo())}\n`]);
      const wrong = await run(program, ['--nonsense']);
      expect([wrong.code, wrong.stdout.toString()]).toEqual([64, '']);
      expect(wrong.stderr).toMatch(/^Unknown option '--nonsense'\.\nRun with --help for usage\.\n$/);
      // A plane that had started would have created its home.
      expect(await readdir(folder.path)).toEqual([]);
    },
    60_000,
  );

  test('npm start -- --version prints the version and starts nothing', async () => {
    const result = await runProgram('npm', ['start', '--silent', '--', '--version'], {
      cwd: packageRoot(),
      env: { ...layoverEnvironment(join(folder.path, 'home'), {}), HOME: folder.path },
      timeoutMs: 30_000,
    });
    expect([result.code, result.stdout.toString()]).toEqual([0, `layover ${formatBuildInfo(readBuildInfo())}\n`]);
    expect(existsSync(join(folder.path, 'home'))).toBe(false);
  }, 60_000);
});

describeWith(['docker-registry'], 'SIGTERM', () => {
  let folder: TemporaryFolder;
  let upstream: Distribution;
  let relay: CountingRelay;

  beforeAll(async () => {
    folder = await temporaryFolder('commands');
    upstream = await startDistribution();
    relay = await startCountingRelay(upstream.url);
  });

  afterAll(async () => {
    await relay?.close();
    await upstream?.stop();
    await folder?.remove();
  });

  test('finishes a running pull, exits with 0, releases ports and sockets, and keeps the cache', async () => {
    const layer = { seed: 'drain', tarBytes: 4 * MIB, compressed: false };
    const image = await pushImage(upstream, { repository: 'drain/image', tag: 'v1', layers: [layer, smallLayer('d')] });
    const { digest, size } = image.layers[0]!;
    const home = join(folder.path, 'home');
    const layover = await startLayover({ home });
    const planes = childrenOf(layover.pid).map(({ pid }) => pid);
    try {
      await layover.graphql.createOrganization('acme', { upstream: relay.host, completeImages: false });
      const hold = relay.holdBody(digest, MIB);
      await send({ url: `${layover.url}/v2/acme/drain/image/manifests/v1` });
      const client = startBlobClient({ url: `${layover.url}/v2/acme/drain/image/blobs/${digest}` });
      await client.started;
      await hold.reached;
      const ended = layover.terminate();
      await waitUntil('new connections to be refused', async () => !(await accepts(layover.host)));
      hold.release();
      expect(await client.done).toEqual({ status: 200, bytes: size, digest });
      expect(await ended).toEqual({ code: 0, signal: null });
    } finally {
      await layover.stop();
    }
    expect(planes.filter(isAlive)).toEqual([]);
    expect(await accepts(new URL(layover.graphqlUrl).host)).toBe(false);
    const left = await readdir(home, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isSocket()).map(({ name }) => name)).toEqual([]);
    expect(
      left.filter((entry) => entry.isFile() && entry.parentPath.includes('spool')).map(({ name }) => name),
    ).toEqual([]);

    relay.reset();
    const again = await startLayover({ home });
    try {
      const answer = await startBlobClient({ url: `${again.url}/v2/acme/drain/image/blobs/${digest}` }).done;
      expect(answer).toEqual({ status: 200, bytes: size, digest });
      expect(relay.lines()).toEqual([]);
      const manifest = await send({ url: `${again.url}/v2/acme/drain/image/manifests/v1` });
      expect(manifest.headers['x-layover-cache']).toBe('REVALIDATED');
      const pulls = await again.graphql.pulls('acme');
      expect(pulls[0]).toMatchObject({ reference: 'v1', cacheStatus: 'MISS' });
    } finally {
      await again.stop();
    }
  }, 60_000);
});

function accepts(host: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${host}`);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
