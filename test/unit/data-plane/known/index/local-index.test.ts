import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import type { RepositoryKey } from '../../../../../data-plane/src/access/repository-key';
import type { CachedManifest } from '../../../../../data-plane/src/known/catalog';
import {
  createLocalIndex,
  type LocalIndexOptions,
} from '../../../../../data-plane/src/known/index/durable-local-index';
import type { LocalIndex } from '../../../../../data-plane/src/known/local-index';
import { watchSyncs } from '../../../../support/real/synced-paths';
import { TestClock } from '../../../../support/test-clock';

const folder = mkdtempSync(join(tmpdir(), 'layover-test-'));
let serial = 0;
let directory: string;
let clock: TestClock;
const opened: LocalIndex[] = [];

const open = async (options: Partial<LocalIndexOptions> = {}): Promise<LocalIndex> => {
  const index = await createLocalIndex({ directory, clock, logger: createLogger('test', 'silent'), ...options });
  opened.push(index);
  return index;
};

beforeEach(() => {
  directory = join(folder, String(serial++));
  clock = new TestClock();
});
afterEach(async () => {
  for (const index of opened.splice(0)) await index.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const digest = (text: string): Digest => digestOf(Buffer.from(text));
const descriptor = (text: string, mediaType = 'application/x') => ({
  mediaType,
  digest: digest(text),
  size: text.length,
});
const key = (repository: string, organizationUid = 'u1', originVersion = 'o1'): RepositoryKey => ({
  organizationUid,
  originVersion,
  repository,
});
const tagOf = (text: string, checkedAt = 1) => ({ manifest: descriptor(text), checkedAt, expiresAt: undefined });
const manifestOf = (text: string, ...layers: string[]): CachedManifest => ({
  manifest: descriptor(text),
  references: [
    ...layers.map((layer, position) => ({ role: 'LAYER' as const, descriptor: descriptor(layer), position })),
    { role: 'CONFIG' as const, descriptor: descriptor(`${text}-config`), position: 0 },
    { role: 'CHILD' as const, descriptor: descriptor(`${text}-child`), position: 0 },
  ],
});
const referrersOf = (text: string) => ({ content: Buffer.from(text), filtered: true, checkedAt: 5 });

/** Stores one entry of every kind. */
function fill(index: LocalIndex, repository: RepositoryKey): void {
  index.putTag(repository, 'v1', tagOf('m1'));
  index.putManifest(repository, manifestOf('m1', 'l1', 'l2'));
  index.putBlob(repository, descriptor('proven'));
  index.putReferrers(repository, digest('subject'), 'r', referrersOf('index'));
}

function expectFilled(index: LocalIndex, repository: RepositoryKey): void {
  expect(index.tag(repository, 'v1')).toEqual(tagOf('m1'));
  expect(index.manifest(repository, digest('m1'))).toEqual(manifestOf('m1', 'l1', 'l2'));
  for (const blob of ['l1', 'l2', 'm1-config', 'proven'])
    expect(index.blob(repository, digest(blob))).toEqual(descriptor(blob));
  expect(index.referrers(repository, digest('subject'), 'r')).toEqual(referrersOf('index'));
}

function expectEmpty(index: LocalIndex, repository: RepositoryKey): void {
  expect(index.tag(repository, 'v1')).toBeUndefined();
  expect(index.tags(repository, 10, '')).toEqual([]);
  expect(index.manifest(repository, digest('m1'))).toBeUndefined();
  for (const blob of ['l1', 'l2', 'm1-config', 'proven']) expect(index.blob(repository, digest(blob))).toBeUndefined();
  expect(index.referrers(repository, digest('subject'), 'r')).toBeUndefined();
}

describe('LocalIndex put', () => {
  test('is visible immediately, and after a restart', async () => {
    const index = await open();
    fill(index, key('a'));
    expectFilled(index, key('a'));
    await index.close();
    expectFilled(await open(), key('a'));
  });

  test('reaches the disk a moment later without a flush', async () => {
    const index = await open();
    fill(index, key('a'));
    clock.advance(200);
    while (!existsSync(join(directory, 'index.log'))) await new Promise(setImmediate);
    expectFilled(await open(), key('a'));
  });

  test('applies to one repository of one organization and origin', async () => {
    const index = await open();
    fill(index, key('a'));
    for (const other of [key('b'), key('a', 'u2'), key('a', 'u1', 'o2'), key('', 'u1\0a')]) expectEmpty(index, other);
  });

  test('does not store the children of an index as blobs', async () => {
    const index = await open();
    fill(index, key('a'));
    expect(index.blob(key('a'), digest('m1-child'))).toBeUndefined();
    expect(index.manifest(key('a'), digest('m1-child'))).toBeUndefined();
  });

  test('replaces the previous entry; a removed tag stays removed after a restart', async () => {
    const index = await open();
    index.putTag(key('a'), 'v1', tagOf('m1'));
    index.putTag(key('a'), 'v1', { ...tagOf('m2', 7), expiresAt: 9 });
    index.putTag(key('a'), 'v2', tagOf('m1'));
    index.removeTag(key('a'), 'v2');
    index.removeTag(key('none'), 'v2');
    await index.close();
    const again = await open();
    expect(again.tag(key('a'), 'v1')).toEqual({ ...tagOf('m2', 7), expiresAt: 9 });
    expect(again.tag(key('a'), 'v2')).toBeUndefined();
  });

  test('leaves out referrers answers that are too large', async () => {
    const index = await open();
    index.putReferrers(key('a'), digest('subject'), 'r', referrersOf('x'.repeat(256 * 1024 + 1)));
    expect(index.referrers(key('a'), digest('subject'), 'r')).toBeUndefined();
    // The upstream also chooses the place of a page in its list.
    const place = 'p'.repeat(256 * 1024);
    index.putReferrers(key('a'), digest('subject'), place, referrersOf('x'));
    expect(index.referrers(key('a'), digest('subject'), place)).toBeUndefined();
    const next = { query: place, after: undefined };
    index.putReferrers(key('a'), digest('subject'), 'r', { ...referrersOf('x'), next });
    expect(index.referrers(key('a'), digest('subject'), 'r')).toBeUndefined();
  });

  test('does not write additional fields of the objects of the caller', async () => {
    const index = await open();
    index.putTag(Object.assign(key('a'), { password: 'hunter2' }), 'v1', tagOf('m1'));
    await index.close();
    expect(readFileSync(join(directory, 'index.log'), 'latin1')).not.toContain('hunter2');
    expect(statSync(join(directory, 'index.log')).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });
});

test('keeps tags in bytewise order, page by page', async () => {
  const index = await open();
  for (const tag of ['b', 'a', '_x', 'B', 'a.1', 'a-1', '10', '9', 'aa']) index.putTag(key('a'), tag, tagOf('m'));
  const all = ['10', '9', 'B', '_x', 'a', 'a-1', 'a.1', 'aa', 'b'];
  expect(index.tags(key('a'), 100, '')).toEqual(all);
  expect(index.tags(key('a'), 3, '9')).toEqual(all.slice(2, 5));
  expect(index.tags(key('a'), 3, '9a')).toEqual(all.slice(2, 5));
  expect(index.tags(key('a'), 3, 'b')).toEqual([]);
});

describe('LocalIndex proofs', () => {
  const find = (index: LocalIndex, ...identities: readonly string[]): string[][] =>
    identities.flatMap((identity) => ['a', 'b'].map((blob) => [...index.proofs(identity, digest(blob))]));

  test('belong to an identity and a digest, and survive a restart', async () => {
    const index = await open();
    index.putProof('one', digest('a'), 'team/app');
    index.putProof('one', digest('a'), 'team/other');
    index.putProof('two', digest('b'), 'team/app');
    const expected = [['team/app', 'team/other'], [], [], ['team/app']];
    expect(find(index, 'one', 'two')).toEqual(expected);
    expect(index.identities()).toEqual(['one', 'two']);
    await index.close();
    const again = await open();
    expect(find(again, 'one', 'two')).toEqual(expected);
    expect(again.identities()).toEqual(['one', 'two']);
  });

  test('keep the newest eight repositories', async () => {
    const index = await open();
    for (let i = 0; i < 10; i += 1) index.putProof('one', digest('a'), `team/${i}`);
    index.putProof('one', digest('a'), 'team/2');
    expect(index.proofs('one', digest('a'))).toEqual([3, 4, 5, 6, 7, 8, 9, 2].map((i) => `team/${i}`));
  });

  test.each<[string, [string, string], string[][]]>([
    ['an identity', ['one', ''], [[], [], ['x'], ['x']]],
    ['a digest', ['', digest('a')], [[], ['x'], [], ['x']]],
    ['a digest of an identity', ['two', digest('b')], [['x'], ['x'], ['x'], []]],
  ])('of %s are forgotten alone, also after a restart', async (_, [identity, forgotten], left) => {
    const index = await open();
    for (const one of ['one', 'two']) for (const blob of ['a', 'b']) index.putProof(one, digest(blob), 'x');
    index.forgetProofs(identity, forgotten);
    index.forgetProofs('nobody', '');
    expect(find(index, 'one', 'two')).toEqual(left);
    await index.close();
    expect(find(await open(), 'one', 'two')).toEqual(left);
  });

  test('are bounded: the identity with the most proofs loses its older half', async () => {
    const index = await open({ maxBytes: 2 * 300 * 100 });
    index.putProof('small', digest('a'), 'team/app');
    for (let i = 0; i < 1000; i += 1) index.putProof('big', digest(String(i)), 'team/app');
    expect(index.proofs('small', digest('a'))).toEqual(['team/app']);
    expect(index.proofs('big', digest('999'))).toEqual(['team/app']);
    const kept = Array.from({ length: 1000 }, (_, i) => index.proofs('big', digest(String(i)))).filter(
      ({ length }) => length > 0,
    );
    expect(kept.length).toBeGreaterThan(40);
    expect(kept.length).toBeLessThan(120);
  });

  test('survive the rewrite of the file', async () => {
    const index = await open({ maxBytes: 1024 * 1024 });
    index.putProof('one', digest('a'), 'team/app');
    for (let round = 0; round < 30; round += 1) {
      for (let i = 0; i < 1000; i += 1)
        index.putReferrers(key(`r${i}`), digest('subject'), 'r', { ...referrersOf('x'.repeat(400)), checkedAt: round });
      await index.flush();
    }
    await index.close();
    expect((await open({ maxBytes: 1024 * 1024 })).proofs('one', digest('a'))).toEqual(['team/app']);
  });
});

describe('LocalIndex forget', () => {
  const places = [key('a'), key('a', 'u1', 'o2'), key('b'), key('a', 'u2')];

  test.each([
    ['an organization', ['u1', ''], [true, true, true, false]],
    ['a repository', ['u1', 'a'], [true, true, false, false]],
  ] as const)('removes %s in every origin version, also after a restart', async (_, [uid, repository], gone) => {
    const index = await open();
    for (const place of places) fill(index, place);
    index.forget(uid, repository, '', '');
    const check = (one: LocalIndex): void =>
      places.forEach((place, i) => (gone[i] ? expectEmpty(one, place) : expectFilled(one, place)));
    check(index);
    await index.close();
    check(await open());
  });

  test('removes a tag and nothing else', async () => {
    const index = await open();
    for (const place of places) fill(index, place);
    index.forget('u1', 'a', 'v1', '');
    expect(places.map((place) => index.tag(place, 'v1') !== undefined)).toEqual([false, false, true, true]);
    expect(index.manifest(key('a'), digest('m1'))).toBeDefined();
  });

  test('removes a digest as manifest, blob and subject of referrers, and nothing else, also after a restart', async () => {
    const index = await open();
    for (const place of places) fill(index, place);
    for (const page of ['', 'next']) index.putReferrers(key('a'), digest('m1'), page, referrersOf('index'));
    index.putManifest(key('a'), manifestOf('m2', 'l1'));
    index.forget('u1', 'a', '', digest('m1'));
    index.forget('u1', 'a', '', digest('proven'));
    const check = (one: LocalIndex): void => {
      expect(places.map((place) => one.manifest(place, digest('m1')) !== undefined)).toEqual([
        false,
        false,
        true,
        true,
      ]);
      expect(places.map((place) => one.blob(place, digest('proven')) !== undefined)).toEqual([
        false,
        false,
        true,
        true,
      ]);
      for (const page of ['', 'next']) expect(one.referrers(key('a'), digest('m1'), page)).toBeUndefined();
      expect(one.referrers(key('a'), digest('subject'), 'r')).toBeDefined();
      // Another manifest names it too.
      expect(one.blob(key('a'), digest('l1'))).toBeDefined();
      expect(one.manifest(key('a'), digest('m2'))).toBeDefined();
      expect(one.tag(key('a'), 'v1')).toBeDefined();
    };
    check(index);
    await index.close();
    check(await open());
  });

  test('keeps what is stored after it, also after a restart', async () => {
    const index = await open();
    index.putTag(key('a'), 'v1', tagOf('m1'));
    index.forget('u1', '', '', '');
    index.putTag(key('a'), 'v1', tagOf('m2'));
    await index.close();
    expect((await open()).tag(key('a'), 'v1')).toEqual(tagOf('m2'));
  });
});

describe('LocalIndex bounds', () => {
  test('drop the least recently used repositories', async () => {
    const index = await open({ maxBytes: 20_000 });
    for (let i = 0; i < 100; i++) {
      fill(index, key(`r${i}`));
      index.tag(key('r0'), 'v1');
    }
    expectFilled(index, key('r0'));
    expectFilled(index, key('r99'));
    expectEmpty(index, key('r1'));
  });

  test('drop the older half of a repository that is too large by itself', async () => {
    const index = await open({ maxBytes: 20_000 });
    for (let i = 0; i < 500; i++) index.putTag(key('a'), `t${i}`, tagOf('m'));
    expect(index.tag(key('a'), 't499')).toBeDefined();
    expect(index.tag(key('a'), 't0')).toBeUndefined();
    expect(index.tags(key('a'), 1000, '').length).toBeLessThanOrEqual(100);
  });

  test('cause a rewrite of the file when most of it is outdated, without losing entries', async () => {
    const index = await open();
    fill(index, key('kept'));
    for (let round = 0; round < 70; round++) {
      index.putReferrers(key('a'), digest('subject'), 'r', referrersOf(`${round}${'x'.repeat(200_000)}`));
      await index.flush();
    }
    await index.close();
    expect(statSync(join(directory, 'index.log')).size).toBeLessThan(12 * 1024 * 1024);
    const again = await open();
    expectFilled(again, key('kept'));
    expect(again.referrers(key('a'), digest('subject'), 'r')?.content.subarray(0, 2).toString()).toBe('69');
  });
});

describe('LocalIndex with a failing file', () => {
  const file = (): string => join(directory, 'index.log');

  test('moves a damaged file aside and starts empty', async () => {
    const index = await open();
    fill(index, key('a'));
    fill(index, key('b'));
    await index.close();
    const bytes = readFileSync(file());
    bytes.fill(0xee, 300, 320);
    writeFileSync(file(), bytes);
    const again = await open();
    expectEmpty(again, key('a'));
    expectEmpty(again, key('b'));
    fill(again, key('c'));
    await again.close();
    expectFilled(await open(), key('c'));
    expect(readdirSync(directory)).toContain('index.log.damaged');
  });

  test('does not read garbage and files of another version', async () => {
    for (const content of ['not an index at all, but text', '']) {
      const first = await open();
      await first.close();
      writeFileSync(file(), content);
      const index = await open();
      fill(index, key('a'));
      await index.close();
      const again = await open();
      expectFilled(again, key('a'));
      await again.close();
      rmSync(file());
    }
  });

  test('truncates an incomplete end after a crash, and reads what is written after it', async () => {
    const index = await open();
    fill(index, key('a'));
    await index.flush();
    index.putReferrers(key('a'), digest('subject'), 'long', referrersOf('x'.repeat(5000)));
    await index.close();
    const whole = readFileSync(file());
    writeFileSync(file(), whole.subarray(0, whole.length - 3));
    const second = await open();
    expectFilled(second, key('a'));
    expect(second.referrers(key('a'), digest('subject'), 'long')).toBeUndefined();
    second.putTag(key('b'), 't', tagOf('m'));
    await second.close();
    const third = await open();
    expectFilled(third, key('a'));
    expect(third.tag(key('b'), 't')).toEqual(tagOf('m'));
  });

  test('fails nobody on a full disk; removes the outdated file and writes it again when there is room', async () => {
    const index = await open();
    fill(index, key('a'));
    await index.close();

    const second = await open();
    rmSync(file());
    // Writing to it fails with ENOSPC (full(4)).
    symlinkSync('/dev/full', file());
    symlinkSync('/dev/full', `${file()}.new`);
    second.forget('u1', 'a', '', '');
    fill(second, key('b'));
    await second.flush();
    expectFilled(second, key('b'));
    expect(readdirSync(directory)).not.toContain('index.log');

    clock.advance(30_000);
    await second.flush();
    await second.close();
    const third = await open();
    expectEmpty(third, key('a'));
    expectFilled(third, key('b'));
  });
});

test('makes the file and its name durable on flush', async () => {
  const index = await open();
  const syncs = await watchSyncs();
  try {
    index.putTag(key('team/app'), 'latest', tagOf('first'));
    await index.flush();
    expect(syncs.paths).toEqual([join(directory, 'index.log'), directory]);
    index.putTag(key('team/app'), 'latest', tagOf('second'));
    await index.flush();
    expect(syncs.paths.slice(2)).toEqual([join(directory, 'index.log')]);
  } finally {
    syncs.stop();
  }
});
