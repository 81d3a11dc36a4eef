import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import { systemClock } from '../../../../common/runtime/clock';
import { createLogger } from '../../../../common/runtime/logger';
import { type CatalogClient, createCatalogClient } from '../../../../data-plane/src/catalog/catalog-client';
import { type CatalogKnowledge, createKnowledge } from '../../../../data-plane/src/known/catalog-knowledge';
import { createGrpcCatalog } from '../../../../data-plane/src/catalog/grpc-catalog';
import { createLocalIndex } from '../../../../data-plane/src/known/index/durable-local-index';
import type { LocalIndex } from '../../../../data-plane/src/known/local-index';
import {
  createPullJournal,
  type DurablePullJournal,
  type JournalLimits,
} from '../../../../data-plane/src/journal/durable-pull-journal';
import { ContentUses } from '../../../../data-plane/src/store/uses/content-uses';
import { FakeCatalog } from '../../../support/fake-catalog';
import { ManualClock } from '../fakes/manual-clock';
import { descriptor, digest, manifestOf, REPOSITORY, tagOf } from './support';

const folder = mkdtempSync(join(tmpdir(), 'layover-test-'));
const logger = createLogger('test', 'silent');
let serial = 0;
let fake: FakeCatalog;
let client: CatalogClient;
let index: LocalIndex;
let journal: DurablePullJournal;
let knowledge: CatalogKnowledge;
let clock: ManualClock;
let uses: ContentUses;

async function build(limits: Partial<JournalLimits> = {}): Promise<void> {
  const directory = join(folder, String(serial++));
  clock = new ManualClock(1_000_000);
  fake = await FakeCatalog.start();
  client = createCatalogClient(fake.address);
  index = await createLocalIndex({ directory: join(directory, 'index'), clock: systemClock, logger });
  journal = await createPullJournal({ directory: join(directory, 'journal'), clock: systemClock, logger, limits });
  const catalog = createGrpcCatalog({ client, clock: systemClock });
  uses = new ContentUses(clock);
  knowledge = createKnowledge({ index, catalog, journal, uses, clock, logger });
}
async function release(): Promise<void> {
  client.close();
  await Promise.all([fake.stop(), index.close(), journal.close()]);
}

beforeEach(() => build());
afterEach(release);
afterAll(() => rmSync(folder, { recursive: true }));

const setTag = (name: string, text: string, checkedAt = 1000): void =>
  fake.setTag(REPOSITORY, name, { ...tagOf(text, checkedAt), expiresAt: -1 });
const admission = (text: string, ...layers: string[]) => ({
  repository: REPOSITORY,
  manifest: descriptor(text),
  references: [...manifestOf(text, ...layers).references],
  tag: 'v1',
  checkedAt: 2000,
});

describe('looking up', () => {
  test('asks the Catalog once, and from then on nobody', async () => {
    setTag('v1', 'm');
    fake.setManifest(REPOSITORY, { manifest: descriptor('m'), references: [...manifestOf('m', 'l').references] });
    for (let i = 0; i < 3; i++) {
      expect(await knowledge.tag(REPOSITORY, 'v1')).toEqual(tagOf('m'));
      expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
      // Named by the manifest: not asked for at all.
      expect(await knowledge.blob(REPOSITORY, digest('l'))).toEqual(descriptor('l'));
    }
    expect(fake.calls.map(({ method }) => method)).toEqual(['LookupTag', 'LookupManifest']);
  });

  test('never remembers absence', async () => {
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'absent' });
    expect(await knowledge.findBlob(REPOSITORY, digest('l'))).toEqual({ state: 'absent' });
    setTag('v1', 'm');
    fake.setBlob(REPOSITORY, descriptor('l'));
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'known', value: tagOf('m') });
    expect(await knowledge.findBlob(REPOSITORY, digest('l'))).toEqual({ state: 'known', value: descriptor('l') });
  });

  test('simultaneous questions share one call', async () => {
    setTag('v1', 'm');
    fake.switches.delayMs = 50;
    const answers = await Promise.all(Array.from({ length: 20 }, () => knowledge.tag(REPOSITORY, 'v1')));
    expect(answers).toEqual(Array.from({ length: 20 }, () => tagOf('m')));
    expect(fake.count('LookupTag')).toBe(1);
  });

  test('what a pull learns while the question is under way is not overwritten by an older answer', async () => {
    setTag('v1', 'old', 1000);
    fake.switches.delayMs = 100;
    const asked = knowledge.tag(REPOSITORY, 'v1');
    await fake.until(() => fake.count('LookupTag') === 1);
    knowledge.putTag(REPOSITORY, 'v1', tagOf('new', 2000));
    expect(await asked).toEqual(tagOf('new', 2000));
    expect(await knowledge.tag(REPOSITORY, 'v1')).toEqual(tagOf('new', 2000));
  });
});

