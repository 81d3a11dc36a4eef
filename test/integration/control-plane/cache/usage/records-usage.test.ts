import type { Database } from '../../../../../control-plane/src/db/database';
import { UsageReader } from '../../../../../control-plane/src/cache/usage/usage-reader';
import type { Names, Usage, UsageStore } from '../../../../../control-plane/src/cache/usage/usage.store';
import { admission, blobRecord, config, digest, layer, pull } from '../../../../support/control-plane/builders';
import { TestClock } from '../../../../support/test-clock';
import { startControlPlane } from '../../../../support/control-plane/start-control-plane';

const SCOPE = { kind: 'organization', uid: 'u' } as const;
const USAGE: Usage = { usedBytes: 1n, reservedBytes: 0n, manifestCount: 1, blobCount: 0 };

/**
 * A database with a given data version (undefined = MySQL), and a store whose counts end when the
 * test says so.
 */
function fakes() {
  const state = { version: 1 as number | undefined, counts: 0, nextExpiry: undefined as number | undefined };
  const ends: ((fails?: Error) => void)[] = [];
  const count = <T>(value: T): Promise<T> => {
    state.counts += 1;
    return new Promise((resolve, reject) =>
      ends.push((error) => (error === undefined ? resolve(value) : reject(error))),
    );
  };
  const names = (): Names => ({ repositories: 1, tags: state.counts, nextExpiry: state.nextExpiry });
  const store = {
    held: () => count({ ...USAGE, blobCount: state.counts }),
    names: () => count(names()),
  } as unknown as UsageStore;
  const database = {
    get dialect() {
      return state.version === undefined ? 'mysql' : 'sqlite';
    },
    reader: { raw: () => Promise.resolve([{ data_version: state.version }]) },
  } as unknown as Database;
  const clock = new TestClock();
  return { state, ends, clock, reader: new UsageReader(database, store, clock) };
}
const settle = () => new Promise((resume) => setImmediate(resume));

test('UsageReader shares a count on SQLite until the next commit', async () => {
  const { state, ends, reader } = fakes();
  const two = [reader.held(SCOPE), reader.held(SCOPE)];
  await settle();
  expect(state.counts).toBe(1);
  ends[0]!();
  await Promise.all(two);
  await reader.held(SCOPE);
  expect(state.counts).toBe(1);
  state.version = 2;
  const after = reader.held(SCOPE);
  await settle();
  expect(state.counts).toBe(2);
  ends[1]!();
  expect((await after).blobCount).toBe(1);
});

test('UsageReader does not cache a failed count', async () => {
  const { ends, reader } = fakes();
  const failing = reader.held(SCOPE);
  await settle();
  ends[0]!(new Error('away'));
  await expect(failing).rejects.toThrow('away');
  const again = reader.held(SCOPE);
  await settle();
  ends[1]!();
  await expect(again).resolves.toMatchObject({ manifestCount: 1 });
});

test('UsageReader counts active tags again when one of them expires', async () => {
  const { state, ends, clock, reader } = fakes();
  state.nextExpiry = clock.now() + 1000;
  const first = reader.names(SCOPE);
  await settle();
  ends[0]!();
  await first;
  clock.advance(999);
  await reader.names(SCOPE);
  expect(state.counts).toBe(1);
  clock.advance(1);
  void reader.names(SCOPE);
  await settle();
  expect(state.counts).toBe(2);
});

test('UsageReader never joins a count on MySQL that began before the request', async () => {
  const { state, ends, reader } = fakes();
  state.version = undefined;
  const first = reader.held(SCOPE);
  await settle();
  const later = [reader.held(SCOPE), reader.held(SCOPE), reader.held(SCOPE)];
  await settle();
  expect(state.counts).toBe(1);
  ends[0]!();
  await first;
  await settle();
  expect(state.counts).toBe(2);
  ends[1]!(new Error('gone'));
  for (const one of later) await expect(one).rejects.toThrow('gone');
  const last = reader.held(SCOPE);
  await settle();
  expect(state.counts).toBe(3);
  ends[2]!();
  await last;
});

test('usage in GraphQL shows every change in the next read', async () => {
  const plane = await startControlPlane();
  try {
    const acme = await plane.organization('acme', { expirationSeconds: 60 });
    const usage = async (): Promise<string> => {
      const { organization } = await plane.ask<{ organization: { usage: Record<string, unknown> } }>(
        '{ organization(name: "acme") { usage { usedBytes timeMachineBytes manifestCount blobCount tagCount repositoryCount } } }',
      );
      return Object.values(organization.usage).join(' ');
    };
    const now = plane.clock.now();
    expect(await usage()).toBe('0 0 0 0 0 0');
    const references = [config('config', 7), layer('base', 1000)];
    await plane.catalog.call('AdmitManifest', admission(acme, 'one', { references, checkedAt: now }));
    expect(await usage()).toBe('100 0 1 0 1 1');
    const blob = { organizationUid: acme.organizationUid, digest: digest('base'), size: 1000 };
    await plane.catalog.call('RecordPulls', { records: [blobRecord(blob, now)] });
    expect(await usage()).toBe('1100 0 1 1 1 1');
    plane.clock.advance(59_999);
    expect(await usage()).toBe('1100 0 1 1 1 1');
    // Nothing is written when a tag expires.
    plane.clock.advance(1);
    expect(await usage()).toBe('1100 1100 1 1 0 1');
    const again = pull(acme, 'one', plane.clock.now(), { cacheStatus: 'REVALIDATED', checkedAt: plane.clock.now() });
    await plane.catalog.call('RecordPulls', { records: [again] });
    expect(await usage()).toBe('1100 0 1 1 1 1');
  } finally {
    await plane.remove();
  }
});
