import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskAccount, freeBytesAt } from '../../../../../data-plane/src/store/room/disk-account';
import { mayMount, type SmallDisk, smallDisk } from '../../../../support/real/small-disk';
import { TestClock } from '../../../../support/test-clock';

const MIB = 1024 ** 2;

/** Only on a file system of its own are the free bytes exact. */
const onOwnDisk = mayMount() ? describe : describe.skip;

onOwnDisk('the account of a real file system (needs the right to mount a tmpfs)', () => {
  let disk: SmallDisk;
  let account: DiskAccount;
  let clock: TestClock;
  beforeEach(async () => {
    disk = await smallDisk(64 * MIB);
    clock = TestClock.running();
    account = new DiskAccount({
      readFree: freeBytesAt(disk.path),
      reserveBytes: 16 * MIB,
      clock,
    });
  });
  afterEach(() => disk.remove());

  it('leaves the reserve, and sees what is written without a reservation', async () => {
    const all = account.open();
    expect(await all.take(100 * MIB)).toBe(false);
    expect(await all.take(40 * MIB)).toBe(true);
    expect(await account.open().take(20 * MIB)).toBe(false);
    all.release();
    await writeFile(join(disk.path, 'foreign'), Buffer.alloc(30 * MIB, 1));
    // A reading is used for 250 ms.
    clock.advance(251);
    expect(await account.open().take(40 * MIB)).toBe(false);
  });

  it('counts a reserved file once, while it is written and afterwards', async () => {
    const writer = account.open();
    expect(await writer.take(30 * MIB)).toBe(true);
    await writeFile(join(disk.path, 'blob'), Buffer.alloc(30 * MIB, 1));
    writer.wrote(30 * MIB);
    expect(Math.abs((await account.room()) - 18 * MIB)).toBeLessThan(4 * MIB);
    writer.release();
    expect(Math.abs((await account.room()) - 18 * MIB)).toBeLessThan(4 * MIB);
  });

  it('lets everything fit if the folder does not exist', async () => {
    const nowhere = new DiskAccount({
      readFree: freeBytesAt(join(disk.path, 'missing')),
      reserveBytes: 0,
      clock,
    });
    expect(await nowhere.open().take(2 ** 50)).toBe(true);
  });
});
