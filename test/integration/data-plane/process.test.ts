import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatGrpcAddress } from '../../../common/runtime/listen-address';
import { homeAt } from '../../../common/runtime/home';
import { packageRoot } from '../../../common/runtime/package-root';
import { buildImage, createGate, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { FakeCatalog } from '../../support/fake-catalog';
import { RUN_TYPESCRIPT } from '../../support/processes/run-typescript';
import { temporaryFolder, type TemporaryFolder } from '../../support/real/temporary-folder';
import { applyAdmissions } from './support/data-plane-rig';
import { outcome, RegistryCaller } from './support/registry-caller';
import { snapshotOf } from './support/snapshot';
import { PLANE_SECRET, sendingSecret } from '../../support/plane-secret';

const NAME = 'team/app';
const image = buildImage({ layers: [2_000_000], seed: 'first' });
const [layer] = image.layers as [(typeof image.layers)[number]];

let folder: TemporaryFolder;
let registry: FakeRegistry;
let catalog: FakeCatalog;
const running = new Set<{ child: ChildProcess; edge: RegistryCaller }>();

beforeEach(async () => {
  folder = await temporaryFolder('process');
  registry = await startFakeRegistry();
  registry.content.addImage(NAME, 'latest', image);
  catalog = await FakeCatalog.start(snapshotOf(1, { name: 'acme', upstreamHost: registry.host }));
});
afterEach(async () => {
  for (const { child, edge } of running) {
    edge.close();
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  running.clear();
  await catalog.stop();
  await registry.close();
  await folder.remove();
});

/** Starts the data plane as a process on its unix socket. */
async function startProcess(
  environment: Readonly<Record<string, string>> = {},
): Promise<{ child: ChildProcess; edge: RegistryCaller; address: string }> {
  const child = fork(join(packageRoot(), 'data-plane', 'src', 'main.ts'), [], {
    execArgv: [...RUN_TYPESCRIPT],
    env: {
      PATH: process.env['PATH'],
      LAYOVER_HOME: folder.path,
      LAYOVER_CATALOG: formatGrpcAddress(catalog.address),
      LAYOVER_PLANE_SECRET: PLANE_SECRET,
      LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '127.0.0.0/8',
      LAYOVER_LOG_LEVEL: 'silent',
      LAYOVER_DRAIN_SECONDS: '5',
      ...environment,
    },
    silent: true,
  });
  let stderr = '';
  child.stdout?.resume();
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [message] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`ended with ${code}: ${stderr}`))),
  ])) as [{ address: string }];
  const edge = new RegistryCaller(message.address);
  const started = { child, edge, address: message.address };
  running.add(started);
  return started;
}

test('kill -9 during a fill leaves nothing incomplete, and the restarted process works', async () => {
  const gate = createGate();
  registry.quirk({ path: layer.digest, method: 'GET', gate, gateAtBytes: 1_000_000, times: 1 });
  const first = await startProcess();
  expect(await outcome(first.edge.manifest('latest'))).toBe('MISS');
  let received = 0;
  const reading = first.edge.blob(layer.digest, {}, (bytes) => void (received = bytes));
  await gate.reached;
  while (received === 0) await new Promise((resolve) => setImmediate(resolve));
  const home = homeAt(folder.path);
  expect(readdirSync(home.spool)).toHaveLength(1);
  applyAdmissions(catalog);

  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  gate.open();
  const cut = await reading;
  expect(cut.failure).toBe('DATA_PLANE_UNAVAILABLE');
  expect(cut.bytes.length).toBeLessThan(layer.bytes.length);
  registry.takeRequests();

  // The killed process left its socket behind; the next one replaces it.
  expect(existsSync(home.dataSocket)).toBe(true);
  const second = await startProcess();
  expect(readdirSync(home.spool)).toEqual([]);
  expect(await outcome(second.edge.stat(layer.digest))).toBe('MISS');
  expect(await outcome(second.edge.manifest('latest'))).toBe('REVALIDATED');
  const again = await second.edge.blob(layer.digest);
  expect(again.failure).toBeUndefined();
  expect(again.bytes.equals(layer.bytes)).toBe(true);
  expect(registry.requests.map(({ line }) => line)).toEqual([
    `HEAD /v2/${NAME}/manifests/latest`,
    `GET /v2/${NAME}/blobs/${layer.digest}`,
  ]);
  // The record was on disk before the answer was sent, so it is not lost and arrives once.
  const pulls = (): string[] => [...catalog.records.values()].flatMap(({ pull }) => pull?.cacheStatus ?? []);
  await catalog.until(() => pulls().length === 2);
  expect(pulls()).toEqual(['MISS', 'REVALIDATED']);
});

