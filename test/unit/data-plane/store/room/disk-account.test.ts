import { DiskAccount } from '../../../../../data-plane/src/store/room/disk-account';
import { FakeDisk } from '../../../../support/data-plane/fills/fake-disk';
import { TestClock } from '../../../../support/test-clock';

describe('the account of a disk', () => {
  let disk: FakeDisk;
  let clock: TestClock;
  let account: DiskAccount;
  beforeEach(() => {
    disk = new FakeDisk(1000);
    clock = new TestClock();
    account = new DiskAccount({ readFree: disk.read, reserveBytes: 200, clock });
  });

  it('never reserves the reserve, nor bytes that others have reserved', async () => {
    const [first, second] = [account.open(), account.open()];
    expect(await first.take(801)).toBe(false);
    expect(await first.take(500)).toBe(true);
    expect(await second.take(301)).toBe(false);
    expect(await second.take(300)).toBe(true);
    expect(account.unwrittenBytes).toBe(800);
  });

  it('gives the same room to one of several that ask at the same time', async () => {
    const taken = await Promise.all(Array.from({ length: 10 }, () => account.open().take(250)));
    expect(taken.filter((granted) => granted)).toHaveLength(3);
  });

  it('counts written bytes once, before and after the file system shows them', async () => {
    const writer = account.open();
    await writer.take(500);
    writer.wrote(400);
    disk.free = 600;
    const other = account.open();
    expect(await other.take(301)).toBe(false);
    clock.advance(1000);
    expect(await other.take(301)).toBe(false);
    expect(await other.take(300)).toBe(true);
  });

  it('counts bytes of an ended fill that the file system does not show yet', async () => {
    const writer = account.open();
    await writer.take(500);
    writer.wrote(500);
    writer.release();
    // The reading from before the write says 1000, but only 300 are left.
    const { readings } = disk;
    expect(await account.open().take(300)).toBe(true);
    expect(disk.readings).toBe(readings);
    disk.free = 500;
    expect(await account.open().take(1)).toBe(false);
  });

  it('gives back what was not written, once', async () => {
    const writer = account.open();
    await writer.take(800);
    writer.wrote(100);
    disk.free = 900;
    writer.release();
    writer.release();
    expect([account.unwrittenBytes, account.holders]).toEqual([0, 0]);
    expect(await account.open().take(700)).toBe(true);
    expect(await writer.take(1)).toBe(false);
  });

  it('gives back what exceeds a known size, but not what is written', async () => {
    const writer = account.open();
    await writer.take(500);
    writer.wrote(50);
    writer.shrinkTo(100);
    expect(account.unwrittenBytes).toBe(50);
    writer.shrinkTo(10);
    expect(account.unwrittenBytes).toBe(0);
  });

  it('sees what others write within 250 ms, and space that became free at once', async () => {
    expect(await account.open().take(100)).toBe(true);
    disk.free = 400;
    clock.advance(251);
    expect(await account.open().take(101)).toBe(false);
    disk.free = 401;
    expect(await account.open().take(101)).toBe(true);
  });

  it('keeps more free for those who ask for it', async () => {
    const copy = account.open();
    expect(await copy.take(501, 500)).toBe(false);
    expect(await copy.take(500, 500)).toBe(true);
  });

  it('lets everything fit if the file system fails or does not answer within two seconds', async () => {
    disk.answer = () => Promise.reject(new Error('EIO'));
    expect(await account.open().take(10_000)).toBe(true);
    disk.answer = () => new Promise(() => undefined);
    clock.advance(1000);
    const taking = account.open().take(10_000);
    clock.advance(2000);
    expect(await taking).toBe(true);
  });

  it('allows writes as long as half of the reserve stays free, whoever uses the disk', async () => {
    expect(await account.mayWrite(100)).toBe(true);
    expect(account.mayWrite(900)).toBe(true);
    disk.free = 199;
    clock.advance(251);
    expect(await account.mayWrite(100)).toBe(false);
    disk.free = 200;
    expect(await account.mayWrite(100)).toBe(true);
  });
});
