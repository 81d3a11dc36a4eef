import type { Queries } from '../../db/database';
import type { NewReference } from './manifest.store';

/** A manifest that was admitted. */
export interface KeptManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly references: readonly NewReference[];
}

/** Notifies scanning of changes, in the transaction that changes the cached content (ADR 19). */
export interface ScanNotices {
  /** A manifest was admitted. `now` is in milliseconds since the epoch, here and below. */
  admitted(queries: Queries, manifest: KeptManifest, now: number): Promise<void>;
  /** Blobs with these digests arrived in the store. */
  arrived(queries: Queries, digests: readonly string[], now: number): Promise<void>;
  /**
   * Manifests with these digests were removed from a repository. Another repository may still hold
   * them.
   */
  removed(queries: Queries, digests: readonly string[], now: number): Promise<void>;
}
