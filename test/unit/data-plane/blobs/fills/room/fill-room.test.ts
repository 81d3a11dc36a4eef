import { digestOf } from '../../../../../../common/oci/digest';
import type { FillAllowance } from '../../../../../../data-plane/src/blobs/fills/room/fill-allowance';
import { FillRoom, type RoomSeeker } from '../../../../../../data-plane/src/blobs/fills/room/fill-room';
import { DiskAccount } from '../../../../../../data-plane/src/store/room/disk-account';
import { FakeDisk } from '../../../../../support/data-plane/fills/fake-disk';
import { TestClock } from '../../../../../support/test-clock';

const MIB = 1024 * 1024;
const STEP = 32 * MIB;

describe('the room of fills', () => {
  const digest = digestOf(Buffer.from('blob'));
  let disk: FakeDisk;
  let clock: TestClock;
  let account: DiskAccount;
  let room: FillRoom;
  let copies: number;
  let asked: number[];
  let onMakeRoom: () => void;
  const signal = new AbortController().signal;

  beforeEach(() => {
    disk = new FakeDisk(100 * MIB);
    clock = new TestClock();
    account = new DiskAccount({ readFree: disk.read, reserveBytes: 10 * MIB, clock });
    copies = 0;
    asked = [];
    onMakeRoom = () => undefined;
    room = new FillRoom({
      account,
      clock,
      makeRoom: async (bytes, enough) => {
        asked.push(bytes);
        onMakeRoom();
        if (copies < enough) return;
        disk.free += copies;
        copies = 0;
      },
    });
  });

  const reserve = (size: number | undefined, how: Partial<RoomSeeker> = {}): Promise<FillAllowance> =>
    room.reserve({ digest, size, priority: () => 'client', hasClient: () => true, signal, ...how });
  /** Lets every pending step run that needs no time. */
  const settle = async (): Promise<void> => {
    for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 250) {
      clock.advance(250);
      await settle();
    }
  };
  /** Returns the state of a reservation, which changes when it ends. */
  const watch = (promise: Promise<FillAllowance>): { state: string; error?: Error; allowance?: FillAllowance } => {
    const watched: { state: string; error?: Error; allowance?: FillAllowance } = { state: 'waits' };
    promise.then(
      (allowance) => Object.assign(watched, { state: 'granted', allowance }),
      (error: Error) => Object.assign(watched, { state: 'refused', error }),
    );
    return watched;
  };
  /** Returns an append to a file on the fake disk that stays within the allowance. */
  const writer = (allowance: FillAllowance): ((bytes: number) => Promise<void>) => {
    const file = allowance.bound({
      path: '/spool/file',
      append: async ([chunk]) => void (disk.free -= chunk!.length),
      close: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    });
    return (bytes) => file.append([Buffer.alloc(bytes)]);
  };

  it('removes local copies for what is missing, and does not wait then', async () => {
    await reserve(80 * MIB);
    copies = 20 * MIB;
    expect(await reserve(30 * MIB)).toBeDefined();
    expect(asked).toEqual([20 * MIB]);
    expect(room.counts()).toEqual({ reservedBytes: 110 * MIB, waiting: 0, waits: 0 });
  });

  it('removes no local copies for a size that would not fit without them either', async () => {
    const running = await reserve(40 * MIB);
    copies = 20 * MIB;
    const impossible = watch(reserve(2 ** 50));
    await settle();
    await pass(5_000);
    expect([impossible.state, copies]).toEqual(['refused', 20 * MIB]);
    // Fits once the running fill has ended.
    const possible = watch(reserve(110 * MIB));
    await settle();
    expect([possible.state, copies]).toEqual(['waits', 0]);
    running.release();
    await settle();
    expect(possible.state).toBe('granted');
  });

  it('is given to waiting fills as soon as a running fill gives it back', async () => {
    const running = await reserve(80 * MIB);
    const waiting = watch(reserve(30 * MIB));
    await settle();
    expect([waiting.state, room.counts().waiting]).toEqual(['waits', 1]);
    running.release();
    await settle();
    expect(waiting.state).toBe('granted');
    expect(clock.pending).toBeLessThanOrEqual(1);
    expect(room.counts()).toEqual({ reservedBytes: 30 * MIB, waiting: 0, waits: 1 });
  });

  it('is seen within 250 ms if something else frees it', async () => {
    await reserve(80 * MIB);
    const waiting = watch(reserve(30 * MIB));
    await settle();
    disk.free += 20 * MIB;
    await pass(250);
    expect(waiting.state).toBe('granted');
  });

  it('is given to clients before the background, and to a small fill before a large one that does not fit', async () => {
    const running = await reserve(80 * MIB);
    const background = watch(reserve(40 * MIB, { priority: () => 'background' }));
    await settle();
    const client = watch(reserve(60 * MIB));
    await settle();
    const small = watch(reserve(20 * MIB));
    await settle();
    running.release();
    await settle();
    expect([background.state, client.state, small.state]).toEqual(['waits', 'granted', 'granted']);
  });

  it('is refused after five seconds, with the size, the free space and the reserve', async () => {
    await reserve(80 * MIB);
    const waiting = watch(reserve(30 * MIB));
    await settle();
    await pass(4750);
    expect(waiting.state).toBe('waits');
    await pass(250);
    expect(waiting.error).toMatchObject({ key: 'STORE_FULL' });
    expect(waiting.error!.message).toBe(
      `The spool disk of the data plane is too full for blob ${digest} of ${30 * MIB} bytes: ${30 * MIB} bytes are ` +
        `needed, and ${10 * MIB} are free besides the ${10 * MIB} bytes of LAYOVER_DISK_RESERVE_BYTES and what ` +
        'running fills have reserved. Free some space, lower the quotas, or retry later.',
    );
    expect(room.counts()).toMatchObject({ reservedBytes: 80 * MIB, waiting: 0 });
  });

  it('is refused at the next look at the disk if no fill holds room that it could give back', async () => {
    const waiting = [watch(reserve(91 * MIB)), watch(reserve(92 * MIB))];
    await settle();
    await pass(250);
    expect(waiting.map(({ state }) => state)).toEqual(['refused', 'refused']);
    expect(account.holders).toBe(0);
  });

  it('ends the wait of an aborted fill, and leaves no timer', async () => {
    const running = await reserve(80 * MIB);
    const leaver = new AbortController();
    const waiting = watch(reserve(30 * MIB, { signal: leaver.signal }));
    await settle();
    leaver.abort();
    await settle();
    expect(waiting.error).toMatchObject({ key: 'CANCELLED' });
    running.release();
    await pass(500);
    expect([clock.pending, account.holders]).toEqual([0, 0]);
  });

  it('does not begin a wait for a fill that is aborted while copies are removed', async () => {
    await reserve(80 * MIB);
    const leaver = new AbortController();
    onMakeRoom = () => leaver.abort();
    await expect(reserve(30 * MIB, { signal: leaver.signal })).rejects.toMatchObject({ key: 'CANCELLED' });
    expect([room.counts().waits, account.holders, clock.pending]).toEqual([0, 1, 0]);
  });

  it('refuses to wait for an aborted fill', async () => {
    const aborted = AbortSignal.abort();
    await expect(reserve(1, { signal: aborted })).rejects.toMatchObject({ key: 'CANCELLED' });
    expect(account.holders).toBe(0);
  });

  it('is corrected when the size becomes known', async () => {
    const first = await reserve(undefined);
    expect(account.unwrittenBytes).toBe(STEP);
    await first.fix(5 * MIB);
    expect(account.unwrittenBytes).toBe(5 * MIB);
    const second = await reserve(undefined);
    await second.fix(60 * MIB);
    expect(account.unwrittenBytes).toBe(65 * MIB);
    const third = reserve(undefined).then((allowance) => allowance.fix(60 * MIB));
    const refused = expect(third).rejects.toMatchObject({ key: 'STORE_FULL' });
    await settle();
    await pass(5000);
    await refused;
  });

  it('grows in steps if the size is unknown, and in smaller ones on a nearly full disk', async () => {
    const allowance = await reserve(undefined);
    const write = writer(allowance);
    await write(STEP);
    await write(1);
    expect(account.unwrittenBytes).toBe(STEP - 1);
    await write(STEP - 1);
    await write(20 * MIB);
    expect(account.unwrittenBytes).toBe(0);
    expect(await account.room()).toBe(6 * MIB);
  });

  it('does not grow beyond the quota of the organization if the size is unknown', async () => {
    const small = writer(await reserve(undefined, { maxUnknownBytes: 1000 }));
    expect(account.unwrittenBytes).toBe(1000);
    await small(1000);
    await expect(small(1)).rejects.toMatchObject({ key: 'QUOTA_EXCEEDED' });
    const large = writer(await reserve(undefined, { maxUnknownBytes: STEP + 10 }));
    await large(STEP + 10);
    await expect(large(1)).rejects.toThrow(`larger than the quota of the organization (${STEP + 10} bytes)`);
    expect(disk.free).toBe(100 * MIB - 1000 - STEP - 10);
  });

  it('does not grow for a fill of unknown size that no client waits for', async () => {
    let hasClient = true;
    const write = writer(await reserve(undefined, { hasClient: () => hasClient }));
    await write(MIB);
    hasClient = false;
    await write(STEP - MIB);
    await expect(write(1)).rejects.toMatchObject({ key: 'CANCELLED' });
    expect(disk.free).toBe(100 * MIB - STEP);
  });

  it('lets one of several growing fills give up for the others', async () => {
    const [first, second] = [await reserve(undefined), await reserve(undefined)];
    const [one, two] = [writer(first), writer(second)];
    await one(STEP);
    await two(STEP);
    disk.free -= 24 * MIB;
    clock.advance(251);
    const growing = one(8 * MIB);
    await settle();
    const givesUp = two(8 * MIB).catch((error: Error) => {
      disk.free += STEP;
      second.release();
      return error;
    });
    await settle();
    await pass(250);
    expect(await givesUp).toMatchObject({ key: 'STORE_FULL' });
    await growing;
  });

  it('stops writes before the reserve is gone, if something else fills the disk', async () => {
    const allowance = await reserve(80 * MIB);
    const other = await reserve(1);
    const write = writer(allowance);
    await write(MIB);
    disk.free = 6 * MIB;
    clock.advance(251);
    await write(MIB);
    const stopped = write(MIB);
    const refused = expect(stopped).rejects.toMatchObject({ key: 'STORE_FULL' });
    await settle();
    await pass(5000);
    await refused;
    expect(disk.free).toBe(5 * MIB);
    other.release();
  });

  it('continues a stopped write when the disk has room again', async () => {
    const write = writer(await reserve(80 * MIB));
    await reserve(1);
    disk.free = 5 * MIB;
    clock.advance(251);
    const stopped = write(MIB);
    await settle();
    disk.free = 50 * MIB;
    await pass(250);
    await stopped;
    expect(disk.free).toBe(49 * MIB);
  });
});