describe('without the control plane', () => {
  test('what is known is given, what is not is unknown: never "absent"', async () => {
    index.putTag(REPOSITORY, 'v1', tagOf('m'));
    await fake.stop();
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'known', value: tagOf('m') });
    expect(await knowledge.findTag(REPOSITORY, 'v2')).toEqual({ state: 'unknown' });
    expect(await knowledge.tag(REPOSITORY, 'v2')).toBeUndefined();
  });

  test('neither does a control plane whose database is down fail a pull', async () => {
    index.putManifest(REPOSITORY, manifestOf('m', 'l'));
    fake.switches.failWith = status.INTERNAL;
    expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'unknown' });
    expect(await knowledge.admit(admission('m2'))).toEqual({ decision: 'admitted' });
  });

  test('tags are listed from what is known here and not expired', async () => {
    const put = (tag: string, expiresAt: number | undefined): void =>
      index.putTag(REPOSITORY, tag, { ...tagOf('m'), expiresAt });
    put('c', undefined);
    put('a', 1_000_001);
    put('b', 1_000_000);
    put('d', undefined);
    expect(await knowledge.tags(REPOSITORY, 10, '')).toEqual({ tags: [], more: false });
    await fake.stop();
    expect(await knowledge.tags(REPOSITORY, 2, '')).toEqual({ tags: ['a', 'c'], more: true });
    expect(await knowledge.tags(REPOSITORY, 2, 'c')).toEqual({ tags: ['d'], more: false });
  });
});

