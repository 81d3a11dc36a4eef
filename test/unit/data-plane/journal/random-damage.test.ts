import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { DurablePullJournal } from '../../../../data-plane/src/journal/durable-pull-journal';
import { findRecordFrame } from '../../../../data-plane/src/journal/record-frames';
import {
  drain,
  openJournal,
  RECORDS,
  recordOf,
  referencesOf,
  temporaryFolder,
} from '../../../support/data-plane/records';

const RUNS = 60;
/** Small files, so that every history has several. */
const limits = { segmentBytes: 1500, recentBytes: 0 };

const folder = temporaryFolder();
afterAll(() => folder.remove());

let serial = 0;

/** One change to the files that a journal left. `file` and `at` are fractions of what there is. */
const damage = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    file: fraction(),
    at: fraction(),
    bits: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({
    kind: fc.constant('overwrite' as const),
    file: fraction(),
    at: fraction(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
  }),
  fc.record({
    kind: fc.constant('zeros' as const),
    file: fraction(),
    at: fraction(),
    count: fc.integer({ min: 1, max: 512 }),
  }),
  fc.record({ kind: fc.constant('cut' as const), file: fraction(), at: fraction() }),
  fc.record({ kind: fc.constant('repeat' as const), file: fraction(), at: fraction() }),
);
type Damage = (typeof damage extends fc.Arbitrary<infer T> ? T : never) & object;

function fraction(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 0.999, noNaN: true });
}

/** References of the records of a file with the place of their frames. */
function framesOf(path: string): { readonly reference: string; readonly start: number; readonly end: number }[] {
  const bytes = readFileSync(path);
  const frames = [];
  for (let frame = findRecordFrame(bytes, 0); frame !== undefined; frame = findRecordFrame(bytes, frame.end)) {
    const [reference] = referencesOf([RECORDS.decode(frame.payload)]);
    frames.push({ reference: reference!, start: frame.start, end: frame.end });
  }
  return frames;
}

/** Applies a change. Returns the references of the records whose frames it touched. */
function apply(directory: string, change: Damage): readonly string[] {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.records'))
    .sort();
  const path = join(directory, names[Math.floor(change.file * names.length)]!);
  const frames = framesOf(path);
  const bytes = readFileSync(path);
  const at = Math.floor(change.at * bytes.length);
  const touched = (from: number, to: number): string[] =>
    frames.filter(({ start, end }) => start < to && end > from).map(({ reference }) => reference);
  switch (change.kind) {
    case 'flip':
      bytes[at]! ^= change.bits;
      writeFileSync(path, bytes);
      return touched(at, at + 1);
    case 'overwrite':
      bytes.set(change.bytes.subarray(0, bytes.length - at), at);
      writeFileSync(path, bytes);
      return touched(at, at + change.bytes.length);
    case 'zeros':
      bytes.fill(0, at, Math.min(bytes.length, at + change.count));
      writeFileSync(path, bytes);
      return touched(at, at + change.count);
    case 'cut':
      truncateSync(path, at);
      return touched(at, bytes.length);
    case 'repeat': {
      // The disk wrote an earlier frame of the file again behind its end.
      const again = frames[Math.floor(change.at * frames.length)];
      if (again !== undefined) writeFileSync(path, Buffer.concat([bytes, bytes.subarray(again.start, again.end)]));
      return [];
    }
  }
}

async function write(journal: DurablePullJournal, references: readonly string[]): Promise<void> {
  for (const reference of references) await journal.append(recordOf(reference));
}

const numbers = (from: number, count: number): string[] => Array.from({ length: count }, (_, n) => String(from + n));

test('any damage of the files loses the records that it touches, no other one, and repeats none', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 5 }),
      async (count, changes, later) => {
        const directory = join(folder.path, String(serial++));
        const first = await openJournal(directory, { limits });
        await write(first, numbers(0, count));
        await first.close();
        const touched = new Set(changes.flatMap((change) => [...apply(directory, change)]));

        const second = await openJournal(directory, { limits });
        await write(second, numbers(1000, later));
        const found = referencesOf(await drain(second));
        expect(second.condition().lostRecords).toBeLessThanOrEqual(touched.size);
        await second.close();
        const intact = [...numbers(0, count), ...numbers(1000, later)].filter((reference) => !touched.has(reference));
        expect(found.filter((reference) => !touched.has(reference))).toEqual(intact);
        // Bytes that are written over by the same bytes are no damage.
        expect(new Set(found).size).toBe(found.length);

        const third = await openJournal(directory, { limits });
        expect(referencesOf(await drain(third))).toEqual([]);
        await third.close();
      },
    ),
    { numRuns: RUNS },
  );
});

test('a damaged mark never hides records that were not delivered', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fraction(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (delivered, waiting, at, bits, isCut) => {
        const directory = join(folder.path, String(serial++));
        const first = await openJournal(directory, { limits });
        await write(first, numbers(0, delivered));
        await drain(first);
        await write(first, numbers(delivered, waiting));
        await first.close();
        const path = join(directory, 'delivered');
        const mark = readFileSync(path);
        const index = Math.floor(at * mark.length);
        if (isCut) truncateSync(path, index);
        else {
          mark[index]! ^= bits;
          writeFileSync(path, mark);
        }

        const second = await openJournal(directory, { limits });
        const found = referencesOf(await drain(second));
        await second.close();
        // Records that were delivered may be delivered again: their ids make that harmless.
        expect(found.slice(-waiting)).toEqual(numbers(delivered, waiting));
      },
    ),
    { numRuns: RUNS },
  );
});
