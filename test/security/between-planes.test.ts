import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { buildImage, createGate } from '../support/fake-registry';
import { TestCatalog } from '../support/control-plane/catalog-client';
import { basicAuthorization, type HttpAnswer, send } from '../support/real/http-client';
import { startBlobClient } from '../support/real/blob-client';
import { layoverEnvironment } from '../support/real/layover';
import { PLANE_SECRET } from '../support/plane-secret';
import { startPlaneInside } from '../support/real/start-plane';
import { temporaryFolder, type TemporaryFolder } from '../support/real/temporary-folder';
import { TestClock } from '../support/test-clock';
import { waitUntil } from '../support/real/wait-until';
import type { Swallowed } from '../support/real/swallowing-relay';
import { startRelayedPeers } from './support/relayed-peers';
import { type RelayedPlanes, type RelayedPlanesOptions, startRelayedPlanes } from './support/relayed-planes';

const REPOSITORY = 'team/app';
const NOBODY = 65_534;
const DAY_MS = 86_400_000;
/** Time limit for noticing a silent connection and using another one, in milliseconds. */
const NOTICED_MS = 25_000;

describe('another user of the machine', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder('local');
  });
  afterEach(() => folder.remove());
  const environment = (env: Readonly<Record<string, string>>) =>
    layoverEnvironment(folder.path, { LAYOVER_LOG_LEVEL: 'silent', ...env });

  test('cannot read the configuration through a loopback port: the port requires a secret or TLS', async () => {
    await expect(
      (async () => startPlaneInside('control-plane', environment({ LAYOVER_CATALOG_LISTEN: '127.0.0.1:0' })))(),
    ).rejects.toThrow(/LAYOVER_CATALOG_LISTEN is 127\.0\.0\.1:0, which other machines or users can connect to\. Set /);
    const control = await startPlaneInside(
      'control-plane',
      environment({ LAYOVER_CATALOG_LISTEN: '127.0.0.1:0', LAYOVER_PLANE_SECRET: PLANE_SECRET }),
    );
    const attacker = new TestCatalog(control.catalogAddress!, credentials.createInsecure());
    const plane = new TestCatalog(control.catalogAddress!);
    try {
      await expect(attacker.watch().snapshot()).rejects.toThrow();
      expect((await plane.watch().snapshot()).tokenKeys).toHaveLength(1);
    } finally {
      attacker.close();
      plane.close();
      await control.stop();
    }
  });

  test('receives no calls at the socket of a home whose path is too long for sockets', async () => {
    const home = join(folder.path, 'h'.repeat(100));
    mkdirSync(home, { mode: 0o700 });
    // The place that earlier versions used, in the folder for temporary files.
    const trap = join(tmpdir(), `layover-${createHash('sha256').update(resolve(home)).digest('hex').slice(0, 16)}`);
    mkdirSync(trap);
    let connections = 0;
    const attacker = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((listening) => attacker.listen(join(trap, 'data.sock'), listening));
    try {
      await expect(
        (async () => {
          const edge = await startPlaneInside('edge-http', environment({ LAYOVER_HOME: home }));
          await waitUntil('a call of the edge', () => connections > 0, 3_000).catch(() => undefined);
          await edge.stop();
        })(),
      ).rejects.toThrow(/LAYOVER_HOME leads to the socket path .*at most 107 are possible.*XDG_RUNTIME_DIR/);
      expect(connections).toBe(0);
    } finally {
      await new Promise((closed) => attacker.close(closed));
      rmSync(trap, { recursive: true });
    }
  });

  const prepared: readonly (readonly [string, RegExp, (path: string) => void])[] = [
    [
      'a folder that others may write to',
      /other users may write to/,
      (path) => {
        mkdirSync(path);
        chmodSync(path, 0o777);
      },
    ],
    [
      'a symbolic link',
      /is a symbolic link/,
      (path) => symlinkSync(realpathSync(mkdtempSync(join(folder.path, 'elsewhere-'))), path),
    ],
    [
      'a folder of another user',
      process.getuid!() === 0 ? /belongs to another user \(uid 65534/ : /other users may write to/,
      (path) => {
        mkdirSync(path, { mode: 0o700 });
        // Only root can give a folder away.
        if (process.getuid!() === 0) chownSync(path, NOBODY, NOBODY);
        else chmodSync(path, 0o777);
      },
    ],
  ];
  test.each(prepared)('cannot prepare %s for the sockets of the planes', async (_what, reason, prepare) => {
    const runtime = join(folder.path, 'runtime');
    mkdirSync(runtime, { mode: 0o700 });
    const home = join(folder.path, 'h'.repeat(100));
    mkdirSync(home, { mode: 0o700 });
    prepare(join(runtime, `layover-${createHash('sha256').update(resolve(home)).digest('hex').slice(0, 16)}`));
    const env = environment({ LAYOVER_HOME: home, XDG_RUNTIME_DIR: runtime, LAYOVER_CONFIGURATION_WAIT_SECONDS: '0' });
    for (const plane of ['control-plane', 'data-plane', 'edge-http'] as const)
      await expect(startPlaneInside(plane, env)).rejects.toThrow(reason);
  });
});

