import {
  type ConfigurationUpdate,
  MAX_PART_ORGANIZATIONS,
  splitUpdate,
} from '../../../../control-plane/src/catalog/configuration-update';
import { loadCatalog } from '../../../../common/grpc/load-proto';
import { SHARED } from './support';

const update = (change: Partial<ConfigurationUpdate>): ConfigurationUpdate => ({
  fromRevision: 3,
  to: { revision: 9, mark: 'm9' },
  organizations: [],
  removedUids: [],
  shared: SHARED,
  ...change,
});
const named = (count: number, caCertificate = '') =>
  Array.from({ length: count }, (_, i) => ({ uid: `uid-${i}`, name: `o${i}`, proxyCache: { caCertificate } }));
const bytesOf = (part: object): number => loadCatalog().service.Watch.responseSerialize({ update: part }).length;

test('sends an update without organizations in one part, with the settings and token keys', () => {
  expect([...splitUpdate(update({}))]).toEqual([
    {
      fromRevision: 3,
      revision: 9,
      mark: 'm9',
      organizations: [],
      removedUids: [],
      settings: SHARED.settings,
      tokenKeys: SHARED.tokenKeys,
      last: true,
    },
  ]);
});

test.each([
  [256, [256]],
  [257, [256, 1]],
  [600, [256, 256, 88]],
])('splits %i organizations into parts of %j; only the last part is marked and has the shared part', (count, sizes) => {
  const organizations = named(count);
  const parts = [...splitUpdate(update({ organizations }))];
  expect(parts.map((part) => part.organizations!.length)).toEqual(sizes);
  expect(parts.flatMap((part) => part.organizations)).toEqual(organizations);
  expect(parts.map((part) => part.last === true)).toEqual(sizes.map((_, i) => i === sizes.length - 1));
  for (const part of parts) expect(part).toMatchObject({ fromRevision: 3, revision: 9, mark: 'm9' });
  for (const part of parts.slice(0, -1)) expect(part.settings).toBeUndefined();
});

test('ends a part when it reaches one mebibyte', () => {
  const parts = [...splitUpdate(update({ organizations: named(MAX_PART_ORGANIZATIONS, 'x'.repeat(65_000)) }))];
  expect(parts.length).toBeGreaterThan(10);
  for (const part of parts) expect(bytesOf(part)).toBeLessThan(1.1 * 1024 * 1024);
});

test('splits removed organizations into parts', () => {
  const removedUids = Array.from({ length: 25_000 }, (_, i) => `uid-${i}`);
  const parts = [...splitUpdate(update({ removedUids }))];
  expect(parts.flatMap((part) => part.removedUids)).toEqual(removedUids);
  for (const part of parts) expect(part.removedUids!.length).toBeLessThanOrEqual(10_000);
  expect(parts.at(-1)!.last).toBe(true);
});
