import { resolve } from 'node:path';
import { ConfigurationError } from '../../../common/runtime/env';
import { readControlPlaneConfig, readFsckConfig } from '../../../control-plane/src/config';

test('readControlPlaneConfig has defaults', () => {
  const config = readControlPlaneConfig({});
  expect(config).toMatchObject({
    controlListen: { kind: 'tcp', host: '127.0.0.1', port: 8081 },
    catalogListen: { kind: 'unix', path: config.home.catalogSocket },
    database: { dialect: 'sqlite', file: resolve('.layover/layover.sqlite') },
    masterKey: undefined,
    adminToken: undefined,
    bootstrap: true,
    forced: { proxyCacheEnabled: undefined, quotaManagementEnabled: undefined, scanningEnabled: undefined },
    drainMs: 30_000,
    logLevel: 'info',
  });
});

test('readControlPlaneConfig reads the environment', () => {
  const key = Buffer.alloc(32, 7);
  const config = readControlPlaneConfig({
    LAYOVER_HOME: '/srv/layover',
    LAYOVER_CONTROL_LISTEN: '[::]:9000',
    LAYOVER_CATALOG_LISTEN: '0.0.0.0:9001',
    LAYOVER_PLANE_SECRET: 's'.repeat(32),
    LAYOVER_DATABASE_URL: 'mysql://user:p%40ss@db.example:3307/layover',
    LAYOVER_MASTER_KEY: key.toString('base64'),
    LAYOVER_MASTER_KEY_PREVIOUS: `${key.toString('base64')}, ${key.toString('base64')}`,
    LAYOVER_FEATURE_PROXY_CACHE: 'off',
    LAYOVER_BOOTSTRAP: '0',
  });
  expect(config).toMatchObject({
    controlListen: { kind: 'tcp', host: '::', port: 9000 },
    catalogListen: { kind: 'tcp', host: '0.0.0.0', port: 9001 },
    database: { dialect: 'mysql', host: 'db.example', port: 3307, user: 'user', password: 'p@ss', database: 'layover' },
    masterKey: key,
    previousMasterKeys: [key, key],
    forced: { proxyCacheEnabled: false, quotaManagementEnabled: undefined, scanningEnabled: undefined },
    bootstrap: false,
  });
});

test('readControlPlaneConfig reports all problems at once, without secrets', () => {
  const read = () =>
    readControlPlaneConfig({
      LAYOVER_CONTROL_LISTEN: 'nowhere',
      LAYOVER_CATALOG_LISTEN: 'unix:',
      LAYOVER_DATABASE_URL: 'postgres://user:hunter2@x/y',
      LAYOVER_MASTER_KEY: 'hunter3',
      LAYOVER_MASTER_KEY_PREVIOUS: 'hunter4',
      LAYOVER_ADMIN_TOKEN: 'hunter5',
      LAYOVER_BOOTSTRAP: 'maybe',
      LAYOVER_FEATURE_PROXY_CACHE: 'perhaps',
      LAYOVER_FEATURE_QUOTA_MANAGEMENT: '2',
      LAYOVER_DRAIN_SECONDS: '-1',
      LAYOVER_LOG_LEVEL: 'loud',
    });
  expect(read).toThrow(ConfigurationError);
  try {
    read();
  } catch (error) {
    const { problems, message } = error as ConfigurationError;
    expect(problems).toHaveLength(11);
    expect(message).not.toMatch(/hunter/);
  }
});

