const REMOVED = Buffer.alloc(0);

/**
 * The newest records of the journal in memory, at most a number of bytes, so that a delivery that
 * keeps up never reads them from disk. The records are those with the highest numbers, without a
 * gap.
 */
export class RecentRecords {
  private payloads: Buffer[] = [];
  /** Index of the first one in `payloads`; those before it were removed. */
  private start = 0;
  /** Number of the first one. */
  private first = 0;
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  /**
   * Adds records that follow the last one. The oldest records are removed if there are too many.
   */
  add(first: number, payloads: readonly Buffer[]): void {
    if (this.start === this.payloads.length || first !== this.end) this.clear(first);
    for (const payload of payloads) {
      this.payloads.push(payload);
      this.bytes += payload.length;
    }
    while (this.bytes > this.maxBytes) this.removeOldest();
    this.compact();
  }

  /**
   * Returns the records from number `from` on: at most `maxRecords`, and about `maxBytes` bytes.
   * Returns undefined if the record with this number is not here.
   */
  read(from: number, maxRecords: number, maxBytes: number): readonly Buffer[] | undefined {
    if (from < this.first || from >= this.end) return undefined;
    const begin = this.start + (from - this.first);
    const limit = Math.min(this.payloads.length, begin + maxRecords);
    let until = begin;
    for (let bytes = 0; until < limit && bytes < maxBytes; until += 1) bytes += this.payloads[until]!.length;
    return this.payloads.slice(begin, until);
  }

  /** Removes the records with numbers below `sequence`. */
  dropBefore(sequence: number): void {
    while (this.start < this.payloads.length && this.first < sequence) this.removeOldest();
    this.compact();
  }

  private get end(): number {
    return this.first + this.payloads.length - this.start;
  }

  private removeOldest(): void {
    this.bytes -= this.payloads[this.start]!.length;
    this.payloads[this.start] = REMOVED;
    this.start += 1;
    this.first += 1;
  }

  /** Frees removed records once they are half of the array, so that removal costs little each. */
  private compact(): void {
    if (this.start * 2 < this.payloads.length || this.start === 0) return;
    this.payloads = this.payloads.slice(this.start);
    this.start = 0;
  }

  private clear(first: number): void {
    this.payloads = [];
    this.start = 0;
    this.bytes = 0;
    this.first = first;
  }
}
