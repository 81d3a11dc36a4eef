/** What stands for everything that got no label of its own. */
export const OTHER = 'other';

/**
 * Keeps the number of a label's values within a bound: the first `max` values are themselves, whatever comes after them is "other". For names that
 * operators choose (hosts of upstreams), never for what a client can make up.
 */
export class BoundedLabels {
  private readonly known = new Set<string>();

  constructor(private readonly max: number) {}

  /** The label for a value. */
  of(value: string): string {
    if (this.known.has(value)) return value;
    if (this.known.size >= this.max) return OTHER;
    this.known.add(value);
    return value;
  }
}
