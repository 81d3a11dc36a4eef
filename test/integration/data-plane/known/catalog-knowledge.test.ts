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
import { type DurablePullJournal, type JournalLimits } from '../../../../data-plane/src/journal/durable-pull-journal';
import { ContentUses } from '../../../../data-plane/src/store/uses/content-uses';
import { openJournal, RECORDS } from '../../../support/data-plane/records';
import { FakeCatalog } from '../../../support/fake-catalog';
import { TestClock } from '../../../support/test-clock';
import { descriptor, digest, manifestOf, REPOSITORY, tagOf, targetOf } from '../../../support/data-plane/known';

const folder = mkdtempSync(join(tmpdir(), 'layover-test-'));
const logger = createLogger('test', 'silent');
let serial = 0;
let fake: FakeCatalog;
let client: CatalogClient;
let index: LocalIndex;
let journal: DurablePullJournal;
let knowledge: CatalogKnowledge;
let clock: TestClock;
let uses: ContentUses;

async function build(limits: Partial<JournalLimits> = {}): Promise<void> {
  const directory = join(folder, String(serial++));
  clock = new TestClock(1_000_000);
  fake = await FakeCatalog.start();
  client = createCatalogClient(fake.address);
  index = await createLocalIndex({ directory: join(directory, 'index'), clock: systemClock, logger });
  journal = await openJournal(join(directory, 'journal'), { logger, limits });
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

describe('CatalogKnowledge look-ups', () => {
  test('ask the Catalog once and the local index afterwards', async () => {
    setTag('v1', 'm');
    fake.setManifest(REPOSITORY, { manifest: descriptor('m'), references: [...manifestOf('m', 'l').references] });
    for (let i = 0; i < 3; i++) {
      expect(await knowledge.tag(REPOSITORY, 'v1')).toEqual(tagOf('m'));
      expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
      // The manifest names it, so the Catalog is not asked at all.
      expect(await knowledge.blob(targetOf(REPOSITORY), digest('l'))).toEqual(descriptor('l'));
    }
    expect(fake.calls.map(({ method }) => method)).toEqual(['LookupTag', 'LookupManifest']);
  });

  test('never cache absence', async () => {
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'absent' });
    expect(await knowledge.findBlob(targetOf(REPOSITORY), digest('l'))).toEqual({ state: 'absent' });
    setTag('v1', 'm');
    fake.setBlob(REPOSITORY, descriptor('l'));
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'known', value: tagOf('m') });
    expect(await knowledge.findBlob(targetOf(REPOSITORY), digest('l'))).toEqual({
      state: 'known',
      value: descriptor('l'),
    });
  });

  test('share one call if they are simultaneous', async () => {
    setTag('v1', 'm');
    fake.switches.delayMs = 50;
    const answers = await Promise.all(Array.from({ length: 20 }, () => knowledge.tag(REPOSITORY, 'v1')));
    expect(answers).toEqual(Array.from({ length: 20 }, () => tagOf('m')));
    expect(fake.count('LookupTag')).toBe(1);
  });

  test('do not overwrite what a pull stored during the call with an older answer', async () => {
    setTag('v1', 'old', 1000);
    fake.switches.delayMs = 100;
    const asked = knowledge.tag(REPOSITORY, 'v1');
    await fake.until(() => fake.count('LookupTag') === 1);
    knowledge.putTag(REPOSITORY, 'v1', tagOf('new', 2000));
    expect(await asked).toEqual(tagOf('new', 2000));
    expect(await knowledge.tag(REPOSITORY, 'v1')).toEqual(tagOf('new', 2000));
  });
});

