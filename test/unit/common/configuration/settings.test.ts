import type { ProgramName } from '../../../../common/configuration/declarations/setting';
import { SETTING_GROUPS, SETTINGS } from '../../../../common/configuration/settings';
import type { RawEnvironment } from '../../../../common/runtime/env';
import { readControlPlaneConfig } from '../../../../control-plane/src/config';
import { readDataPlaneConfig } from '../../../../data-plane/src/config';
import { readEdgeConfig } from '../../../../edge-http/src/config';

const all = Object.values(SETTINGS);

test('every setting is in exactly one group', () => {
  const grouped = SETTING_GROUPS.flatMap(({ settings }) => Object.keys(settings));
  expect(grouped.sort()).toEqual(Object.keys(SETTINGS).sort());
  expect(new Set(grouped).size).toBe(grouped.length);
});

test.each(all.map((setting) => [setting.name, setting] as const))('%s is described in sentences', (_name, setting) => {
  expect(setting.description).toMatch(/^[A-Z`].*[.]$/);
  expect(setting.description).not.toContain('\n');
  expect(setting.readBy.length).toBeGreaterThan(0);
});

/** Reads a configuration and returns the names of the variables that it accessed. */
function namesReadBy(read: (environment: RawEnvironment) => unknown, environment: RawEnvironment): ReadonlySet<string> {
  const names = new Set<string>();
  const recording = new Proxy(environment, {
    get(target, name: string) {
      names.add(name);
      return target[name];
    },
  });
  read(recording);
  return names;
}

test.each([
  ['edge', readEdgeConfig, [{}]],
  // The emulator only matters with a bucket.
  ['data-plane', readDataPlaneConfig, [{}, { LAYOVER_BLOB_STORE: 'gs://bucket' }]],
  ['control-plane', readControlPlaneConfig, [{}]],
] as const)('the %s reads the settings that are declared for it, and no others', (program: ProgramName, read, envs) => {
  const otlp = { OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=b' };
  const found = [...envs, otlp].flatMap((environment) => [...namesReadBy(read, environment)]);
  const declared = all.filter(
    ({ kind, readBy }) => kind !== 'external' && (readBy as readonly string[]).includes(program),
  );
  const names = declared.flatMap((setting) => [setting.name, ...('aliases' in setting ? setting.aliases : [])]);
  expect([...new Set(found)].sort()).toEqual([...names].sort());
});

test('an empty environment is valid for every plane, so every default is valid', () => {
  for (const read of [readEdgeConfig, readDataPlaneConfig, readControlPlaneConfig])
    expect(read({}).warnings).toEqual([]);
  expect(readEdgeConfig({}).listen).toBeDefined();
  expect(readControlPlaneConfig({}).controlListen).toBeDefined();
  expect(readEdgeConfig({}).planeSecurity.domain).toBe('layover.internal');
});
