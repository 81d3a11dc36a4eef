/** What a reservation needs from its account. */
export interface ReservationAccount {
  /**
   * Calls `add` if so many more bytes can be reserved and at least `keepFree` bytes stay free.
   * Returns what `add` returns, otherwise false.
   */
  grant(bytes: number, keepFree: number, add: () => boolean): Promise<boolean>;
  onWritten(bytes: number): void;
  onReleased(): void;
}

/** Bytes that one writer may still write to the disk. Its holder releases it in the end. */
export class DiskReservation {
  private reserved = 0;
  private written = 0;
  private isReleased = false;

  constructor(private readonly account: ReservationAccount) {}

  /** Bytes that are reserved and not written yet. */
  get unwritten(): number {
    return Math.max(0, this.reserved - this.written);
  }

  /** Bytes that were reserved so far, written or not. */
  get bytes(): number {
    return this.reserved;
  }

  /**
   * Reserves more bytes if they fit and at least `keepFree` bytes stay free. Returns whether they
   * were reserved.
   */
  take(bytes: number, keepFree = 0): Promise<boolean> {
    return this.account.grant(bytes, keepFree, () => {
      if (this.isReleased) return false;
      this.reserved += bytes;
      return true;
    });
  }

  /** Gives back what exceeds `bytes` bytes in all. */
  shrinkTo(bytes: number): void {
    this.reserved = Math.max(this.written, Math.min(this.reserved, bytes));
  }

  /** Counts bytes that are on the disk now. */
  wrote(bytes: number): void {
    this.written += bytes;
    this.account.onWritten(bytes);
  }

  /** Gives back what was not written. Idempotent. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.reserved = this.written;
    this.account.onReleased();
  }
}
