import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { printCompatibility } from '../../support/compatibility/print-compatibility';
import { printUpstreamRequests } from '../../support/compatibility/print-upstream-requests';
import { PROFILES } from '../../support/museum';
import { GOLDEN_REQUESTS } from '../../support/museum/golden-requests';
import { KNOWN_FAILURES } from '../../support/museum/known-failures';
import { isApplicable, type OperationName } from '../../support/museum/operations';

const root = packageRoot(__dirname);
const keys = PROFILES.map(({ key }) => key);

test.each([
  ['docs/compatibility.md', printCompatibility],
  ['docs/upstream-requests.md', printUpstreamRequests],
])('%s is what npm run generate:compatibility writes', (path, print) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(print());
});

test('registries of the museum have different keys, and names for people', () => {
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => !/^[a-z][a-z-]*$/.test(key))).toEqual([]);
});

test('golden lists and known failures belong to registries of the museum', () => {
  expect(
    [...Object.keys(GOLDEN_REQUESTS), ...Object.keys(KNOWN_FAILURES)].filter((key) => !keys.includes(key)),
  ).toEqual([]);
});

test('known failures are operations that exist for their registry', () => {
  const wrong = PROFILES.flatMap((profile) =>
    (Object.keys(KNOWN_FAILURES[profile.key] ?? {}) as OperationName[])
      .filter((operation) => !isApplicable(operation, profile))
      .map((operation) => `${profile.key}: ${operation}`),
  );
  expect(wrong).toEqual([]);
});

test.each(keys)('the profile %s names its public sources and is small', (key) => {
  const text = readFileSync(join(root, 'test/support/museum/profiles', `${key}.ts`), 'utf8');
  const docstring = /\/\*\*([^/]|\/(?!\*))*?\*\/\nexport const /.exec(text)?.[0] ?? '';
  expect(docstring).toMatch(/Sources:[\s\S]*https:\/\//);
  expect(text.split('\n').length).toBeLessThan(150);
});
