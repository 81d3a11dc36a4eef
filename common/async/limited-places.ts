/** A limited number of places, for one organization and in all. */
export class LimitedPlaces {
  private readonly taken = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly most: number,
    private readonly mostInAll: number,
  ) {}

  /** Number of places that are taken. */
  get running(): number {
    return this.total;
  }

  /** Takes a place. Returns how to give it back, which is idempotent; undefined = none is free. */
  enter(owner: string): (() => void) | undefined {
    const own = this.taken.get(owner) ?? 0;
    if (own >= this.most || this.total >= this.mostInAll) return undefined;
    this.taken.set(owner, own + 1);
    this.total += 1;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.total -= 1;
      const left = this.taken.get(owner)! - 1;
      if (left === 0) this.taken.delete(owner);
      else this.taken.set(owner, left);
    };
  }
}
