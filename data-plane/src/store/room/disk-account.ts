import { statfs } from 'node:fs/promises';
import { withTimeout } from '../../../../common/async/deadline';
import type { Clock } from '../../../../common/runtime/clock';
import { DiskReservation } from './disk-reservation';

/** Dependencies and settings of DiskAccount. */
export interface DiskAccountOptions {
  /** Returns the free bytes of the disk. May reject or hang. */
  readonly readFree: () => Promise<number>;
  /** Bytes that reservations leave free for the database, the journal and the local index. */
  readonly reserveBytes: number;
  readonly clock: Clock;
}

/** One answer of the file system. */
interface Reading {
  /** undefined = the file system gave no answer. */
  readonly free: number | undefined;
  readonly at: number;
  /** Bytes that were written in all before the file system was asked. */
  readonly writtenBefore: number;
}

/** Longest time for which a reading is used, in milliseconds. */
const FRESH_MS = 250;
/** How long the file system may take to answer, in milliseconds. */
const ANSWER_MS = 2_000;

/** Returns a function that reads how many bytes of the file system of a folder are free. */
export function freeBytesAt(folder: string): () => Promise<number> {
  return async () => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  };
}

/**
 * The account of one disk: who may still write how many bytes (docs/design/fills.md#disk-space).
 * What is free for others is the last answer of the file system, minus the bytes that reservations
 * have not written yet, minus the bytes that they have written since that answer, minus the
 * reserve. Other users of the disk are seen with the next answer.
 *
 * If the file system gives no answer, everything fits; a full disk then fails the write.
 */
export class DiskAccount {
  private readonly held = new Set<DiskReservation>();
  private readonly listeners: (() => void)[] = [];
  private reading: Reading | undefined;
  private asking: Promise<Reading> | undefined;
  /** Bytes that reservations have written in all. */
  private written = 0;

  constructor(private readonly options: DiskAccountOptions) {}

  /** Bytes that are reserved and not written yet. */
  get unwrittenBytes(): number {
    let bytes = 0;
    for (const { unwritten } of this.held) bytes += unwritten;
    return bytes;
  }

  /** Bytes that are reserved, written or not: at most so much becomes free when all fills end. */
  get heldBytes(): number {
    let total = 0;
    for (const { bytes } of this.held) total += bytes;
    return total;
  }

  /** Bytes that stay free for others than the holders of reservations. */
  get reserveBytes(): number {
    return this.options.reserveBytes;
  }

  /** Number of reservations that were not released. */
  get holders(): number {
    return this.held.size;
  }

  /** Opens a reservation without bytes. The caller releases it. */
  open(): DiskReservation {
    const reservation: DiskReservation = new DiskReservation({
      grant: (bytes, keepFree, add) => this.grant(bytes, keepFree, add),
      onWritten: (bytes) => {
        this.written += bytes;
      },
      onReleased: () => {
        this.held.delete(reservation);
        for (const listener of this.listeners) listener();
      },
    });
    this.held.add(reservation);
    return reservation;
  }

  /**
   * Returns how many bytes can be reserved, from a new reading. Negative if the reserve is in use.
   */
  async room(): Promise<number> {
    return this.roomOf(await this.read(0), this.reserveBytes);
  }

  /**
   * Returns whether `bytes` reserved bytes can be written while others use the disk too: half of
   * the reserve stays free. Returns true without a promise if the last reading tells.
   */
  mayWrite(bytes: number): true | Promise<boolean> {
    const { reading } = this;
    if (reading !== undefined && this.isFresh(reading) && this.leavesFloor(reading, bytes)) return true;
    return this.read(0).then((fresh) => this.leavesFloor(fresh, bytes));
  }

  /** Calls `listener` whenever a reservation is released. */
  onReleased(listener: () => void): void {
    this.listeners.push(listener);
  }

  private async grant(bytes: number, keepFree: number, add: () => boolean): Promise<boolean> {
    const reserve = Math.max(keepFree, this.reserveBytes);
    // There is no wait between check and addition, so two takers never get the same room.
    if (bytes <= this.roomOf(await this.read(FRESH_MS), reserve)) return add();
    // Only a new reading refuses, because space may have become free since the last one.
    return bytes <= this.roomOf(await this.read(0), reserve) && add();
  }

  private roomOf(reading: Reading, reserve: number): number {
    return this.freeOf(reading) - this.unwrittenBytes - reserve;
  }

  private leavesFloor(reading: Reading, bytes: number): boolean {
    return this.freeOf(reading) - bytes >= this.reserveBytes / 2;
  }

  private freeOf({ free, writtenBefore }: Reading): number {
    return free === undefined ? Infinity : free - (this.written - writtenBefore);
  }

  private isFresh({ at }: Reading, maxAgeMs = FRESH_MS): boolean {
    return this.options.clock.steady() - at <= maxAgeMs;
  }

  /** Returns the last reading if it is not older than `maxAgeMs`; 0 = asks the file system. */
  private read(maxAgeMs: number): Promise<Reading> {
    const { reading } = this;
    if (maxAgeMs > 0 && reading !== undefined && this.isFresh(reading, maxAgeMs)) return Promise.resolve(reading);
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(): Promise<Reading> {
    const { readFree, clock } = this.options;
    const writtenBefore = this.written;
    const answer = readFree().catch(() => undefined);
    const free = await withTimeout(clock, ANSWER_MS, answer, () => undefined);
    return (this.reading = { free, at: clock.steady(), writtenBefore });
  }
}
