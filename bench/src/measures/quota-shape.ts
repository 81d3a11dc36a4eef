import type { ImageShape } from '../content/seed-image';

/** Milliseconds per day. */
export const DAY_MS = 86_400_000;

/**
 * The images of the measure: each has its own config and layer, on top of two layers that all
 * images share.
 */
export const SHAPE: ImageShape = { bases: 2, configBytes: 5_000, layerBytes: 4_000_000 };

/** The cost of one kind of work. */
export interface Cost {
  /** Median duration. */
  readonly ms: number;
  /** The highest number of statements; undefined if it is always one. */
  readonly statements: number | undefined;
}

/** Costs by the label of the work. */
export type QuotaTimes = Readonly<Record<string, Cost>>;
