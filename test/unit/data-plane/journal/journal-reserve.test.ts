import { readdirSync, statSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { JournalReserve } from '../../../../data-plane/src/journal/journal-reserve';
import { temporaryFolder } from '../../../support/data-plane/records';

const MIB = 1024 ** 2;
const folder = temporaryFolder();
afterAll(() => folder.remove());

let directory: string;
let serial = 0;
beforeEach(() => {
  directory = join(folder.path, String(serial++));
  mkdirSync(directory);
});

const full = (): Error => Object.assign(new Error('no space'), { code: 'ENOSPC' });
const sizeOf = (): number => statSync(join(directory, 'reserve')).size;

test('gives up a part for each write that finds the disk full, and no more than it needs', async () => {
  const reserve = new JournalReserve(directory, 3 * MIB);
  await reserve.fill();
  expect([sizeOf(), reserve.left]).toEqual([3 * MIB, 3 * MIB]);
  let failures = 2;
  const written = await reserve.spend(() => (failures-- > 0 ? Promise.reject(full()) : Promise.resolve('written')));
  expect(written).toBe('written');
  expect([sizeOf(), reserve.left]).toEqual([MIB, MIB]);
  await reserve.fill();
  expect(sizeOf()).toBe(3 * MIB);
});

test('throws the error of the write when it is used up, and other errors at once', async () => {
  const reserve = new JournalReserve(directory, 2 * MIB);
  await reserve.fill();
  const readOnly = Object.assign(new Error('read-only'), { code: 'EROFS' });
  await expect(reserve.spend(() => Promise.reject(readOnly))).rejects.toBe(readOnly);
  expect(reserve.left).toBe(2 * MIB);
  let writes = 0;
  await expect(reserve.spend(() => Promise.reject((writes += 1) && full()))).rejects.toThrow('no space');
  expect([writes, reserve.left]).toEqual([3, 0]);
});

test('takes no room from a disk that has little', async () => {
  const spy = jest
    .spyOn(fsPromises, 'statfs')
    .mockResolvedValue({ bavail: 1, bsize: 4096 } as Awaited<ReturnType<typeof fsPromises.statfs>>);
  try {
    const reserve = new JournalReserve(directory, MIB);
    await reserve.fill();
    expect([reserve.left, readdirSync(directory)]).toEqual([0, []]);
  } finally {
    spy.mockRestore();
  }
});

test('is found again by the next process', async () => {
  await new JournalReserve(directory, 2 * MIB).fill();
  const next = new JournalReserve(directory, 2 * MIB);
  await next.fill();
  expect([next.left, sizeOf()]).toEqual([2 * MIB, 2 * MIB]);
});
