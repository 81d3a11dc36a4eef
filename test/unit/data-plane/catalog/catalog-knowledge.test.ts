import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import { systemClock } from '../../../../common/runtime/clock';
import { createLogger } from '../../../../common/runtime/logger';
import { type CatalogClient, createCatalogClient } from '../../../../data-plane/src/catalog/catalog-client';
import { type CatalogKnowledge, createKnowledge } from '../../../../data-plane/src/catalog/catalog-knowledge';
import { createGrpcCatalog } from '../../../../data-plane/src/catalog/grpc-catalog';
import { createLocalIndex } from '../../../../data-plane/src/local-index/durable-local-index';
import type { LocalIndex } from '../../../../data-plane/src/local-index/local-index';
import {
  createPullJournal,
  type DurablePullJournal,
  type JournalLimits,
} from '../../../../data-plane/src/records/durable-pull-journal';
import { FakeCatalog } from '../../../support/fake-catalog';
import { ManualClock } from '../pull/fakes/manual-clock';
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

async function build(limits: Partial<JournalLimits> = {}): Promise<void> {
  const directory = join(folder, String(serial++));
  clock = new ManualClock(1_000_000);
  fake = await FakeCatalog.start();
  client = createCatalogClient(fake.address);
  index = await createLocalIndex({ directory: join(directory, 'index'), clock: systemClock, logger });
  journal = await createPullJournal({ directory: join(directory, 'journal'), clock: systemClock, logger, limits });
  const catalog = createGrpcCatalog({ client, clock: systemClock });
  knowledge = createKnowledge({ index, catalog, journal, clock, logger });
}
async function release(): Promise<void> {
  client.close();
  await Promise.all([fake.stop(), index.close(), journal.close()]);
}

beforeEach(() => build());
afterEach(release);
afterAll(() => rmSync(folder, { recursive: true }));

const setTag = (name: string, text: string, checkedAt = 1000): void =>
  fake.setTag(REPOSITORY, { name, ...tagOf(text, checkedAt), expiresAt: -1 });
const admission = (text: string, ...layers: string[]) => ({
  repository: REPOSITORY,
  admissionId: `id-${text}`,
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

  test('forget forgets in the index too', async () => {
    knowledge.putTag(REPOSITORY, 'v1', tagOf('m'));
    knowledge.putBlob(REPOSITORY, descriptor('l'));
    knowledge.forget('u1', '', '', '');
    expect(await knowledge.findTag(REPOSITORY, 'v1')).toEqual({ state: 'absent' });
    expect(await knowledge.findBlob(REPOSITORY, digest('l'))).toEqual({ state: 'absent' });
  });
});

describe('admission', () => {
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
