import type { ImageShape } from '../content/seed-image';

/** Images of the measure: a config and a layer of their own on one that all share. */
export const SCAN_SHAPE: ImageShape = { bases: 1, configBytes: 5_000, layerBytes: 4_000_000 };
/** What Clair finds in each. */
export const FINDINGS = 10;
/** How many different vulnerabilities there are in all: few enough that a page of images with one is full. */
export const VULNERABILITIES = 100;

/** What scanning costs where so many manifests are known; milliseconds, and statements. */
export interface ScanTimes {
  /** Of one image: claimed and completed, with its findings written. */
  readonly scanMs: number;
  readonly scanStatements: number;
  /** Of one image: claimed and completed, with a report that says what is stored. */
  readonly refreshMs: number;
  readonly refreshStatements: number;
  /** A look where nothing is due. */
  readonly idleMs: number;
  /** A page of 50 tags with summaries, through GraphQL. */
  readonly pageMs: number;
  readonly pageStatements: number;
  /** The first page of images that have a vulnerability. */
  readonly affectedMs: number;
  readonly affectedStatements: number;
}