describe('CatalogKnowledge proofs', () => {
  const target = targetOf(REPOSITORY, ['own', 'shared']);

  test('come with the look-up of an unknown blob, whether a manifest names it or not', async () => {
    fake.setProof('shared', digest('l'), 'library/alpine');
    expect(await knowledge.blob(target, digest('l'))).toBeUndefined();
    expect(knowledge.isProven(target, digest('l'))).toBe(true);
    expect(fake.calls).toEqual([
      {
        method: 'LookupBlob',
        request: { repository: REPOSITORY, digest: digest('l'), identities: ['own', 'shared'] },
      },
    ]);
  });

  test('are asked for once by simultaneous requests, and stay in the index', async () => {
    knowledge.putBlob(REPOSITORY, descriptor('l'));
    fake.setProof('own', digest('l'), 'library/alpine');
    expect(knowledge.isProven(target, digest('l'))).toBe(false);
    const found = await Promise.all(Array.from({ length: 5 }, () => knowledge.findProof(target, digest('l'))));
    expect(found).toEqual(Array.from({ length: 5 }, () => true));
    expect(await knowledge.findProof(target, digest('l'))).toBe(true);
    expect(fake.count('LookupBlob')).toBe(1);
    expect(index.proofs('own', digest('l'))).toEqual(['library/alpine']);
  });

  test('of the Catalog are not shared with organizations that have one identity in common', async () => {
    // The proof may belong to the own identity only.
    fake.setProof('own', digest('l'), 'library/alpine');
    await knowledge.findProof(target, digest('l'));
    expect(knowledge.isProven(targetOf(REPOSITORY, ['another', 'shared']), digest('l'))).toBe(false);
  });

  test('are unknown, and no failure, while the control plane is unreachable', async () => {
    await fake.stop();
    expect(await knowledge.findProof(target, digest('l'))).toBe(false);
    knowledge.putProof(['own'], digest('l'), 'library/alpine');
    expect(await knowledge.findProof(target, digest('l'))).toBe(true);
  });

  test('are forgotten with their identity, and with the stored bytes', async () => {
    for (const identity of ['own', 'shared', 'gone'])
      for (const blob of ['a', 'b']) knowledge.putProof([identity], digest(blob), 'library/alpine');
    knowledge.forgetProofs((identity) => identity === 'gone');
    expect(index.identities()).toEqual(['own', 'shared']);
    knowledge.forgetProofsOf(digest('a'));
    expect([knowledge.isProven(target, digest('a')), knowledge.isProven(target, digest('b'))]).toEqual([false, true]);
  });
});

