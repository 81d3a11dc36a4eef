import type { ImageShape } from '../content/seed-image';

/**
 * The images of the measure: each has its own config and layer, on top of one layer that all images
 * share.
 */
export const SCAN_SHAPE: ImageShape = { bases: 1, configBytes: 5_000, layerBytes: 4_000_000 };
/** Findings per image. */
export const FINDINGS = 10;
/**
 * Number of different vulnerabilities. It is small enough that a page of images with one
 * vulnerability is full.
 */
export const VULNERABILITIES = 100;

/** Costs of scanning for one number of known manifests, in milliseconds and statements. */
export interface ScanTimes {
  /** One image: claim and completion, with new findings. */
  readonly scanMs: number;
  readonly scanStatements: number;
  /** One image: claim and completion with an unchanged report. */
  readonly refreshMs: number;
  readonly refreshStatements: number;
  /** A claim when nothing is due. */
  readonly idleMs: number;
  /** A page of 50 tags with scan summaries, through GraphQL. */
  readonly pageMs: number;
  readonly pageStatements: number;
  /** The first page of images with a vulnerability. */
  readonly affectedMs: number;
  readonly affectedStatements: number;
}
