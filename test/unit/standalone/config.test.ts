import { join, resolve } from 'node:path';
import { MAX_SOCKET_PATH_BYTES } from '../../../common/runtime/home';
import { ConfigurationError } from '../../../common/runtime/env';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { readStandaloneConfig } from '../../../standalone/src/config';

const SMALL = { cores: 2, memoryBytes: 8 * 1024 ** 3 };

const WARNING = 'LAYOVER_DRAIN_SECOND is unknown and has no effect. Did you mean LAYOVER_DRAIN_SECONDS?';

test('passes the environment to the planes with an absolute home', () => {
  const config = readStandaloneConfig({ PATH: '/bin', LAYOVER_HOME: 'somewhere', LAYOVER_DRAIN_SECONDS: '7' }, SMALL);
  expect(config).toMatchObject({
    home: { root: resolve('somewhere') },
    drainMs: 7000,
    edgeDrainMs: 7000,
    warnings: [],
  });
  const { edgeDrainMs } = readStandaloneConfig({ LAYOVER_DRAIN_SECONDS: '7', LAYOVER_EDGE_DRAIN_SECONDS: '9' }, SMALL);
  expect(edgeDrainMs).toBe(9000);
  expect(config).toMatchObject({ edges: 1, dataPlanes: [{ environment: {} }], leftovers: [] });
  expect(config.environment).toEqual({
    PATH: '/bin',
    UV_THREADPOOL_SIZE: '8',
    NODE_OPTIONS: '--max-semi-space-size=32',
    LAYOVER_HOME: resolve('somewhere'),
    LAYOVER_DRAIN_SECONDS: '7',
  });
});

test('reports an unknown variable once and removes it from the environment of the planes', () => {
  const config = readStandaloneConfig({ LAYOVER_DRAIN_SECOND: '7' });
  expect(config.warnings).toEqual([WARNING]);
  expect(config.environment['LAYOVER_DRAIN_SECOND']).toBeUndefined();
});

test('reports the problems of all planes once, together with unknown variables', () => {
  const read = () =>
    readStandaloneConfig({
      LAYOVER_LOG_LEVEL: 'loud',
      LAYOVER_EDGE_LISTEN: 'nowhere',
      LAYOVER_GC_GRACE_SECONDS: '-1',
      LAYOVER_NODE_NAME: 'a b',
      LAYOVER_DRAIN_SECOND: '7',
    });
  expect(read).toThrow(ConfigurationError);
  try {
    read();
  } catch (error) {
    const { problems, warnings } = error as ConfigurationError;
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'LAYOVER_EDGE_LISTEN',
      'LAYOVER_GC_GRACE_SECONDS',
      'LAYOVER_LOG_LEVEL',
      'LAYOVER_NODE_NAME',
    ]);
    expect(warnings).toEqual([WARNING]);
  }
});

describe('with several data planes', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'layover-homes-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('every plane gets the same list, and each further data plane a home and a name of its own', () => {
    const env = {
      LAYOVER_HOME: root,
      LAYOVER_NODE_NAME: 'host',
      LAYOVER_DATA_HTTP_LISTEN: '127.0.0.1:9100',
      LAYOVER_DATA_PLANES_LOCAL: '2',
    };
    const config = readStandaloneConfig(env, SMALL);
    expect(config.environment).toMatchObject({
      LAYOVER_HOME: root,
      LAYOVER_DATA_PLANES: `unix:${root}/run/data.sock,unix:${root}/data-2/run/data.sock`,
    });
    expect(config.dataPlanes.map(({ home }) => home.blobs)).toEqual([`${root}/blobs`, `${root}/data-2/blobs`]);
    expect(config.dataPlanes.map(({ environment }) => environment)).toEqual([
      {},
      {
        LAYOVER_HOME: `${root}/data-2`,
        LAYOVER_CATALOG: `unix:${root}/run/catalog.sock`,
        LAYOVER_NODE_NAME: 'host-2',
        LAYOVER_DATA_LISTEN: undefined,
        LAYOVER_DATA_HTTP_LISTEN: undefined,
      },
    ]);
  });

  test('a home keeps its number, and homes beyond a lower number are left over', () => {
    writeFileSync(join(root, 'node-id'), 'one');
    for (const name of ['data-2', 'data-3', 'data-x', 'data-03', 'data-1']) mkdirSync(join(root, name));
    expect(readStandaloneConfig({ LAYOVER_HOME: root }, SMALL).dataPlanes).toHaveLength(3);
    const reduced = readStandaloneConfig({ LAYOVER_HOME: root, LAYOVER_DATA_PLANES_LOCAL: '1' }, SMALL);
    expect(reduced.dataPlanes).toHaveLength(1);
    expect(reduced.environment['LAYOVER_DATA_PLANES']).toBeUndefined();
    expect(reduced.leftovers.map(({ home }) => home.root)).toEqual([join(root, 'data-2'), join(root, 'data-3')]);
  });

  test('a path that is too long for the socket of a further data plane is a problem', () => {
    const long = join(root, 'x'.repeat(MAX_SOCKET_PATH_BYTES - root.length - '//run/catalog.sock'.length));
    const env = { LAYOVER_HOME: long };
    expect(readStandaloneConfig({ ...env, LAYOVER_DATA_PLANES_LOCAL: '1' }, SMALL).edges).toBe(1);
    expect(() => readStandaloneConfig({ ...env, LAYOVER_DATA_PLANES_LOCAL: '2' }, SMALL)).toThrow(
      'LAYOVER_HOME leads to the socket path',
    );
  });
});
