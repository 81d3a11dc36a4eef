/** The label for all values beyond the limit. */
export const OTHER = 'other';

/**
 * Limits the number of values of a label: the first `max` values are kept, all later ones become
 * "other". For names that operators choose (hosts of upstreams), never for names that a client can
 * invent.
 */
export class BoundedLabels {
  private readonly known = new Set<string>();

  constructor(private readonly max: number) {}

  /** Returns the label for a value. */
  of(value: string): string {
    if (this.known.has(value)) return value;
    if (this.known.size >= this.max) return OTHER;
    this.known.add(value);
    return value;
  }
}
