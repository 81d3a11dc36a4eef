/** The middle of some samples, and how far they spread. */
export interface Summary {
  readonly median: number;
  /** The first and the third quartile: half of the samples are between them. */
  readonly low: number;
  readonly high: number;
}

/** Returns the median; for an even number of values, the lower of the two middle values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Returns the smallest value that is not below a share of all values (the nearest-rank method). The
 * share is between 0 and 1. Throws a RangeError if there are no values.
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('There is no quantile of no values');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
}

/** Returns the median and the quartiles of samples. Throws a RangeError if there are none. */
export function summarize(samples: readonly number[]): Summary {
  return { median: median(samples), low: quantile(samples, 0.25), high: quantile(samples, 0.75) };
}
