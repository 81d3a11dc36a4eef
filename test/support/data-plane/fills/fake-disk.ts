/** A disk whose free space the test sets. */
export class FakeDisk {
  /** Number of readings so far. */
  readings = 0;
  /** Replaces the answer, for example with one that fails or never comes. */
  answer: (() => Promise<number>) | undefined;

  constructor(public free: number) {}

  readonly read = (): Promise<number> => {
    this.readings += 1;
    return this.answer?.() ?? Promise.resolve(this.free);
  };
}
