import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fsPromises, { type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeFrame } from '../../../../common/files/frames';
import type { DurablePullJournal } from '../../../../data-plane/src/journal/durable-pull-journal';
import { RECORD_HEADER_BYTES, writeRecordFrame } from '../../../../data-plane/src/journal/record-frames';
import { waitUntil } from '../../../support/real/wait-until';
import { watchSyncs } from '../../../support/real/synced-paths';
import { TestClock } from '../../../support/test-clock';
import {
  drain,
  keepingLogger,
  openJournal,
  recordOf,
  RECORDS,
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
const segments = (): string[] => readdirSync(directory).filter((name) => name.endsWith('.records'));

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

  test('keep the id and the time that the caller gives them', async () => {
    const journal = await start({ clock: new TestClock(1_700_000_000_000) });
    const given = { id: '0197a000-0000-7000-8000-000000000001', at: 1_699_000_000_000 };
    await journal.append({ ...recordOf('0'), ...given });
    expect(await drain(journal)).toMatchObject([given]);
  });

  test('are read again until they are acknowledged, and then never again', async () => {
    const journal = await start();
    for (const n of numbers(0, 5)) await journal.append(recordOf(n));
    expect(referencesOf((await journal.read(2, 10_000))!.records.map((record) => RECORDS.decode(record)))).toEqual([
      '0',
      '1',
    ]);
    const again = (await journal.read(2, 10_000))!;
    expect(referencesOf(again.records.map((record) => RECORDS.decode(record)))).toEqual(['0', '1']);
    await journal.acknowledge(again);
    await journal.close();
    expect(referencesOf(await drain(await start()))).toEqual(['2', '3', '4']);
  });

  test('are spread over many files, which are removed after delivery', async () => {
    const journal = await start({ limits: { segmentBytes: 500 } });
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

  test('lose only the records in the damaged bytes, which are kept and logged, in every file', async () => {
    const { logger, lines } = keepingLogger();
    const journal = await start({ limits: { segmentBytes: 10_000 } });
    await Promise.all(numbers(0, 203).map((n) => journal.append(recordOf(n))));
    for (const n of numbers(203, 303)) await journal.append(recordOf(n));
    await journal.close();
    expect(segments().length).toBeGreaterThan(1);
    const damage = Buffer.alloc(64, 0x5a);
    for (const name of segments()) {
      const path = join(directory, name);
      const bytes = readFileSync(path);
      const middle = bytes.length >> 1;
      writeFileSync(path, Buffer.concat([bytes.subarray(0, middle), damage, bytes.subarray(middle + 64)]));
    }

    const reopened = await start({ logger });
    const found = referencesOf(await drain(reopened));
    const lost = numbers(0, 303).filter((reference) => !found.includes(reference));
    expect(found).toEqual(numbers(0, 303).filter((reference) => !lost.includes(reference)));
    const files = readdirSync(directory).filter((name) => name.endsWith('.damaged'));
    expect(files).toHaveLength(lines.filter((line) => line.includes('damaged bytes are skipped')).length);
    expect(files.length).toBeGreaterThan(1);
    // 64 bytes touch at most two records.
    expect(lost.length).toBeGreaterThanOrEqual(files.length);
    expect(lost.length).toBeLessThanOrEqual(2 * files.length);
    for (const name of files) expect(readFileSync(join(directory, name)).includes(damage)).toBe(true);
    expect(files.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)).toBe(
      (await reopened.keptDamage()).bytes,
    );
    expect(reopened.condition()).toMatchObject({
      lostRecords: lost.length,
      damagedBytes: (await reopened.keptDamage()).bytes,
    });
    const reported = lines.flatMap((line) => /"records":(\d+),.*Pull records are lost/.exec(line)?.[1] ?? []);
    expect(reported.reduce((sum, count) => sum + Number(count), 0)).toBe(lost.length);
  });

  test.each([
    ['a length that is too large', 8, Buffer.from([0xff, 0xff, 0xff, 0x7f])],
    ['a length that is plausible', 8, Buffer.from([0x00, 0x40, 0x00, 0x00])],
    ['another number', 12, Buffer.from([0xff])],
    ['another marker', 0, Buffer.from('{"id":"')],
  ])('lose one record if its header has %s', async (_what, at, bytes) => {
    const journal = await start();
    await Promise.all(numbers(0, 10).map((n) => journal.append(recordOf(n))));
    await journal.close();
    const path = join(directory, segments()[0]!);
    const content = readFileSync(path);
    const size = content.length / 10;
    bytes.copy(content, 4 * size + at);
    writeFileSync(path, content);
    const found = referencesOf(await drain(await start()));
    expect(found).toEqual(numbers(0, 10).filter((reference) => reference !== '4'));
  });

  test('that were removed do not block later ones', async () => {
    const { logger, lines } = keepingLogger();
    const journal = await start({ logger, limits: { segmentBytes: 1000, recentBytes: 0 } });
    for (const n of numbers(0, 30)) await journal.append(recordOf(n));
    rmSync(join(directory, segments().sort()[1]!));
    const found = referencesOf(await drain(journal));
    expect(found.slice(0, 2)).toEqual(['0', '1']);
    expect(found.at(-1)).toBe('29');
    expect(lines.join()).toContain('Pull records are lost');
  });

  test('with room for more records at their end are not damaged', async () => {
    const { logger, lines } = keepingLogger();
    const journal = await start();
    for (const n of numbers(0, 3)) await journal.append(recordOf(n));
    // The file as a process leaves it that is killed.
    const killed = readFileSync(join(directory, segments()[0]!));
    expect(killed.at(-1)).toBe(0);
    await journal.close();
    expect(statSync(join(directory, segments()[0]!)).size).toBeLessThan(killed.length);
    writeFileSync(join(directory, segments()[0]!), killed);
    const second = await start({ logger });
    await second.append(recordOf('3'));
    await second.close();
    expect(referencesOf(await drain(await start({ logger })))).toEqual(numbers(0, 4));
    expect(lines.filter((line) => line.includes('damage'))).toEqual([]);
  });

  test('with records that were never acknowledged do not deliver them after later ones took their numbers', async () => {
    const journal = await start();
    for (const n of numbers(0, 3)) await journal.append(recordOf(n));
    await journal.close();
    // The last record failed, its file could not be truncated, and the next file began.
    const later = RECORDS.encode({ id: 'a', at: 1, ...recordOf('later') });
    const frame = Buffer.alloc(RECORD_HEADER_BYTES + later.length);
    writeRecordFrame(frame, 0, 3, later);
    writeFileSync(join(directory, '0000000000000003.records'), frame);
    expect(referencesOf(await drain(await start()))).toEqual(['0', '1', 'later']);
  });

  test('lose a record of which one bit changed', async () => {
    const journal = await start();
    for (const n of numbers(0, 3)) await journal.append(recordOf(n));
    await journal.close();
    const path = join(directory, segments()[0]!);
    const bytes = readFileSync(path);
    const at = bytes.indexOf('alpine', bytes.length / 3);
    bytes[at]! ^= 1;
    writeFileSync(path, bytes);
    expect(referencesOf(await drain(await start()))).toEqual(['0', '2']);
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

describe('files of an earlier version', () => {
  /** Writes records as earlier versions did: JSON in frames without numbers. */
  const writeEarlier = (first: number, references: readonly string[]): string => {
    const path = join(directory, `${String(first).padStart(16, '0')}.log`);
    mkdirSync(directory, { recursive: true });
    const records = references.map((reference, index) => ({
      id: `0193a1c2-7000-7000-8000-${String(first + index).padStart(12, '0')}`,
      at: 1_700_000_000_000 + index,
      ...recordOf(reference),
    }));
    writeFileSync(path, Buffer.concat(records.map((record) => encodeFrame(Buffer.from(JSON.stringify(record))))));
    return path;
  };

  test('are delivered first, from the position up to which the earlier version delivered them', async () => {
    writeEarlier(1, numbers(0, 5));
    writeEarlier(6, numbers(5, 8));
    writeFileSync(join(directory, 'delivered'), '3\n');
    const journal = await start();
    expect(journal.depth().records).toBe(6);
    expect(journal.admissionsPending()).toBe(true);
    await journal.append(recordOf('8'));
    const records = await drain(journal);
    expect(referencesOf(records)).toEqual(numbers(2, 9));
    expect(records[0]).toMatchObject({ id: '0193a1c2-7000-7000-8000-000000000003', at: 1_700_000_000_002 });
    expect(readdirSync(directory).filter((name) => name.endsWith('.log'))).toEqual([]);
  });

  test('lose only what is damaged', async () => {
    for (const first of [1, 101]) {
      const path = writeEarlier(first, numbers(first - 1, first + 99));
      const bytes = readFileSync(path);
      bytes.fill(0x5a, bytes.length >> 1, (bytes.length >> 1) + 64);
      writeFileSync(path, bytes);
    }
    const { logger, lines } = keepingLogger();
    const found = referencesOf(await drain(await start({ logger })));
    const lost = numbers(0, 200).filter((reference) => !found.includes(reference));
    expect(found).toEqual(numbers(0, 200).filter((reference) => !lost.includes(reference)));
    expect(lost.length).toBeGreaterThanOrEqual(2);
    expect(lost.length).toBeLessThanOrEqual(4);
    expect(readdirSync(directory).filter((name) => name.endsWith('.damaged'))).toHaveLength(2);
    expect(lines.filter((line) => line.includes('damaged bytes are skipped'))).toHaveLength(2);
  });

  test('deliver the records after damage again rather than not at all', async () => {
    const path = writeEarlier(1, numbers(0, 10));
    writeEarlier(11, numbers(10, 12));
    writeFileSync(join(directory, 'delivered'), '6\n');
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 20, 40);
    writeFileSync(path, bytes);
    expect(referencesOf(await drain(await start()))).toEqual(numbers(5, 12));
  });
});

describe('a delivery that keeps up', () => {
  test('reads no file', async () => {
    const journal = await start();
    for (const n of numbers(0, 50)) await journal.append(recordOf(n));
    for (const name of segments()) rmSync(join(directory, name));
    expect(referencesOf(await drain(journal))).toEqual(numbers(0, 50));
  });

  test('reads files as soon as it falls behind, and memory again when it has caught up', async () => {
    const journal = await start({ limits: { recentBytes: 1000, segmentBytes: 5000 } });
    const found: string[] = [];
    const deliver = async (): Promise<void> => {
      const batch = (await journal.read(7, 10_000))!;
      found.push(...referencesOf(batch.records.map((record) => RECORDS.decode(record))));
      await journal.acknowledge(batch);
    };
    for (let next = 0; next < 300; next += 10) {
      await Promise.all(numbers(next, next + 10).map((n) => journal.append(recordOf(n))));
      await deliver();
    }
    while (journal.depth().records > 0) await deliver();
    expect(found).toEqual(numbers(0, 300));
  });
});

describe('a folder that cannot be used', () => {
  const failing = (code: string) =>
    jest.spyOn(fsPromises, 'writeFile').mockRejectedValue(Object.assign(new Error(code), { code }));

  test('is known before the first record, and noticed without a record when it can be used again', async () => {
    const clock = new TestClock();
    const spy = failing('EROFS');
    const journal = await start({ clock });
    expect(journal.condition().failure).toBe('EROFS');
    clock.advance(10_000);
    await new Promise(setImmediate);
    expect(journal.condition().failure).toBe('EROFS');
    spy.mockRestore();
    clock.advance(10_000);
    await waitUntil('a journal that can be written', () => journal.condition().failure === undefined);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('delivers the records of an earlier run as soon as it can be read, without a new record', async () => {
    const before = await start();
    await before.append(recordOf('0'));
    await before.close();
    renameSync(directory, `${directory}.away`);
    writeFileSync(directory, 'a disk that is not mounted');
    const clock = new TestClock();
    const journal = await start({ clock });
    expect(journal.condition().failure).toBeDefined();
    let appended = 0;
    journal.onAppended(() => (appended += 1));
    rmSync(directory);
    renameSync(`${directory}.away`, directory);
    clock.advance(10_000);
    await waitUntil('the records of the earlier run', () => appended === 1);
    expect(journal.admissionsPending()).toBe(true);
    expect(referencesOf(await drain(journal))).toEqual(['0']);
    expect(journal.admissionsPending()).toBe(false);
  });

  test('does not hold up other records for one that the control plane rejects', async () => {
    const journal = await start();
    await journal.append(recordOf('0'));
    const batch = (await journal.read(1, 1000))!;
    const { logger, lines } = keepingLogger();
    const spy = jest.spyOn(fsPromises, 'open').mockRejectedValue(Object.assign(new Error('EROFS'), { code: 'EROFS' }));
    try {
      const other = await openJournal(directory, { logger });
      await other.setAside(batch.records[0]!, 'bad');
      await other.close();
    } finally {
      spy.mockRestore();
    }
    expect(lines.join()).toContain('refused.jsonl is full or cannot be written');
  });

  test('drops records until it can, and then delivers those of an earlier run too', async () => {
    const before = await start();
    await before.append(recordOf('0'));
    await before.close();
    renameSync(directory, `${directory}.away`);
    writeFileSync(directory, 'a disk that is not mounted');

    const { logger, lines } = keepingLogger();
    const journal = await start({ logger });
    await journal.append(recordOf('1'));
    await expect(journal.append({ admission: { requestId: 'a' } })).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(journal.depth()).toMatchObject({ records: 0, dropped: 1 });
    expect(journal.admissionsPending()).toBe(true);
    expect(lines.join()).toContain('Writing the pull journal failed');

    rmSync(directory);
    renameSync(`${directory}.away`, directory);
    await journal.append(recordOf('2'));
    expect(journal.admissionsPending()).toBe(true);
    expect(referencesOf(await drain(journal))).toEqual(['0', '2']);
    expect(journal.admissionsPending()).toBe(false);
  });

  test('delivers on if files can be read but not removed or written', async () => {
    const first = await start({ limits: { segmentBytes: 1 } });
    for (const n of numbers(0, 3)) await first.append(recordOf(n));
    await first.close();
    const readOnly = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
    const spies = (['rm', 'rename', 'writeFile'] as const).map((name) =>
      jest.spyOn(fsPromises, name).mockRejectedValue(readOnly),
    );
    try {
      const { logger, lines } = keepingLogger();
      const journal = await start({ logger });
      expect(referencesOf(await drain(journal))).toEqual(['0', '1', '2']);
      expect(journal.depth().records).toBe(0);
      expect(lines.join()).toContain('EROFS');
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  });
});

test('a record keeps the identity of its request', async () => {
  const journal = await start();
  const id = '0193a1c2-7000-7000-8000-0123456789ab';
  await journal.append({ id, ...recordOf('0') });
  await journal.append(recordOf('1'));
  const [first, second] = await drain(journal);
  expect(first?.id).toBe(id);
  expect(second?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('the records of one turn of the event loop are written together', async () => {
  const syncs = await watchSyncs();
  try {
    const journal = await start();
    await Promise.all(
      numbers(0, 50).map(async (n) => {
        // Requests take different numbers of steps until their record.
        for (let step = 0; step < Number(n) % 7; step += 1) await Promise.resolve();
        await journal.append(recordOf(n));
      }),
    );
    expect(syncs.paths.filter((path) => path.endsWith('.records'))).toHaveLength(1);
  } finally {
    syncs.stop();
  }
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

  test('writes records that fit on the disk if no room for more does', async () => {
    const handle = await fsPromises.open('/dev/null', 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const { write } = prototype;
    const sizes: number[] = [];
    const spy = jest.spyOn(prototype, 'write').mockImplementation(async function (
      this: FileHandle,
      ...rest: unknown[]
    ) {
      const [bytes] = rest as [Buffer];
      sizes.push(bytes.length);
      if (bytes.length > 10_000) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      return (write as (...args: unknown[]) => Promise<never>).apply(this, rest);
    } as FileHandle['write']);
    try {
      const journal = await start();
      for (const n of numbers(0, 3)) await journal.append(recordOf(n));
      expect(journal.depth()).toMatchObject({ records: 3, dropped: 0 });
      // Room is requested once for each file.
      expect(sizes.filter((size) => size > 10_000)).toHaveLength(1);
      await journal.close();
      expect(referencesOf(await drain(await start()))).toEqual(numbers(0, 3));
    } finally {
      spy.mockRestore();
    }
  });

  test('has no record of a write that failed after its bytes, also after a restart', async () => {
    const handle = await fsPromises.open('/dev/null', 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const { write } = prototype;
    const journal = await start();
    await journal.append(recordOf('0'));
    const spy = jest.spyOn(prototype, 'write').mockImplementation(async function (
      this: FileHandle,
      ...rest: unknown[]
    ) {
      await (write as (...args: unknown[]) => Promise<never>).apply(this, rest);
      throw Object.assign(new Error('the disk failed'), { code: 'EIO' });
    } as FileHandle['write']);
    try {
      await expect(journal.append({ admission: { requestId: 'a' } })).rejects.toMatchObject({ key: 'STORE_FAILED' });
    } finally {
      spy.mockRestore();
    }
    await journal.close();
    const next = await start();
    expect(next.depth().records).toBe(1);
    expect(referencesOf(await drain(next))).toEqual(['0']);
  });

  test('behaves the same on a full disk, and leaves no partial record', async () => {
    const journal = await start();
    const next = join(directory, '0000000000000001.records');
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

test('numbers go on after restarts of a journal that was delivered completely', async () => {
  const first = await start();
  await first.append(recordOf('0'));
  expect(referencesOf(await drain(first))).toEqual(['0']);
  await first.close();
  // This start removes the last file, so the next one finds none.
  await (await start()).close();
  const last = await start();
  await last.append(recordOf('1'));
  expect(last.depth().records).toBe(1);
  expect(referencesOf(await drain(last))).toEqual(['1']);
});

test('keeps a last file that contains bytes but no record', async () => {
  await (await start()).close();
  const path = join(directory, '0000000000000001.records');
  writeFileSync(path, 'bytes of something else');
  const journal = await start();
  await journal.append(recordOf('0'));
  expect(readFileSync(`${path}.damaged`, 'utf8')).toBe('bytes of something else');
  expect(referencesOf(await drain(journal))).toEqual(['0']);
});
