import { LayoverError } from '../../../../../common/errors/layover-error';
import type { DiskReservation } from '../../../store/room/disk-reservation';
import type { SpoolFile } from '../spool';

/** Bytes that a fill of unknown size reserves at a time. */
export const STEP_BYTES = 32 * 1024 * 1024;

/** What an allowance needs to know or do when it grows. */
export interface AllowanceRules {
  /** Whether a client waits for the fill. */
  hasClient(): boolean;
  /** Size that was reserved first; undefined = it was unknown. */
  readonly declaredSize: number | undefined;
  /** Size that the quota was checked for; undefined = for none. */
  readonly checkedSize: number | undefined;
  /** Most bytes if the size is unknown, or larger than declared: the quota was checked for less. */
  readonly maxUnknownBytes: number;
  /**
   * Reserves `bytes` more bytes, or `preferred` if they fit at once. May wait. Throws STORE_FULL.
   */
  obtain(reservation: DiskReservation, bytes: number, preferred: number): Promise<void>;
  /** Waits until the reserve is not in danger; see DiskAccount.mayWrite. Throws STORE_FULL. */
  guardReserve(bytes: number): Promise<void> | undefined;
}

/** The room of one fill in the spool (docs/design/fills.md#disk-space). */
export class FillAllowance {
  constructor(
    private readonly digest: string,
    private readonly reservation: DiskReservation,
    private readonly rules: AllowanceRules,
  ) {}

  /**
   * Sets the size, once the upstream announced it: reserves what is missing and gives back the
   * rest. May wait. Throws STORE_FULL, and QUOTA_EXCEEDED for a blob that is larger than what the
   * quota was checked for, and than the quota.
   */
  async fix(size: number): Promise<void> {
    const { checkedSize, maxUnknownBytes } = this.rules;
    if (checkedSize !== undefined && size > checkedSize && size > maxUnknownBytes) throw this.overQuota();
    const missing = size - this.reservation.bytes;
    if (missing > 0) await this.rules.obtain(this.reservation, missing, missing);
    else this.reservation.shrinkTo(size);
  }

  /** Returns the spool file with appends that stay within the room. They may wait for it. */
  bound(file: SpoolFile): SpoolFile {
    return {
      path: file.path,
      append: async (chunks) => {
        const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        await this.cover(bytes);
        await file.append(chunks);
        this.reservation.wrote(bytes);
      },
      close: () => file.close(),
      remove: () => file.remove(),
    };
  }

  /** Gives back what was not written. Idempotent. */
  release(): void {
    this.reservation.release();
  }

  private async cover(bytes: number): Promise<void> {
    const missing = bytes - this.reservation.unwritten;
    if (missing > 0) await this.grow(missing);
    const wait = this.rules.guardReserve(bytes);
    if (wait !== undefined) await wait;
  }

  /** Only a fill of unknown or wrong size gets here: the room of all others is their size. */
  private async grow(missing: number): Promise<void> {
    if (!this.rules.hasClient()) {
      throw new LayoverError('CANCELLED', {
        message: `No client waits for blob ${this.digest} any more, and its size is unknown.`,
      });
    }
    const most = this.rules.maxUnknownBytes - this.reservation.bytes;
    if (missing > most) throw this.overQuota();
    await this.rules.obtain(this.reservation, missing, Math.min(most, Math.max(missing, STEP_BYTES)));
  }

  private overQuota(): LayoverError {
    const { declaredSize, maxUnknownBytes } = this.rules;
    const what = declaredSize === undefined ? 'whose size is unknown' : `whose manifest names ${declaredSize} bytes`;
    return new LayoverError('QUOTA_EXCEEDED', {
      message: `Blob ${this.digest}, ${what}, is larger than the quota of the organization (${maxUnknownBytes} bytes).`,
    });
  }
}
