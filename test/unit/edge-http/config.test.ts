import { resolve } from 'node:path';
import type { ConfigurationError } from '../../../common/runtime/env';
import { PLAIN_PLANES } from '../../../common/security/plane-security-config';
import { readEdgeConfig } from '../../../edge-http/src/config';

test('an empty environment results in the documented defaults', () => {
  expect(readEdgeConfig({})).toEqual({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
    dataPlanes: [{ kind: 'unix', path: resolve('.layover/run/data.sock') }],
    planeSecurity: PLAIN_PLANES,
    tls: undefined,
    trustedProxies: undefined,
    localDelivery: 'auto',
    blobReadersPerNode: 8,
    publicUrl: undefined,
    drainSeconds: 30,
    clientIdleSeconds: expect.any(Number) as unknown,
    resumeSeconds: expect.any(Number) as unknown,
    logLevel: 'info',
    warnings: [],
  });
});

test('every setting is read', () => {
  expect(
    readEdgeConfig({
      LAYOVER_HOME: '/srv/layover',
      LAYOVER_EDGE_LISTEN: '[::]:80',
      LAYOVER_DATA_PLANES: 'unix:/run/a.sock, data.example:9000',
      LAYOVER_PLANE_SECRET: 's'.repeat(32),
      LAYOVER_TRUSTED_PROXIES: '10.0.0.0/8, fd00::/8',
      LAYOVER_LOCAL_DELIVERY: 'off',
      LAYOVER_BLOB_READERS_PER_NODE: '0',
      LAYOVER_PUBLIC_URL: 'https://layover.example/',
      LAYOVER_DRAIN_SECONDS: '0',
      LAYOVER_CLIENT_IDLE_SECONDS: '5',
      LAYOVER_RESUME_SECONDS: '7',
      LAYOVER_LOG_LEVEL: 'debug',
    }),
  ).toEqual({
    listen: { kind: 'tcp', host: '::', port: 80 },
    dataPlanes: [
      { kind: 'unix', path: '/run/a.sock' },
      { kind: 'tcp', host: 'data.example', port: 9000 },
    ],
    planeSecurity: { ...PLAIN_PLANES, secret: 's'.repeat(32) },
    tls: undefined,
    trustedProxies: expect.objectContaining({ trusts: expect.any(Function) as unknown }) as unknown,
    localDelivery: 'off',
    blobReadersPerNode: 0,
    publicUrl: 'https://layover.example',
    drainSeconds: 0,
    clientIdleSeconds: 5,
    resumeSeconds: 7,
    logLevel: 'debug',
    warnings: [],
  });
});

test('an edge has a drain time of its own', () => {
  const both = { LAYOVER_DRAIN_SECONDS: '10', LAYOVER_EDGE_DRAIN_SECONDS: '300' };
  expect(readEdgeConfig(both).drainSeconds).toBe(300);
  expect(readEdgeConfig({ ...both, LAYOVER_EDGE_DRAIN_SECONDS: '0' }).drainSeconds).toBe(0);
  expect(readEdgeConfig({ LAYOVER_DRAIN_SECONDS: '10' }).drainSeconds).toBe(10);
});

test('all problems are reported at once', () => {
  const bad = {
    LAYOVER_DATA_PLANES: 'a:1,,b:2',
    LAYOVER_EDGE_LISTEN: 'nowhere',
    LAYOVER_TRUSTED_PROXIES: '10.0.0.0/33',
    LAYOVER_PLANE_SECRET: 'short',
    LAYOVER_LOCAL_DELIVERY: 'maybe',
    LAYOVER_PUBLIC_URL: 'https://user:pw@layover.example',
    LAYOVER_DRAIN_SECONDS: '-1',
    LAYOVER_CLIENT_IDLE_SECONDS: '0',
    LAYOVER_LOG_LEVEL: 'loud',
  };
  let problems: readonly string[] = [];
  try {
    readEdgeConfig(bad);
  } catch (error) {
    problems = (error as ConfigurationError).problems;
  }
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(Object.keys(bad));
});

test.each(['data.example:0', 'data.example', ',', 'unix:'])('data planes at %j are refused', (text) => {
  expect(() => readEdgeConfig({ LAYOVER_DATA_PLANES: text })).toThrow(/LAYOVER_DATA_PLANES/);
});

test.each(['ftp://h', 'layover.example', 'http://h/?a=b', 'http://h/#x'])('a public URL %j is refused', (text) => {
  expect(() => readEdgeConfig({ LAYOVER_PUBLIC_URL: text })).toThrow(/LAYOVER_PUBLIC_URL/);
});

describe('offload to nginx', () => {
  const on = {
    LAYOVER_HOME: '/srv/layover',
    LAYOVER_EDGE_OFFLOAD: 'x-accel',
    LAYOVER_EDGE_OFFLOAD_SECRET: 's'.repeat(32),
  };

  test('has the folders of the home by default', () => {
    expect(readEdgeConfig(on).offload).toEqual({
      secret: 's'.repeat(32),
      folders: [
        { name: 'blobs', folder: '/srv/layover/blobs' },
        { name: 'copies', folder: '/srv/layover/copies' },
      ],
    });
  });

  test('has the folders of LAYOVER_EDGE_OFFLOAD_FOLDERS', () => {
    const { offload } = readEdgeConfig({ ...on, LAYOVER_EDGE_OFFLOAD_FOLDERS: 'store=/data/blobs' });
    expect(offload?.folders).toEqual([{ name: 'store', folder: '/data/blobs' }]);
  });

  test('is off by default, whatever the secret is', () => {
    expect(readEdgeConfig({ ...on, LAYOVER_EDGE_OFFLOAD: '' }).offload).toBeUndefined();
  });

  test.each([
    [{ LAYOVER_EDGE_OFFLOAD_SECRET: '' }, /LAYOVER_EDGE_OFFLOAD requires LAYOVER_EDGE_OFFLOAD_SECRET/],
    [{ LAYOVER_EDGE_OFFLOAD_SECRET: 'too-short' }, /LAYOVER_EDGE_OFFLOAD_SECRET must be 32 to 256 .* is not shown/],
    [{ LAYOVER_EDGE_OFFLOAD_FOLDERS: 'blobs' }, /LAYOVER_EDGE_OFFLOAD_FOLDERS must be/],
    [{ LAYOVER_EDGE_OFFLOAD: 'sendfile' }, /LAYOVER_EDGE_OFFLOAD must be one of off, x-accel/],
  ])('refuses %j', (env, problem) => {
    expect(() => readEdgeConfig({ ...on, ...env })).toThrow(problem);
  });
});
