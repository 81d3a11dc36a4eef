import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DurablePullJournal } from '../../../../data-plane/src/journal/durable-pull-journal';
import { TestClock } from '../../../support/test-clock';
import {
  drain,
  keepingLogger,
  openJournal,
  recordOf,
  referencesOf,
  temporaryFolder,
} from '../../../support/data-plane/records';

const folder = temporaryFolder();
let directory: string;
let serial = 0;
const open: DurablePullJournal[] = [];

const start = async (...options: Parameters<typeof openJournal> extends [string, ...infer Rest] ? Rest : never) => {
  const journal = await openJournal(directory, ...options);
  open.push(journal);
  return journal;
};

beforeEach(() => {
  directory = join(folder.path, String(serial++));
});
afterEach(async () => {
  for (const journal of open.splice(0)) await journal.close();
});
afterAll(() => folder.remove());

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));
const segments = (): string[] => readdirSync(directory).filter((name) => name.endsWith('.log'));

describe('appended records', () => {
  test('are read in order, with sortable ids and the time of the clock, also after a restart', async () => {
    const clock = new TestClock(1_700_000_000_000);
    const first = await start({ clock });
    await Promise.all(numbers(0, 100).map((n) => first.append(recordOf(n))));
    clock.advance(-5000);
    await first.append(recordOf('100'));
    await first.close();

    const second = await start({ clock });
    expect(second.depth().records).toBe(101);
    const records = await drain(second);
    expect(referencesOf(records)).toEqual(numbers(0, 101));
    const ids = records.map(({ id }) => id!);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(101);
    expect(records[0]!.at).toBe(1_700_000_000_000);
    expect(records[100]!.at).toBe(1_699_999_995_000);
    expect(second.depth().records).toBe(0);
  });

  test('are read again until they are acknowledged, and then never again', async () => {
    const journal = await start();
    for (const n of numbers(0, 5)) await journal.append(recordOf(n));
    expect(referencesOf((await journal.read(2, 10_000))!.records)).toEqual(['0', '1']);
    const again = (await journal.read(2, 10_000))!;
    expect(referencesOf(again.records)).toEqual(['0', '1']);
    await journal.acknowledge(again);
    await journal.close();
    expect(referencesOf(await drain(await start()))).toEqual(['2', '3', '4']);
  });

  test('are spread over many files, which are removed after delivery', async () => {
    const journal = await start({ limits: { segmentBytes: 1000 } });
    for (const n of numbers(0, 50)) await journal.append(recordOf(n));
    expect(segments().length).toBeGreaterThan(5);
    expect(referencesOf(await drain(journal))).toEqual(numbers(0, 50));
    expect(segments().length).toBeLessThanOrEqual(1);
  });

  test('are stored in files that only the owner can access', async () => {
    const journal = await start();
    await journal.append(recordOf('0'));
    await drain(journal);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  });
});

describe('damaged files', () => {
  test('with a torn end lose no acknowledged record', async () => {
    const journal = await start();
    for (const n of numbers(0, 3)) await journal.append(recordOf(n));
    await journal.close();
    appendFileSync(join(directory, segments()[0]!), Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 5, 6]));
    const second = await start();
    await second.append(recordOf('3'));
    expect(referencesOf(await drain(second))).toEqual(numbers(0, 4));
  });

  test('lose the records after the damage, are kept aside, and do not block later files', async () => {
    const { logger, lines } = keepingLogger();
    const journal = await start({ limits: { segmentBytes: 1000 } });
    for (const n of numbers(0, 30)) await journal.append(recordOf(n));
    await journal.close();
    const damaged = join(directory, segments().sort()[1]!);
    const bytes = readFileSync(damaged);
    bytes.fill(0xff, Math.floor(bytes.length / 2));
    writeFileSync(damaged, bytes);

    const references = referencesOf(await drain(await start({ logger })));
    expect(references.length).toBeGreaterThan(20);
    expect(references.length).toBeLessThan(30);
    expect(references.at(-1)).toBe('29');
    expect(lines.join()).toContain('Pull records are lost');
    expect(readdirSync(directory)).toContainEqual(expect.stringMatching(/\.damaged$/));
  });

  test('an unreadable mark causes repeated delivery instead of none', async () => {
    const journal = await start();
    await journal.append(recordOf('0'));
    await drain(journal);
    await journal.append(recordOf('1'));
    await journal.close();
    writeFileSync(join(directory, 'delivered'), 'rubbish');
    expect(referencesOf(await drain(await start()))).toEqual(['0', '1']);
  });
});