describe('a connection that carries nothing any more', () => {
  const running: RelayedPlanes[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((planes) => planes.close()));
  });

  async function start(options: RelayedPlanesOptions = {}): Promise<RelayedPlanes> {
    const planes = await startRelayedPlanes(options);
    running.push(planes);
    planes.upstream.content.addImage(REPOSITORY, 'v1', buildImage({ layers: [3000], seed: 'v1' }));
    await planes.graphql.createOrganization('acme', { upstream: planes.upstream.host });
    await waitUntil('the organization to be served', async () => (await pull(planes)).status === 200);
    return planes;
  }
  const pull = (planes: RelayedPlanes, authorization?: string): Promise<HttpAnswer> =>
    send({
      url: `${planes.url}/v2/acme/${REPOSITORY}/manifests/v1`,
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });
  const makePrivate = (planes: RelayedPlanes): Promise<unknown> =>
    planes.graphql.run('mutation { updateOrganization(name: "acme", input: { visibility: PRIVATE }) { id } }');
  const whenRefused = (planes: RelayedPlanes): Promise<unknown> =>
    waitUntil('anonymous clients to be refused', async () => (await pull(planes)).status === 401, NOTICED_MS);
  const eachDirection = (check: (what: Swallowed) => Promise<void>): Promise<unknown> =>
    Promise.all((['both', 'calls', 'answers'] as const).map(check));

  test('between data plane and control plane does not keep a private organization open, nor delay records', async () => {
    await eachDirection(async (what) => {
      const planes = await start();
      planes.relays.catalog.swallow(what);
      await makePrivate(planes);
      const requestId = String((await pull(planes)).headers['x-request-id']);
      await whenRefused(planes);
      const isRecorded = async (): Promise<boolean> =>
        (await planes.graphql.pulls('acme')).some((one) => one.requestId === requestId);
      await waitUntil(`the record of a pull (${what} swallowed)`, isRecorded, NOTICED_MS);
    });
  }, 70_000);

  test('between data plane and control plane is replaced although its first successors are silent too', async () => {
    const planes = await start();
    const { catalog } = planes.relays;
    const before = catalog.accepted;
    catalog.swallow('both', true);
    await makePrivate(planes);
    await waitUntil('new connections', () => catalog.accepted > before, NOTICED_MS);
    catalog.heal();
    await whenRefused(planes);
  }, 70_000);

  test('lets a data plane serve public organizations to strangers for a limited time', async () => {
    const clock = TestClock.running();
    const planes = await start({ dataClock: clock });
    const { createRobot } = await planes.graphql.run<{ createRobot: { username: string; secret: string } }>(
      'mutation { createRobot(organization: "acme", name: "ci") { username secret } }',
    );
    const robot = basicAuthorization({ username: createRobot.username, password: createRobot.secret });
    await waitUntil('the robot to be known', async () => (await pull(planes, robot)).status === 200);
    const operations = async (path: string): Promise<string> =>
      (await send({ url: `${planes.operationsUrl}${path}` })).body.toString();
    const age = async (): Promise<number> =>
      Number(/^layover_data_configuration_age_seconds (\S+)$/m.exec(await operations('/metrics'))![1]);
    expect(await operations('/readyz')).toBe('ready\n');
    expect(await age()).toBeLessThan(30);

    planes.relays.catalog.swallow('both', true);
    clock.advance(DAY_MS - 60_000);
    expect((await pull(planes)).status).toBe(200);
    expect(await age()).toBeGreaterThan(86_000);
    expect(await operations('/readyz')).toMatch(
      /^ready\nconfiguration: not confirmed by a control plane for \d+ s; anonymous pulls are refused after 86400 s\n$/,
    );

    clock.advance(120_000);
    const refused = await pull(planes);
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('30');
    expect((await pull(planes, robot)).status).toBe(200);
    expect(await operations('/readyz')).toMatch(/^ready\n.*anonymous pulls are refused\n$/);

    // A restart does not make the configuration younger.
    await planes.restartData();
    await waitUntil('the edge to be connected again', async () => (await pull(planes, robot)).status === 200);
    expect((await pull(planes)).status).toBe(503);

    planes.relays.catalog.heal();
    await waitUntil('strangers to be served again', async () => (await pull(planes)).status === 200, NOTICED_MS);
    expect(await operations('/readyz')).toBe('ready\n');
  }, 90_000);

  test('between edge and data plane costs a request some seconds, but not its answer', async () => {
    await eachDirection(async (what) => {
      const planes = await start();
      planes.relays.registry.swallow(what);
      expect((await pull(planes)).status).toBe(200);
      expect((await pull(planes)).status).toBe(200);
    });
  }, 60_000);

  test('between edge and data plane in the middle of a blob does not make the client wait forever', async () => {
    const bounds = { pingAfterMs: 1_000, answerWithinMs: 2_000 };
    const planes = await start({ edge: { silence: { calls: bounds, streams: bounds, reads: bounds } } });
    const image = buildImage({ layers: [4_000_000], seed: 'large' });
    const layer = image.layers[0]!;
    planes.upstream.content.addImage(REPOSITORY, 'large', image);
    const gate = createGate();
    planes.upstream.quirk({ path: layer.digest, method: 'GET', gate, gateAtBytes: 2_000_000, times: 1 });
    const url = `${planes.url}/v2/acme/${REPOSITORY}/blobs/${layer.digest}`;
    const client = startBlobClient({ url });
    await client.started;
    await waitUntil('the middle of the blob', () => client.received() > 1_000_000);
    for (const relay of [planes.relays.registry, planes.relays.bytes]) relay.swallow('both');
    gate.open();
    // There is no other data plane, so the blob goes on over other connections to this one.
    expect((await client.done).digest).toBe(layer.digest);
    expect((await startBlobClient({ url }).done).digest).toBe(layer.digest);
  }, 60_000);

  test('on the byte channel only does not interrupt a blob, which continues over gRPC', async () => {
    const planes = await start();
    const image = buildImage({ layers: [4_000_000], seed: 'large' });
    const layer = image.layers[0]!;
    planes.upstream.content.addImage(REPOSITORY, 'large', image);
    const gate = createGate();
    planes.upstream.quirk({ path: layer.digest, method: 'GET', gate, gateAtBytes: 2_000_000, times: 1 });
    const url = `${planes.url}/v2/acme/${REPOSITORY}/blobs/${layer.digest}`;
    const client = startBlobClient({ url });
    await client.started;
    await waitUntil('the middle of the blob', () => client.received() > 1_000_000);
    expect(planes.relays.bytes.accepted).toBe(1);
    planes.relays.bytes.swallow('both', true);
    gate.open();
    expect((await client.done).digest).toBe(layer.digest);
    // The next blob does not wait long for a connection that is silent from its start.
    expect((await startBlobClient({ url }).done).digest).toBe(layer.digest);
  }, 60_000);

  test('between edge and data plane is replaced although its first successors are silent too', async () => {
    const planes = await start();
    const { registry } = planes.relays;
    const before = registry.accepted;
    registry.swallow('both', true);
    const cut = pull(planes);
    await waitUntil('new connections', () => registry.accepted > before, NOTICED_MS);
    registry.heal();
    await cut;
    await waitUntil('requests to be answered', async () => (await pull(planes)).status === 200, NOTICED_MS);
  }, 60_000);

  test('between control plane and data plane fails a call in time, and the next call succeeds', async () => {
    await eachDirection(async (what) => {
      const planes = await start();
      const validate = (): Promise<unknown> =>
        planes.graphql.run('mutation ($input: ProxyCacheInput!) { validateProxyCache(input: $input) { outcome } }', {
          input: { upstream: planes.upstream.host, insecure: true },
        });
      expect(await validate()).toEqual({ validateProxyCache: { outcome: 'OK' } });
      planes.relays.storage.swallow(what);
      await expect(validate()).rejects.toThrow(/no data plane answered/);
      expect(await validate()).toEqual({ validateProxyCache: { outcome: 'OK' } });
    });
  }, 60_000);

  test('between two data planes delays the completion of an image, but does not prevent it', async () => {
    const nodes = await startRelayedPeers();
    try {
      const pullImage = async (tag: string): Promise<readonly string[]> => {
        const image = buildImage({ layers: Array.from({ length: 8 }, (_, i) => 1000 + i), seed: tag });
        nodes.upstream.content.addImage(REPOSITORY, tag, image);
        expect((await send({ url: `${nodes.url}/v2/acme/${REPOSITORY}/manifests/${tag}` })).status).toBe(200);
        return image.layers.map(({ digest }) => digest);
      };
      let pulls = 0;
      await waitUntil('the second data plane to fill blobs of the first one', async () => {
        const layers = await pullImage(`warm-${pulls++}`);
        await waitUntil('every layer', () => layers.every((digest) => nodes.holds(digest)));
        return layers.some((digest) => nodes.secondHolds(digest));
      });
      nodes.relay.swallow('both', true);
      const layers = await pullImage('cut');
      await waitUntil('every layer', () => layers.every((digest) => nodes.holds(digest)), 40_000);
    } finally {
      await nodes.close();
    }
  }, 70_000);
});
