import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { Deferred } from '../../../common/async/deferred';
import { createDataPlane } from '../../../data-plane/src/app';
import { readDataPlaneConfig } from '../../../data-plane/src/config';
import { createEdge } from '../../../edge-http/src/app';
import { readEdgeConfig } from '../../../edge-http/src/config';
import type { RegistryReader } from '../../../edge-http/src/registry/registry-reader';
import { send } from '../../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../../support/real/layover-in-process';
import { temporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';
import { PLANE_SECRET } from '../../support/plane-secret';

const LISTENERS = { LAYOVER_DATA_HTTP_LISTEN: '127.0.0.1:0', LAYOVER_EDGE_METRICS_LISTEN: '127.0.0.1:0' };

async function ask(base: string, path: string): Promise<[number, string]> {
  const { status, body } = await send({ url: `${base}${path}` });
  return [status, body.toString('utf8')];
}

describe('a running Layover', () => {
  let layover: InProcessLayover;
  afterEach(() => layover.stop());

  test('answers health checks of every plane, and only with GET and HEAD', async () => {
    layover = await startLayoverInProcess({ env: LISTENERS });
    for (const base of [`http://${layover.dataHttp()}`, `http://${layover.edgeHttp()}`]) {
      expect(await ask(base, '/healthz')).toEqual([200, 'ok\n']);
      expect(await ask(base, '/readyz')).toEqual([200, 'ready\n']);
      expect(await ask(base, '/v2/')).toEqual([404, 'Not found. Known paths: /metrics, /healthz, /readyz.\n']);
      const post = await send({ method: 'POST', url: `${base}/metrics` });
      expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD']);
      const head = await send({ method: 'HEAD', url: `${base}/metrics` });
      expect([head.status, head.body.length]).toEqual([200, 0]);
    }
    expect(await ask(layover.controlUrl, '/readyz')).toEqual([200, 'ready\n']);
  });

  test('shows which part makes a data plane not ready while its store is missing, and recovers', async () => {
    layover = await startLayoverInProcess({ env: LISTENERS });
    const base = `http://${layover.dataHttp()}`;
    await rename(join(layover.home, 'blobs'), join(layover.home, 'moved'));
    expect(await ask(base, '/readyz')).toEqual([503, 'store: its folder cannot be used (ENOENT)\n']);
    expect(await ask(base, '/healthz')).toEqual([200, 'ok\n']);
    expect((await ask(base, '/metrics'))[1]).toMatch(/^layover_data_ready 0$/m);
    await rename(join(layover.home, 'moved'), join(layover.home, 'blobs'));
    expect(await ask(base, '/readyz')).toEqual([200, 'ready\n']);
  });

  test('keeps a configured data plane ready without the control plane, but no edge without data planes', async () => {
    layover = await startLayoverInProcess({ env: LISTENERS });
    await layover.stopPlane('control');
    expect(await ask(`http://${layover.dataHttp()}`, '/readyz')).toEqual([200, 'ready\n']);
    const edge = `http://${layover.edgeHttp()}`;
    expect(await ask(edge, '/readyz')).toEqual([200, 'ready\n']);
    await layover.stopPlane('data');
    const [status, why] = await ask(edge, '/readyz');
    expect(status).toBe(503);
    expect(why).toMatch(/^data planes: /);
    expect(await ask(edge, '/healthz')).toEqual([200, 'ok\n']);
  });
});

test('has data planes that are alive but not ready without a configuration and while draining', async () => {
  const folder = await temporaryFolder('health');
  const config = readDataPlaneConfig({
    LAYOVER_HOME: folder.path,
    LAYOVER_DATA_HTTP_LISTEN: '127.0.0.1:0',
    LAYOVER_CATALOG: `unix:${join(folder.path, 'nobody.sock')}`,
    LAYOVER_CONFIGURATION_WAIT_SECONDS: '1',
    LAYOVER_DRAIN_SECONDS: '5',
  });
  const plane = createDataPlane(config, { logger: pino({ level: 'silent' }) });
  const started = plane.start();
  const base = await waitUntil(
    'the second server of the data plane',
    () => plane.httpAddress && `http://${plane.httpAddress}`,
  );
  expect((await ask(base, '/readyz'))[1]).toContain('grpc: calls are not accepted yet\n');
  expect(await ask(base, '/healthz')).toEqual([200, 'ok\n']);
  await started;
  const [status, why] = await ask(base, '/readyz');
  expect(status).toBe(503);
  expect(why).toMatch(/^configuration: not available/);
  const stopped = plane.stop();
  expect((await ask(base, '/readyz'))[1]).toMatch(/^draining: /);
  await stopped;
  await expect(ask(base, '/healthz')).rejects.toThrow(/ECONNREFUSED/);
  await folder.remove();
});

test('has an edge that is alive but not ready on its metrics listener while it drains', async () => {
  const asked = new Deferred();
  const over = new Deferred();
  const reader = {
    start: () => Promise.resolve(),
    ready: () => Promise.resolve(),
    checkAccess: () => {
      asked.resolve();
      return over.promise;
    },
    settle: () => Promise.resolve(),
    close: () => undefined,
  };
  const edge = createEdge(
    readEdgeConfig({
      LAYOVER_EDGE_LISTEN: '127.0.0.1:0',
      LAYOVER_EDGE_METRICS_LISTEN: '127.0.0.1:0',
      LAYOVER_DATA_PLANES: '127.0.0.1:9',
      LAYOVER_PLANE_SECRET: PLANE_SECRET,
    }),
    { logger: pino({ level: 'silent' }), reader: reader as unknown as RegistryReader },
  );
  const { address } = await edge.start();
  const metrics = `http://${edge.metricsAddress}`;
  expect(await ask(metrics, '/readyz')).toEqual([200, 'ready\n']);
  const held = ask(`http://${address}`, '/v2/');
  await asked.promise;
  // With a limit there is no notice: the edge stops when the request that it answers has ended.
  const stopped = edge.stop(60_000);
  expect(await ask(metrics, '/readyz')).toEqual([503, 'draining: this edge is stopping\n']);
  expect(await ask(metrics, '/healthz')).toEqual([200, 'ok\n']);
  over.resolve();
  expect((await held)[0]).toBe(200);
  await stopped;
  await expect(ask(metrics, '/readyz')).rejects.toThrow(/ECONNREFUSED/);
});

describe('metrics of an edge', () => {
  const silent = { logger: pino({ level: 'silent' }) };
  const edgeWith = (env: Readonly<Record<string, string>>): ReturnType<typeof createEdge> =>
    createEdge(
      readEdgeConfig({
        LAYOVER_EDGE_LISTEN: '127.0.0.1:0',
        LAYOVER_DATA_PLANES: '127.0.0.1:9',
        LAYOVER_PLANE_SECRET: PLANE_SECRET,
        ...env,
      }),
      silent,
    );
  const metricsOf = async (edge: ReturnType<typeof createEdge>, headers = {}): Promise<number> => {
    const { address } = await edge.start();
    const { port } = new URL(`http://${address}`);
    try {
      return (await send({ url: `http://127.0.0.1:${port}/metrics`, headers })).status;
    } finally {
      await edge.stop();
    }
  };

  test('are served on the registry port for requests from this machine only', async () => {
    expect(await metricsOf(edgeWith({}))).toBe(200);
    expect(await metricsOf(edgeWith({ LAYOVER_EDGE_LISTEN: '0.0.0.0:0' }))).toBe(404);
  });

  test('are not served to a remote client of a trusted proxy on this machine', async () => {
    const proxied = edgeWith({ LAYOVER_TRUSTED_PROXIES: '127.0.0.0/8' });
    expect(await metricsOf(proxied, { 'X-Forwarded-For': '203.0.113.9' })).toBe(404);
  });

  test('are not served on the registry port if they have their own listener', async () => {
    expect(await metricsOf(edgeWith({ LAYOVER_EDGE_METRICS_LISTEN: '127.0.0.1:0' }))).toBe(404);
  });
});
