import { LayoverError } from '../../../../../common/errors/layover-error';
import { abortReason, onAbort, throwIfAborted } from '../../../../../common/async/until-aborted';
import type { Clock } from '../../../../../common/runtime/clock';
import type { DiskAccount } from '../../../store/room/disk-account';
import type { DiskReservation } from '../../../store/room/disk-reservation';
import { FillAllowance, STEP_BYTES } from './fill-allowance';

/** Dependencies of FillRoom. */
export interface FillRoomOptions {
  readonly account: DiskAccount;
  /**
   * Frees at least `bytes` bytes on the disk, if it can, but none if it cannot free `enough`. Must
   * not throw.
   */
  readonly makeRoom?: (bytes: number, enough: number) => Promise<void>;
  readonly clock: Clock;
}

/** A fill that needs room. */
export interface RoomSeeker {
  readonly digest: string;
  /** undefined = unknown; the room then grows in steps. */
  readonly size: number | undefined;
  /** Size that the quota was checked for; undefined = for none. Default: size. */
  readonly checkedSize?: number | undefined;
  /** Most bytes if the size is unknown; undefined = only the disk bounds it. */
  readonly maxUnknownBytes?: number | undefined;
  /** Clients get room before the background. */
  readonly priority: () => 'client' | 'background';
  /** Whether a client waits for the fill. */
  readonly hasClient: () => boolean;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/** Numbers for the metrics. */
export interface RoomCounts {
  /** Bytes that are reserved and not written yet. */
  readonly reservedBytes: number;
  /** Fills that wait for room now. */
  readonly waiting: number;
  /** Waits so far. */
  readonly waits: number;
}

/** How long a fill waits for room, in milliseconds. Clients give up after 30 s without headers. */
const WAIT_MS = 5_000;
/** Time between two looks at the disk while a fill waits, in milliseconds. */
const LOOK_MS = 250;
/** Smallest first reservation of a fill whose size is unknown, in bytes. */
const FIRST_BYTES = 1024 * 1024;

interface Waiter {
  readonly seeker: RoomSeeker;
  /** Whether the fill already holds room, which others get if it gives up. */
  readonly isHolder: boolean;
  /** Tries again. Returns whether the wait is over. */
  readonly attempt: () => Promise<boolean>;
  /** Ends the wait; false = in vain. */
  readonly end: (granted: boolean) => void;
}

/**
 * Gives fills their room in the spool (docs/design/fills.md#disk-space). Who does not fit has local
 * copies removed, waits a moment for running fills to end, and is then refused with STORE_FULL.
 */
export class FillRoom {
  private readonly waiters = new Set<Waiter>();
  private cancelLook: (() => void) | undefined;
  private isServing = false;
  private isDirty = false;
  private waits = 0;

  constructor(private readonly options: FillRoomOptions) {
    options.account.onReleased(() => void this.serve());
  }

  /**
   * Reserves room for a fill; a fill of unknown size gets a first step. The caller releases the
   * allowance. Throws STORE_FULL, or the reason of the signal.
   */
  async reserve(seeker: RoomSeeker): Promise<FillAllowance> {
    const { digest, size, checkedSize = size, hasClient, maxUnknownBytes = Infinity } = seeker;
    const reservation = this.options.account.open();
    try {
      const [first, step] = [FIRST_BYTES, STEP_BYTES].map((bytes) => size ?? Math.min(bytes, maxUnknownBytes));
      await this.obtain(seeker, reservation, first!, step!);
    } catch (error) {
      reservation.release();
      throw error;
    }
    return new FillAllowance(digest, reservation, {
      hasClient,
      declaredSize: size,
      checkedSize,
      maxUnknownBytes,
      obtain: (held, bytes, preferred) => this.obtain(seeker, held, bytes, preferred),
      guardReserve: (bytes) => this.guardReserve(seeker, bytes),
    });
  }

  /** Returns the numbers for the metrics. */
  counts(): RoomCounts {
    return { reservedBytes: this.options.account.unwrittenBytes, waiting: this.waiters.size, waits: this.waits };
  }

  private async obtain(
    seeker: RoomSeeker,
    reservation: DiskReservation,
    bytes: number,
    preferred: number,
  ): Promise<void> {
    throwIfAborted(seeker.signal);
    const take = async (): Promise<boolean> =>
      (await reservation.take(preferred)) || this.takeLess(reservation, bytes, preferred);
    if (await take()) return;
    await this.makeRoom(bytes);
    if (await take()) return;
    if (await this.wait(seeker, reservation.bytes > 0, take)) return;
    throw await this.tooFull(seeker, bytes);
  }