describe('a full journal', () => {
  test('drops, counts and logs pulls, rejects admissions, and accepts both again when there is room', async () => {
    const { logger, lines } = keepingLogger();
    const journal = await start({ logger, limits: { maxRecords: 2 } });
    for (const n of numbers(0, 5)) await journal.append(recordOf(n));
    expect(journal.depth()).toMatchObject({ records: 2, dropped: 3 });
    await expect(journal.append({ admission: { requestId: 'a' } })).rejects.toMatchObject({ key: 'STORE_FULL' });
    expect(lines.filter((line) => line.includes('dropped'))).toHaveLength(1);
    expect(referencesOf(await drain(journal))).toEqual(['0', '1']);
    await journal.append({ admission: { requestId: 'a' } });
    expect(journal.depth().records).toBe(1);
  });

  test('limits bytes as well', async () => {
    const journal = await start({ limits: { maxBytes: 1000 } });
    for (const n of numbers(0, 50)) await journal.append(recordOf(n));
    const { records, dropped } = journal.depth();
    expect(records).toBeGreaterThan(0);
    expect(records + dropped).toBe(50);
    expect(dropped).toBeGreaterThan(30);
  });

  test('behaves the same on a full disk, and leaves no partial record', async () => {
    const journal = await start();
    const next = join(directory, '0000000000000001.log');
    // Writes there fail with ENOSPC (full(4)).
    symlinkSync('/dev/full', next);
    await Promise.all([journal.append(recordOf('0')), journal.append(recordOf('1'))]);
    await expect(journal.append({ admission: { requestId: 'a' } })).rejects.toMatchObject({ key: 'STORE_FULL' });
    expect(journal.depth()).toMatchObject({ records: 0, dropped: 2 });
    rmSync(next);
    await journal.append(recordOf('2'));
    expect(referencesOf(await drain(journal))).toEqual(['2']);
    await journal.append(recordOf('3'));
    await journal.close();
    expect(referencesOf(await drain(await start()))).toEqual(['3']);
  });
});

describe('byte counts', () => {
  const blobsOf = async (journal: DurablePullJournal) =>
    (await drain(journal)).map(({ blob }) => [blob?.organizationUid, blob?.bytesServed, blob?.bytesFetched]);

  test('are summed by organization and written after the interval', async () => {
    const clock = new TestClock();
    const journal = await start({ clock });
    journal.count({ organizationUid: 'a', served: 10 });
    journal.count({ organizationUid: 'a', served: 5, fetched: 7 });
    journal.count({ organizationUid: 'b', fetched: 1 });
    expect(journal.depth().records).toBe(0);
    const written = new Promise<void>((resolve) => {
      journal.onAppended(() => journal.depth().records === 2 && resolve());
    });
    clock.advance(5000);
    await written;
    expect(await blobsOf(journal)).toEqual([
      ['a', 15, 7],
      ['b', 0, 1],
    ]);
  });

  test('are written at the end', async () => {
    const journal = await start();
    journal.count({ organizationUid: 'a', served: 3 });
    await journal.close();
    expect(await blobsOf(await start())).toEqual([['a', 3, 0]]);
  });

  test('wait in memory while the journal is full, and lose nothing', async () => {
    const clock = new TestClock();
    const journal = await start({ clock, limits: { maxRecords: 1 } });
    await journal.append(recordOf('0'));
    journal.count({ organizationUid: 'a', served: 1 });
    clock.advance(5000);
    await new Promise(setImmediate);
    await drain(journal);
    journal.count({ organizationUid: 'a', served: 2 });
    await journal.close();
    expect(await blobsOf(await start())).toEqual([['a', 3, 0]]);
  });
});

test('depth reports the age of the oldest record, also of an earlier run', async () => {
  const clock = new TestClock();
  const first = await start({ clock });
  await first.append(recordOf('0'));
  clock.advance(1000);
  await first.append(recordOf('1'));
  expect(first.depth()).toMatchObject({ records: 2, oldestMs: 1000 });
  await first.close();
  clock.advance(1000);
  const second = await start({ clock });
  expect(second.depth().oldestMs).toBe(2000);
  await drain(second);
  expect(second.depth()).toMatchObject({ records: 0, oldestMs: 0 });
});

test('admissionsPending is true until admissions are delivered, and after a restart until all records are', async () => {
  const journal = await start();
  await journal.append(recordOf('0'));
  expect(journal.admissionsPending()).toBe(false);
  await journal.append({ admission: { requestId: 'a' } });
  await journal.append(recordOf('1'));
  expect(journal.admissionsPending()).toBe(true);
  await journal.acknowledge((await journal.read(2, 10_000))!);
  expect(journal.admissionsPending()).toBe(false);
  await journal.close();
  const second = await start();
  expect(second.admissionsPending()).toBe(true);
  await drain(second);
  expect(second.admissionsPending()).toBe(false);
});