describe('doubt', () => {
  test('what was known before is asked for once more; the Catalog’s answer stands', async () => {
    index.putTag(REPOSITORY, 'gone', tagOf('m'));
    index.putTag(REPOSITORY, 'moved', tagOf('m', 1000));
    setTag('moved', 'm2', 3000);
    expect(await knowledge.findTag(REPOSITORY, 'gone')).toEqual({ state: 'absent' });
    expect(index.tag(REPOSITORY, 'gone')).toBeUndefined();
    expect(await knowledge.tag(REPOSITORY, 'moved')).toEqual(tagOf('m2', 3000));
    expect(await knowledge.tag(REPOSITORY, 'moved')).toEqual(tagOf('m2', 3000));
    expect(fake.count('LookupTag')).toBe(2);
    knowledge.doubt();
    await knowledge.tag(REPOSITORY, 'moved');
    expect(fake.count('LookupTag')).toBe(3);
  });

  test('a check that the Catalog has not heard of yet is later than what it says', async () => {
    setTag('v1', 'old', 1000);
    knowledge.putTag(REPOSITORY, 'v1', tagOf('new', 2000));
    knowledge.doubt();
    expect(await knowledge.tag(REPOSITORY, 'v1')).toEqual(tagOf('new', 2000));
  });

  test('an answer that was under way when something was forgotten is given and not remembered', async () => {
    setTag('v1', 'm');
    fake.switches.delayMs = 100;
    const asked = knowledge.tag(REPOSITORY, 'v1');
    await fake.until(() => fake.count('LookupTag') === 1);
    knowledge.forget('u1', '', 'v1', '');
    fake.removeTag(REPOSITORY, 'v1');
    await asked;
    expect(index.tag(REPOSITORY, 'v1')).toBeUndefined();
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'absent' });
  });

  test('a pull pushes the expiration of what it was answered with, and of nothing that came or is in doubt since', async () => {
    const before = tagOf('m1');
    knowledge.putTag(REPOSITORY, 'v1', before);
    knowledge.pushExpiration(REPOSITORY, 'v1', before, 5000);
    expect(index.tag(REPOSITORY, 'v1')).toEqual({ ...before, expiresAt: 5000 });

    knowledge.pushExpiration(REPOSITORY, 'v1', before, 6000);
    expect(index.tag(REPOSITORY, 'v1')?.expiresAt).toBe(5000);

    knowledge.putTag(REPOSITORY, 'v1', before);
    knowledge.doubt();
    knowledge.pushExpiration(REPOSITORY, 'v1', before, 7000);
    expect(index.tag(REPOSITORY, 'v1')).toEqual(before);
  });

  test('forget forgets in the index too', async () => {
    knowledge.putTag(REPOSITORY, 'v1', tagOf('m'));
    knowledge.putBlob(REPOSITORY, descriptor('l'));
    knowledge.forget('u1', '', '', '');
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'absent' });
    expect(await knowledge.findBlob(REPOSITORY, digest('l'))).toEqual({ state: 'absent' });
  });
});