test('SIGTERM finishes running work, delivers records, exits with 0 and removes the socket', async () => {
  const gate = createGate();
  registry.quirk({ path: layer.digest, method: 'GET', gate, gateAtBytes: 1_000_000, times: 1 });
  const { child, edge } = await startProcess();
  await edge.manifest('latest');
  const reading = edge.blob(layer.digest);
  await gate.reached;
  child.kill('SIGTERM');
  const exited = once(child, 'exit');
  gate.open();
  expect((await reading).bytes.equals(layer.bytes)).toBe(true);
  expect(await exited).toEqual([0, null]);
  expect([...catalog.records.values()].some(({ pull }) => pull?.cacheStatus === 'MISS')).toBe(true);
  expect(existsSync(homeAt(folder.path).dataSocket)).toBe(false);
});

test('the socket is accessible to this user only, a second data plane is refused, and the health service answers', async () => {
  const { address } = await startProcess();
  const { dataSocket } = homeAt(folder.path);
  expect(address).toBe(`unix:${dataSocket}`);
  expect(statSync(dataSocket).mode & 0o777).toBe(0o600);
  expect(await health(address)).toBe('SERVING');
  await expect(
    startProcess({ LAYOVER_HOME: join(folder.path, 'other'), LAYOVER_DATA_LISTEN: address }),
  ).rejects.toThrow(/ended with 75: .*Another program listens there/);
  expect(await health(address)).toBe('SERVING');
});

test('a data plane without a configuration starts, reports it, and serves as soon as one arrives', async () => {
  await catalog.stop();
  const { edge, address } = await startProcess({ LAYOVER_CONFIGURATION_WAIT_SECONDS: '0' });
  expect(await health(address)).toBe('NOT_SERVING');
  expect(await outcome(edge.manifest('latest'))).toBe('NOT_READY');
  await expect(edge.access('')).rejects.toMatchObject({ key: 'NOT_READY' });
  await catalog.start();
  let key = 'NOT_READY';
  while (key === 'NOT_READY') key = await outcome(edge.manifest('latest'));
  expect(key).toBe('MISS');
  expect(await health(address)).toBe('SERVING');
});

test('an invalid configuration prints every problem to stderr and exits with 78', async () => {
  const child = fork(join(packageRoot(), 'data-plane', 'src', 'main.ts'), [], {
    execArgv: [...RUN_TYPESCRIPT],
    env: {
      PATH: process.env['PATH'],
      LAYOVER_HOME: join(folder.path, 'none'),
      LAYOVER_DRAIN_SECONDS: 'x',
      LAYOVER_BLOB_STORE: 'gs://b',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  expect((await once(child, 'exit'))[0]).toBe(78);
  expect(stderr).toMatch(/LAYOVER_DRAIN_SECONDS/);
  expect(stderr).toMatch(/LAYOVER_BLOB_STORE/);
  expect(existsSync(join(folder.path, 'none'))).toBe(false);
});

test('a file at the path of the socket is not treated as the socket of another process', async () => {
  const { dataSocket } = homeAt(folder.path);
  const path = join(folder.path, 'stale.sock');
  writeFileSync(path, '');
  const { address } = await startProcess({ LAYOVER_DATA_LISTEN: `unix:${path}` });
  expect(await health(address)).toBe('SERVING');
  expect(existsSync(dataSocket)).toBe(false);
});

async function health(address: string): Promise<string> {
  const { loadPackageDefinition, Client } = await import('@grpc/grpc-js');
  const { loadSync } = await import('@grpc/proto-loader');
  const { protoPath } = await import('grpc-health-check');
  const loaded = loadPackageDefinition(loadSync(protoPath, { enums: String })) as unknown as {
    grpc: { health: { v1: { Health: new (...args: ConstructorParameters<typeof Client>) => HealthClient } } };
  };
  const client = new loaded.grpc.health.v1.Health(address, sendingSecret());
  try {
    return await new Promise((resolve, reject) =>
      client.check({ service: 'layover.v1.Registry' }, (error, reply) =>
        error ? reject(error) : resolve(reply!.status),
      ),
    );
  } finally {
    client.close();
  }
}

interface HealthClient {
  check(request: { service: string }, done: (error: Error | null, reply?: { status: string }) => void): void;
  close(): void;
}
