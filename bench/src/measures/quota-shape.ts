import type { ImageShape } from '../content/seed-image';

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;

/** The images of the measure: a config and a layer of their own, on two layers that all of them share. */
export const SHAPE: ImageShape = { bases: 2, configBytes: 5_000, layerBytes: 4_000_000 };

/** What one kind of work costs. */
export interface Cost {
  /** The median. */
  readonly ms: number;
  /** The most; undefined where there is nothing to see: always one. */
  readonly statements: number | undefined;
}

/** Costs by what was done, in words. */
export type QuotaTimes = Readonly<Record<string, Cost>>;
