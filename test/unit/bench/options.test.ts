import { COMPARING_NAMES, MEASURE_NAMES, readOptions } from '../../../bench/src/options';

test('without options all measures run', () => {
  expect(readOptions([])).toMatchObject({
    comparing: COMPARING_NAMES,
    alone: MEASURE_NAMES,
    quick: false,
    buildPeers: false,
    upstream: 'distribution',
    peerLogs: 'requests',
    publish: undefined,
  });
});

test('side-by-side stands for all measures that compare caches', () => {
  expect(readOptions(['--only', 'side-by-side'])).toMatchObject({ comparing: COMPARING_NAMES, alone: [] });
});

test('measures keep their order', () => {
  expect(readOptions(['--only', 'nodes,replay', '--only', 'manifests'])).toMatchObject({
    comparing: ['manifests', 'replay'],
    alone: ['nodes'],
  });
});

test.each([
  [['--only', 'speed'], 'Unknown measure: speed.'],
  [['--upstream', 'hub'], 'Unknown upstream: hub.'],
  [['--peer-logs', 'all'], 'Unknown log: all.'],
])('%j is refused', (args, text) => {
  expect(readOptions(args)).toMatchObject({ kind: 'end', exitCode: 64, text: expect.stringContaining(text) as string });
});

test.each([[['--publish', '--quick']], [['--publish', '--only', 'manifests']]])(
  'only a whole run is published: %j is refused',
  (args) => {
    expect(readOptions(args)).toMatchObject({ kind: 'end', exitCode: 64 });
  },
);

test('a whole run is published, also without the measures of Layover alone', () => {
  expect(readOptions(['--publish', '--only', 'side-by-side'])).toMatchObject({ publish: 'run' });
});
