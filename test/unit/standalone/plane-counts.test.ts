import { SettingsReader } from '../../../common/configuration/settings-reader';
import { ConfigurationError } from '../../../common/runtime/env';
import { homeAt } from '../../../common/runtime/home';
import type { ExistingHomes } from '../../../standalone/src/data-plane-homes';
import type { Machine } from '../../../standalone/src/machine';
import { automaticCounts, type PlaneCounts, readPlaneCounts } from '../../../standalone/src/plane-counts';

const GIB = 1024 ** 3;
const NEW_HOME: ExistingHomes = { hasFirst: false, further: [] };
const large: Machine = { cores: 16, memoryBytes: 64 * GIB };

function counts(
  env: Readonly<Record<string, string>>,
  machine: Machine = large,
  existing = NEW_HOME,
  home = '/home',
): PlaneCounts {
  const reader = new SettingsReader(env);
  const found = readPlaneCounts(reader, homeAt(home), existing, machine);
  reader.done();
  return found;
}

function problemsOf(env: Readonly<Record<string, string>>, home?: string): readonly string[] {
  try {
    counts(env, large, NEW_HOME, home);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('automaticCounts', () => {
  it.each([
    [1, 64, 1, 1],
    [2, 64, 1, 1],
    [3, 64, 1, 1],
    [4, 64, 2, 1],
    [8, 64, 4, 2],
    [16, 64, 8, 4],
    [256, 1024, 8, 4],
    [16, 2, 1, 1],
    [16, 8, 4, 2],
    [1, 0.25, 1, 1],
  ])('%d cores with %d GiB run %d edges and %d data planes', (cores, gib, edges, dataPlanes) => {
    expect(automaticCounts({ cores, memoryBytes: gib * GIB })).toEqual({ edges, dataPlanes });
  });
});

describe('readPlaneCounts', () => {
  it('prefers the numbers of the operator', () => {
    expect(counts({ LAYOVER_EDGES: '3', LAYOVER_DATA_PLANES_LOCAL: '2' })).toEqual({ edges: 3, dataPlanes: 2 });
  });

  it('gives a new home as many data planes as the cores suggest', () => {
    expect(counts({})).toEqual({ edges: 8, dataPlanes: 4 });
  });

  it.each([
    ['one data plane', [], 1],
    ['three data planes', [2, 3], 3],
    ['a gap', [2, 4], 2],
  ])('keeps the number of data planes of a home with %s', (_, further, dataPlanes) => {
    expect(counts({}, large, { hasFirst: true, further })).toEqual({ edges: 8, dataPlanes });
  });

  it.each([
    ['LAYOVER_DATA_PLANES', '10.0.0.1:9000,10.0.0.2:9000'],
    ['LAYOVER_DATA_LISTEN', '10.0.0.1:9000'],
    ['LAYOVER_BLOB_STORE', 'file:/srv/blobs'],
  ])('runs one data plane with %s, and refuses more', (name, value) => {
    expect(counts({ [name]: value })).toEqual({ edges: 8, dataPlanes: 1 });
    expect(counts({ [name]: value, LAYOVER_DATA_PLANES_LOCAL: '1' }).dataPlanes).toBe(1);
    expect(problemsOf({ [name]: value, LAYOVER_DATA_PLANES_LOCAL: '2' })).toEqual([
      expect.stringMatching(`^LAYOVER_DATA_PLANES_LOCAL must be 1 if ${name} is`),
    ]);
  });

  it('allows several data planes with a bucket', () => {
    expect(counts({ LAYOVER_BLOB_STORE: 'gs://bucket', LAYOVER_DATA_PLANES_LOCAL: '2' }).dataPlanes).toBe(2);
  });

  it('runs one data plane if the path of the home contains a comma, and refuses more', () => {
    expect(counts({}, large, NEW_HOME, '/a,b').dataPlanes).toBe(1);
    expect(problemsOf({ LAYOVER_DATA_PLANES_LOCAL: '2' }, '/a,b')).toEqual([
      'LAYOVER_DATA_PLANES_LOCAL must be 1 because the path of LAYOVER_HOME contains a comma: /a,b/run/data.sock',
    ]);
  });

  it('runs one edge if its metrics are on a unix socket, and refuses more', () => {
    const metrics = { LAYOVER_EDGE_METRICS_LISTEN: 'unix:/run/metrics.sock' };
    expect(counts(metrics).edges).toBe(1);
    expect(problemsOf({ ...metrics, LAYOVER_EDGES: '2' })).toEqual([
      expect.stringMatching('^LAYOVER_EDGES must be 1 if LAYOVER_EDGE_METRICS_LISTEN is a unix socket'),
    ]);
  });

  it.each([
    ['LAYOVER_EDGES', '0', '1 to 64'],
    ['LAYOVER_EDGES', 'two', '1 to 64'],
    ['LAYOVER_DATA_PLANES_LOCAL', '17', '1 to 16'],
  ])('refuses %s=%s', (name, value, limits) => {
    expect(problemsOf({ [name]: value })).toEqual([
      `${name} must be a whole number from ${limits}; the given value is "${value}"`,
    ]);
  });
});