describe('an invalidation', () => {
  const OTHER = { ...REPOSITORY, repository: 'library/busybox' };
  const FOREIGN = { ...REPOSITORY, organizationUid: 'u2' };
  const NEW_ORIGIN = { ...REPOSITORY, originVersion: 'o2' };
  const PLACES = { here: REPOSITORY, origin: NEW_ORIGIN, other: OTHER, foreign: FOREIGN };

  /** Everything is known and confirmed everywhere: the fake Catalog has it, and is not asked. */
  async function knowEverything(): Promise<void> {
    for (const place of Object.values(PLACES)) {
      for (const tag of ['v1', 'v2']) fake.setTag(place, tag, { ...tagOf('m'), expiresAt: -1 });
      fake.setManifest(place, { manifest: descriptor('m'), references: [...manifestOf('m', 'l').references] });
      for (const blob of ['l', 'proven']) fake.setBlob(place, descriptor(blob));
    }
    await ask();
    expect(await ask()).toEqual([]);
  }

  /** Looks everything up once; gives what the Catalog was asked for. */
  async function ask(): Promise<string[]> {
    const asked: string[] = [];
    for (const [name, place] of Object.entries(PLACES)) {
      for (const [what, find] of [
        ['v1', () => knowledge.findTag(place, 'v1')],
        ['v2', () => knowledge.findTag(place, 'v2')],
        ['manifest', () => knowledge.findManifest(place, digest('m'))],
        ['l', () => knowledge.findBlob(place, digest('l'))],
        ['proven', () => knowledge.findBlob(place, digest('proven'))],
      ] as const) {
        const before = fake.calls.length;
        expect((await find()).state).toBe('known');
        if (fake.calls.length > before) asked.push(`${name} ${what}`);
      }
    }
    return asked;
  }
  const allOf = (...names: string[]): string[] =>
    // The layer comes with the manifest that names it.
    names.flatMap((name) => ['v1', 'v2', 'manifest', 'proven'].map((what) => `${name} ${what}`));

  test.each<[string, Parameters<CatalogKnowledge['forget']>, string[]]>([
    ['a tag', ['u1', 'library/alpine', 'v1', ''], ['here v1', 'origin v1']],
    ['a digest', ['u1', 'library/alpine', '', digest('m')], allOf('here', 'origin')],
    ['a repository', ['u1', 'library/alpine', '', ''], allOf('here', 'origin')],
    ['an organization', ['u1', '', '', ''], allOf('here', 'origin', 'other')],
    ['a tag of every repository', ['u1', '', 'v1', ''], allOf('here', 'origin', 'other')],
    ['something that is not known', ['u1', 'library/none', 'v1', ''], []],
  ])('%s: doubts that, in every origin version, and leaves the rest alone', async (_, invalidation, asked) => {
    await knowEverything();
    knowledge.forget(...invalidation);
    expect(await ask()).toEqual(asked);
    expect(await ask()).toEqual([]);
  });

  test('of a digest forgets it as manifest and as blob, there and nowhere else', async () => {
    await knowEverything();
    knowledge.forget('u1', 'library/alpine', '', digest('m'));
    knowledge.forget('u1', 'library/alpine', '', digest('proven'));
    expect(index.manifest(REPOSITORY, digest('m'))).toBeUndefined();
    expect(index.blob(REPOSITORY, digest('proven'))).toBeUndefined();
    expect(index.tag(REPOSITORY, 'v1')).toBeDefined();
    expect(index.blob(REPOSITORY, digest('l'))).toBeDefined();
    expect(index.manifest(OTHER, digest('m'))).toBeDefined();
    expect(index.blob(OTHER, digest('proven'))).toBeDefined();
    // What it took along, the Catalog tells.
    fake.removeTag(REPOSITORY, 'v1');
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'absent' });
  });

  test('does not keep an answer about something else from being remembered', async () => {
    setTag('v1', 'm');
    fake.switches.delayMs = 50;
    const asked = knowledge.tag(REPOSITORY, 'v1');
    await fake.until(() => fake.count('LookupTag') === 1);
    knowledge.forget('u1', 'library/alpine', 'v2', '');
    knowledge.forget('u1', 'library/busybox', '', '');
    knowledge.forget('u2', '', '', '');
    knowledge.removeTag(OTHER, 'v1');
    await asked;
    await knowledge.tag(REPOSITORY, 'v1');
    expect(fake.count('LookupTag')).toBe(1);
  });

  test.each<[string, Parameters<CatalogKnowledge['forget']>]>([
    ['the tag', ['u1', 'library/alpine', 'v1', '']],
    ['a digest of the repository', ['u1', 'library/alpine', '', digest('x')]],
    ['the repository', ['u1', 'library/alpine', '', '']],
    ['the organization', ['u1', '', '', '']],
  ])('of %s: whoever asks after it does not get the answer to a question from before it', async (_, invalidation) => {
    setTag('v1', 'old');
    fake.switches.delayMs = 50;
    const before = knowledge.tag(REPOSITORY, 'v1');
    await fake.until(() => fake.count('LookupTag') === 1);
    knowledge.forget(...invalidation);
    setTag('v1', 'new');
    const after = knowledge.tag(REPOSITORY, 'v1');
    expect(await before).toEqual(tagOf('old'));
    expect(await after).toEqual(tagOf('new'));
    expect(await knowledge.tag(REPOSITORY, 'v1')).toEqual(tagOf('new'));
    expect(fake.count('LookupTag')).toBe(2);
  });

  test('of its repository while an admission is under way: that counts, and is asked for again', async () => {
    fake.switches.delayMs = 50;
    const admitting = knowledge.admit(admission('m'));
    await fake.until(() => fake.count('AdmitManifest') === 1);
    knowledge.forget('u1', 'library/alpine', '', '');
    expect(await admitting).toEqual({ decision: 'admitted' });
    expect(index.manifest(REPOSITORY, digest('m'))).toBeUndefined();
  });
});

