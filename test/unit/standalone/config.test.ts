import { resolve } from 'node:path';
import { ConfigurationError } from '../../../common/runtime/env';
import { readStandaloneConfig } from '../../../standalone/src/config';

const WARNING = 'LAYOVER_DRAIN_SECOND is unknown and has no effect. Did you mean LAYOVER_DRAIN_SECONDS?';

test('passes the environment to the planes with an absolute home', () => {
  const config = readStandaloneConfig({ PATH: '/bin', LAYOVER_HOME: 'somewhere', LAYOVER_DRAIN_SECONDS: '7' });
  expect(config).toMatchObject({ home: { root: resolve('somewhere') }, drainMs: 7000, warnings: [] });
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