describe('CatalogKnowledge without the control plane', () => {
  test('returns local entries, and unknown (never absent) for everything else', async () => {
    index.putTag(REPOSITORY, 'v1', tagOf('m'));
    await fake.stop();
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'known', value: tagOf('m') });
    expect(await knowledge.findTag(REPOSITORY, 'v2')).toEqual({ state: 'unknown' });
    expect(await knowledge.tag(REPOSITORY, 'v2')).toBeUndefined();
  });

  test('does not fail a pull if the database of the control plane is down', async () => {
    index.putManifest(REPOSITORY, manifestOf('m', 'l'));
    fake.switches.failWith = status.INTERNAL;
    expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'unknown' });
    expect(await knowledge.admit(admission('m2'))).toEqual({ decision: 'admitted' });
  });

  test('lists the local tags that have not expired', async () => {
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

describe('CatalogKnowledge doubts', () => {
  test('ask once more for everything known before; the answer of the Catalog wins', async () => {
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

  test('keep a revalidation that the Catalog does not know yet', async () => {
    setTag('v1', 'old', 1000);
    knowledge.putTag(REPOSITORY, 'v1', tagOf('new', 2000));
    knowledge.doubt();
    expect(await knowledge.tag(REPOSITORY, 'v1')).toEqual(tagOf('new', 2000));
  });

  test('return, but do not store, an answer that was under way during a removal', async () => {
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

  test('allow extending the expiration only of the tag as it was served, without a later change or doubt', async () => {
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

  test('are accompanied by a removal from the local index', async () => {
    knowledge.putTag(REPOSITORY, 'v1', tagOf('m'));
    knowledge.putBlob(REPOSITORY, descriptor('l'));
    knowledge.forget('u1', '', '', '');
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'absent' });
    expect(await knowledge.findBlob(targetOf(REPOSITORY), digest('l'))).toEqual({ state: 'absent' });
  });
});

describe('CatalogKnowledge on an invalidation', () => {
  const OTHER = { ...REPOSITORY, repository: 'library/busybox' };
  const FOREIGN = { ...REPOSITORY, organizationUid: 'u2' };
  const NEW_ORIGIN = { ...REPOSITORY, originVersion: 'o2' };
  const PLACES = { here: REPOSITORY, origin: NEW_ORIGIN, other: OTHER, foreign: FOREIGN };

  /** Makes everything known and confirmed, so that the fake Catalog is not asked. */
  async function knowEverything(): Promise<void> {
    for (const place of Object.values(PLACES)) {
      for (const tag of ['v1', 'v2']) fake.setTag(place, tag, { ...tagOf('m'), expiresAt: -1 });
      fake.setManifest(place, { manifest: descriptor('m'), references: [...manifestOf('m', 'l').references] });
      for (const blob of ['l', 'proven']) fake.setBlob(place, descriptor(blob));
    }
    await ask();
    expect(await ask()).toEqual([]);
  }

  /** Looks everything up once and returns what the Catalog was asked for. */
  async function ask(): Promise<string[]> {
    const asked: string[] = [];
    for (const [name, place] of Object.entries(PLACES)) {
      for (const [what, find] of [
        ['v1', () => knowledge.findTag(place, 'v1')],
        ['v2', () => knowledge.findTag(place, 'v2')],
        ['manifest', () => knowledge.findManifest(place, digest('m'))],
        ['l', () => knowledge.findBlob(targetOf(place), digest('l'))],
        ['proven', () => knowledge.findBlob(targetOf(place), digest('proven'))],
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

  test('removes pages of tags with their repository, and says that it changed', () => {
    const page = { tags: ['a'], nextLast: undefined, nextLimit: undefined, position: undefined };
    const before = knowledge.changes(REPOSITORY);
    for (const [organizationUid, repository, tag, kept] of [
      ['another', '', '', true],
      [REPOSITORY.organizationUid, REPOSITORY.repository, 'v1', true],
      [REPOSITORY.organizationUid, REPOSITORY.repository, '', false],
      [REPOSITORY.organizationUid, '', '', false],
    ] as const) {
      knowledge.putTagPage(REPOSITORY, 'key', { page, checkedAt: 1 });
      knowledge.forget(organizationUid, repository, tag, '');
      expect(knowledge.tagPage(REPOSITORY, 'key') !== undefined).toBe(kept);
      expect(knowledge.changes(REPOSITORY) === before).toBe(kept);
    }
  });

  test.each<[string, Parameters<CatalogKnowledge['forget']>, string[]]>([
    ['a tag', ['u1', 'library/alpine', 'v1', ''], ['here v1', 'origin v1']],
    ['a digest', ['u1', 'library/alpine', '', digest('m')], allOf('here', 'origin')],
    ['a repository', ['u1', 'library/alpine', '', ''], allOf('here', 'origin')],
    ['an organization', ['u1', '', '', ''], allOf('here', 'origin', 'other')],
    ['a tag of every repository', ['u1', '', 'v1', ''], allOf('here', 'origin', 'other')],
    ['something unknown', ['u1', 'library/none', 'v1', ''], []],
  ])('doubts %s in every origin version, and nothing else', async (_, invalidation, asked) => {
    await knowEverything();
    knowledge.forget(...invalidation);
    expect(await ask()).toEqual(asked);
    expect(await ask()).toEqual([]);
  });

  test('removes a digest as manifest and as blob from its repository, and nowhere else', async () => {
    await knowEverything();
    knowledge.forget('u1', 'library/alpine', '', digest('m'));
    knowledge.forget('u1', 'library/alpine', '', digest('proven'));
    expect(index.manifest(REPOSITORY, digest('m'))).toBeUndefined();
    expect(index.blob(REPOSITORY, digest('proven'))).toBeUndefined();
    expect(index.tag(REPOSITORY, 'v1')).toBeDefined();
    expect(index.blob(REPOSITORY, digest('l'))).toBeDefined();
    expect(index.manifest(OTHER, digest('m'))).toBeDefined();
    expect(index.blob(OTHER, digest('proven'))).toBeDefined();
    // The Catalog now answers for the other entries of the repository.
    fake.removeTag(REPOSITORY, 'v1');
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'absent' });
  });

  test('stores an answer under way about something else', async () => {
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
  ])('of %s does not return an earlier answer to a later caller', async (_, invalidation) => {
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

  test('of the repository keeps an admission that is under way, and confirms it again', async () => {
    fake.switches.delayMs = 50;
    const admitting = knowledge.admit(admission('m'));
    await fake.until(() => fake.count('AdmitManifest') === 1);
    knowledge.forget('u1', 'library/alpine', '', '');
    expect(await admitting).toEqual({ decision: 'admitted' });
    expect(index.manifest(REPOSITORY, digest('m'))).toBeUndefined();
  });
});

describe('CatalogKnowledge admission', () => {
  test('sends at most 1000 content uses of its organization, oldest first', async () => {
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

  test('sends no content uses if it goes to the journal', async () => {
    uses.begin({ organizationUid: 'u1', repository: 'library/alpine', digest: digest('l') });
    await fake.stop();
    await knowledge.admit(admission('m'));
    const [record] = (await journal.read(10, 10_000))!.records;
    expect(RECORDS.decode(record!).admission?.inUse).toEqual([]);
  });

  test('makes the manifest and its blobs known without a look-up', async () => {
    expect(await knowledge.admit(admission('m', 'l'))).toEqual({ decision: 'admitted' });
    expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
    expect(await knowledge.blob(targetOf(REPOSITORY), digest('l'))).toEqual(descriptor('l'));
    expect(fake.calls.map(({ method }) => method)).toEqual(['AdmitManifest']);
    expect(journal.depth().records).toBe(0);
  });

  test.each(['PASS_THROUGH', 'REJECTED'] as const)('makes nothing known if the decision is %s', async (decision) => {
    fake.switches.admission = { decision };
    expect((await knowledge.admit(admission('m'))).decision).toBe(decision.toLowerCase().replace('_', '-'));
    expect(await knowledge.findManifest(REPOSITORY, digest('m'))).toEqual({ state: 'absent' });
  });

  test('goes to the journal while the control plane is unreachable, counts as admitted, and stays known afterwards', async () => {
    await fake.stop();
    expect(await knowledge.admit(admission('m', 'l'))).toEqual({ decision: 'admitted' });
    const batch = await journal.read(10, 10_000);
    expect(batch?.records.map((record) => RECORDS.decode(record))).toMatchObject([{ admission: admission('m', 'l') }]);
    expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));

    // The journal is not delivered yet, so the "absent" of the Catalog is outdated.
    await fake.start();
    knowledge.doubt();
    await untilAsked(() => knowledge.findManifest(REPOSITORY, digest('m')));
    expect(await knowledge.manifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
    await journal.acknowledge(batch!);
    await untilAsked(() => knowledge.findManifest(REPOSITORY, digest('m')));
    expect(await knowledge.findManifest(REPOSITORY, digest('m'))).toEqual({ state: 'absent' });
  });

  test('stays known if the journal is delivered while the Catalog answers an earlier look-up', async () => {
    await fake.stop();
    await knowledge.admit(admission('m', 'l'));
    await fake.start();
    knowledge.doubt();
    await untilAsked(() => knowledge.findManifest(REPOSITORY, digest('m')));
    const calls = fake.count('LookupManifest');
    fake.switches.delayMs = 100;
    const asked = knowledge.findManifest(REPOSITORY, digest('m'));
    await fake.until(() => fake.count('LookupManifest') > calls);
    await journal.acknowledge((await journal.read(10, 10_000))!);
    expect(await asked).toEqual({ state: 'known', value: manifestOf('m', 'l') });
  });

  test('serves without keeping if the control plane is unreachable and the journal is full', async () => {
    await release();
    await build({ maxRecords: 0 });
    await fake.stop();
    expect(await knowledge.admit(admission('m'))).toEqual({ decision: 'pass-through' });
    expect(await knowledge.findManifest(REPOSITORY, digest('m'))).toEqual({ state: 'unknown' });
  });

  test('throws a refusal of an invalid request instead of postponing it', async () => {
    fake.switches.failWith = new LayoverError('REQUEST_INVALID', { message: 'no such organization' });
    await expect(knowledge.admit(admission('m'))).rejects.toMatchObject({ key: 'REQUEST_INVALID' });
    await expect(knowledge.tag(REPOSITORY, 'v1')).rejects.toMatchObject({ message: 'no such organization' });
    expect(journal.depth().records).toBe(0);
  });
});

/**
 * Repeats the call until it reaches the Catalog: after an outage, the circuit answers for a moment.
 */
async function untilAsked(ask: () => Promise<unknown>): Promise<void> {
  for (const before = fake.calls.length; fake.calls.length === before;) {
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