describe('admission', () => {
  test('tells what is in use in its organization, at most 1000, the oldest first', async () => {
    const begin = (organizationUid: string, text: string): (() => void) =>
      uses.begin({ organizationUid, repository: 'library/alpine', digest: digest(text) });
    begin('u1', 'oldest');
    clock.advance(1);
    begin('u2', 'foreign');
    for (let at = 0; at < 1000; at += 1) begin('u1', String(at));
    await knowledge.admit(admission('m'));
    const { inUse } = [...fake.admissions.values()][0]!;
    expect(inUse).toHaveLength(1000);
    expect(inUse[0]).toEqual({
      organizationUid: 'u1',
      repository: 'library/alpine',
      digest: digest('oldest'),
      startedAt: 1_000_000,
    });
    expect(new Set(inUse.map(({ organizationUid }) => organizationUid))).toEqual(new Set(['u1']));
  });

  test('that goes to the journal tells of no uses', async () => {
    uses.begin({ organizationUid: 'u1', repository: 'library/alpine', digest: digest('l') });
    await fake.stop();
    await knowledge.admit(admission('m'));
    const [record] = (await journal.read(10, 10_000))!.records;
    expect(record?.admission?.inUse ?? []).toEqual([]);
  });

  test('admitted: the manifest and its blobs are known, without asking', async () => {
    expect(await knowledge.admit(admission('m', 'l'))).toEqual({ decision: 'admitted' });
    expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
    expect(await knowledge.blob(REPOSITORY, digest('l'))).toEqual(descriptor('l'));
    expect(fake.calls.map(({ method }) => method)).toEqual(['AdmitManifest']);
    expect(journal.depth().records).toBe(0);
  });

  test.each(['PASS_THROUGH', 'REJECTED'] as const)('%s: nothing is known', async (decision) => {
    fake.switches.admission = { decision };
    expect((await knowledge.admit(admission('m'))).decision).toBe(decision.toLowerCase().replace('_', '-'));
    expect(await knowledge.findManifest(REPOSITORY, digest('m'))).toEqual({ state: 'absent' });
  });

  test('away: it goes to the journal, counts as made, and what it says outlives the return of the control plane', async () => {
    await fake.stop();
    expect(await knowledge.admit(admission('m', 'l'))).toEqual({ decision: 'admitted' });
    const batch = await journal.read(10, 10_000);
    expect(batch?.records).toEqual([expect.objectContaining({ admission: admission('m', 'l') })]);
    expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));

    // Back, but the journal is not delivered yet: the Catalog's "no" is not news.
    await fake.start();
    knowledge.doubt();
    await untilAsked(() => knowledge.findManifest(REPOSITORY, digest('m')));
    expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
    await journal.acknowledge(batch!);
    await untilAsked(() => knowledge.findManifest(REPOSITORY, digest('m')));
    expect(await knowledge.findManifest(REPOSITORY, digest('m'))).toEqual({ state: 'absent' });
  });

  test('away and the journal full: served, not kept', async () => {
    await release();
    await build({ maxRecords: 0 });
    await fake.stop();
    expect(await knowledge.admit(admission('m'))).toEqual({ decision: 'pass-through' });
    expect(await knowledge.findManifest(REPOSITORY, digest('m'))).toEqual({ state: 'unknown' });
  });

  test('what the control plane refuses as wrong is an error, and is not put off', async () => {
    fake.switches.failWith = new LayoverError('REQUEST_INVALID', { message: 'no such organization' });
    await expect(knowledge.admit(admission('m'))).rejects.toMatchObject({ key: 'REQUEST_INVALID' });
    await expect(knowledge.tag(REPOSITORY, 'v1')).rejects.toMatchObject({ message: 'no such organization' });
    expect(journal.depth().records).toBe(0);
  });
});

/** Asks until the Catalog really was asked: after an outage the circuit answers for it for a moment. */
async function untilAsked(ask: () => Promise<unknown>): Promise<void> {
  for (const before = fake.calls.length; fake.calls.length === before;) {
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