describe('scanning', () => {
  const PSK = Buffer.alloc(32, 5).toString('base64');

  test('is off without LAYOVER_CLAIR_URL', () => {
    expect(readControlPlaneConfig({ LAYOVER_CLAIR_PSK: PSK }).scan).toBeUndefined();
  });

  test('has defaults', () => {
    expect(readControlPlaneConfig({ LAYOVER_CLAIR_URL: 'http://clair.internal:6060/' }).scan).toEqual({
      clairUrl: 'http://clair.internal:6060',
      psk: undefined,
      issuer: 'layover',
      edgeUrl: 'http://127.0.0.1:8080',
      concurrency: 4,
      refreshMs: 21_600_000,
      maxAttempts: 5,
      layerTokenSeconds: 86_400,
      webhookToken: undefined,
    });
  });

  test.each([
    [{ LAYOVER_PUBLIC_URL: 'https://layover.example/' }, 'https://layover.example'],
    [
      { LAYOVER_PUBLIC_URL: 'https://a.example', LAYOVER_SCAN_EDGE_URL: 'http://edge.internal:8080' },
      'http://edge.internal:8080',
    ],
    [{ LAYOVER_EDGE_LISTEN: '0.0.0.0:5000' }, 'http://127.0.0.1:5000'],
    [{ LAYOVER_EDGE_LISTEN: '[fd00::1]:5000', LAYOVER_EDGE_TLS_CERT: 'x.pem' }, 'https://[fd00::1]:5000'],
  ])('with %j Clair reaches the edge at %s', (environment, url) => {
    expect(readControlPlaneConfig({ LAYOVER_CLAIR_URL: 'http://clair', ...environment }).scan?.edgeUrl).toBe(url);
  });

  test('reports all problems, without secrets', () => {
    const bad = {
      LAYOVER_CLAIR_URL: 'ftp://clair',
      LAYOVER_CLAIR_PSK: 'hunter6',
      LAYOVER_CLAIR_WEBHOOK_TOKEN: 'hunter7',
      LAYOVER_SCAN_CONCURRENCY: '0',
      LAYOVER_SCAN_REFRESH_SECONDS: '1',
      LAYOVER_SCAN_MAX_ATTEMPTS: 'x',
      // Longer than keys are kept; see ADR 9.
      LAYOVER_SCAN_LAYER_TOKEN_SECONDS: '700000',
      LAYOVER_FEATURE_SCANNING: '2',
    };
    const problems = ((): readonly string[] => {
      try {
        readControlPlaneConfig(bad);
        return [];
      } catch (error) {
        return (error as ConfigurationError).problems;
      }
    })();
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual(Object.keys(bad).sort());
    expect(problems.join('\n')).not.toContain('hunter');
    expect(() =>
      readControlPlaneConfig({ LAYOVER_CLAIR_URL: 'http://clair', LAYOVER_EDGE_LISTEN: 'unix:/run/e.sock' }),
    ).toThrow('LAYOVER_SCAN_EDGE_URL');
  });
});

describe('readFsckConfig', () => {
  const files: Readonly<Record<string, string>> = {
    '/srv/layover/run/data-planes': 'unix:/srv/layover/run/data.sock,unix:/srv/layover/data-2/run/data.sock',
  };
  const dataPlanesOf = (env: Readonly<Record<string, string>>) => readFsckConfig(env, (path) => files[path]).dataPlanes;

  test('asks the data planes that npm start has listed in the home', () => {
    expect(dataPlanesOf({ LAYOVER_HOME: '/srv/layover' })).toEqual([
      { kind: 'unix', path: '/srv/layover/run/data.sock' },
      { kind: 'unix', path: '/srv/layover/data-2/run/data.sock' },
    ]);
  });

  test('asks the data plane in the home if none are listed', () => {
    expect(dataPlanesOf({ LAYOVER_HOME: '/srv/other' })).toEqual([{ kind: 'unix', path: '/srv/other/run/data.sock' }]);
  });

  test('prefers LAYOVER_DATA_PLANES', () => {
    const LAYOVER_DATA_PLANES = 'unix:/run/one.sock';
    expect(dataPlanesOf({ LAYOVER_HOME: '/srv/layover', LAYOVER_DATA_PLANES })).toEqual([
      { kind: 'unix', path: '/run/one.sock' },
    ]);
  });
});