  private takeLess(reservation: DiskReservation, bytes: number, preferred: number): Promise<boolean> {
    return bytes < preferred ? reservation.take(bytes) : Promise.resolve(false);
  }

  private async makeRoom(bytes: number): Promise<void> {
    const { account, makeRoom } = this.options;
    const missing = bytes - (await account.room());
    // An upstream may declare any size. What would not fit even after all running fills removes
    // nothing.
    if (missing > 0) await makeRoom?.(missing, missing - account.heldBytes);
  }

  private guardReserve(seeker: RoomSeeker, bytes: number): Promise<void> | undefined {
    const may = this.options.account.mayWrite(bytes);
    return may === true ? undefined : this.waitForReserve(seeker, bytes, may);
  }

  private async waitForReserve(seeker: RoomSeeker, bytes: number, may: Promise<boolean>): Promise<void> {
    if (await may) return;
    await this.makeRoom(bytes);
    if (await this.wait(seeker, true, async () => this.options.account.mayWrite(bytes))) return;
    throw await this.tooFull(seeker, bytes);
  }

  /**
   * Waits until an attempt succeeds, but at most WAIT_MS, and shorter if nothing is about to become
   * free. Returns whether it succeeded. Throws the reason of the signal.
   */
  private async wait(seeker: RoomSeeker, isHolder: boolean, attempt: () => Promise<boolean>): Promise<boolean> {
    throwIfAborted(seeker.signal);
    this.waits += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiters.delete(waiter);
        cancelTimer();
        stopListening();
      };
      const waiter: Waiter = { seeker, isHolder, attempt, end: (granted) => (leave(), resolve(granted)) };
      const cancelTimer = this.options.clock.after(WAIT_MS, () => waiter.end(false));
      const stopListening = onAbort(seeker.signal, () => (leave(), reject(abortReason(seeker.signal) as Error)));
      this.waiters.add(waiter);
      this.lookLater();
    });
  }

  private lookLater(): void {
    if (this.waiters.size === 0) return;
    this.cancelLook ??= this.options.clock.after(LOOK_MS, () => {
      this.cancelLook = undefined;
      void this.serve().then(() => this.dismiss());
    });
  }

  /**
   * Lets waiters try again, clients first, in order of arrival. Small fills may pass large ones.
   */
  private async serve(): Promise<void> {
    this.isDirty = true;
    if (this.isServing) return;
    this.isServing = true;
    while (this.isDirty) {
      this.isDirty = false;
      for (const waiter of this.inTurn()) {
        if (this.waiters.has(waiter) && (await waiter.attempt()) && this.waiters.has(waiter)) waiter.end(true);
      }
    }
    this.isServing = false;
    this.lookLater();
  }

  /**
   * Ends waits that nobody can end in another way, because all who hold room wait themselves. Fills
   * without room all give up. If only growing fills are left, one of them makes room for the
   * others.
   */
  private dismiss(): void {
    if (this.options.account.holders > this.waiters.size) return;
    const seekers = this.inTurn();
    const without = seekers.filter(({ isHolder }) => !isHolder);
    for (const waiter of without.length > 0 ? without : seekers.slice(-1)) waiter.end(false);
  }

  private inTurn(): readonly Waiter[] {
    const all = [...this.waiters];
    return [
      ...all.filter(({ seeker }) => seeker.priority() === 'client'),
      ...all.filter(({ seeker }) => seeker.priority() === 'background'),
    ];
  }

  private async tooFull({ digest, size }: RoomSeeker, bytes: number): Promise<LayoverError> {
    const { account } = this.options;
    const room = Math.max(0, await account.room());
    const what = size === undefined ? `blob ${digest}, whose size is unknown` : `blob ${digest} of ${size} bytes`;
    return new LayoverError('STORE_FULL', {
      message:
        `The spool disk of the data plane is too full for ${what}: ${bytes} bytes are needed, and ${room} are free ` +
        `besides the ${account.reserveBytes} bytes of LAYOVER_DISK_RESERVE_BYTES and what running fills have ` +
        'reserved. Free some space, lower the quotas, or retry later.',
    });
  }
}
