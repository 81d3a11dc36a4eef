import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { printCompatibility } from '../../support/compatibility/print-compatibility';
import { printUpstreamRequests } from '../../support/compatibility/print-upstream-requests';
import { canSee, normalizeMessage, REFUSAL_KINDS, REFUSED_CLIENTS } from '../../support/compatibility/refusals';
import { SEEN_REFUSALS } from '../../support/compatibility/seen-refusals';
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

test.each(REFUSED_CLIENTS)('there is a message of %s for every kind of refusal that it can see', (client) => {
  const kinds = (Object.keys(REFUSAL_KINDS) as (keyof typeof REFUSAL_KINDS)[]).filter((kind) => canSee(client, kind));
  expect(Object.keys(SEEN_REFUSALS[client]).sort()).toEqual([...kinds].sort());
});

test('a recorded message has no part that differs between two runs', () => {
  const text = [
    'WARNING: use --password-stdin',
    'time="2026-11-30T16:23:40Z" level=info msg="trying next host"',
    '2026/11/30 16:23:40 retrying GET http://127.0.0.1:1234/v2/',
    `Error: 127.0.0.1:1234/app: 127.0.0.1:99 has no sha256:${'a'.repeat(64)};`,
    '  try again in 7 seconds, request df9c4ee6-31ce-4d3a-a548-92f4874aaf65',
  ].join('\n');
  expect(normalizeMessage(text, '127.0.0.1:1234')).toBe(
    'Error: layover.example/app: upstream.example has no sha256:…; try again in … seconds, request …',
  );
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
