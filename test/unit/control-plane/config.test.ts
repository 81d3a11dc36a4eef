import { resolve } from 'node:path';
import { ConfigurationError } from '../../../common/runtime/env';
import { readControlPlaneConfig } from '../../../control-plane/src/config';

test('has the defaults of the architecture', () => {
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

test('reads what is set', () => {
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

test('names every problem at once, and no secret', () => {
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
