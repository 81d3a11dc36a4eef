import { editDistance, nearestName } from '../../../../common/configuration/nearest-name';
import { SETTINGS } from '../../../../common/configuration/settings';
import { unknownVariables } from '../../../../common/configuration/unknown-variables';

const warningsOf = (...names: string[]): readonly string[] =>
  unknownVariables(Object.fromEntries(names.map((name) => [name, 'c4nary']))).map(({ warning }) => warning);

test.each([
  ['LAYOVER_DRAIN_SECOND', 'LAYOVER_DRAIN_SECONDS'],
  ['LAYOVER_DRIAN_SECONDS', 'LAYOVER_DRAIN_SECONDS'],
  ['LAYOVER_MASTERKEY', 'LAYOVER_MASTER_KEY'],
  ['LAYOVER_MASTER_KEYS_PREVIOUS', 'LAYOVER_MASTER_KEY_PREVIOUS'],
  ['LAYOVER_CATALOGUE', 'LAYOVER_CATALOG'],
  ['LAYOVER_DATA_PLANE', 'LAYOVER_DATA_PLANES'],
  ['layover_log_level', 'LAYOVER_LOG_LEVEL'],
])('reports %s and suggests %s', (name, known) => {
  expect(warningsOf(name)).toEqual([`${name} is unknown and has no effect. Did you mean ${known}?`]);
});

test('suggests nothing if no name is similar and never repeats a value', () => {
  const warning = 'LAYOVER_COLOR_OF_THE_SKY is unknown and has no effect. docs/configuration.md lists all variables.';
  expect(warningsOf('LAYOVER_COLOR_OF_THE_SKY')).toEqual([warning]);
});

test('accepts every declared variable of any plane', () => {
  expect(warningsOf(...Object.keys(SETTINGS))).toEqual([]);
});

test('accepts variables of test suites and of other programs, and empty variables', () => {
  expect(warningsOf('LAYOVER_TEST_ANYTHING', 'PATH', 'MY_LAYOVER_HOME', 'LAYOVER')).toEqual([]);
  expect(unknownVariables({ LAYOVER_DRAIN_SECOND: ' ', LAYOVER_NOTHING: undefined })).toEqual([]);
});

test('accepts the variables that Kubernetes sets for a service', () => {
  const links = [
    'LAYOVER_EDGE_SERVICE_HOST',
    'LAYOVER_EDGE_SERVICE_PORT',
    'LAYOVER_EDGE_SERVICE_PORT_HTTP',
    'LAYOVER_PORT',
    'LAYOVER_EDGE_PORT_80_TCP',
    'LAYOVER_EDGE_PORT_80_TCP_PROTO',
    'LAYOVER_EDGE_PORT_80_TCP_PORT',
    'LAYOVER_EDGE_PORT_80_TCP_ADDR',
  ];
  expect(warningsOf(...links)).toEqual([]);
  expect(Object.keys(SETTINGS).filter((name) => /_PORT/.test(name))).toEqual([]);
});

test('counts insertions, deletions, replacements and swaps of adjacent characters', () => {
  expect(editDistance('abc', 'abc')).toBe(0);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('abc', 'abxc')).toBe(1);
  expect(editDistance('abc', 'ab')).toBe(1);
  expect(editDistance('abc', 'axc')).toBe(1);
  expect(editDistance('abc', 'acb')).toBe(1);
  expect(editDistance('kitten', 'sitting')).toBe(3);
});

test('returns the candidate with the smallest edit distance', () => {
  expect(nearestName('LAYOVER_HOMES', ['LAYOVER_HOUSE', 'LAYOVER_HOME'])).toBe('LAYOVER_HOME');
  expect(nearestName('LAYOVER_HOME', [])).toBeUndefined();
});
